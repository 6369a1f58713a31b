#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "locks/embedded.h"
#include "locks/locks.h"

enum { QUERY_SHOWN = 80, LONG_LEAST_MS = 200, LONG_BUDGETS = 4 };

/* The columns of lock-blockers.sql. */
enum {
    PID,
    APPLICATION,
    USER,
    BACKEND_TYPE,
    STATE,
    QUERY,
    GID,
    OWNER,
    AGE_MS,
    STATE_MS,
    WAITING,
    VACUUMS,
    BUILDS,
    LOCKS,
};

void
blocker_free(Blocker *blocker)
{
    if (blocker == NULL)
        return;
    g_free(blocker->description);
    g_free(blocker->remedy);
    g_free(blocker);
}

/* The beginning of a query, without its literals: they may be secrets. */
static char *
query_label(const char *query)
{
    g_autofree char *redacted = sql_redact(query);
    g_autofree char *beginning = NULL;

    if (g_utf8_strlen(redacted, -1) <= QUERY_SHOWN)
        return g_steal_pointer(&redacted);
    beginning = g_utf8_substring(redacted, 0, QUERY_SHOWN - 2);
    return g_strconcat(beginning, "..", NULL);
}

static char *
describe_prepared(const PgRows *rows, int row)
{
    g_autofree char *age = text_format_duration_ms(pg_integer(rows, row, AGE_MS));

    return g_strdup_printf("prepared transaction '%s' (%s), prepared %s ago",
                           pg_text(rows, row, GID), pg_text(rows, row, OWNER), age);
}

/* "idle in transaction for 12s": what it does, and since when. */
static char *
describe_state(const PgRows *rows, int row)
{
    const char *state = pg_text(rows, row, STATE);
    const bool idle = g_str_has_prefix(state, "idle in transaction");
    g_autofree char *age = text_format_duration_ms(pg_integer(rows, row, AGE_MS));
    g_autofree char *since = text_format_duration_ms(pg_integer(rows, row, STATE_MS));

    if (pg_bool(rows, row, WAITING))
        return g_strdup_printf("waits for %s since %s", pg_text(rows, row, LOCKS), since);
    if (pg_bool(rows, row, BUILDS))
        return g_strdup_printf("builds an index concurrently since %s", since);
    if (pg_bool(rows, row, VACUUMS))
        return g_strdup_printf("vacuums since %s", age);
    if (idle)
        return g_strdup_printf("%s for %s", state, since);
    return g_strdup_printf("in a transaction for %s", age);
}

static char *
describe_session(const PgRows *rows, int row)
{
    const char *application = pg_text(rows, row, APPLICATION);
    const char *user = pg_text(rows, row, USER);
    g_autofree char *state = describe_state(rows, row);
    g_autofree char *query = query_label(pg_text(rows, row, QUERY));

    if (application[0] == '\0')
        application = user[0] ? "unnamed session" : pg_text(rows, row, BACKEND_TYPE);
    return g_strdup_printf("pid %" G_GINT64_FORMAT " %s%s%s%s, %s%s%s", pg_integer(rows, row, PID),
                           application, user[0] ? " (" : "", user, user[0] ? ")" : "", state,
                           query[0] ? ": " : "", query);
}

static Blocker *
read_blocker(const PgRows *rows, int row)
{
    Blocker *blocker = g_new0(Blocker, 1);

    blocker->pid = (int) pg_integer(rows, row, PID);
    blocker->age_ms = pg_integer(rows, row, AGE_MS);
    blocker->is_waiting = pg_bool(rows, row, WAITING);
    blocker->is_autovacuum = g_str_equal(pg_text(rows, row, BACKEND_TYPE), "autovacuum worker");
    blocker->is_wraparound =
        blocker->is_autovacuum && strstr(pg_text(rows, row, QUERY), "wraparound") != NULL;
    if (blocker->pid == 0) {
        g_autofree char *gid = pg_quote_literal(pg_text(rows, row, GID));
        blocker->description = describe_prepared(rows, row);
        blocker->remedy = g_strdup_printf("ROLLBACK PREPARED %s;", gid);
        return blocker;
    }
    blocker->description = describe_session(rows, row);
    blocker->remedy = g_strdup_printf(
        "SELECT %s(%d);", blocker->is_autovacuum ? "pg_cancel_backend" : "pg_terminate_backend",
        blocker->pid);
    return blocker;
}

static char *
needs_json(GPtrArray *needs)
{
    g_autoptr(json_t) list = json_array();

    for (guint i = 0; i < needs->len; i++) {
        const LockNeed *need = needs->pdata[i];
        json_array_append_new(
            list, json_pack("{s:I, s:i}", "oid", (json_int_t) need->oid, "mode", (int) need->mode));
    }
    return json_dumps(list, JSON_COMPACT);
}

GPtrArray *
locks_blockers(PgConn *conn, GPtrArray *needs, gint64 budget_ms, GError **error)
{
    g_autofree char *budget = g_strdup_printf("%" G_GINT64_FORMAT, budget_ms);
    g_autofree char *longest =
        g_strdup_printf("%" G_GINT64_FORMAT, MAX(LONG_BUDGETS * budget_ms, LONG_LEAST_MS));
    char *json = needs_json(needs);
    g_autoptr(PgRows) rows = pg_query(conn, error, sql_lock_blockers, json, budget, longest);
    GPtrArray *blockers;

    free(json);
    if (rows == NULL)
        return NULL;
    blockers = g_ptr_array_new_with_free_func((GDestroyNotify) blocker_free);
    for (int i = 0; i < pg_rows_count(rows); i++)
        g_ptr_array_add(blockers, read_blocker(rows, i));
    return blockers;
}
