/* Domains, composite types, collations: what a type's change does to the tables that use it. */
#include <string.h>

#include "lint/gone.h"
#include "lint/recipe-steps.h"

/* "orders, items"; NULL: none is known. Caller owns. */
static char *
labels_of(const LintContext *context, GPtrArray *tables)
{
    g_autoptr(GPtrArray) labels = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < tables->len; i++)
        if (!session_is_new(context->session, tables->pdata[i]))
            g_ptr_array_add(labels, model_table_label(tables->pdata[i]));
    if (labels->len == 0)
        return NULL;
    g_ptr_array_add(labels, NULL);
    return g_strjoinv(", ", (char **) labels->pdata);
}

/* Those with a column of the type. */
static char *
users_of(const LintContext *context, DdlName type)
{
    g_autoptr(GPtrArray) tables = model_users_of_type(context->model, type);

    return labels_of(context, tables);
}

/* Those that are made OF it. */
static char *
made_of(const LintContext *context, DdlName type)
{
    g_autoptr(GPtrArray) tables = model_tables_of_type(context->model, type);

    return labels_of(context, tables);
}

/* On the columns of the domain instead, as far as they are known. */
static void
recommend_columns(const LintContext *context, const DdlChange *change)
{
    g_autoptr(GPtrArray) tables = model_users_of_type(context->model, change->relation);
    g_autoptr(GString) steps =
        g_string_new("-- on the columns instead, which the domain keeps free");

    for (guint i = 0; i < tables->len; i++) {
        const ModelTable *table = tables->pdata[i];

        for (guint k = 0; k < table->columns->len; k++) {
            const ModelColumn *column = table->columns->pdata[k];
            g_autofree char *not_null = NULL;

            if (column->type == NULL || !facts_same(context, column->parsed.name, change->relation))
                continue;
            not_null = recipe_not_null((DdlName){table->schema, table->name}, column->name);
            g_string_append_printf(steps, "\n%s", not_null);
        }
    }
    if (tables->len > 0)
        lint_recipe(context, "%s", steps->str);
    else
        recipe_once(context, "writes of the tables with a column of it may wait");
}

static void
domain_not_null(const LintContext *context, const DdlChange *change)
{
    g_autofree char *label = NULL, *users = NULL;

    if (change->removes || g_strcmp0(change->text, "not null") != 0 ||
        facts_is_new(context, change->relation))
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
    recommend_columns(context, change);
}

const LintRule lint_rule_domain_set_not_null = {
    .id = "domain-set-not-null",
    .level = LINT_WARNING,
    .title = "SET NOT NULL of a domain reads every table that uses it",
    .at_change = domain_not_null,
    .kinds = LINT_KINDS(CHANGE_ALTER_DOMAIN),
};

/* A type of another name, for a column beside the old one. */
static void
recommend_new_type(const LintContext *context, const DdlChange *change)
{
    const ModelType *type = model_type(context->model, change->relation);
    g_autofree char *last = recipe_name(change->relation.name, "new", NULL);
    g_autofree char *schema =
        change->relation.schema ? ddl_name_label((DdlName){NULL, change->relation.schema}) : NULL;
    g_autoptr(GString) fields = g_string_new(NULL);

    for (guint i = 0; type != NULL && type->attributes != NULL && i < type->attributes->len; i++) {
        const ModelColumn *field = type->attributes->pdata[i];
        const bool is_it = g_strcmp0(field->name, change->column) == 0;
        const char *raw = is_it && change->new_name ? change->new_name : field->name;
        g_autofree char *name = ddl_name_label((DdlName){NULL, raw});
        g_autofree char *of = ddl_type_label(is_it && change->kind == CHANGE_ATTRIBUTE_TYPE
                                                 ? &change->definition->type
                                                 : &field->parsed);

        if (is_it && change->kind == CHANGE_DROP_ATTRIBUTE)
            continue;
        g_string_append_printf(fields, "%s%s %s", fields->len ? ", " : "", name, of);
    }
    if (fields->len == 0) {
        recipe_contract(context, "no version that runs, and no column, uses %s",
                        change->relation.name);
        return;
    }
    if (change->kind == CHANGE_ADD_ATTRIBUTE) {
        g_autofree char *added = cost_bare_column(change->definition);
        g_string_append_printf(fields, ", %s", added);
    }
    lint_recipe(context,
                "CREATE TYPE %s%s%s AS (%s);\n-- and a column of it beside each of the old type",
                schema ? schema : "", schema ? "." : "", last, fields->str);
}

/* Then it is a table as any other, and its columns change by themselves. */
static void
recommend_release(const LintContext *context, DdlName type)
{
    g_autoptr(GPtrArray) tables = model_tables_of_type(context->model, type);
    g_autoptr(GString) steps = g_string_new(NULL);

    for (guint i = 0; i < tables->len; i++) {
        g_autofree char *label = model_table_label(tables->pdata[i]);

        g_string_append_printf(steps, "ALTER TABLE %s NOT OF;\n", label);
    }
    lint_recipe(context, "%s-- then change the columns themselves, as of any other table",
                steps->str);
}

static void
composite_change(const LintContext *context, const DdlChange *change)
{
    g_autofree char *label = NULL, *users = NULL, *made = NULL;
    const PredictedWork *work;

    if (facts_is_new(context, change->relation))
        return;
    users = users_of(context, change->relation);
    made = made_of(context, change->relation);
    label = ddl_name_label(change->relation);
    if (made != NULL) {
        work = cost_of(context, change, WORK_REWRITE);
        lint_report(context, change,
                    "%s of %s changes the tables that are made of it, %s, under ACCESS EXCLUSIVE%s",
                    ddl_change_verb(change), label, made, work ? ", and writes them anew" : "");
        if (work != NULL)
            cost_add(context, work);
    } else if (change->kind == CHANGE_ATTRIBUTE_TYPE && users != NULL) {
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
    if (made != NULL)
        recommend_release(context, change->relation);
    else
        recommend_new_type(context, change);
}

const LintRule lint_rule_composite_type_change = {
    .id = "composite-type-change",
    .level = LINT_WARNING,
    .title = "the fields of a composite type change",
    .at_change = composite_change,
    .kinds = LINT_KINDS(CHANGE_ADD_ATTRIBUTE, CHANGE_DROP_ATTRIBUTE, CHANGE_ATTRIBUTE_TYPE),
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
    g_autofree char *label = NULL, *type = NULL, *collated = NULL, *to = NULL, *steps = NULL;

    if (change->definition == NULL || change->definition->collation == NULL ||
        facts_is_new(context, change->relation))
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
    type = ddl_type_label(&change->definition->type);
    collated = g_strdup_printf("%s COLLATE \"%s\"", type, change->definition->collation);
    to = g_strdup_printf("%s_new", change->column);
    steps = recipe_column_beside(context, &(RecipeColumn){.table = change->relation,
                                                          .from = change->column,
                                                          .to = to,
                                                          .type = collated});
    lint_recipe(context, "%s", steps);
}

const LintRule lint_rule_collation_or_operator_change = {
    .id = "collation-or-operator-change",
    .level = LINT_WARNING,
    .title = "another collation builds the column's indexes anew",
    .at_change = collation_change,
    .kinds = LINT_KINDS(CHANGE_COLUMN_TYPE),
};
