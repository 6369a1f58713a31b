/* Where and how a table's rows are kept. */
#include "lint/gone.h"
#include "lint/recipe-steps.h"

static const char *
what_is_copied(const DdlChange *change)
{
    switch ((int) change->kind) {
    case CHANGE_PERSISTENCE:
        return change->removes ? "SET UNLOGGED" : "SET LOGGED";
    case CHANGE_ACCESS_METHOD:
        return "SET ACCESS METHOD";
    case CHANGE_TABLESPACE:
        return "SET TABLESPACE";
    default:
        return NULL;
    }
}

static void
copied(const LintContext *context, const DdlChange *change)
{
    const char *what = what_is_copied(change);
    g_autofree char *label = NULL;

    if (what == NULL || !gone_is_used(context, change->relation))
        return;
    label = ddl_name_label(change->relation);
    lint_report(context, change, "%s copies all of %s while its reads and writes wait%s", what,
                label,
                change->kind == CHANGE_PERSISTENCE && change->removes
                    ? "; its rows are lost in a crash, and replicas have none"
                    : "");
    lint_add_locks(context);
    recipe_once(context, "it runs in a window in which no app uses %s", label);
}

const LintRule lint_rule_set_logged_unlogged = {
    .id = "set-logged-unlogged",
    .level = LINT_ERROR,
    .title = "SET LOGGED, TABLESPACE or ACCESS METHOD copies the table under its lock",
    .at_change = copied,
    .kinds = LINT_KINDS(CHANGE_PERSISTENCE, CHANGE_ACCESS_METHOD, CHANGE_TABLESPACE),
};
