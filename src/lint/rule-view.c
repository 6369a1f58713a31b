/* Views, materialized views, functions that are replaced. */
#include <string.h>

#include "lint/gone.h"
#include "lint/recipe-steps.h"

/* The first column that is there now and then not in its place any more; NULL: none. */
static const char *
lost_column(const ModelTable *view, const GPtrArray *names)
{
    for (guint i = 0; i < view->columns->len; i++) {
        const ModelColumn *column = view->columns->pdata[i];
        if (i >= names->len || strcmp(names->pdata[i], column->name) != 0)
            return column->name;
    }
    return NULL;
}

/* The same beside the old one, which an old app uses on. */
static void
recommend_new_name(const LintContext *context, const DdlChange *change, PgQuery__Token kind)
{
    const SqlToken *name =
        recipe_next(context, recipe_token(context, kind, (int) context->statement->start));
    g_autofree char *label = ddl_name_label(change->relation);
    g_autofree char *fresh = recipe_name(change->relation.name, "new", NULL);
    g_autofree char *text = NULL;

    if (change->relation.schema != NULL) /* schema . name */
        name = recipe_next(context, recipe_next(context, name));
    text = recipe_replacing(context, name->start, name->end, fresh);
    lint_recipe(context, "%s;\n-- %s goes in a later file, when no version that runs uses it", text,
                label);
}

static void
replace_view(const LintContext *context, const DdlChange *change)
{
    const ModelTable *view = model_table(context->model, change->relation);
    g_autoptr(GPtrArray) names = NULL;
    g_autofree char *label = NULL;
    const char *lost;

    if (view == NULL || view->kind != MODEL_VIEW || view->columns->len == 0 ||
        session_is_new(context->session, view))
        return;
    names = model_query_names(context->model, change->query, change->names);
    if (names->len == 0)
        return;
    label = model_table_label(view);
    lost = lost_column(view, names);
    if (lost != NULL) {
        lint_report(context, change,
                    "CREATE OR REPLACE VIEW %s is refused: column %s may not be dropped, renamed "
                    "or moved",
                    label, lost);
        lint_level(context, LINT_ERROR);
        recommend_new_name(context, change, PG_QUERY__TOKEN__VIEW);
    } else if (names->len > view->columns->len) {
        lint_report(context, change,
                    "%s gets columns: SELECT * from it, prepared before, fails once with \"cached "
                    "plan must not change result type\"",
                    label);
        lint_level(context, LINT_NOTE);
        lint_breaks(context, "SELECT * FROM %s, prepared before", label);
    }
}

static void
replace_function(const LintContext *context, const DdlChange *change)
{
    const ModelFunction *before = model_function(context->model, change->relation, -1);
    g_autofree char *label = NULL;

    if (before == NULL || change->function == NULL ||
        before->n_arguments == change->function->n_arguments)
        return;
    label = ddl_name_label(change->relation);
    lint_report(context, change,
                "CREATE OR REPLACE of %s with other arguments makes a second function: the one "
                "with %d stays as it was",
                label, before->n_arguments);
    lint_level(context, LINT_NOTE);
    recommend_new_name(context, change,
                       change->function->is_procedure ? PG_QUERY__TOKEN__PROCEDURE
                                                      : PG_QUERY__TOKEN__FUNCTION);
}

static void
replace(const LintContext *context, const DdlChange *change)
{
    if (!change->or_replace)
        return;
    if (change->kind == CHANGE_CREATE_VIEW)
        replace_view(context, change);
    else if (change->kind == CHANGE_CREATE_FUNCTION)
        replace_function(context, change);
}

const LintRule lint_rule_view_replace_incompatible = {
    .id = "view-replace-incompatible",
    .level = LINT_WARNING,
    .title = "CREATE OR REPLACE with other columns or arguments",
    .at_change = replace,
    .kinds = LINT_KINDS(CHANGE_CREATE_VIEW, CHANGE_CREATE_FUNCTION),
};

static bool
has_full_unique_index(const ModelTable *matview)
{
    for (guint i = 0; i < matview->indexes->len; i++) {
        const ModelIndex *index = matview->indexes->pdata[i];
        if (index->unique && index->where == NULL && !index->has_expressions &&
            index->valid != KNOWN_NO)
            return true;
    }
    return false;
}

/* Rows that no unique index tells apart cannot be refreshed beside their readers; all columns do,
 * if any do. */
static void
recommend_refresh(const LintContext *context, const DdlChange *change, const ModelTable *matview,
                  const char *label)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const bool is_unique = matview != NULL && has_full_unique_index(matview);
    g_autofree char *columns = NULL;

    for (guint i = 0; matview != NULL && i < matview->columns->len; i++)
        g_ptr_array_add(names, (gpointer) ((const ModelColumn *) matview->columns->pdata[i])->name);
    columns = cost_columns(names);
    if (names->len > 0 && !is_unique)
        lint_recipe(context,
                    "-- once; fewer columns, if they tell the rows apart\n"
                    "CREATE UNIQUE INDEX CONCURRENTLY ON %s (%s);\n"
                    "REFRESH MATERIALIZED VIEW CONCURRENTLY %s;",
                    label, columns, label);
    else
        lint_recipe(context,
                    "REFRESH MATERIALIZED VIEW CONCURRENTLY %s; -- it has a unique index over "
                    "columns of all rows, or gets one",
                    label);
    if (is_unique && !change->no_data) {
        const SqlToken *view =
            recipe_token(context, PG_QUERY__TOKEN__VIEW, (int) context->statement->start);
        lint_fix_replace(context, (gsize) view->end, (gsize) view->end, " CONCURRENTLY");
    }
}

static void
refresh(const LintContext *context, const DdlChange *change)
{
    const ModelTable *matview;
    g_autofree char *label = NULL;

    if (facts_is_new(context, change->relation))
        return;
    matview = model_table(context->model, change->relation);
    label = ddl_name_label(change->relation);
    if (!change->concurrently) {
        lint_report(context, change,
                    "REFRESH MATERIALIZED VIEW blocks reads of %s until it is filled anew", label);
        lint_add_locks(context);
        recommend_refresh(context, change, matview, label);
    } else if (matview != NULL && matview->columns_known && !has_full_unique_index(matview)) {
        lint_report(context, change,
                    "REFRESH .. CONCURRENTLY of %s is refused: it has no unique index over columns "
                    "of all rows",
                    label);
        recommend_refresh(context, change, matview, label);
    }
}

const LintRule lint_rule_refresh_mv_blocking = {
    .id = "refresh-mv-blocking",
    .level = LINT_ERROR,
    .title = "REFRESH MATERIALIZED VIEW blocks reads of it",
    .at_change = refresh,
    .kinds = LINT_KINDS(CHANGE_REFRESH),
};
