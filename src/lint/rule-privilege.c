/* Row security and rights: what the app's role may see and do. */
#include <string.h>

#include "lint/gone.h"
#include "lint/recipe-steps.h"

static bool
creates_policy(const LintContext *context, const SessionStatement *statement G_GNUC_UNUSED,
               const DdlChange *change, const void *data)
{
    const DdlChange *enable = data;

    return change->kind == CHANGE_CREATE_POLICY &&
           facts_same(context, change->relation, enable->relation);
}

static bool
has_policy(const LintContext *context, const DdlChange *change)
{
    const ModelTable *table = model_table(context->model, change->relation);

    return (table != NULL && table->policies->len > 0) ||
           facts_before(context, false, CHANGE_CREATE_POLICY, creates_policy, change) != NULL;
}

static void
enable_security(const LintContext *context, const DdlChange *change, const char *label)
{
    g_autofree char *name = NULL;

    if (change->removes) {
        lint_report(context, change,
                    "without row security everybody who may read %s sees all of its rows", label);
        recipe_once(context, "everybody who may read %s may see all of it", label);
    } else if (!change->forced && !has_policy(context, change)) {
        lint_report(context, change,
                    "row security of %s without a policy hides every row from all but its owner: "
                    "SELECT gives nothing, writes fail",
                    label);
        lint_level(context, LINT_ERROR);
        if (model_table(context->model, change->relation) == NULL)
            lint_possible(context, "the policies of %s", label);
        lint_breaks(context, "all statements on %s of roles that do not own it", label);
        name = recipe_name(change->relation.name, "everything", NULL);
        lint_recipe(context,
                    "BEGIN;\nSET LOCAL lock_timeout = '2s';\n"
                    "CREATE POLICY %s ON %s USING (true); -- until a narrower one is proven\n"
                    "%s;\nCOMMIT;",
                    name, label, sql_statement_text(context->statement));
        return;
    } else {
        lint_report(context, change,
                    "from its commit on, %s gives the app's role only the rows that a policy "
                    "allows",
                    label);
        lint_level(context, LINT_NOTE);
        lint_possible(context, "what the policies allow");
    }
    lint_add_locks(context);
}

static void
change_security(const LintContext *context, const DdlChange *change)
{
    const bool is_other = change->kind == CHANGE_DROP && change->object != OBJECT(POLICY);
    g_autofree char *label = NULL;

    if (is_other || !gone_is_used(context, change->relation))
        return;
    label = ddl_name_label(change->relation);
    if (change->kind == CHANGE_ROW_SECURITY) {
        enable_security(context, change, label);
        return;
    }
    lint_report(context, change,
                "%s of %s changes which rows the app's role sees, and takes ACCESS EXCLUSIVE",
                ddl_change_verb(change), label);
    lint_add_locks(context);
    if (change->kind == CHANGE_CREATE_POLICY) {
        lint_level(context, LINT_NOTE);
        lint_possible(context, "whether row security of %s is enabled", label);
    }
    recipe_once(context, "a policy that the app needs stays, or was made before");
}

const LintRule lint_rule_rls_change = {
    .id = "rls-change",
    .level = LINT_WARNING,
    .title = "row security changes what the app sees",
    .at_change = change_security,
    .kinds =
        LINT_KINDS(CHANGE_DROP, CHANGE_ROW_SECURITY, CHANGE_CREATE_POLICY, CHANGE_ALTER_POLICY),
};

static void
revoke_right(const LintContext *context, const DdlChange *change)
{
    g_autofree char *label = NULL;

    if (!change->removes || change->object == OBJECT(DEFACL) || gone_is_expected(context) ||
        facts_is_new(context, change->relation) ||
        (change->relation.name != NULL && strcmp(change->relation.name, "public") == 0 &&
         change->object == OBJECT(SCHEMA)))
        return;
    label = change->relation.name != NULL ? ddl_name_label(change->relation)
                                          : g_strdup("what it names");
    lint_report(context, change, "REVOKE on %s: statements of a role that used the right fail",
                label);
    lint_possible(context, "whether the app's role has the right otherwise");
    lint_breaks(context, "what the right allowed: \"permission denied\"");
    recipe_contract(context, "no version of the app that runs needs the right");
}

static void
owner(const LintContext *context, const DdlChange *change)
{
    g_autofree char *label = NULL;

    if (change->object == OBJECT(ROLE)) {
        lint_report(context, change,
                    "REASSIGN OWNED takes ACCESS EXCLUSIVE on every table of %s in one "
                    "transaction; the role loses the rights that it had as owner",
                    change->relation.name);
        lint_possible(context, "what the role owns in this database");
        recipe_once(context, "%s owns no table that an app uses", change->relation.name);
        return;
    }
    if (change->object != OBJECT(TABLE) || !gone_is_used(context, change->relation))
        return;
    label = ddl_name_label(change->relation);
    lint_report(context, change,
                "OWNER TO takes ACCESS EXCLUSIVE on %s and its indexes; the owner before loses the "
                "rights that it had as owner",
                label);
    lint_add_locks(context);
    lint_recipe(context,
                "BEGIN;\nSET LOCAL lock_timeout = '2s';\n"
                "-- sluice: allow %s because the owner before is given its rights again\n"
                "%s;\nGRANT ALL ON %s TO CURRENT_ROLE; -- or whoever the owner was\nCOMMIT;",
                lint_reporting(context), sql_statement_text(context->statement), label);
}

static void
definer(const LintContext *context, const DdlChange *change)
{
    const SqlToken *definer;
    g_autofree char *label = NULL, *path = NULL, *text = NULL;

    if (change->function == NULL || !change->function->security_definer ||
        change->function->sets_search_path)
        return;
    label = ddl_name_label(change->relation);
    lint_report(context, change,
                "%s runs with its owner's rights and the caller's search_path: who may create "
                "objects can make it call his own",
                label);
    definer = recipe_next(
        context, recipe_token(context, PG_QUERY__TOKEN__SECURITY, (int) context->statement->start));
    path = g_strdup_printf(" SET search_path = %s, pg_temp",
                           change->relation.schema ? change->relation.schema : "public");
    text = recipe_replacing(context, definer->end, definer->end, path);
    lint_recipe(context, "%s;", text);
}

static void
change_privilege(const LintContext *context, const DdlChange *change)
{
    if (change->kind == CHANGE_GRANT)
        revoke_right(context, change);
    else if (change->kind == CHANGE_OWNER)
        owner(context, change);
    else if (change->kind == CHANGE_CREATE_FUNCTION)
        definer(context, change);
}

const LintRule lint_rule_privilege_change = {
    .id = "privilege-change",
    .level = LINT_WARNING,
    .title = "rights or the owner change under the app",
    .at_change = change_privilege,
    .kinds = LINT_KINDS(CHANGE_OWNER, CHANGE_CREATE_FUNCTION, CHANGE_GRANT),
};
