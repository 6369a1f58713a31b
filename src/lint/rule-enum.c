/* Enums: their values and their order. */
#include "lint/gone.h"
#include "lint/recipe-steps.h"

static void
rename_value(const LintContext *context, const DdlChange *change)
{
    g_autofree char *label = NULL;

    if (facts_is_new(context, change->relation))
        return;
    label = ddl_name_label(change->relation);
    lint_report(context, change,
                "value '%s' of %s is unknown from now on: statements of the running app that write "
                "or compare it fail",
                change->text, label);
    lint_breaks(context, "statements with '%s': \"invalid input value for enum\"", change->text);
    lint_recipe(context,
                "ALTER TYPE %s ADD VALUE '%s'; -- in a transaction of its own\n"
                "-- the app reads both, then writes the new one; the rows follow in parts; the old "
                "label stays",
                label, change->new_name);
}

const LintRule lint_rule_enum_rename_value = {
    .id = "enum-rename-value",
    .level = LINT_ERROR,
    .title = "ALTER TYPE .. RENAME VALUE breaks an app that uses the value",
    .at_change = rename_value,
    .kinds = LINT_KINDS(CHANGE_RENAME_VALUE),
};

static void
create_enum(const LintContext *context, const DdlChange *change)
{
    g_autofree char *label = ddl_name_label(change->relation);

    lint_report(context, change,
                "values of %s can be added later, but never removed or put in another order",
                label);
    lint_possible(context, "whether its values ever change");
    recipe_once(context, "no value of it ever goes; else a table of values with a foreign key, or "
                         "text with a CHECK");
}

const LintRule lint_rule_enum_create = {
    .id = "enum-create",
    .level = LINT_NOTE,
    .title = "CREATE TYPE .. AS ENUM",
    .at_change = create_enum,
    .kinds = LINT_KINDS(CHANGE_CREATE_ENUM),
};

/* The same place, but meant. */
static void
recommend_place(const LintContext *context, const DdlChange *change, const char *label)
{
    const ModelType *type = model_type(context->model, change->relation);
    g_autofree char *place = NULL;

    if (type == NULL || type->values == NULL || type->values->len == 0) {
        recipe_once(context, "it is meant to sort last");
        return;
    }
    place = g_strdup_printf("%s AFTER '%s'", sql_statement_text(context->statement),
                            (const char *) type->values->pdata[type->values->len - 1]);
    lint_recipe(context, "%s; -- or BEFORE another value of %s", place, label);
}

static void
append_value(const LintContext *context, const DdlChange *change)
{
    g_autofree char *label = NULL;

    if (change->new_name != NULL)
        return;
    label = ddl_name_label(change->relation);
    lint_report(context, change, "the new value of %s sorts last, which cannot be changed later",
                label);
    lint_possible(context, "whether anything sorts or compares by %s", label);
    recommend_place(context, change, label);
}

const LintRule lint_rule_enum_append_order = {
    .id = "enum-append-order",
    .level = LINT_NOTE,
    .title = "ADD VALUE does not say where the value sorts",
    .at_change = append_value,
    .kinds = LINT_KINDS(CHANGE_ADD_VALUE),
};
