/* Timeouts that are missing, that do nothing, or that hurt. sluice sets its own: these rules are
 * about plain files. */
#include "base/text.h"
#include "lint/recipe-steps.h"

enum {
    LONG_MS = 10 * 60 * 1000, /* a scan or build that takes longer is rare */
    LONG_WAIT_MS = 60 * 1000, /* an app's requests have failed before */
};

/* Does it queue for a lock that others must wait behind? Waiting is what CONCURRENTLY is made of.
 */
static bool
queues(const SessionStatement *statement)
{
    return statement->unit->changes != NULL && !facts_is_concurrent(statement->unit->changes) &&
           facts_lock(statement->prediction, LOCK_SHARE_UPDATE_EXCLUSIVE) != NULL;
}

static bool
queues_now(const LintContext *context)
{
    return !facts_by_sluice(context) && !facts_is_concurrent(context->changes) &&
           facts_lock(context->prediction, LOCK_SHARE_UPDATE_EXCLUSIVE) != NULL;
}

/* Has a statement of the file queued without a lock_timeout? */
static bool
queued_without(const LintContext *context)
{
    const GPtrArray *statements = session_statements(context->session);

    for (guint i = 0; i < statements->len; i++) {
        const SessionStatement *statement = statements->pdata[i];
        if (queues(statement) && timeouts_get(&statement->timeouts, TIMEOUT_LOCK) <= 0)
            return true;
    }
    return false;
}

/* One finding a file is enough. */
static bool
is_reported(const LintContext *context, TimeoutKind kind)
{
    const GPtrArray *statements = session_statements(context->session);

    for (guint i = 0; i < statements->len; i++) {
        const SessionStatement *statement = statements->pdata[i];
        if (queues(statement) && timeouts_get(&statement->timeouts, kind) < 0)
            return true;
    }
    return false;
}

static void
fix_set(const LintContext *context, TimeoutKind kind, const char *value)
{
    const bool local = session_in_transaction(context->session);
    g_autofree char *set =
        g_strdup_printf("SET %s%s = '%s';\n", local ? "LOCAL " : "", timeout_name(kind), value);

    lint_fix_insert(context, set);
}

static void
report_missing(const LintContext *context, TimeoutKind kind, const char *example)
{
    const PredictedLock *lock = facts_lock(context->prediction, LOCK_SHARE_UPDATE_EXCLUSIVE);
    g_autofree char *label = facts_lock_label(lock);

    lint_report(context, NULL,
                kind == TIMEOUT_LOCK
                    ? "no %s is set: while %s waits for its lock on %s, everybody behind it waits"
                    : "no %s is set: nothing ends %s on %s if it takes longer than thought",
                timeout_name(kind), sql_statement_verb(context->statement), label);
    lint_possible(context, "the role's %s (lint.%s)", timeout_name(kind), timeout_name(kind));
    lint_recipe(context, "SET %s = '%s';", timeout_name(kind), example);
    if (kind == TIMEOUT_LOCK)
        fix_set(context, kind, example);
}

/* A lock_timeout that is no help; said once a file. */
static void
long_lock_timeout(const LintContext *context)
{
    const gint64 ms = session_lock_timeout_ms(context->session);
    const PredictedLock *lock = facts_lock(context->prediction, LOCK_SHARE);
    const GPtrArray *statements = session_statements(context->session);
    g_autofree char *label = NULL, *shown = NULL;

    if (ms < LONG_WAIT_MS || lock == NULL || !queues_now(context))
        return;
    for (guint i = 0; i < statements->len; i++) {
        const SessionStatement *statement = statements->pdata[i];
        if (queues(statement) && timeouts_get(&statement->timeouts, TIMEOUT_LOCK) >= LONG_WAIT_MS)
            return;
    }
    label = facts_lock_label(lock);
    shown = text_format_duration_ms(ms);
    lint_report(context, NULL,
                "lock_timeout is %s: so long %s may wait for its lock on %s, and everybody behind "
                "it waits",
                shown, sql_statement_verb(context->statement), label);
    lint_possible(context, "whether a transaction on %s lasts that long", label);
    lint_recipe(context, "SET lock_timeout = '2s';");
}

static void
missing_lock_timeout(const LintContext *context)
{
    long_lock_timeout(context);
    if (queues_now(context) && session_lock_timeout_ms(context->session) < 0 &&
        !is_reported(context, TIMEOUT_LOCK))
        report_missing(context, TIMEOUT_LOCK, "2s");
}

const LintRule lint_rule_missing_lock_timeout = {
    .id = "missing-lock-timeout",
    .level = LINT_NOTE,
    .title = "a lock is waited for without end",
    .at_statement = missing_lock_timeout,
};

/* What is done in a moment needs none, nor what stops nobody while it lasts. */
static void
missing_statement_timeout(const LintContext *context)
{
    if (queues_now(context) && session_statement_timeout_ms(context->session) < 0 &&
        facts_works(context, WORK_SCAN) &&
        facts_lock(context->prediction, LOCK_ACCESS_EXCLUSIVE) != NULL &&
        !is_reported(context, TIMEOUT_STATEMENT))
        report_missing(context, TIMEOUT_STATEMENT, "30s");
}

const LintRule lint_rule_missing_statement_timeout = {
    .id = "missing-statement-timeout",
    .level = LINT_NOTE,
    .title = "a statement may run without end",
    .at_statement = missing_statement_timeout,
};

static bool
begins(const LintContext *context G_GNUC_UNUSED, const SessionStatement *statement G_GNUC_UNUSED,
       const DdlChange *change, const void *data G_GNUC_UNUSED)
{
    return change->kind == CHANGE_TRANSACTION;
}

/* SET LOCAL where no transaction is: the server only warns. */
static void
local_outside(const LintContext *context, const DdlChange *change)
{
    if (!change->local || session_in_transaction(context->session))
        return;
    lint_report(context, change, "SET LOCAL %s outside of a transaction does nothing",
                change->text);
    if (facts_before(context, false, CHANGE_TRANSACTION, begins, NULL) == NULL)
        lint_possible(context, "whether the tool opens a transaction around the file (--runner)");
    lint_recipe(context, "BEGIN;\nSET LOCAL %s = '%s';\n-- what it is meant for\nCOMMIT;",
                change->text, change->value ? change->value : "2s");
}

/* It comes when the lock is held already. */
static void
set_after(const LintContext *context, const DdlChange *change)
{
    const SessionLock *held = facts_held(context, LOCK_SHARE_UPDATE_EXCLUSIVE);
    const bool is_late =
        held != NULL || (!session_in_transaction(context->session) && queued_without(context));

    if (!is_late || change->value == NULL || timeout_parse(change->value) <= 0 ||
        timeout_kind_of(change->text) != TIMEOUT_LOCK ||
        session_lock_timeout_ms(context->session) > 0)
        return;
    lint_report(context, change, "lock_timeout is set after %s was waited for and locked",
                held ? held->name : "what stands before it");
    lint_recipe(context, "SET lock_timeout = '%s'; -- and then what takes locks", change->value);
}

/* lock_timeout can never fire before statement_timeout does, which bounds the wait as well. */
static void
dead_timeout(const LintContext *context, const DdlChange *change)
{
    const TimeoutKind kind = timeout_kind_of(change->text);
    const gint64 set_ms = change->value ? timeout_parse(change->value) : TIMEOUT_UNKNOWN;
    const gint64 lock_ms =
        kind == TIMEOUT_LOCK ? set_ms : session_lock_timeout_ms(context->session);
    const gint64 statement_ms =
        kind == TIMEOUT_STATEMENT ? set_ms : session_statement_timeout_ms(context->session);

    if (lock_ms <= 0 || statement_ms <= 0 || lock_ms < statement_ms)
        return;
    lint_report(context, change,
                "lock_timeout is not shorter than statement_timeout, so that it never comes into "
                "force");
    lint_level(context, LINT_NOTE);
    lint_recipe(context, "SET lock_timeout = '2s';\nSET statement_timeout = '30s';");
}

static void
ineffective_set(const LintContext *context, const DdlChange *change)
{
    if (timeout_kind_of(change->text) == TIMEOUT_N || facts_by_sluice(context))
        return;
    local_outside(context, change);
    set_after(context, change);
    dead_timeout(context, change);
}

/* VALIDATE is meant to take long, and blocks no app while it waits or scans. */
static bool
only_validates(const DdlChanges *changes)
{
    for (guint i = 0; i < ddl_changes_count(changes); i++)
        if (ddl_changes_get(changes, i)->kind != CHANGE_VALIDATE_CONSTRAINT)
            return false;
    return true;
}

static bool
resets(const LintContext *context G_GNUC_UNUSED, const SessionStatement *statement G_GNUC_UNUSED,
       const DdlChange *change, const void *data G_GNUC_UNUSED)
{
    return change->kind == CHANGE_SET && change->value == NULL &&
           (timeout_kind_of(change->text) == TIMEOUT_LOCK || g_strcmp0(change->text, "all") == 0);
}

/* It was taken back before a statement that queues: what holds then is the role's. */
static void
taken_back(const LintContext *context)
{
    if (!queues_now(context) || session_lock_timeout_ms(context->session) >= 0 ||
        facts_before(context, false, CHANGE_SET, resets, NULL) == NULL)
        return;
    lint_report(context, NULL, "lock_timeout was reset before %s waits for its lock",
                sql_statement_verb(context->statement));
    lint_possible(context, "the role's lock_timeout (lint.lock_timeout)");
    lint_recipe(context, "SET lock_timeout = '2s';");
}

/* It was turned off before a statement that queues. */
static void
turned_off(const LintContext *context)
{
    const PredictedLock *lock = facts_lock(context->prediction, LOCK_SHARE_UPDATE_EXCLUSIVE);
    g_autofree char *label = NULL;

    taken_back(context);
    if (!queues_now(context) || session_lock_timeout_ms(context->session) != 0 ||
        only_validates(context->changes))
        return;
    label = facts_lock_label(lock);
    lint_report(context, NULL,
                "lock_timeout is 0 here: while %s waits for its lock on %s, everybody behind it "
                "waits",
                sql_statement_verb(context->statement), label);
    lint_recipe(context, "SET lock_timeout = '2s';");
    fix_set(context, TIMEOUT_LOCK, "2s");
}

const LintRule lint_rule_timeout_ineffective = {
    .id = "timeout-ineffective",
    .level = LINT_WARNING,
    .title = "a timeout is set where it does nothing",
    .at_change = ineffective_set,
    .kinds = LINT_KINDS(CHANGE_SET),
    .at_statement = turned_off,
};

static void
hostile_lock_timeout(const LintContext *context)
{
    const gint64 ms = session_lock_timeout_ms(context->session);
    g_autofree char *shown = ms > 0 ? text_format_duration_ms(ms) : NULL;

    if (shown == NULL || ms >= LONG_MS)
        return;
    lint_report(context, NULL,
                "lock_timeout is %s: %s waits for every transaction that is older than it, and "
                "ends half done, with an INVALID index, when one of them takes longer",
                shown, sql_statement_verb(context->statement));
    lint_possible(context, "whether a transaction lasts that long");
    lint_recipe(context, "SET lock_timeout = 0;\nSET statement_timeout = 0;\n%s;",
                sql_statement_text(context->statement));
    fix_set(context, TIMEOUT_LOCK, "0");
}

static void
hostile_statement_timeout(const LintContext *context)
{
    const gint64 ms = session_statement_timeout_ms(context->session);
    g_autofree char *shown = ms > 0 ? text_format_duration_ms(ms) : NULL;

    if (shown == NULL || ms >= LONG_MS)
        return;
    lint_report(context, NULL, "statement_timeout is %s, and ends %s on a table that takes longer",
                shown, sql_statement_verb(context->statement));
    lint_possible(context, "how long it takes");
    lint_recipe(context, "SET statement_timeout = 0;\n%s;", sql_statement_text(context->statement));
    fix_set(context, TIMEOUT_STATEMENT, "0");
}

static void
hostile(const LintContext *context)
{
    bool validates = false, indexes = false;

    for (guint i = 0; i < ddl_changes_count(context->changes); i++) {
        const DdlChange *change = ddl_changes_get(context->changes, i);

        validates = validates || change->kind == CHANGE_VALIDATE_CONSTRAINT;
        indexes = indexes || (change->concurrently &&
                              (change->kind == CHANGE_CREATE_INDEX ||
                               change->kind == CHANGE_REINDEX || change->kind == CHANGE_DROP));
    }
    if (facts_by_sluice(context))
        return;
    if (indexes)
        hostile_lock_timeout(context);
    if (indexes || validates)
        hostile_statement_timeout(context);
}

const LintRule lint_rule_timeout_hostile_to_concurrently = {
    .id = "timeout-hostile-to-concurrently",
    .level = LINT_WARNING,
    .title = "a short timeout ends what is meant to take long",
    .at_statement = hostile,
};

static void
pooled(const LintContext *context, const DdlChange *change)
{
    const bool is_temporary =
        change->kind == CHANGE_CREATE_TABLE && change->temporary &&
        change->node->node_case == PG_QUERY__NODE__NODE_CREATE_STMT &&
        change->node->create_stmt->oncommit != PG_QUERY__ON_COMMIT_ACTION__ONCOMMIT_DROP;
    const bool is_set = change->kind == CHANGE_SET && !change->local && change->value != NULL &&
                        timeout_kind_of(change->text) == TIMEOUT_N;
    const SqlToken *set, *session;
    g_autofree char *local = NULL;

    if ((!is_temporary && !is_set) || facts_by_sluice(context))
        return;
    lint_report(context, change,
                is_temporary ? "a temporary table outlives the transaction"
                             : "SET outlives the transaction");
    lint_possible(context, "whether the session comes from a pooler in transaction mode: then the "
                           "next client has it");
    set = is_temporary
              ? NULL
              : recipe_token(context, PG_QUERY__TOKEN__SET, (int) context->statement->start);
    session = set ? recipe_next(context, set) : NULL;
    local =
        set ? recipe_replacing(context, set->start,
                               session->token == PG_QUERY__TOKEN__SESSION ? session->end : set->end,
                               "SET LOCAL")
            : g_strdup_printf("%s ON COMMIT DROP", sql_statement_text(context->statement));
    lint_recipe(context, "BEGIN;\n%s;\n-- what it is meant for\nCOMMIT;", local);
}

const LintRule lint_rule_temp_table_and_pool = {
    .id = "temp-table-and-pool",
    .level = LINT_NOTE,
    .title = "what the session keeps leaks through a connection pooler",
    .at_change = pooled,
    .kinds = LINT_KINDS(CHANGE_CREATE_TABLE, CHANGE_SET),
};
