#include "cli/past.h"

#include <string.h>

#include "base/json.h"
#include "ledger/events.h"
#include "ledger/revisions.h"
#include "pg/conn.h"

/* The phases that leave a time in the ledger, and the event that tells who ended each. */
static const struct {
    const char *name, *event;
    size_t at; /* of the time in a LedgerRevision */
} phases[] = {
    {"expand", "expanded", offsetof(LedgerRevision, expanded_at)},
    {"backfill", "backfilled", offsetof(LedgerRevision, backfilled_at)},
    {"cutover", "cut-over", offsetof(LedgerRevision, cut_over_at)},
    {"contract", "contracted", offsetof(LedgerRevision, contracted_at)},
};

typedef struct {
    const LedgerRevision *row;
    const char *at;
    guint phase;
    guint ordinal; /* of the row: what was applied later comes later within a second */
} PastPhase;

static int
compare_latest(const void *a, const void *b)
{
    const PastPhase *left = a, *right = b;
    const int by_time = strcmp(right->at, left->at);

    if (by_time != 0)
        return by_time;
    if (left->phase != right->phase && left->row == right->row)
        return left->phase < right->phase ? 1 : -1;
    return left->ordinal < right->ordinal ? 1 : left->ordinal > right->ordinal ? -1 : 0;
}

static bool
is_wanted(const GPtrArray *revisions, GHashTable *wanted, const char *id)
{
    return revisions == NULL || g_hash_table_contains(wanted, id);
}

/* Element-type PastPhase. */
static GArray *
collect(const LedgerRevisions *rows, const GPtrArray *revisions)
{
    GArray *past = g_array_new(FALSE, FALSE, sizeof(PastPhase));
    g_autoptr(GHashTable) wanted = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; revisions && i < revisions->len; i++)
        g_hash_table_add(wanted, ((const Revision *) revisions->pdata[i])->id);
    for (guint i = 0; i < rows->list->len; i++) {
        const LedgerRevision *row = g_ptr_array_index(rows->list, i);

        for (guint k = 0; k < G_N_ELEMENTS(phases) && is_wanted(revisions, wanted, row->id); k++) {
            const PastPhase phase = {row, G_STRUCT_MEMBER(const char *, row, phases[k].at), k, i};
            if (phase.at)
                g_array_append_val(past, phase);
        }
    }
    g_array_sort(past, compare_latest);
    return past;
}

/* "phase id" -> who ended it last, of what sluice ran itself. */
static GHashTable *
load_actors(PgConn *conn, GError **error)
{
    g_autoptr(GHashTable) actors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

    for (guint k = 0; k < G_N_ELEMENTS(phases); k++) {
        const char *const kinds[] = {phases[k].event, NULL};
        g_autoptr(GPtrArray) events = ledger_load_last_events(conn, kinds, error);

        if (events == NULL)
            return NULL;
        for (guint i = 0; i < events->len; i++) {
            const LedgerEvent *event = events->pdata[i];
            g_hash_table_insert(actors, g_strdup_printf("%s %s", phases[k].name, event->revision),
                                g_strdup(event->actor));
        }
    }
    return g_steal_pointer(&actors);
}

static const char *
who(GHashTable *actors, const PastPhase *phase)
{
    g_autofree char *key = g_strdup_printf("%s %s", phases[phase->phase].name, phase->row->id);
    const char *actor = phase->row->origin == ORIGIN_RUN ? g_hash_table_lookup(actors, key) : NULL;

    return actor ? actor : phase->row->applied_by;
}

static void
print(const App *app, const GArray *past, GHashTable *actors)
{
    static const char *const header[] = {"WHEN",   "REVISION", "PHASE", "BY",
                                         "ORIGIN", "TITLE",    NULL};
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify) g_strfreev);
    g_autoptr(json_t) list = json_array();

    for (guint i = 0; i < past->len; i++) {
        const PastPhase *phase = &g_array_index(past, PastPhase, i);
        const char *name = phases[phase->phase].name;
        const char *origin = revision_origin_name(phase->row->origin);
        const char *const cells[] = {phase->at, phase->row->id,    name, who(actors, phase),
                                     origin,    phase->row->title, NULL};

        g_ptr_array_add(rows, g_strdupv((char **) (guintptr) cells));
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "at", phase->at,
                                              "revision", phase->row->id, "phase", name, "by",
                                              who(actors, phase), "origin", origin, "title",
                                              phase->row->title));
    }
    if (rows->len > 0)
        output_table(app->output, header, rows);
    else
        output_line(app->output, "the ledger tells of no revision");
    output_json(app->output, g_steal_pointer(&list));
}

bool
past_print(const App *app, const GPtrArray *revisions, GError **error)
{
    const char *url = settings_require_database(app->settings, error);
    const PgConnOptions options = {.purpose = "history",
                                   .schema = app->settings->database_schema,
                                   .allow_standby = true,
                                   .allow_pooler = true};
    g_autoptr(PgConn) conn = url ? pg_connect(url, &options, error) : NULL;
    g_autoptr(LedgerRevisions) rows = conn ? ledger_load_revisions(conn, error) : NULL;
    g_autoptr(GArray) past = rows ? collect(rows, revisions) : NULL;
    g_autoptr(GHashTable) actors = NULL;

    if (past == NULL)
        return false;
    actors = past->len > 0 ? load_actors(conn, error) : g_hash_table_new(g_str_hash, g_str_equal);
    if (actors == NULL)
        return false;
    print(app, past, actors);
    return true;
}
