/* What becomes unique while the old app still writes. */
#include "lint/gone.h"
#include "lint/recipe-steps.h"

/* The table that gets a unique index or key; .name NULL: none does. */
static DdlName
made_unique(const DdlChange *change, const GPtrArray **ret_columns)
{
    if (change->kind == CHANGE_CREATE_INDEX && change->index->unique) {
        *ret_columns = change->index->columns;
        return change->other;
    }
    if (change->kind == CHANGE_ADD_CONSTRAINT && change->constraint != NULL &&
        change->constraint->kind == CONSTRAINT_UNIQUE && change->constraint->using_index == NULL) {
        *ret_columns = change->constraint->columns;
        return change->relation;
    }
    return (DdlName){NULL, NULL};
}

static void
breaks_writers(const LintContext *context, const DdlChange *change)
{
    const GPtrArray *columns = NULL;
    const DdlName relation = made_unique(change, &columns);
    g_autofree char *label = NULL, *index = NULL, *steps = NULL;
    bool is_ready;

    if (relation.name == NULL ||
        (facts_by_sluice(context) && !facts_in_section(context, SECTION_EXPAND)) ||
        !gone_is_used(context, relation))
        return;
    for (guint i = 0; i < columns->len; i++)
        if (columns->pdata[i] != NULL && gone_column_is_new(context, relation, columns->pdata[i]))
            return;
    label = ddl_name_label(relation);
    index = change->kind == CHANGE_CREATE_INDEX ? recipe_index(context->statement, NULL) : NULL;
    lint_report(context, change,
                "the old app still writes %s when %s runs: if it may write duplicates, it "
                "fails from then on",
                label, facts_by_sluice(context) ? "expand" : "this");
    lint_possible(context, "whether the old app keeps %s free of duplicates", label);
    lint_breaks(context, "INSERT and UPDATE that make a duplicate");
    is_ready = change->kind == CHANGE_ADD_CONSTRAINT && change->constraint->using_index != NULL;
    steps = is_ready        ? g_strdup_printf("%s;", sql_statement_text(context->statement))
            : index != NULL ? g_strdup_printf("%s;", index)
                            : recipe_constraint(context, change);
    if (facts_by_sluice(context)) {
        lint_recipe(context, "-- sluice: finish\n%s", steps);
        return;
    }
    lint_level(context, LINT_NOTE);
    lint_recipe(context, "-- once every app that writes %s keeps it free of duplicates\n%s", label,
                steps);
}

const LintRule lint_rule_unique_add_breaks_writers = {
    .id = "unique-add-breaks-writers",
    .level = LINT_WARNING,
    .title = "what becomes unique in expand is still written by the old app",
    .at_change = breaks_writers,
    .kinds = LINT_KINDS(CHANGE_ADD_CONSTRAINT, CHANGE_CREATE_INDEX),
};
