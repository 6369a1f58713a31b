/* What reaches beyond the schema: extensions, other sessions, the server. */
#include <string.h>

#include "lint/gone.h"
#include "lint/recipe-steps.h"

static bool
is_ddl(const LintContext *context G_GNUC_UNUSED, const SessionStatement *statement,
       const DdlChange *change G_GNUC_UNUSED, const void *data G_GNUC_UNUSED)
{
    return statement->prediction != NULL &&
           facts_lock(statement->prediction, LOCK_SHARE_ROW_EXCLUSIVE) != NULL;
}

static void
extension(const LintContext *context, const DdlChange *change)
{
    bool is_update =
        change->kind == CHANGE_ALTER_EXTENSION && g_strcmp0(change->text, "update") == 0;

    if (!is_update && change->kind != CHANGE_CREATE_EXTENSION)
        return;
    if (is_update) {
        lint_report(
            context, change,
            "ALTER EXTENSION %s UPDATE runs the extension's own scripts: what they lock and "
            "change is not in this file",
            change->relation.name);
        recipe_once(context, "it was tried on a copy, and is alone in its file");
    } else if (facts_before(context, true, CHANGE_N, is_ddl, NULL) != NULL) {
        lint_report(context, change,
                    "CREATE EXTENSION %s runs scripts of its own while the transaction holds its "
                    "locks",
                    change->relation.name);
        lint_level(context, LINT_NOTE);
        lint_recipe(context, "-- alone in a file before\n%s;",
                    sql_statement_text(context->statement));
    }
}

const LintRule lint_rule_extension_update = {
    .id = "extension-update",
    .level = LINT_WARNING,
    .title = "an extension's scripts run within the migration",
    .at_change = extension,
    .kinds = LINT_KINDS(CHANGE_CREATE_EXTENSION, CHANGE_ALTER_EXTENSION),
};

static void
other_sessions(const LintContext *context, const DdlChange *change)
{
    const PgQuery__Node *node = change->node;

    if (change->kind == CHANGE_CREATE_EVENT_TRIGGER) {
        lint_report(context, change,
                    "an event trigger runs in every session that makes DDL: an error of it stops "
                    "the next migration");
        recipe_once(context, "it is meant for the DDL of every session");
        return;
    }
    if (change->kind != CHANGE_SERVER || node == NULL)
        return;
    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_ALTER_SYSTEM_STMT:
    case PG_QUERY__NODE__NODE_ALTER_DATABASE_SET_STMT:
    case PG_QUERY__NODE__NODE_ALTER_ROLE_SET_STMT:
        lint_report(context, change, "%s changes what other sessions run with",
                    sql_statement_verb(context->statement));
        /* A role or a database has its settings from where its schema comes from. */
        if (node->node_case != PG_QUERY__NODE__NODE_ALTER_SYSTEM_STMT)
            lint_level(context, LINT_NOTE);
        recipe_once(context, "it is meant for other sessions too; else SET LOCAL");
        break;
    default:
        break;
    }
}

const LintRule lint_rule_event_trigger = {
    .id = "event-trigger",
    .level = LINT_WARNING,
    .title = "a migration changes other sessions",
    .at_change = other_sessions,
    .kinds = LINT_KINDS(CHANGE_CREATE_EVENT_TRIGGER, CHANGE_SERVER),
};

static bool
calls_any(const PgQuery__Node *query, const char *const *names)
{
    for (guint i = 0; query != NULL && names[i] != NULL; i++)
        if (ddl_calls(query, names[i]))
            return true;
    return false;
}

static bool
unlocks(const LintContext *context, const DdlChange *change)
{
    static const char *const names[] = {"pg_advisory_unlock", "pg_advisory_unlock_all",
                                        "pg_advisory_unlock_shared", NULL};
    const GPtrArray *units = context->file->units;

    for (guint i = context->unit->index + 1; i < units->len; i++) {
        const DdlChanges *changes = ((const LintUnit *) units->pdata[i])->changes;

        for (guint k = 0; changes != NULL && k < ddl_changes_count(changes); k++)
            if (ddl_changes_get(changes, k) != change &&
                calls_any(ddl_changes_get(changes, k)->query, names))
                return true;
    }
    return false;
}

/* The lock of the same key that ends with its transaction. */
static void
recommend_transaction_lock(const LintContext *context)
{
    g_autoptr(GRegex) name =
        g_regex_new("\\b(pg_(try_)?advisory)_lock(_shared)?\\b", G_REGEX_CASELESS, 0, NULL);
    g_autofree char *text = g_regex_replace(name, sql_statement_text(context->statement), -1, 0,
                                            "\\1_xact_lock\\3", 0, NULL);

    lint_recipe(context, "BEGIN;\n%s;\n-- what it is to guard\nCOMMIT;", text);
}

static void
leftover(const LintContext *context, const DdlChange *change)
{
    static const char *const names[] = {"pg_advisory_lock", "pg_try_advisory_lock",
                                        "pg_advisory_lock_shared", NULL};

    if (change->kind == CHANGE_TRANSACTION && g_strcmp0(change->text, "prepare") == 0) {
        lint_report(context, change,
                    "PREPARE TRANSACTION keeps every lock of the transaction, through a restart "
                    "too, until somebody ends it by name");
        lint_recipe(context, "-- in its place: COMMIT");
    } else if (change->kind == CHANGE_SELECT && calls_any(change->query, names) &&
               !unlocks(context, change)) {
        lint_report(context, change,
                    "a session advisory lock outlives the transaction: in a pool it is never "
                    "released");
        recommend_transaction_lock(context);
    }
}

const LintRule lint_rule_two_phase_leftover = {
    .id = "two-phase-leftover",
    .level = LINT_WARNING,
    .title = "locks that outlive the migration",
    .at_change = leftover,
    .kinds = LINT_KINDS(CHANGE_SELECT, CHANGE_TRANSACTION),
};
