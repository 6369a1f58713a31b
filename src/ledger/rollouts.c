#include "ledger/rollouts.h"

#include <string.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/json.h"
#include "ledger/tenant.h"

static const char *const rollout_states[] = {
    [ROLLOUT_RUNNING] = "running", [ROLLOUT_WAITING] = "waiting", [ROLLOUT_HOLDING] = "holding",
    [ROLLOUT_ABORTED] = "aborted", [ROLLOUT_DONE] = "done",       [ROLLOUT_FAILED] = "failed",
};

static const char *const step_states[] = {
    [STEP_PENDING] = "pending", [STEP_RUNNING] = "running", [STEP_WAITING] = "waiting",
    [STEP_DONE] = "done",       [STEP_FAILED] = "failed",   [STEP_UNDONE] = "undone",
};

const char *
rollout_state_name(RolloutState state)
{
    return rollout_states[state];
}

const char *
step_state_name(StepState state)
{
    return step_states[state];
}

/* The columns' CHECKs allow no other text. */
static guint
state_of(const char *const *names, guint n_names, const char *text)
{
    for (guint i = 0; i < n_names; i++) {
        if (strcmp(names[i], text) == 0)
            return i;
    }
    g_assert_not_reached();
}

static char *
nullable(const PgRows *rows, int row, int column)
{
    return pg_is_null(rows, row, column) ? NULL : g_strdup(pg_text(rows, row, column));
}

static json_t *
nullable_json(const PgRows *rows, int row, int column)
{
    return pg_is_null(rows, row, column) ? NULL : json_loads(pg_text(rows, row, column), 0, NULL);
}

static void
rollout_step_free(gpointer data)
{
    LedgerRolloutStep *step = data;

    g_free(step->kind);
    json_decref(step->argument);
    json_decref(step->evidence);
    g_free(step->started_at);
    g_free(step->finished_at);
    g_free(step);
}

void
ledger_rollout_free(LedgerRollout *rollout)
{
    if (rollout == NULL)
        return;
    g_free(rollout->app);
    g_free(rollout->from_version);
    g_free(rollout->to_version);
    g_free(rollout->plan_digest);
    json_decref(rollout->plan);
    g_free(rollout->reason);
    g_free(rollout->lease_owner);
    g_free(rollout->started_at);
    g_free(rollout->finished_at);
    g_clear_pointer(&rollout->steps, g_ptr_array_unref);
    g_free(rollout);
}

static char *
id_text(gint64 id)
{
    return g_strdup_printf("%" G_GINT64_FORMAT, id);
}

static bool
load_steps(PgConn *conn, LedgerRollout *rollout, GError **error)
{
    g_autofree char *id = id_text(rollout->id);
    g_autoptr(PgRows) rows =
        pg_query(conn, error,
                 "SELECT ordinal, kind, argument, state, evidence, started_at, finished_at, "
                 "       (extract(epoch FROM clock_timestamp() - started_at) * 1000)::bigint "
                 "FROM sluice.rollout_step WHERE rollout = $1 ORDER BY ordinal",
                 id);

    if (rows == NULL)
        return false;
    rollout->steps = g_ptr_array_new_with_free_func(rollout_step_free);
    for (int i = 0; i < pg_rows_count(rows); i++) {
        LedgerRolloutStep *step = g_new0(LedgerRolloutStep, 1);

        step->ordinal = (int) pg_integer(rows, i, 0);
        step->kind = g_strdup(pg_text(rows, i, 1));
        step->argument = nullable_json(rows, i, 2);
        step->state = state_of(step_states, G_N_ELEMENTS(step_states), pg_text(rows, i, 3));
        step->evidence = nullable_json(rows, i, 4);
        step->started_at = nullable(rows, i, 5);
        step->finished_at = nullable(rows, i, 6);
        step->age_ms = pg_integer(rows, i, 7);
        g_ptr_array_add(rollout->steps, step);
    }
    return true;
}

bool
ledger_has_rollouts(PgConn *conn, bool *ret_has, GError **error)
{
    g_autofree char *prefix = ledger_key(conn, "");
    g_autoptr(PgRows) rows =
        pg_query(conn, error,
                 "SELECT EXISTS (SELECT FROM sluice.rollout WHERE starts_with(app, $1))", prefix);

    if (rows == NULL)
        return false;
    *ret_has = pg_bool(rows, 0, 0);
    return true;
}

bool
ledger_load_rollout(PgConn *conn, const char *app, LedgerRollout **ret_rollout, GError **error)
{
    g_autoptr(LedgerRollout) rollout = g_new0(LedgerRollout, 1);
    g_autofree char *key = ledger_key(conn, app);
    g_autoptr(PgRows) rows = NULL;
    int version = 0;

    if (!ledger_find(conn, &version, error))
        return false;
    *ret_rollout = NULL;
    if (version == 0)
        return true;
    rows = pg_query(conn, error,
                    "SELECT id, app, from_version, to_version, plan_digest, plan, state, reason, "
                    "       lease_owner, lease_epoch, started_at, finished_at "
                    "FROM sluice.rollout WHERE app = $1 ORDER BY id DESC LIMIT 1",
                    key);
    if (rows == NULL)
        return false;
    if (pg_rows_count(rows) == 0)
        return true;
    rollout->id = pg_integer(rows, 0, 0);
    rollout->app = g_strdup(ledger_id(conn, pg_text(rows, 0, 1)));
    rollout->from_version = nullable(rows, 0, 2);
    rollout->to_version = g_strdup(pg_text(rows, 0, 3));
    rollout->plan_digest = g_strdup(pg_text(rows, 0, 4));
    rollout->plan = nullable_json(rows, 0, 5);
    rollout->state = state_of(rollout_states, G_N_ELEMENTS(rollout_states), pg_text(rows, 0, 6));
    rollout->reason = nullable(rows, 0, 7);
    rollout->lease_owner = nullable(rows, 0, 8);
    rollout->lease_epoch = pg_integer(rows, 0, 9);
    rollout->started_at = nullable(rows, 0, 10);
    rollout->finished_at = nullable(rows, 0, 11);
    if (!load_steps(conn, rollout, error))
        return false;
    *ret_rollout = g_steal_pointer(&rollout);
    return true;
}

static bool
insert_steps(PgConn *conn, const LedgerRollout *rollout, GError **error)
{
    g_autofree char *id = id_text(rollout->id);

    for (guint i = 0; i < rollout->steps->len; i++) {
        const LedgerRolloutStep *step = g_ptr_array_index(rollout->steps, i);
        g_autofree char *ordinal = id_text(step->ordinal);
        g_autofree char *argument = json_dumps(step->argument, JSON_COMPACT);

        if (!pg_exec(conn, error,
                     "INSERT INTO sluice.rollout_step (rollout, ordinal, kind, argument) "
                     "VALUES ($1, $2, $3, $4)",
                     id, ordinal, step->kind, argument))
            return false;
    }
    return true;
}

static bool
insert_rollout(PgConn *conn, LedgerRollout *rollout, GError **error)
{
    g_autofree char *key = ledger_key(conn, rollout->app);
    g_autofree char *plan = json_dumps(rollout->plan, JSON_COMPACT);
    g_autoptr(PgRows) rows =
        pg_query(conn, error,
                 "INSERT INTO sluice.rollout (app, from_version, to_version, plan_digest, plan) "
                 "VALUES ($1, $2, $3, $4, $5) RETURNING id",
                 key, rollout->from_version, rollout->to_version, rollout->plan_digest, plan);

    if (rows == NULL)
        return false;
    rollout->id = pg_integer(rows, 0, 0);
    return insert_steps(conn, rollout, error);
}

bool
ledger_add_rollout(PgConn *conn, LedgerRollout *rollout, GError **error)
{
    g_autoptr(GError) local = NULL;

    if (!pg_begin(conn, error))
        return false;
    if (insert_rollout(conn, rollout, &local) && pg_commit(conn, &local))
        return true;
    pg_rollback(conn);
    if (error_is_sqlstate(local, "23505")) {
        error_set(error, ERROR_OWNER, "another rollout of %s has just begun", rollout->app);
        return error_hint(error, "Look at it with `sluice rollout status`.");
    }
    g_propagate_error(error, g_steal_pointer(&local));
    return false;
}

bool
ledger_take_lease(PgConn *conn, gint64 id, const char *owner, gint64 *ret_epoch, GError **error)
{
    g_autofree char *text = id_text(id);
    g_autoptr(PgRows) rows = pg_query(conn, error,
                                      "UPDATE sluice.rollout "
                                      "SET lease_owner = $2, lease_epoch = lease_epoch + 1 "
                                      "WHERE id = $1 RETURNING lease_epoch",
                                      text, owner);

    if (rows == NULL)
        return false;
    if (pg_rows_count(rows) == 0)
        return error_set(error, ERROR_STATE, "rollout %" G_GINT64_FORMAT " is not in the ledger",
                         id);
    *ret_epoch = pg_integer(rows, 0, 0);
    return true;
}

static bool
fail_fenced(gint64 id, GError **error)
{
    error_set(error, ERROR_OWNER,
              "rollout %" G_GINT64_FORMAT " was taken over by another process, or aborted", id);
    return error_hint(error, "Look at it with `sluice rollout status`.");
}

bool
ledger_set_rollout(PgConn *conn, gint64 id, gint64 epoch, RolloutState state, int cursor,
                   const char *reason, GError **error)
{
    g_autofree char *id_param = id_text(id), *epoch_param = id_text(epoch);
    g_autofree char *cursor_param = id_text(cursor);
    const char *params[] = {id_param, epoch_param, rollout_states[state], cursor_param, reason};
    gint64 affected = 0;

    if (!pg_exec_array(conn,
                       "UPDATE sluice.rollout SET state = $3, cursor = $4, reason = $5, "
                       "    finished_at = CASE WHEN $3 IN ('done', 'aborted') THEN now() END "
                       "WHERE id = $1 AND lease_epoch = $2",
                       params, G_N_ELEMENTS(params), &affected, error))
        return false;
    return affected == 1 || fail_fenced(id, error);
}

/* The lease is locked by the same statement, so that no takeover slips in between. */
static const char set_step_sql[] =
    "WITH lease AS (SELECT id FROM sluice.rollout WHERE id = $1 AND lease_epoch = $2 FOR UPDATE) "
    "UPDATE sluice.rollout_step s "
    "SET state = $4, evidence = coalesce($5::jsonb, s.evidence), "
    "    started_at = CASE WHEN $4 = 'pending' THEN NULL ELSE coalesce(s.started_at, now()) END, "
    "    finished_at = CASE WHEN $4 = 'done' THEN now() END "
    "FROM lease WHERE s.rollout = lease.id AND s.ordinal = $3";

bool
ledger_set_rollout_step(PgConn *conn, gint64 id, gint64 epoch, int ordinal, StepState state,
                        json_t *evidence, GError **error)
{
    g_autofree char *id_param = id_text(id), *epoch_param = id_text(epoch);
    g_autofree char *ordinal_param = id_text(ordinal);
    g_autofree char *json = evidence ? json_dumps(evidence, JSON_COMPACT) : NULL;
    const char *params[] = {id_param, epoch_param, ordinal_param, step_states[state], json};
    gint64 affected = 0;

    if (!pg_exec_array(conn, set_step_sql, params, G_N_ELEMENTS(params), &affected, error))
        return false;
    return affected == 1 || fail_fenced(id, error);
}

bool
ledger_check_lease(PgConn *conn, gint64 id, gint64 epoch, bool *ret_aborted, char **ret_reason,
                   GError **error)
{
    g_autofree char *text = id_text(id);
    g_autoptr(PgRows) rows = pg_query(
        conn, error,
        "SELECT lease_epoch, state = 'aborted', reason FROM sluice.rollout WHERE id = $1", text);

    if (rows == NULL)
        return false;
    if (pg_rows_count(rows) == 0)
        return fail_fenced(id, error);
    *ret_aborted = pg_bool(rows, 0, 1);
    *ret_reason = NULL;
    if (*ret_aborted) {
        *ret_reason = nullable(rows, 0, 2);
        return true;
    }
    return pg_integer(rows, 0, 0) == epoch || fail_fenced(id, error);
}

static bool
abort_in_transaction(PgConn *conn, const char *id, const char *reason, const char *const *kinds,
                     GError **error)
{
    if (!pg_exec(conn, error,
                 "UPDATE sluice.rollout SET state = 'aborted', reason = $2, finished_at = now(), "
                 "    lease_epoch = lease_epoch + 1 "
                 "WHERE id = $1 AND state <> 'aborted'",
                 id, reason))
        return false;
    for (; *kinds; kinds++) {
        if (!pg_exec(conn, error,
                     "UPDATE sluice.rollout_step SET state = 'undone', finished_at = now() "
                     "WHERE rollout = $1 AND kind = $2 AND state NOT IN ('pending', 'undone')",
                     id, *kinds))
            return false;
    }
    FAULT_POINT("ledger-abort-uncommitted");
    return true;
}

bool
ledger_abort_rollout(PgConn *conn, gint64 id, const char *reason, const char *const *kinds,
                     GError **error)
{
    g_autofree char *text = id_text(id);

    if (!pg_begin(conn, error))
        return false;
    if (abort_in_transaction(conn, text, reason, kinds, error) && pg_commit(conn, error))
        return true;
    pg_rollback(conn);
    return false;
}

bool
ledger_resume_rollout(PgConn *conn, gint64 id, GError **error)
{
    g_autofree char *text = id_text(id);

    return pg_exec(conn, error,
                   "WITH resumed AS (UPDATE sluice.rollout SET state = 'running', reason = NULL, "
                   "                     finished_at = NULL "
                   "                 WHERE id = $1 RETURNING id) "
                   "UPDATE sluice.rollout_step s "
                   "SET state = 'pending', evidence = NULL, started_at = NULL, finished_at = NULL "
                   "FROM resumed r "
                   "WHERE s.rollout = r.id AND (s.state IN ('undone', 'failed') "
                   "    OR s.kind = 'analysis' AND s.state IN ('running', 'waiting'))",
                   text);
}

bool
ledger_resume_pause(PgConn *conn, gint64 id, bool *ret_found, GError **error)
{
    g_autofree char *text = id_text(id);
    const char *params[] = {text};
    gint64 affected = 0;

    if (!pg_exec_array(conn,
                       "UPDATE sluice.rollout_step "
                       "SET evidence = coalesce(evidence, '{}') || '{\"resumed\": true}' "
                       "WHERE rollout = $1 AND kind = 'pause' AND state IN ('running', 'waiting')",
                       params, 1, &affected, error))
        return false;
    *ret_found = affected > 0;
    return true;
}

bool
ledger_sample_quiet(PgConn *conn, const char *revision, const char *seen, gint64 gap_ms,
                    gint64 *ret_quiet_ms, GError **error)
{
    g_autofree char *key = ledger_key(conn, revision);
    g_autofree char *gap = id_text(gap_ms);
    g_autoptr(PgRows) rows =
        pg_query(conn, error,
                 "INSERT INTO sluice.quiet AS q (revision, seen) VALUES ($1, $2) "
                 "ON CONFLICT (revision) DO UPDATE SET "
                 "    since = CASE WHEN $2::text IS NOT NULL "
                 "                   OR now() - q.sampled_at > $3 * interval '1 ms' "
                 "                 THEN now() ELSE q.since END, "
                 "    sampled_at = now(), seen = coalesce($2, q.seen) "
                 "RETURNING (extract(epoch FROM sampled_at - since) * 1000)::bigint",
                 key, seen, gap);

    if (rows == NULL)
        return false;
    *ret_quiet_ms = pg_integer(rows, 0, 0);
    return true;
}

bool
ledger_cut_over_age(PgConn *conn, const char *revision, gint64 *ret_age_ms, GError **error)
{
    g_autofree char *key = ledger_key(conn, revision);
    g_autoptr(PgRows) rows = pg_query(
        conn, error,
        "SELECT coalesce((extract(epoch FROM clock_timestamp() - cut_over_at) * 1000)::bigint, -1) "
        "FROM sluice.revision WHERE id = $1",
        key);

    if (rows == NULL)
        return false;
    *ret_age_ms = pg_rows_count(rows) > 0 ? pg_integer(rows, 0, 0) : -1;
    return true;
}
