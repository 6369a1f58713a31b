#include "ledger/events.h"

#include "base/error.h"
#include "base/json.h"
#include "ledger/embedded.h"
#include "ledger/tenant.h"

/* With N at once each is beaten at most N - 1 times, and waits for the winner's commit in the
 * index, so the tries need no pause between them. */
enum { TRIES = 1000 };

static bool
is_beaten(const GError *error)
{
    return error_is_sqlstate(error, "23505") || error_is_sqlstate(error, "40001");
}

static json_t *
event_json(const PgConn *conn, const LedgerNewEvent *event, gint64 now_us)
{
    g_autofree char *key = ledger_key(conn, event->revision);

    return json_pack("{s:s, s:s?, s:o, s:s, s:O?, s:f}", "kind", event->kind, "revision", key,
                     "rollout", event->rollout > 0 ? json_integer(event->rollout) : json_null(),
                     "text", event->text, "data", event->data, "age_ms",
                     event->at_us > 0 ? (double) (now_us - event->at_us) / 1000 : 0.0);
}

bool
ledger_append_events(PgConn *conn, const LedgerNewEvent *events, guint count, GError **error)
{
    g_autofree char *actor = ledger_actor();
    g_autoptr(json_t) list = json_array();
    g_autofree char *document = NULL;
    g_autoptr(GError) cause = NULL;

    g_assert(!pg_in_transaction(conn));
    for (guint i = 0; i < count; i++)
        json_array_append_new(list, event_json(conn, &events[i], g_get_monotonic_time()));
    document = json_dumps(list, JSON_COMPACT | JSON_SORT_KEYS);
    for (int i = 0; i < TRIES; i++) {
        g_clear_error(&cause);
        if (pg_exec(conn, &cause, sql_append_events, actor, document))
            return true;
        if (!is_beaten(cause))
            break;
    }
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

bool
ledger_append_event(PgConn *conn, const char *kind, const char *revision, gint64 rollout,
                    const char *text, json_t *take_data, GError **error)
{
    g_autoptr(json_t) data = take_data;
    const LedgerNewEvent event = {
        .kind = kind, .revision = revision, .rollout = rollout, .text = text, .data = data};

    return ledger_append_events(conn, &event, 1, error);
}

void
ledger_event_free(LedgerEvent *event)
{
    if (event == NULL)
        return;
    g_free(event->at);
    g_free(event->actor);
    g_free(event->kind);
    g_free(event->text);
    g_free(event->revision);
    json_decref(event->data);
    g_free(event);
}

/* In the order of event_of. */
#define EVENT_COLUMNS                                                                              \
    "id, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), "                    \
    "actor, kind, revision, rollout, text, data"

/* Of the session's tenant, the parameter @tenant: as the index event_kind has it. */
#define EVENT_OF(tenant) "coalesce(substring(revision FROM '^(.*)/'), '') = " tenant " "

static LedgerEvent *
event_of(const PgConn *conn, const PgRows *rows, int i)
{
    LedgerEvent *event = g_new0(LedgerEvent, 1);

    event->id = pg_integer(rows, i, 0);
    event->at = g_strdup(pg_text(rows, i, 1));
    event->actor = g_strdup(pg_text(rows, i, 2));
    event->kind = g_strdup(pg_text(rows, i, 3));
    event->revision =
        pg_is_null(rows, i, 4) ? NULL : g_strdup(ledger_id(conn, pg_text(rows, i, 4)));
    event->rollout = pg_integer(rows, i, 5);
    event->text = g_strdup(pg_text(rows, i, 6));
    event->data = json_loads(pg_text(rows, i, 7), JSON_DECODE_ANY, NULL);
    return event;
}

GPtrArray *
ledger_load_events(PgConn *conn, const char *revision, gint64 after, gint64 limit, GError **error)
{
    g_autoptr(GPtrArray) events =
        g_ptr_array_new_with_free_func((GDestroyNotify) ledger_event_free);
    g_autofree char *key = ledger_key(conn, revision);
    g_autofree char *from = g_strdup_printf("%" G_GINT64_FORMAT, after);
    g_autofree char *count = g_strdup_printf("%" G_GINT64_FORMAT, limit);
    g_autoptr(GError) cause = NULL;
    g_autoptr(PgRows) rows = pg_query(
        conn, &cause,
        "SELECT " EVENT_COLUMNS " FROM sluice.event "
        "WHERE ($1::text IS NULL OR revision = $1) AND id > $2::bigint "
        "  AND ($4 = '' OR revision IS NULL OR " EVENT_OF("$4") ") "
                                                                "ORDER BY id DESC LIMIT $3::bigint",
        key, from, count, ledger_tenant(conn));

    if (rows == NULL && !ledger_is_absent(cause)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        ledger_hint_rights(conn, error);
        return NULL;
    }
    for (int i = rows ? pg_rows_count(rows) - 1 : -1; i >= 0; i--)
        g_ptr_array_add(events, event_of(conn, rows, i));
    return g_steal_pointer(&events);
}

GPtrArray *
ledger_load_last_events(PgConn *conn, const char *const *kinds, GError **error)
{
    g_autoptr(GPtrArray) events =
        g_ptr_array_new_with_free_func((GDestroyNotify) ledger_event_free);
    g_autofree char *list = g_strjoinv(",", (char **) kinds);
    g_autoptr(PgRows) rows =
        pg_query(conn, error,
                 "SELECT DISTINCT ON (revision) " EVENT_COLUMNS " FROM sluice.event "
                 "WHERE revision IS NOT NULL AND kind = ANY (string_to_array($1, ',')) "
                 "  AND " EVENT_OF("$2") "ORDER BY revision, id DESC",
                 list, ledger_tenant(conn));

    if (rows == NULL)
        return NULL;
    for (int i = 0; i < pg_rows_count(rows); i++)
        g_ptr_array_add(events, event_of(conn, rows, i));
    return g_steal_pointer(&events);
}

static void
unsettled_free(LedgerUnsettled *unsettled)
{
    g_free(unsettled->revision);
    g_free(unsettled->kind);
    g_free(unsettled);
}

GPtrArray *
ledger_load_unsettled(PgConn *conn, const LedgerPhaseKinds *kinds, GError **error)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify) unsettled_free);
    g_autoptr(PgRows) rows = pg_query(conn, error, sql_unsettled_events, ledger_tenant(conn),
                                      kinds->begun, kinds->ended, kinds->undone);

    if (rows == NULL)
        return NULL;
    for (int i = 0; i < pg_rows_count(rows); i++) {
        LedgerUnsettled *unsettled = g_new0(LedgerUnsettled, 1);

        unsettled->revision = g_strdup(ledger_id(conn, pg_text(rows, i, 0)));
        unsettled->kind = g_strdup(pg_is_null(rows, i, 1) ? NULL : pg_text(rows, i, 1));
        g_ptr_array_add(list, unsettled);
    }
    return g_steal_pointer(&list);
}

bool
ledger_load_last_event(PgConn *conn, const char *const *kinds, LedgerEvent **ret_event,
                       GError **error)
{
    g_autofree char *list = g_strjoinv(",", (char **) kinds);
    g_autoptr(PgRows) rows =
        pg_query(conn, error,
                 "SELECT " EVENT_COLUMNS " FROM sluice.event "
                 "WHERE revision IS NOT NULL AND kind = ANY (string_to_array($1, ',')) "
                 "  AND " EVENT_OF("$2") "ORDER BY id DESC LIMIT 1",
                 list, ledger_tenant(conn));

    if (rows == NULL)
        return false;
    *ret_event = pg_rows_count(rows) > 0 ? event_of(conn, rows, 0) : NULL;
    return true;
}

bool
ledger_verify_events(PgConn *conn, gint64 *ret_broken, GError **error)
{
    g_autoptr(PgRows) rows = pg_query(conn, error, sql_verify_events);

    if (rows == NULL)
        return ledger_hint_rights(conn, error);
    *ret_broken = pg_rows_count(rows) > 0 ? pg_integer(rows, 0, 0) : 0;
    return true;
}

bool
ledger_add_approval(PgConn *conn, const char *gate, const char *plan_digest, const char *who,
                    const char *comment, GError **error)
{
    g_autofree char *key = ledger_key(conn, plan_digest);

    return pg_exec(conn, error,
                   "INSERT INTO sluice.approval (gate, plan_digest, who, comment) "
                   "VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                   gate, key, who, comment);
}

GPtrArray *
ledger_load_approvals(PgConn *conn, const char *gate, const char *plan_digest, GError **error)
{
    g_autofree char *key = ledger_key(conn, plan_digest);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(PgRows) rows =
        pg_query(conn, error,
                 "SELECT who FROM sluice.approval WHERE gate = $1 AND plan_digest = $2 "
                 "ORDER BY at, who",
                 gate, key);

    if (rows == NULL)
        return NULL;
    for (int i = 0; i < pg_rows_count(rows); i++)
        g_ptr_array_add(names, g_strdup(pg_text(rows, i, 0)));
    return g_steal_pointer(&names);
}
