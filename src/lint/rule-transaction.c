/* What shares a transaction with what: locks that are held too long, or taken in an order that
 * deadlocks. */
#include <string.h>

#include "lint/recipe-steps.h"

/* All that it locks of what was there is locked already, and it does nothing long. */
static bool
is_harmless_beside(const LintContext *context)
{
    const PredictedWork *work = prediction_dearest(context->prediction);

    for (guint i = 0; i < ddl_changes_count(context->changes); i++) {
        const DdlChange *change = ddl_changes_get(context->changes, i);

        if (facts_is_bulk(change) || change->kind == CHANGE_INSERT ||
            facts_is_bookkeeping(change->relation))
            return true; /* backfill-in-ddl-transaction tells; rows that are written out are few */
        if (change->kind == CHANGE_SELECT)
            return false;
    }
    if (context->prediction->unknown || (work != NULL && work->kind > WORK_METADATA))
        return false;
    for (guint i = 0; i < context->prediction->locks->len; i++) {
        const PredictedLock *lock = context->prediction->locks->pdata[i];
        const GPtrArray *held = session_locks(context->session);
        bool is_held = lock->is_new || lock->mode == LOCK_ACCESS_SHARE;

        for (guint k = 0; k < held->len && !is_held; k++)
            is_held = facts_same_lock(held->pdata[k], lock);
        if (!is_held)
            return false;
    }
    return true;
}

static void
after_access_exclusive(const LintContext *context)
{
    const SessionLock *held = facts_held(context, LOCK_ACCESS_EXCLUSIVE);

    if (held == NULL || facts_by_sluice(context) || facts_is_control(context->changes) ||
        is_harmless_beside(context))
        return;
    lint_report(context, NULL,
                "%s runs while the transaction holds ACCESS EXCLUSIVE on %s: nobody reads or "
                "writes %s until it has ended",
                sql_statement_verb(context->statement), held->name, held->name);
    lint_add_relation(context, held->name, held->mode);
    lint_add_locks(context);
    if (!facts_works(context, WORK_SCAN))
        lint_possible(context, "how long %s waits or runs", sql_statement_verb(context->statement));
    lint_recipe_alone(context);
}

const LintRule lint_rule_statement_after_access_exclusive = {
    .id = "statement-after-access-exclusive",
    .level = LINT_NOTE,
    .title = "a statement runs while an ACCESS EXCLUSIVE lock is held",
    .at_statement = after_access_exclusive,
};

static void
rewrite_under_lock(const LintContext *context)
{
    const PredictedWork *work = prediction_dearest(context->prediction);
    const SessionLock *held = facts_held(context, LOCK_SHARE);
    g_autofree char *label = NULL;

    if (held == NULL || work == NULL || work->kind != WORK_REWRITE ||
        (work->table != NULL && held->table == work->table))
        return;
    label = ddl_name_label(work->relation);
    lint_report(context, NULL, "%s is rewritten while %s on %s is held", label,
                lock_mode_name(held->mode), held->name);
    lint_add_relation(context, held->name, held->mode);
    lint_add_locks(context);
    if (work->certainty == KNOWN_MAYBE)
        lint_possible(context, "%s", work->settled_by);
    lint_recipe_alone(context);
}

const LintRule lint_rule_rewrite_under_lock = {
    .id = "rewrite-under-lock",
    .level = LINT_WARNING,
    .title = "a table is rewritten while another is locked",
    .at_statement = rewrite_under_lock,
};

/* Kinds that belong into statements, or transactions, of their own. */
static bool
stands_alone(const DdlChange *change)
{
    switch ((int) change->kind) {
    case CHANGE_VALIDATE_CONSTRAINT:
    case CHANGE_SET_NOT_NULL:
    case CHANGE_DROP_CONSTRAINT:
    case CHANGE_ATTACH_PARTITION:
    case CHANGE_DETACH_PARTITION:
        return true;
    case CHANGE_ADD_CONSTRAINT:
        return change->constraint->not_valid || change->constraint->using_index != NULL;
    default:
        return false;
    }
}

static const DdlChange *
alter_of(const LintUnit *unit)
{
    const DdlChange *first;

    if (unit->statement == NULL ||
        unit->statement->node->node_case != PG_QUERY__NODE__NODE_ALTER_TABLE_STMT ||
        ddl_changes_count(unit->changes) == 0)
        return NULL;
    for (guint i = 0; i < ddl_changes_count(unit->changes); i++)
        if (stands_alone(ddl_changes_get(unit->changes, i)))
            return NULL;
    first = ddl_changes_get(unit->changes, 0);
    return first->object == PG_QUERY__OBJECT_TYPE__OBJECT_TABLE ? first : NULL;
}

/* Each is about columns of its own, so that the order in which the server does them is no matter.
 */
static bool
may_be_merged(const LintUnit *first, const LintUnit *then)
{
    g_autoptr(GHashTable) columns = g_hash_table_new(g_str_hash, g_str_equal);
    const LintUnit *const units[] = {first, then};

    if (first->base != then->base || first->outer != NULL || then->outer != NULL)
        return false;
    for (guint i = 0; i < G_N_ELEMENTS(units); i++)
        for (guint k = 0; k < ddl_changes_count(units[i]->changes); k++) {
            const DdlChange *change = ddl_changes_get(units[i]->changes, k);
            const bool is_free =
                change->kind == CHANGE_ADD_COLUMN || change->kind == CHANGE_SET_DEFAULT ||
                change->kind == CHANGE_DROP_DEFAULT || change->kind == CHANGE_DROP_NOT_NULL ||
                change->kind == CHANGE_COLUMN_OPTIONS;

            if (!is_free || change->column == NULL || change->if_exists || change->only ||
                !g_hash_table_add(columns, (gpointer) (guintptr) change->column))
                return false;
        }
    return true;
}

/* The comma takes the semicolon's place; what stands between the two stays. */
static void
fix_merge(const LintContext *context, const LintUnit *first)
{
    const char *between = context->file->text + first->end;

    if (between[0] != ';')
        return;
    lint_fix_replace(context, first->end - first->base, first->end - first->base + 1, ",");
    lint_fix_replace(context, context->statement->start,
                     (gsize) recipe_first_subcommand(context->statement), "    ");
}

static void
multiple_alter(const LintContext *context)
{
    const GPtrArray *statements = session_statements(context->session);
    const DdlChange *now = alter_of(context->unit), *before;
    const SessionStatement *last;
    g_autofree char *label = NULL, *both = NULL;

    if (now == NULL || statements->len == 0 || !session_in_transaction(context->session) ||
        facts_is_new(context, now->relation))
        return;
    last = statements->pdata[statements->len - 1];
    before = alter_of(last->unit);
    if (before == NULL || last->transaction != session_transaction(context->session) ||
        !facts_same(context, before->relation, now->relation))
        return;
    label = ddl_name_label(now->relation);
    lint_report(context, NULL,
                "the statement before alters %s too: what each of them scans or rewrites could be "
                "done in one go",
                label);
    both = recipe_merged(last->unit->statement, context->statement);
    lint_recipe(context, "-- in the place of both\n%s;", both);
    if (may_be_merged(last->unit, context->unit))
        fix_merge(context, last->unit);
}

const LintRule lint_rule_multiple_alter_same_table = {
    .id = "multiple-alter-same-table",
    .level = LINT_NOTE,
    .title = "two ALTER TABLE in a row on one table",
    .at_statement = multiple_alter,
};

static void
nesting(const LintContext *context, const DdlChange *change)
{
    const bool wrapped = context->file->wrapped;
    const char *word = change->text;

    if (facts_by_sluice(context)) {
        lint_report(context, change, "%s in a revision: sluice opens and ends the transactions",
                    sql_statement_verb(context->statement));
        lint_level(context, LINT_ERROR);
        lint_recipe(context, "-- without it; `-- Transaction: statement` in the header makes a "
                             "transaction of each statement");
    } else if (g_str_equal(word, "begin") && session_in_transaction(context->session)) {
        lint_report(context, change,
                    "BEGIN within a transaction%s: the server only warns, and the "
                    "first COMMIT ends it all",
                    wrapped ? " that the tool has opened" : "");
    } else if (g_str_equal(word, "commit") &&
               (!session_in_transaction(context->session) ||
                (wrapped && !session_in_explicit_transaction(context->session)))) {
        lint_report(context, change,
                    wrapped ? "COMMIT ends the transaction that the tool has opened: what follows "
                              "is not undone when it fails"
                            : "COMMIT without BEGIN: nothing holds the statements before together");
    }
}

static void
left_open(const LintContext *context)
{
    const GPtrArray *statements = session_statements(context->session);

    if (context->file->wrapped || !session_in_explicit_transaction(context->session))
        return;
    for (guint i = statements->len; i > 0; i--) {
        const LintUnit *unit = ((const SessionStatement *) statements->pdata[i - 1])->unit;
        const DdlChange *change = unit->changes && ddl_changes_count(unit->changes) > 0
                                      ? ddl_changes_get(unit->changes, 0)
                                      : NULL;

        if (change == NULL || change->kind != CHANGE_TRANSACTION ||
            !g_str_equal(change->text, "begin"))
            continue;
        lint_report_unit(context, unit, "the transaction is never ended: nothing of it stays");
        lint_recipe(context, "-- at the end of the file: COMMIT");
        return;
    }
}

const LintRule lint_rule_transaction_nesting = {
    .id = "transaction-nesting",
    .level = LINT_WARNING,
    .title = "BEGIN and COMMIT do not fit together, or do not fit the tool",
    .at_change = nesting,
    .kinds = LINT_KINDS(CHANGE_TRANSACTION),
    .at_file_end = left_open,
};

static bool
has_guard(const DdlChange *change)
{
    return change->if_exists || change->if_not_exists || change->or_replace;
}

/* Behind which word the guard stands, and what it is. */
static const SqlToken *
guard_place(const LintContext *context, const DdlChange *change, const char **ret_guard)
{
    static const PgQuery__Token made[] = {PG_QUERY__TOKEN__TABLE, PG_QUERY__TOKEN__SCHEMA,
                                          PG_QUERY__TOKEN__SEQUENCE, PG_QUERY__TOKEN__EXTENSION,
                                          PG_QUERY__TOKEN__INDEX};
    const int start = (int) context->statement->start;
    const SqlToken *first =
        tree_token(context->statement->tree, tree_token_at(context->statement->tree, start));

    *ret_guard = " IF NOT EXISTS";
    switch ((int) change->kind) {
    case CHANGE_CREATE_VIEW:
    case CHANGE_CREATE_FUNCTION:
        *ret_guard = " OR REPLACE";
        return first;
    case CHANGE_DROP:
        *ret_guard = " IF EXISTS";
        return recipe_kind_token(context);
    case CHANGE_ADD_COLUMN:
    case CHANGE_DROP_COLUMN:
    case CHANGE_DROP_CONSTRAINT:
        *ret_guard = change->kind == CHANGE_ADD_COLUMN ? " IF NOT EXISTS" : " IF EXISTS";
        return recipe_subcommand_token(context, change);
    default:
        break;
    }
    for (guint i = 0; i < G_N_ELEMENTS(made); i++) {
        const SqlToken *kind = recipe_token(context, made[i], start);
        if (kind != NULL)
            return kind;
    }
    return NULL;
}

/* So that it may run a second time. Caller owns. */
static char *
guarded_text(const LintContext *context, const DdlChange *change)
{
    const char *guard;
    const SqlToken *place = guard_place(context, change, &guard);

    return place ? recipe_replacing(context, place->end, place->end, guard)
                 : g_strdup(sql_statement_text(context->statement));
}

static void
not_rerunnable(const LintContext *context, const DdlChange *change)
{
    g_autofree char *guarded = NULL;
    const SqlToken *place;
    const char *guard;

    if (facts_by_sluice(context) || session_in_transaction(context->session) ||
        context->file->units->len < 2 || change->in_definition || has_guard(change) ||
        (change->kind == CHANGE_CREATE_INDEX &&
         change->concurrently)) /* there the guard is a trap */
        return;
    lint_report(context, change,
                "when a later statement fails, this one has been done already, and fails when the "
                "file is run again");
    guarded = guarded_text(context, change);
    lint_recipe(context, "%s;", guarded);
    place = guard_place(context, change, &guard);
    if (place != NULL && context->unit->outer == NULL)
        lint_fix_replace(context, (gsize) place->end, (gsize) place->end, guard);
}

const LintRule lint_rule_not_rerunnable = {
    .id = "not-rerunnable",
    .level = LINT_OFF,
    .title = "a file without a transaction cannot be run a second time",
    .at_change = not_rerunnable,
    .kinds = LINT_KINDS(CHANGE_CREATE_TABLE, CHANGE_DROP, CHANGE_ADD_COLUMN, CHANGE_DROP_COLUMN,
                        CHANGE_DROP_CONSTRAINT, CHANGE_CREATE_INDEX, CHANGE_CREATE_VIEW,
                        CHANGE_CREATE_FUNCTION, CHANGE_CREATE_SEQUENCE, CHANGE_CREATE_SCHEMA,
                        CHANGE_CREATE_EXTENSION),
};

/* Not of those that one LOCK TABLE took up front. */
static bool
is_taken_apart(const SessionLock *lock)
{
    const DdlChanges *changes = lock->since->changes;

    return !lock->is_new && lock->kind == RELATION_TABLE &&
           lock->mode >= LOCK_SHARE_ROW_EXCLUSIVE &&
           !(ddl_changes_count(changes) > 0 && ddl_changes_get(changes, 0)->kind == CHANGE_LOCK);
}

static void
multi_table(const LintContext *context)
{
    const GPtrArray *locks = session_locks(context->session);
    const SessionLock *first = NULL;

    if (facts_by_sluice(context))
        return;
    for (guint i = 0; i < locks->len; i++) {
        const SessionLock *lock = locks->pdata[i];

        if (!is_taken_apart(lock))
            continue;
        if (first == NULL)
            first = lock;
        if (lock->since == first->since)
            continue;
        lint_report_unit(context, lock->since,
                         "one transaction locks %s, and then %s: the first stays locked while it "
                         "waits for the second, and an app that takes them the other way round "
                         "deadlocks with it",
                         first->name, lock->name);
        lint_add_relation(context, first->name, first->mode);
        lint_add_relation(context, lock->name, lock->mode);
        lint_possible(context, "whether an app's transaction takes them the other way round");
        lint_recipe(context,
                    "-- a transaction for each, or all locks up front, in the app's order:\n"
                    "BEGIN;\nSET LOCAL lock_timeout = '2s';\n"
                    "LOCK TABLE %s, %s IN ACCESS EXCLUSIVE MODE;\n-- the statements\nCOMMIT;",
                    first->name, lock->name);
        return;
    }
}

const LintRule lint_rule_multi_table_strong_locks = {
    .id = "multi-table-strong-locks",
    .level = LINT_WARNING,
    .title = "one transaction takes strong locks on several tables, one after the other",
    .at_commit = multi_table,
};

static void
lock_order(const LintContext *context)
{
    const GPtrArray *locks = session_locks(context->session);
    const guint count = MIN(locks->len, SESSION_ORDERED);

    if (facts_by_sluice(context))
        return;
    for (guint i = 0; i < count; i++) {
        for (guint k = i + 1; k < count; k++) {
            const SessionLock *first = locks->pdata[i], *then = locks->pdata[k];
            const char *where;

            if (first->since == then->since)
                continue;
            where = session_locked_before(context->session, then->name, first->name);
            if (where == NULL)
                continue;
            lint_report_unit(context, then->since,
                             "%s is locked before %s here, and after it at %s: run at the same "
                             "time, they deadlock",
                             first->name, then->name, where);
            lint_add_relation(context, first->name, first->mode);
            lint_add_relation(context, then->name, then->mode);
            lint_possible(context, "whether the two, or the app's transactions, run at the same "
                                   "time");
            return;
        }
    }
}

const LintRule lint_rule_lock_order_inversion = {
    .id = "lock-order-inversion",
    .level = LINT_WARNING,
    .title = "two transactions lock the same tables in different order",
    .at_commit = lock_order,
};

static void
lock_upgrade(const LintContext *context)
{
    const GPtrArray *held = session_locks(context->session);

    if (facts_by_sluice(context))
        return;
    for (guint i = 0; i < context->prediction->locks->len; i++) {
        const PredictedLock *lock = context->prediction->locks->pdata[i];

        for (guint k = 0; k < held->len; k++) {
            const SessionLock *before = held->pdata[k];

            if (lock->is_new || !facts_same_lock(before, lock) ||
                before->mode > LOCK_ROW_EXCLUSIVE || lock->mode < LOCK_SHARE)
                continue;
            lint_report(context, NULL,
                        "the transaction has %s on %s and now wants %s: it waits for others that "
                        "hold the same, and they for it",
                        lock_mode_name(before->mode), before->name, lock_mode_name(lock->mode));
            lint_recipe(context,
                        "-- the statements in two transactions, or the strongest lock first:\n"
                        "BEGIN;\nSET LOCAL lock_timeout = '2s';\nLOCK TABLE %s IN %s MODE;\n"
                        "-- the statements\nCOMMIT;",
                        before->name, lock_mode_name(lock->mode));
            return;
        }
    }
}

const LintRule lint_rule_lock_upgrade_in_tx = {
    .id = "lock-upgrade-in-tx",
    .level = LINT_WARNING,
    .title = "a transaction wants a stronger lock on what it has locked already",
    .at_statement = lock_upgrade,
};

/* What can block for long by itself; NULL: nothing that is known to. */
static const char *
waits(const LintContext *context, const DdlChange *change)
{
    static const char *const functions[] = {"pg_sleep",
                                            "pg_sleep_for",
                                            "pg_sleep_until",
                                            "pg_advisory_lock",
                                            "pg_advisory_xact_lock",
                                            "dblink",
                                            "dblink_exec",
                                            NULL};

    if (change->kind == CHANGE_REFRESH)
        return "REFRESH MATERIALIZED VIEW";
    if (change->kind == CHANGE_CREATE_INDEX && !facts_is_new(context, change->other))
        return "CREATE INDEX";
    if (change->kind == CHANGE_LOCK && !facts_is_new(context, change->relation))
        return "LOCK TABLE";
    if (change->kind != CHANGE_SELECT || change->query == NULL)
        return NULL;
    for (guint i = 0; functions[i]; i++)
        if (ddl_calls(change->query, functions[i]))
            return functions[i];
    return NULL;
}

static void
ax_then_wait(const LintContext *context, const DdlChange *change)
{
    const SessionLock *held = facts_held(context, LOCK_ACCESS_EXCLUSIVE);
    const char *what = held ? waits(context, change) : NULL;

    if (what == NULL || facts_same(context, held->relation, change->relation))
        return;
    lint_report(context, change, "%s may take long, and %s is locked against everybody meanwhile",
                what, held->name);
    lint_add_relation(context, held->name, held->mode);
    lint_add_locks(context);
    lint_recipe_alone(context);
}

const LintRule lint_rule_ax_then_wait = {
    .id = "ax-then-wait",
    .level = LINT_WARNING,
    .title = "a long statement runs while an ACCESS EXCLUSIVE lock is held",
    .at_change = ax_then_wait,
    .kinds = LINT_KINDS(CHANGE_LOCK, CHANGE_CREATE_INDEX, CHANGE_REFRESH, CHANGE_SELECT),
};
