/* Domains, composite types, collations: what a type's change does to the tables that use it. */
#include <string.h>

#include "lint/gone.h"

/* "orders, items"; NULL: no table that is known. Caller owns. */
static char *
users_of(const LintContext *context, DdlName type)
{
    g_autoptr(GPtrArray) tables = model_users_of_type(context->model, type);
    g_autoptr(GPtrArray) labels = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < tables->len; i++)
        if (!session_is_new(context->session, tables->pdata[i]))
            g_ptr_array_add(labels, model_table_label(tables->pdata[i]));
    if (labels->len == 0)
        return NULL;
    g_ptr_array_add(labels, NULL);
    return g_strjoinv(", ", (char **) labels->pdata);
}

static void
domain_not_null(const LintContext *context, const DdlChange *change)
{
    g_autofree char *label = NULL, *users = NULL;

    if (change->kind != CHANGE_ALTER_DOMAIN || change->removes ||
        g_strcmp0(change->text, "not null") != 0 || facts_is_new(context, change->relation))
        return;
    users = users_of(context, change->relation);
    if (users == NULL && model_is_complete(context->model))
        return;
    label = ddl_name_label(change->relation);
    lint_report(context, change,
                "SET NOT NULL of domain %s reads all of %s under SHARE: their writes wait", label,
                users != NULL ? users : "every table with a column of it");
    lint_add_locks(context);
    if (users == NULL)
        lint_possible(context, "which tables use %s", label);
    lint_recipe(context,
                "-- on the tables instead:\n"
                "ALTER TABLE <table> ADD CONSTRAINT <name> CHECK (<column> IS NOT NULL) NOT "
                "VALID;\n"
                "ALTER TABLE <table> VALIDATE CONSTRAINT <name>; -- in a transaction of its own");
}

const LintRule lint_rule_domain_set_not_null = {
    .id = "domain-set-not-null",
    .level = LINT_WARNING,
    .title = "SET NOT NULL of a domain reads every table that uses it",
    .at_change = domain_not_null,
};

static void
composite_change(const LintContext *context, const DdlChange *change)
{
    g_autofree char *label = NULL, *users = NULL;
    bool is_attribute = change->kind == CHANGE_ADD_ATTRIBUTE ||
                        change->kind == CHANGE_DROP_ATTRIBUTE ||
                        change->kind == CHANGE_ATTRIBUTE_TYPE;

    if (!is_attribute || facts_is_new(context, change->relation))
        return;
    users = users_of(context, change->relation);
    label = ddl_name_label(change->relation);
    if (change->kind == CHANGE_ATTRIBUTE_TYPE && users != NULL) {
        lint_report(context, change,
                    "ALTER ATTRIBUTE .. TYPE of %s is refused: a column of %s uses it", label,
                    users);
    } else {
        lint_report(context, change,
                    "%s of %s: an app that builds or reads rows of the type fails with the other "
                    "number of fields",
                    ddl_change_verb(change), label);
        if (users == NULL)
            lint_possible(context, "who uses %s", label);
    }
    lint_add_locks(context);
    lint_breaks(context, "ROW(..)::%s, and drivers that decode it", label);
    lint_recipe(context, "-- CREATE TYPE of a new name, with a column of it beside the old one");
}

const LintRule lint_rule_composite_type_change = {
    .id = "composite-type-change",
    .level = LINT_WARNING,
    .title = "the fields of a composite type change",
    .at_change = composite_change,
};

static bool
has_index_on(const ModelTable *table, const char *column)
{
    for (guint i = 0; table != NULL && i < table->indexes->len; i++) {
        const ModelIndex *index = table->indexes->pdata[i];
        for (guint k = 0; k < index->columns->len; k++)
            if (g_strcmp0(index->columns->pdata[k], column) == 0)
                return true;
    }
    return false;
}

static void
collation_change(const LintContext *context, const DdlChange *change)
{
    const ModelTable *table;
    g_autofree char *label = NULL;

    if (change->kind != CHANGE_COLUMN_TYPE || change->definition == NULL ||
        change->definition->collation == NULL || facts_is_new(context, change->relation))
        return;
    table = model_table(context->model, change->relation);
    if (table != NULL && table->columns_known && !has_index_on(table, change->column))
        return;
    label = ddl_name_label(change->relation);
    lint_report(context, change,
                "COLLATE \"%s\" of %s.%s builds every index on it anew under ACCESS EXCLUSIVE; "
                "what is unique, and in which order rows come, may change",
                change->definition->collation, label, change->column);
    lint_add_locks(context);
    if (table == NULL || !table->columns_known)
        lint_possible(context, "the indexes of %s", label);
    lint_recipe(context,
                "ALTER TABLE %s ADD COLUMN %s_new <type> COLLATE \"%s\";\n"
                "-- a trigger keeps both equal; backfill; CREATE INDEX CONCURRENTLY on it; the app "
                "moves over; drop %s",
                label, change->column, change->definition->collation, change->column);
}

const LintRule lint_rule_collation_or_operator_change = {
    .id = "collation-or-operator-change",
    .level = LINT_WARNING,
    .title = "another collation builds the column's indexes anew",
    .at_change = collation_change,
};
