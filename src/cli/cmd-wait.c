#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/stop.h"
#include "base/text.h"
#include "cli/fleet.h"
#include "ledger/revisions.h"
#include "pg/conn.h"
#include "revision/graph.h"
#include "revision/target.h"

enum { POLL_MS = 250, DEFAULT_TIMEOUT_MS = 60000, CONNECT_TIMEOUT_MS = 3000 };

typedef struct {
    const char *revision;
    const char *state;
    gint64 timeout_ms;
    FleetArgs fleet;
} WaitOptions;

typedef struct {
    App *app;
    GPtrArray *ids; /* char *: revisions that must have reached @state; empty: only the server */
    RevisionState state;
    PgConn *conn;          /* NULL: not connected */
    const FleetArgs *many; /* NULL: one database */
} Wait;

static void
wait_clear(Wait *wait)
{
    g_clear_pointer(&wait->ids, g_ptr_array_unref);
    g_clear_pointer(&wait->conn, pg_disconnect);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Wait, wait_clear)

/* The heads of the folder, or what --revision names. In the container of an app the files may be
 * missing: then it must be a whole id. */
static bool
find_ids(const Settings *settings, const char *target, GPtrArray *ids, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(Graph) graph = graph_load(settings->migrations, &cause);
    g_autoptr(GPtrArray) heads = NULL;
    const Revision *revision = NULL;

    if (graph == NULL && target) {
        g_ptr_array_add(ids, g_strdup(target));
        return true;
    }
    if (graph == NULL) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return error_hint(error, "Name the revision that must be there, with --revision.");
    }
    if (target) {
        if (!target_point(graph, NULL, target, &revision, error))
            return false;
        if (revision)
            g_ptr_array_add(ids, g_strdup(revision->id));
        return true;
    }
    heads = graph_heads(graph);
    for (guint i = 0; i < heads->len; i++)
        g_ptr_array_add(ids, g_strdup(((const Revision *) g_ptr_array_index(heads, i))->id));
    return true;
}

static bool
is_reached(const LedgerRevision *row, RevisionState state)
{
    if (row == NULL)
        return false;
    /* One that ends with an earlier state has all that it will ever have. */
    return row->state >= state || (row->final && row->state > STATE_PENDING);
}

/* They are found anew each time: their server may not be up yet, and tenants may come. */
static bool
look_at_all(const Wait *wait, GError **error)
{
    g_auto(Fleet) fleet = {0};

    return fleet_open(&fleet, wait->app, wait->many, "wait", error) &&
           fleet_has_reached(&fleet, wait->ids, wait->state, error);
}

/* One look. ERROR_CONNECTION and ERROR_STATE are what waiting may mend. */
static bool
look(Wait *wait, GError **error)
{
    g_autoptr(LedgerRevisions) revisions = NULL;

    if (wait->many)
        return look_at_all(wait, error);
    if (wait->conn == NULL)
        wait->conn = pg_connect(settings_require_database(wait->app->settings, NULL),
                                &(PgConnOptions){.purpose = "wait",
                                                 .connect_timeout_ms = CONNECT_TIMEOUT_MS,
                                                 .allow_standby = true,
                                                 .allow_pooler = true,
                                                 .schema = wait->app->settings->database_schema},
                                error);
    if (wait->conn == NULL)
        return false;
    revisions = ledger_load_states(wait->conn, error);
    if (revisions == NULL) {
        g_clear_pointer(&wait->conn, pg_disconnect);
        return false;
    }
    for (guint i = 0; i < wait->ids->len; i++) {
        const char *id = g_ptr_array_index(wait->ids, i);
        const LedgerRevision *row = ledger_find_revision(revisions, id);

        if (is_reached(row, wait->state))
            continue;
        error_set(error, ERROR_STATE, "revision %s is %s in %s, and not yet %s", id,
                  row ? revision_state_name(row->state) : "not applied", pg_target(wait->conn),
                  revision_state_name(wait->state));
        return error_hint(error, "`sluice upgrade` expands it; `sluice status` tells what it "
                                 "waits for.");
    }
    return true;
}

static bool
poll_until_reached(Wait *wait, gint64 timeout_ms, GError **error)
{
    const Clock *clock = wait->app->clock;
    const gint64 deadline = clock_now_ms(clock) + timeout_ms;
    g_autofree char *said = NULL;

    for (;;) {
        g_autoptr(GError) cause = NULL;

        if (look(wait, &cause))
            return true;
        if ((!error_is(cause, ERROR_CONNECTION) && !error_is(cause, ERROR_STATE)) ||
            clock_now_ms(clock) >= deadline) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return false;
        }
        if (!stop_check(error))
            return false;
        if (g_strcmp0(said, cause->message) != 0) {
            report_wait(wait->app->report, "%s", cause->message);
            g_free(said);
            said = g_strdup(cause->message);
        }
        clock_sleep_ms(clock, clock_jitter_ms(clock, POLL_MS));
    }
}

static RevisionState
wanted_state(const char *name)
{
    for (RevisionState state = STATE_EXPANDED; name && state <= STATE_CONTRACTED; state++)
        if (strcmp(revision_state_name(state), name) == 0)
            return state;
    return STATE_EXPANDED;
}

static bool
run_wait(App *app, void *data, const char *const *words G_GNUC_UNUSED, GError **error)
{
    const WaitOptions *options = data;
    const gint64 timeout_ms = options->timeout_ms ? options->timeout_ms : DEFAULT_TIMEOUT_MS;
    const gint64 start = clock_now_ms(app->clock);
    g_auto(Wait) wait = {.app = app, .ids = g_ptr_array_new_with_free_func(g_free)};
    g_autofree char *took = NULL;
    const char *what;
    bool many = false;

    wait.state = wanted_state(options->state);
    if (!fleet_is_meant(app, &options->fleet, &many, error))
        return false;
    wait.many = many ? &options->fleet : NULL;
    if (!find_ids(app->settings, options->revision, wait.ids, error) ||
        !poll_until_reached(&wait, timeout_ms, error))
        return false;
    took = text_format_duration_ms(clock_now_ms(app->clock) - start);
    what = many ? "all" : pg_target(wait.conn);
    output_line(app->output, "%s %s ready, after %s", what, many ? "are" : "is", took);
    output_json(app->output, json_pack("{s:s, s:I}", "database", what, "waited_ms",
                                       (json_int_t) (clock_now_ms(app->clock) - start)));
    return true;
}

static const ArgSpec args[] = {
    {"revision", 'r', ARG_TEXT, offsetof(WaitOptions, revision), "REV",
     "the revision that must be there (default: the head of the folder)"},
    {"state", 0, ARG_TEXT, offsetof(WaitOptions, state), "expanded|backfilled|cut over|contracted",
     "the state it must have reached (default: expanded)"},
    {"timeout", 't', ARG_DURATION, offsetof(WaitOptions, timeout_ms), "DURATION",
     "how long to wait (default: 60s)"},
    FLEET_ARGS(WaitOptions),
    {NULL},
};

const Command command_wait = {
    .group = "Applying",
    .name = "wait",
    .summary = "wait until the server is up and has the revision",
    .usage = "",
    .details = "For the entry point of a container: an app waits for its schema, and never "
               "migrates at its start. Changes nothing. After the time it ends with status 4 (no "
               "server) or 8 (revision not there).",
    .example = "sluice wait --revision 3f2a9c1b7d20 --timeout 2m && exec my-app",
    .args = args,
    .args_size = sizeof(WaitOptions),
    .needs = NEED_DATABASE,
    .many = true,
    .run = run_wait,
};
