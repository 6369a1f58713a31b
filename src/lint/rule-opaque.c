/* What a statement does only when it runs. */
#include "lint/body.h"
#include "lint/recipe-steps.h"

static void
opaque_do(const LintContext *context, const DdlChange *change)
{
    g_autoptr(LintBody) body = body_of(context->model, context->unit);

    if (body != NULL && !body->opaque)
        return; /* its statements are looked at one by one */
    lint_report(context, change,
                body ? "the body puts statements together as text: what they do is not looked at"
                     : "the body is not in PL/pgSQL, or cannot be parsed: what it does is not "
                       "looked at");
    lint_possible(context, "the text that it runs");
    recipe_once(context, "somebody has read what it runs, which could not be written out");
}

static void
opaque_call(const LintContext *context, const DdlChange *change)
{
    g_autoptr(LintBody) body = body_of(context->model, context->unit);

    if (body != NULL && !body->opaque)
        return;
    lint_report(context, change, "what the function does, and locks, cannot be told from here");
    lint_level(context, LINT_NOTE);
    lint_possible(context, "the function's body");
}

static void
opaque(const LintContext *context, const DdlChange *change)
{
    if (change->kind == CHANGE_DO)
        opaque_do(context, change);
    else if (context->prediction->unknown)
        opaque_call(context, change);
}

const LintRule lint_rule_raw_sql_opaque = {
    .id = "raw-sql-opaque",
    .level = LINT_WARNING,
    .title = "what a body or a call does cannot be told from its text",
    .at_change = opaque,
    .kinds = LINT_KINDS(CHANGE_SELECT, CHANGE_DO, CHANGE_CALL),
};
