#include "ledger/steps.h"

#include "base/error.h"
#include "base/json.h"
#include "ledger/embedded.h"
#include "ledger/tenant.h"

static const char *const state_names[] = {
    [LEDGER_STEP_PLANNED] = "planned",
    [LEDGER_STEP_RUNNING] = "running",
    [LEDGER_STEP_DONE] = "done",
    [LEDGER_STEP_FAILED] = "failed",
};

void
ledger_step_free(LedgerStep *step)
{
    if (step == NULL)
        return;
    g_free(step->statement);
    g_free(step->hash);
    g_free(step->error);
    g_free(step);
}

static LedgerStepState
parse_state(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(state_names); i++)
        if (g_str_equal(state_names[i], name))
            return (LedgerStepState) i;
    g_assert_not_reached(); /* a CHECK of the table forbids it */
}

GPtrArray *
ledger_load_steps(PgConn *conn, const char *revision, const char *phase, GError **error)
{
    g_autofree char *key = ledger_key(conn, revision);
    g_autoptr(GPtrArray) steps = g_ptr_array_new_with_free_func((GDestroyNotify) ledger_step_free);
    g_autoptr(PgRows) rows =
        pg_query(conn, error,
                 "SELECT ordinal, statement, hash, state, attempts, error FROM sluice.step "
                 "WHERE revision = $1 AND phase = $2 ORDER BY ordinal",
                 key, phase);

    if (rows == NULL)
        return NULL;
    for (int i = 0; i < pg_rows_count(rows); i++) {
        LedgerStep *step = g_new0(LedgerStep, 1);

        step->ordinal = (int) pg_integer(rows, i, 0);
        step->statement = g_strdup(pg_text(rows, i, 1));
        step->hash = g_strdup(pg_text(rows, i, 2));
        step->state = parse_state(pg_text(rows, i, 3));
        step->attempts = (int) pg_integer(rows, i, 4);
        step->error = pg_is_null(rows, i, 5) ? NULL : g_strdup(pg_text(rows, i, 5));
        g_ptr_array_add(steps, step);
    }
    return g_steal_pointer(&steps);
}

bool
ledger_plan_steps(PgConn *conn, const char *revision, const char *phase, GPtrArray *steps,
                  GError **error)
{
    g_autofree char *key = ledger_key(conn, revision);
    g_autoptr(json_t) list = json_array();
    g_autofree char *text = NULL;

    for (guint i = 0; i < steps->len; i++) {
        const LedgerStep *step = g_ptr_array_index(steps, i);
        json_array_append_new(list, json_pack("{s:i, s:s, s:s}", "ordinal", step->ordinal,
                                              "statement", step->statement, "hash", step->hash));
    }
    text = json_dumps(list, JSON_COMPACT);
    return pg_exec(conn, error, sql_plan_steps, key, phase, text);
}

/* "{1,2,1001}" */
static char *
array_literal(GArray *ordinals)
{
    GString *text = g_string_new("{");

    for (guint i = 0; i < ordinals->len; i++)
        g_string_append_printf(text, "%s%d", i > 0 ? "," : "", g_array_index(ordinals, int, i));
    g_string_append_c(text, '}');
    return g_string_free(text, FALSE);
}

bool
ledger_start_steps(PgConn *conn, const char *revision, const char *phase, GArray *ordinals,
                   GError **error)
{
    g_autofree char *key = ledger_key(conn, revision);
    g_autofree char *list = array_literal(ordinals);

    return pg_exec(conn, error,
                   "UPDATE sluice.step "
                   "   SET state = 'running', started_at = clock_timestamp(), finished_at = NULL, "
                   "       error = NULL "
                   " WHERE revision = $1 AND phase = $2 AND ordinal = ANY ($3::int[])",
                   key, phase, list);
}

bool
ledger_finish_steps(PgConn *conn, const char *revision, const char *phase, GArray *ordinals,
                    GError **error)
{
    g_autofree char *key = ledger_key(conn, revision);
    g_autofree char *list = array_literal(ordinals);

    return pg_exec(conn, error,
                   "UPDATE sluice.step "
                   "   SET state = 'done', finished_at = clock_timestamp(), error = NULL "
                   " WHERE revision = $1 AND phase = $2 AND ordinal = ANY ($3::int[])",
                   key, phase, list);
}

bool
ledger_time_steps(PgConn *conn, const char *revision, const char *phase, GArray *ordinals,
                  int attempts, gint64 lock_wait_ms, gint64 duration_ms, GError **error)
{
    g_autofree char *key = ledger_key(conn, revision);
    g_autofree char *list = array_literal(ordinals);
    g_autofree char *tried = g_strdup_printf("%d", attempts);
    g_autofree char *waited = g_strdup_printf("%" G_GINT64_FORMAT, lock_wait_ms);
    g_autofree char *took = g_strdup_printf("%" G_GINT64_FORMAT, duration_ms);

    return pg_exec(conn, error,
                   "UPDATE sluice.step "
                   "   SET attempts = attempts + $4::int, lock_wait_ms = $5::bigint, "
                   "       duration_ms = $6::bigint, finished_at = clock_timestamp() "
                   " WHERE revision = $1 AND phase = $2 AND ordinal = ANY ($3::int[])",
                   key, phase, list, tried, waited, took);
}

bool
ledger_fail_steps(PgConn *conn, const char *revision, const char *phase, GArray *ordinals,
                  int attempts, const char *message, GError **error)
{
    g_autofree char *key = ledger_key(conn, revision);
    g_autofree char *list = array_literal(ordinals);
    g_autofree char *tried = g_strdup_printf("%d", attempts);

    return pg_exec(conn, error,
                   "UPDATE sluice.step "
                   "   SET state = 'failed', finished_at = clock_timestamp(), error = $5, "
                   "       attempts = attempts + $4::int "
                   " WHERE revision = $1 AND phase = $2 AND ordinal = ANY ($3::int[])",
                   key, phase, list, tried, message);
}

bool
ledger_forget_steps(PgConn *conn, const char *revision, const char *phase, GError **error)
{
    g_autofree char *key = ledger_key(conn, revision);

    return pg_exec(conn, error, "DELETE FROM sluice.step WHERE revision = $1 AND phase = $2", key,
                   phase);
}
