/* Logical replication: what tells rows apart, what is published. */
#include <string.h>

#include "lint/gone.h"
#include "lint/recipe-steps.h"

/* The server names a primary key so. */
static const char *
key_by_name(const DdlChange *drop)
{
    const char *name = drop->constraint_name;
    const gsize length = strlen(drop->relation.name);

    return drop->object == OBJECT(TABLE) && g_str_has_prefix(name, drop->relation.name) &&
                   g_str_equal(name + length, "_pkey")
               ? "by its name it is the primary key, the replica identity"
               : NULL;
}

/* The table loses what tells its rows apart; why, or NULL. */
static const char *
lost_identity(const ModelTable *table, const DdlChange *change)
{
    const ModelConstraint *constraint;

    if (change->kind == CHANGE_REPLICA_IDENTITY)
        return g_strcmp0(change->text, "nothing") == 0 ? "REPLICA IDENTITY NOTHING" : NULL;
    if (table == NULL)
        return change->kind == CHANGE_DROP_CONSTRAINT ? key_by_name(change) : NULL;
    if (change->kind == CHANGE_DROP)
        return g_strcmp0(table->replica_identity, change->relation.name) == 0
                   ? "the index is its replica identity"
                   : NULL;
    if (change->kind != CHANGE_DROP_CONSTRAINT)
        return NULL;
    constraint = model_constraint(table, change->constraint_name);
    if (constraint == NULL)
        return table->columns_known ? NULL : key_by_name(change);
    if (constraint->kind == CONSTRAINT_PRIMARY_KEY &&
        g_strcmp0(table->replica_identity, "default") == 0)
        return "the primary key is its replica identity";
    return constraint->index != NULL && g_strcmp0(table->replica_identity, constraint->index) == 0
               ? "the index is its replica identity"
               : NULL;
}

static bool
adds_key(const LintContext *context, const DdlChange *drop, const DdlChange *later)
{
    return facts_same(context, later->relation, drop->relation) &&
           ((later->kind == CHANGE_ADD_CONSTRAINT && later->constraint != NULL &&
             later->constraint->kind == CONSTRAINT_PRIMARY_KEY) ||
            later->kind == CHANGE_REPLICA_IDENTITY);
}

/* Also in the same ALTER TABLE, where the server adds after it has dropped. */
static bool
has_new_key(const LintContext *context, const DdlChange *change)
{
    for (guint i = 0; i < ddl_changes_count(context->changes); i++)
        if (adds_key(context, change, ddl_changes_get(context->changes, i)))
            return true;
    return gone_later(context, adds_key, change) != NULL;
}

/* The same columns by another index; where they are not known, all of them. */
static void
recommend_identity(const LintContext *context, const DdlChange *change, const ModelTable *table,
                   const ModelIndex *index)
{
    const ModelConstraint *key = table != NULL && change->kind == CHANGE_DROP_CONSTRAINT
                                     ? model_constraint(table, change->constraint_name)
                                     : NULL;
    const GPtrArray *columns = key != NULL ? key->columns : index != NULL ? index->columns : NULL;
    const char *text = sql_statement_text(context->statement);
    g_autofree char *label =
        table != NULL ? model_table_label(table) : ddl_name_label(change->relation);
    g_autofree char *list = NULL, *name = NULL;

    if (columns == NULL) {
        lint_recipe(context,
                    "ALTER TABLE %s REPLICA IDENTITY FULL; -- or USING INDEX, of a unique one over "
                    "NOT NULL columns",
                    label);
        return;
    }
    list = cost_columns(columns);
    name = recipe_name(table->name, "identity", NULL);
    lint_recipe(context,
                "CREATE UNIQUE INDEX CONCURRENTLY %s ON %s (%s);\n"
                "ALTER TABLE %s REPLICA IDENTITY USING INDEX %s;\n%s;",
                name, label, list, label, name, text);
}

/* A unique index over NOT NULL columns of all rows; NULL: none that is known. */
static const ModelIndex *
key_of(const ModelTable *table)
{
    for (guint i = 0; table != NULL && i < table->indexes->len; i++) {
        const ModelIndex *index = table->indexes->pdata[i];
        bool fits = index->unique && index->where == NULL && !index->has_expressions &&
                    index->valid == KNOWN_YES;

        for (guint k = 0; fits && k < index->columns->len; k++)
            fits = model_is_not_null(table, index->columns->pdata[k], false) == KNOWN_YES;
        if (fits)
            return index;
    }
    return NULL;
}

static void
identity_full(const LintContext *context, const DdlChange *change)
{
    const ModelIndex *index;
    g_autofree char *label = NULL, *name = NULL;

    if (change->kind != CHANGE_REPLICA_IDENTITY || g_strcmp0(change->text, "full") != 0 ||
        facts_is_new(context, change->relation))
        return;
    label = ddl_name_label(change->relation);
    lint_report(context, change,
                "REPLICA IDENTITY FULL: each UPDATE and DELETE of %s writes the whole old row to "
                "the WAL, and a subscriber looks for it row by row",
                label);
    lint_level(context, LINT_NOTE);
    lint_possible(context, "whether %s is published, and has a unique index over NOT NULL columns",
                  label);
    index = key_of(model_table(context->model, change->relation));
    if (index == NULL) {
        recipe_once(context, "%s has no unique index over NOT NULL columns", label);
        return;
    }
    name = ddl_name_label((DdlName){NULL, index->name});
    lint_recipe(context, "ALTER TABLE %s REPLICA IDENTITY USING INDEX %s;", label, name);
}

static void
replica_identity(const LintContext *context, const DdlChange *change)
{
    const ModelTable *table = NULL;
    const ModelIndex *index = NULL;
    const char *why;
    g_autofree char *label = NULL;

    identity_full(context, change);
    if (change->kind == CHANGE_DROP && change->object == OBJECT(INDEX)) {
        index = model_index(context->model, change->relation);
        table = index != NULL ? index->table : NULL;
    } else if (change->kind == CHANGE_REPLICA_IDENTITY || change->kind == CHANGE_DROP_CONSTRAINT) {
        table = model_table(context->model, change->relation);
    } else {
        return;
    }
    if (table != NULL && session_is_new(context->session, table))
        return;
    why = lost_identity(table, change);
    if (why == NULL || (change->kind == CHANGE_DROP_CONSTRAINT && has_new_key(context, change)))
        return;
    label = table != NULL ? model_table_label(table) : ddl_name_label(change->relation);
    lint_report(context, change,
                "%s: UPDATE and DELETE of %s fail as long as a publication holds the table", why,
                label);
    lint_add_locks(context);
    lint_possible(context, "whether %s is published", label);
    lint_breaks(context, "UPDATE and DELETE of %s: \"does not have a replica identity\"", label);
    recommend_identity(context, change, table, index);
}

const LintRule lint_rule_replica_identity = {
    .id = "replica-identity",
    .level = LINT_WARNING,
    .title = "a table loses what tells its rows apart for logical replication",
    .at_change = replica_identity,
    .kinds = LINT_KINDS(CHANGE_DROP, CHANGE_REPLICA_IDENTITY, CHANGE_DROP_CONSTRAINT),
};

static void
publication(const LintContext *context, const DdlChange *change)
{
    if (change->kind == CHANGE_CREATE_PUBLICATION && change->full) {
        lint_report(context, change,
                    "FOR ALL TABLES publishes tables without a primary key too: their UPDATE and "
                    "DELETE fail from now on");
        lint_possible(context, "whether every table has a replica identity");
        recipe_once(context, "each table has a primary key or another replica identity");
    } else if (change->kind == CHANGE_ALTER_PUBLICATION &&
               (g_strcmp0(change->text, "drop") == 0 || g_strcmp0(change->text, "set") == 0)) {
        lint_report(context, change,
                    "tables that leave publication %s are not replicated from now on, and "
                    "subscribers are not told",
                    change->relation.name);
        recipe_once(context, "each subscriber runs ALTER SUBSCRIPTION with REFRESH PUBLICATION "
                             "after it");
    } else if (change->kind == CHANGE_DROP && change->object == OBJECT(PUBLICATION)) {
        lint_report(context, change, "subscribers of publication %s stop with an error",
                    change->relation.name);
        recipe_once(context, "no subscription to it is left");
    }
}

const LintRule lint_rule_publication_change = {
    .id = "publication-change",
    .level = LINT_WARNING,
    .title = "what is published changes",
    .at_change = publication,
    .kinds = LINT_KINDS(CHANGE_DROP, CHANGE_CREATE_PUBLICATION, CHANGE_ALTER_PUBLICATION),
};
