/* Columns that may not be NULL any more. */
#include "lint/gone.h"
#include "lint/recipe-steps.h"

static void
recommend_not_null(const LintContext *context, const DdlChange *change)
{
    const ModelTable *table = model_table(context->model, change->relation);
    const ModelColumn *known = table != NULL ? model_column(table, change->column) : NULL;
    g_autofree char *rest = recipe_rest(context, change);
    g_autofree char *steps = recipe_not_null(change->relation, change->column);

    if (known != NULL && known->is_row) {
        recipe_once(context, "all that use %s may wait: no CHECK proves it of a composite type",
                    change->relation.name);
        return;
    }
    if (recipe_life_not_null(context, change, rest))
        return;
    lint_recipe(context,
                "%s-- when no row and no app has NULL there; each in a transaction of its own\n%s",
                rest, steps);
    if (!change->if_exists)
        recipe_is_fix(context);
}

static void
set_not_null(const LintContext *context, const DdlChange *change)
{
    const PredictedWork *work;
    g_autofree char *label = NULL;

    if (facts_is_new(context, change->relation))
        return;
    work = cost_of(context, change, WORK_SCAN);
    if (work == NULL)
        return;
    label = cost_label(context, work->relation);
    lint_report(context, change,
                "SET NOT NULL reads the whole of %s under ACCESS EXCLUSIVE, for no valid CHECK "
                "proves that %s has no NULL",
                label, change->column);
    cost_add(context, work);
    lint_breaks(context, "INSERT and UPDATE that leave %s NULL", change->column);
    recommend_not_null(context, change);
}

const LintRule lint_rule_column_set_not_null = {
    .id = "column-set-not-null",
    .level = LINT_ERROR,
    .title = "SET NOT NULL reads the whole table while nobody else can",
    .at_change = set_not_null,
    .kinds = LINT_KINDS(CHANGE_SET_NOT_NULL),
};
