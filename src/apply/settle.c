#include "apply/settle.h"

#include "ledger/events.h"
#include "ledger/revisions.h"

/* begun, ended; of the kinds there are, the last event is all that can be open: whoever had the
 * lock next has settled the others. */
static const char *const kinds[] = {"stamping", "stamp", "starting", "start", NULL};

static bool
is_made(json_t *change, const LedgerRevisions *rows)
{
    const char *id = json_string_value(json_object_get(change, "revision"));
    const char *state = json_string_value(json_object_get(change, "state"));
    const LedgerRevision *row = id ? ledger_find_revision(rows, id) : NULL;

    if (row == NULL)
        return g_strcmp0(state, "removed") == 0;
    return state == NULL || g_str_equal(state, revision_state_name(row->state));
}

static bool
are_made(json_t *changes, const LedgerRevisions *rows)
{
    size_t i;
    json_t *change;

    json_array_foreach(changes, i, change) if (!is_made(change, rows)) return false;
    return true;
}

bool
settle_changes(PgConn *conn, GError **error)
{
    g_autoptr(LedgerEvent) last = NULL;
    g_autoptr(LedgerRevisions) rows = NULL;
    int kind = 0;

    if (!ledger_load_last_event(conn, kinds, &last, error))
        return false;
    while (last && !g_str_equal(kinds[kind], last->kind))
        kind++;
    if (last == NULL || kind % 2 == 1)
        return true;
    rows = ledger_load_revisions(conn, error);
    if (rows == NULL)
        return false;
    return !are_made(json_object_get(last->data, "changes"), rows) ||
           ledger_append_event(conn, kinds[kind + 1], last->revision, 0, last->text,
                               json_incref(last->data), error);
}
