#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/fleet.h"
#include "cli/revision-state.h"
#include "ledger/backfills.h"
#include "ledger/events.h"
#include "ledger/integrity.h"
#include "ledger/mappings.h"
#include "migrate/needs.h"
#include "migrate/next.h"
#include "peers/adoption.h"
#include "peers/unadopted.h"
#include "pg/conn.h"
#include "revision/graph.h"
#include "sync/intact.h"
#include "sync/marker.h"
#include "sync/table.h"

typedef struct {
    bool all;
    FleetArgs fleet;
} Options;

/* What the result is made of; the lists grow as the revisions are walked. */
typedef struct {
    App *app;
    const Graph *graph;
    PgConn *conn;
    LedgerRevisions *applied;
    GPtrArray *backfills; /* LedgerBackfill *; NULL: no ledger */
    GPtrArray *gates; /* LedgerEvent *: the last look at a gate, of each revision; NULL likewise */
    GPtrArray *table; /* GStrv */
    json_t *revisions;
    json_t *waiting; /* contracts that wait */
    json_t *between; /* mappings between two tables */
    json_t *markers; /* marker columns of mappings in flight */
    json_t *warnings;
    bool all;   /* of the table: those at the end of their lives too */
    guint done; /* those that it leaves out */
} Status;

static void
status_clear(Status *status)
{
    g_clear_pointer(&status->applied, ledger_revisions_free);
    g_clear_pointer(&status->backfills, g_ptr_array_unref);
    g_clear_pointer(&status->gates, g_ptr_array_unref);
    g_clear_pointer(&status->table, g_ptr_array_unref);
    g_clear_pointer(&status->revisions, json_decref);
    g_clear_pointer(&status->waiting, json_decref);
    g_clear_pointer(&status->between, json_decref);
    g_clear_pointer(&status->markers, json_decref);
    g_clear_pointer(&status->warnings, json_decref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Status, status_clear)

static void warn(Status *status, const char *kind, const char *revision, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

static void
warn(Status *status, const char *kind, const char *revision, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    json_array_append_new(status->warnings, json_pack("{s:s, s:s?, s:s}", "kind", kind, "revision",
                                                      revision, "text", text));
}

/* "61 %, throttled: replica lag 70 MB > 64 MB", of the backfill that is not done; NULL if none has
 * begun. Caller owns. */
static char *
backfill_text(const Status *status, const char *revision)
{
    for (guint i = 0; status->backfills && i < status->backfills->len; i++) {
        const LedgerBackfill *backfill = g_ptr_array_index(status->backfills, i);
        const gint64 per_cent =
            backfill->end_page > 0 ? backfill->pages_done * 100 / backfill->end_page : 100;

        if (strcmp(backfill->revision, revision) != 0 || backfill->state == LEDGER_BACKFILL_DONE)
            continue;
        if (backfill->state != LEDGER_BACKFILL_RUNNING)
            return g_strdup_printf(
                "%s %s%s%s", backfill->relation, ledger_backfill_state_name(backfill->state),
                backfill->error ? ": " : "", backfill->error ? backfill->error : "");
        return g_strdup_printf("%s %d %% of pass %d%s%s%s", backfill->relation, (int) per_cent,
                               backfill->pass,
                               backfill->wanted == LEDGER_WANT_PAUSE ? ", paused" : "",
                               backfill->throttle ? ", throttled: " : "",
                               backfill->throttle ? backfill->throttle : "");
    }
    return NULL;
}

/* What its gate said when it was last asked, or how to ask it. Caller owns. */
static char *
gate_text(const Status *status, const char *revision, const char *gate)
{
    g_autofree char *held = g_strdup_printf("%s gate ", gate);

    for (guint i = 0; status->gates && i < status->gates->len; i++) {
        const LedgerEvent *event = g_ptr_array_index(status->gates, i);

        if (strcmp(event->revision, revision) == 0 && g_str_has_prefix(event->text, held) &&
            !g_str_has_suffix(event->text, " passed"))
            return g_strdup_printf("the %s (%s)", event->text, event->at);
    }
    return g_strdup_printf("the %s gate (`sluice gate %s` shows its evidence)", gate, gate);
}

/* What the contract of a revision waits for. Caller owns. */
static char *
reason_text(const Status *status, const char *revision, const char *next)
{
    if (strcmp(next, "backfill") == 0) {
        g_autofree char *progress = backfill_text(status, revision);
        return g_strdup_printf("its backfill (%s)", progress ? progress : "not begun");
    }
    if (strcmp(next, "contract") == 0 || strcmp(next, "cutover") == 0)
        return gate_text(status, revision, next);
    return g_strdup_printf("its %s", next);
}

static void
warn_of_findings(Status *status, const GPtrArray *findings)
{
    for (guint i = 0; i < findings->len; i++) {
        const IntegrityFinding *finding = g_ptr_array_index(findings, i);
        warn(status, integrity_problem_name(finding->problem), finding->revision, "%s",
             finding->message);
    }
}

static void
check_drift(Status *status, const Revision *revision, const LedgerRevision *row)
{
    g_autoptr(GPtrArray) edits =
        g_ptr_array_new_with_free_func((GDestroyNotify) integrity_finding_free);

    integrity_add_edits(edits, revision, row);
    warn_of_findings(status, edits);
    if (row->partly)
        warn(status, "partly", row->id, "revision %s: %s has begun and has not ended; run it again",
             row->id, row->partly);
}

/* A revision that is not expanded because another is not as far as it wants; not one that the same
 * upgrade expands before it. */
static void
check_needs(Status *status, const Revision *revision)
{
    const Requirement *unmet = need_find_unmet(status->graph, status->applied, revision);
    const Revision *required = unmet ? graph_required(status->graph, unmet) : NULL;
    const LedgerRevision *row = unmet ? ledger_find_revision(status->applied, required->id) : NULL;
    const bool comes_first =
        unmet && unmet->state == STATE_EXPANDED && (row == NULL || row->state == STATE_PENDING);

    if (unmet && !comes_first)
        warn(status, "requires", revision->id, "revision %s waits: it requires %s %s, which is %s",
             revision->id, required->id, revision_state_name(unmet->state),
             revision_state_name(row ? row->state : STATE_PENDING));
}

static void
add_waiting(Status *status, const LedgerRevision *row, const char *next)
{
    g_autofree char *reason = reason_text(status, row->id, next);

    json_array_append_new(status->waiting, json_pack("{s:s, s:s, s:s?, s:s, s:s}", "id", row->id,
                                                     "title", row->title, "since", row->expanded_at,
                                                     "next", next, "waits_for", reason));
}

static void
add_row(Status *status, const char *id, const char *state, const char *since, const char *next,
        const char *title)
{
    const char *const cells[] = {id, state, since ? since : "-", next ? next : "-", title, NULL};

    g_ptr_array_add(status->table, g_strdupv((char **) (guintptr) cells));
}

/* A revision of the folder. */
static bool
add_revision(Status *status, const Revision *found, GError **error)
{
    g_autoptr(Revision) revision = graph_read(status->graph, found, error);
    const LedgerRevision *row =
        revision ? ledger_find_revision(status->applied, revision->id) : NULL;
    g_autofree char *state = row ? revision_state_text(row) : g_strdup("pending");
    const char *next;
    json_t *entry;

    if (revision == NULL)
        return false;
    next = next_phase(revision, row);
    if (row && row->final && row->partly == NULL && !status->all)
        status->done++;
    else
        add_row(status, revision->id, state, row ? revision_state_since(row) : NULL, next,
                revision->title);
    entry = row ? revision_state_json(row)
                : json_pack("{s:s, s:s, s:s, s:b}", "id", revision->id, "title", revision->title,
                            "state", "pending", "final", 0);
    json_object_set_new(entry, "next", next ? json_string(next) : json_null());
    json_object_set_new(entry, "file", json_string(revision->path));
    json_array_append_new(status->revisions, entry);
    if (row)
        check_drift(status, revision, row);
    if (row == NULL || row->state == STATE_PENDING)
        check_needs(status, found);
    if (row && next && row->state > STATE_PENDING && revision_has_contract(revision))
        add_waiting(status, row, next);
    return true;
}

/* One that the database has and the folder has not. */
static void
add_missing(Status *status, const LedgerRevision *row)
{
    g_autofree char *state = revision_state_text(row);
    json_t *entry = revision_state_json(row);

    add_row(status, row->id, state, revision_state_since(row), NULL, row->title);
    json_object_set_new(entry, "next", json_null());
    json_object_set_new(entry, "file", json_null());
    json_array_append_new(status->revisions, entry);
}

/* The columns that are sluice's own, and go at contract. */
static bool
find_markers(Status *status, const LedgerMapping *mapping, GError **error)
{
    g_autofree char *quoted = pg_quote_qualified(mapping->schema, mapping->table);
    g_autoptr(GPtrArray) markers = NULL;

    if (!sync_load_markers(status->conn, mapping, &markers, error))
        return false;
    for (guint i = 0; i < markers->len; i++)
        json_array_append_new(status->markers,
                              json_pack("{s:s, s:s, s:s}", "revision", mapping->revision, "table",
                                        quoted, "column", g_ptr_array_index(markers, i)));
    return true;
}

/* Of each table with mappings in flight, once. */
static bool
check_triggers(Status *status, GError **error)
{
    g_autoptr(GPtrArray) mappings = ledger_load_mappings(status->conn, NULL, NULL, error);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    if (mappings == NULL)
        return false;
    for (guint i = 0; i < mappings->len; i++) {
        const LedgerMapping *mapping = g_ptr_array_index(mappings, i);
        g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);

        if (!find_markers(status, mapping, error))
            return false;
        if (!g_hash_table_add(seen, pg_quote_qualified(mapping->schema, mapping->table)))
            continue;
        if (!sync_find_problems(status->conn, mapping->schema, mapping->table, problems, error))
            return false;
        for (guint j = 0; j < problems->len; j++)
            warn(status, "trigger", mapping->revision, "%s, so old and new shape may part",
                 (const char *) g_ptr_array_index(problems, j));
    }
    return true;
}

/* Which of two tables is canonical, and whether the other one follows. */
static bool
check_between(Status *status, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(GPtrArray) mappings = ledger_load_table_mappings(status->conn, NULL, &cause);

    if (mappings == NULL && ledger_is_absent(cause))
        return true;
    if (mappings == NULL) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    for (guint i = 0; i < mappings->len; i++) {
        const LedgerTableMapping *row = g_ptr_array_index(mappings, i);
        g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
        g_autofree char *old = pg_quote_qualified(row->old_schema, row->old_table);
        g_autofree char *new = pg_quote_qualified(row->new_schema, row->new_table);

        if (!table_find_problems(status->conn, row, problems, error))
            return false;
        json_array_append_new(status->between,
                              json_pack("{s:s, s:s, s:s}", "revision", row->revision, "canonical",
                                        row->is_cut_over ? new : old, "follows",
                                        row->is_cut_over ? old : new));
        for (guint j = 0; j < problems->len; j++)
            warn(status, "trigger", row->revision, "%s, so the two tables may part",
                 (const char *) g_ptr_array_index(problems, j));
    }
    return true;
}

/* Whether the table of another tool, which is kept, is as it should be; that it cannot be read is
 * one thing more to say. */
static void
check_adoption(Status *status)
{
    g_auto(AdoptionDifference) difference = {0};
    g_autoptr(GPtrArray) lines = NULL;
    g_autoptr(GError) cause = NULL;
    bool is_kept = false;

    if (!adoption_look(status->conn, status->graph, status->applied, &is_kept, &difference,
                       &cause)) {
        warn(status, "adoption", NULL, "%s", cause->message);
        return;
    }
    if (!unadopted_check(status->conn, status->graph, status->applied, &cause)) {
        warn(status, "adoption", NULL, "%s: `sluice adopt`", cause->message);
        return;
    }
    lines = is_kept ? adoption_describe(&difference) : g_ptr_array_new();
    for (guint i = 0; i < lines->len; i++)
        warn(status, "adoption", NULL, "%s", (char *) g_ptr_array_index(lines, i));
}

/* What a ledger with revisions has on them. */
static bool
load_work(Status *status, GError **error)
{
    static const char *const kinds[] = {"gate", NULL};

    status->backfills = ledger_load_backfills(status->conn, NULL, error);
    status->gates = status->backfills ? ledger_load_last_events(status->conn, kinds, error) : NULL;
    return status->gates != NULL && check_triggers(status, error) && check_between(status, error);
}

static bool
load(Status *status, GError **error)
{
    g_autoptr(GPtrArray) history = NULL;

    status->table = g_ptr_array_new_with_free_func((GDestroyNotify) g_strfreev);
    status->revisions = json_array();
    status->waiting = json_array();
    status->between = json_array();
    status->markers = json_array();
    status->warnings = json_array();
    status->applied = ledger_load_revisions(status->conn, error);
    if (status->applied == NULL)
        return false;
    if (status->applied->list->len > 0 && !load_work(status, error))
        return false;
    history = integrity_history(status->graph, status->applied);
    warn_of_findings(status, history);
    for (guint i = 0; i < status->applied->list->len; i++) {
        const LedgerRevision *row = g_ptr_array_index(status->applied->list, i);
        if (graph_find(status->graph, row->id) == NULL)
            add_missing(status, row);
    }
    for (guint i = 0; i < graph_count(status->graph); i++)
        if (!add_revision(status, graph_get(status->graph, i), error))
            return false;
    check_adoption(status);
    return true;
}

static const char *
member(json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "-";
}

static void
print(const Status *status, Output *output)
{
    static const char *const header[] = {"REVISION", "STATE", "SINCE", "NEXT", "TITLE", NULL};
    size_t i;
    json_t *entry;

    if (status->table->len > 0)
        output_table(output, header, status->table);
    if (status->done > 0)
        output_line(output, "%u at the end of %s: `sluice status --all` lists %s", status->done,
                    status->done == 1 ? "its life" : "their lives",
                    status->done == 1 ? "it" : "them");
    if (status->table->len + status->done == 0)
        output_line(output, "no revisions: neither in %s nor in %s",
                    status->app->settings->migrations, pg_target(status->conn));
    revision_adoptions_print(status->applied, output);
    if (json_array_size(status->waiting) > 0)
        output_line(output, "\ncontracts that wait:");
    json_array_foreach(status->waiting, i, entry)
        output_line(output, "  %s (%s) since %s: for %s", member(entry, "id"),
                    member(entry, "title"), member(entry, "since"), member(entry, "waits_for"));
    json_array_foreach(status->between, i, entry)
        output_line(output, "%s is canonical, %s follows (%s)", member(entry, "canonical"),
                    member(entry, "follows"), member(entry, "revision"));
    json_array_foreach(status->markers, i, entry)
        output_line(output, "%s of %s marks the rows that are filled, until contract (%s)",
                    member(entry, "column"), member(entry, "table"), member(entry, "revision"));
    if (json_array_size(status->warnings) > 0)
        output_line(output, "\nwarnings:");
    json_array_foreach(status->warnings, i, entry)
        output_line(output, "  %s", member(entry, "text"));
}

static bool
run_on_one(App *app, bool all, GError **error)
{
    g_autoptr(Graph) graph = graph_load(app->settings->migrations, error);
    g_autoptr(PgConn) conn =
        graph ? pg_connect(settings_require_database(app->settings, NULL),
                           &(PgConnOptions){.purpose = "status",
                                            .allow_standby = true,
                                            .allow_pooler = true,
                                            .schema = app->settings->database_schema},
                           error)
              : NULL;
    g_auto(Status) status = {.app = app, .graph = graph, .conn = conn, .all = all};

    if (conn == NULL || !load(&status, error))
        return false;
    print(&status, app->output);
    output_json(app->output,
                json_pack("{s:s, s:O, s:O, s:O, s:O, s:O, s:o}", "database", pg_target(conn),
                          "revisions", status.revisions, "waiting_contracts", status.waiting,
                          "table_syncs", status.between, "markers", status.markers, "warnings",
                          status.warnings, "adoptions", revision_adoptions_json(status.applied)));
    return true;
}

static bool
run_status(App *app, void *data, const char *const *words G_GNUC_UNUSED, GError **error)
{
    const Options *options = data;
    bool many = false;

    if (!fleet_is_meant(app, &options->fleet, &many, error))
        return false;
    return many ? fleet_status(app, &options->fleet, "status", true, error)
                : run_on_one(app, options->all, error);
}

static const ArgSpec status_args[] = {
    {"all", 'a', ARG_FLAG, offsetof(Options, all), NULL,
     "list the revisions at the end of their lives too"},
    FLEET_ARGS(Options),
    {NULL},
};

const Command command_status = {
    .group = "Applying",
    .name = "status",
    .summary = "show the phase of each revision, contracts that wait, and drift",
    .usage = "",
    .details = "Compares the revision files with the ledger: what is pending, what comes next, "
               "since when a contract waits and what for; files that are gone, sections that were "
               "edited after they ran, and sync triggers that were tampered with.",
    .example = "sluice status\n"
               "sluice status --format json",
    .needs = NEED_DATABASE,
    .args = status_args,
    .args_size = sizeof(Options),
    .many = true,
    .run = run_status,
};
