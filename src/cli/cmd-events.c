#include "base/error.h"
#include "base/json.h"
#include "base/stop.h"
#include "cli/command.h"
#include "ledger/events.h"
#include "pg/conn.h"

enum { DEFAULT_LIMIT = 50, FOLLOW_LIMIT = 1000, POLL_MS = 500 };

typedef struct {
    const char *revision;
    gint64 limit;
    bool follow, verify;
} EventsOptions;

static json_t *
event_json(const LedgerEvent *event)
{
    g_autoptr(json_t) object =
        json_pack("{s:I, s:s, s:s, s:s, s:s?, s:s, s:O?}", "id", (json_int_t) event->id, "at",
                  event->at, "actor", event->actor, "kind", event->kind, "revision",
                  event->revision, "text", event->text, "data", event->data);

    json_object_set_new(object, "rollout",
                        event->rollout ? json_integer(event->rollout) : json_null());
    return g_steal_pointer(&object);
}

/* Prints them, or adds them to @list. */
static void
show(App *app, const GPtrArray *events, json_t *list)
{
    for (guint i = 0; i < events->len; i++) {
        const LedgerEvent *event = g_ptr_array_index(events, i);

        output_line(app->output, "%s  %s  %s: %s", event->at, event->actor, event->kind,
                    event->text);
        json_array_append_new(list, event_json(event));
    }
}

static gint64
last_id(const GPtrArray *events, gint64 before)
{
    const LedgerEvent *last = events->len ? g_ptr_array_index(events, events->len - 1) : NULL;

    return last ? last->id : before;
}

/* Ends by a signal, which is how one ends it. */
static bool
follow(App *app, PgConn *conn, const char *revision, gint64 after, GError **error)
{
    output_flush(app->output);
    while (!stop_requested()) {
        g_autoptr(GPtrArray) events =
            ledger_load_events(conn, revision, after, FOLLOW_LIMIT, error);

        if (events == NULL)
            return false;
        show(app, events, NULL);
        output_flush(app->output);
        after = last_id(events, after);
        clock_sleep_ms(app->clock, POLL_MS);
    }
    return true;
}

static bool
verify(App *app, PgConn *conn, GError **error)
{
    gint64 broken = 0;

    if (!ledger_verify_events(conn, &broken, error))
        return false;
    if (broken == 0) {
        output_line(app->output, "the chain of events is whole");
        output_json(app->output, json_pack("{s:n}", "broken"));
        return true;
    }
    output_json(app->output, json_pack("{s:I}", "broken", (json_int_t) broken));
    error_set(error, ERROR_DRIFT,
              "the chain of events breaks at event %" G_GINT64_FORMAT
              ": it was changed, or the one before it was changed or removed",
              broken);
    return error_hint(error, "Compare sluice.event with a backup of the database.");
}

static bool
run_events(App *app, void *data, const char *const *words G_GNUC_UNUSED, GError **error)
{
    const EventsOptions *options = data;
    g_autoptr(GPtrArray) events = NULL;
    g_autoptr(json_t) list = json_array();
    g_autoptr(PgConn) conn = pg_connect(settings_require_database(app->settings, NULL),
                                        &(PgConnOptions){.purpose = "events",
                                                         .allow_standby = true,
                                                         .allow_pooler = true,
                                                         .schema = app->settings->database_schema},
                                        error);

    if (conn == NULL)
        return false;
    if (options->follow && output_format(app->output) == FORMAT_JSON)
        return error_set(error, ERROR_USAGE, "--follow has no end, and JSON is one document");
    if (options->verify)
        return verify(app, conn, error);
    events = ledger_load_events(conn, options->revision, 0,
                                options->limit ? options->limit : DEFAULT_LIMIT, error);
    if (events == NULL)
        return false;
    show(app, events, list);
    if (options->follow)
        return follow(app, conn, options->revision, last_id(events, 0), error);
    if (events->len == 0)
        output_line(app->output, "nothing has happened yet in %s", pg_target(conn));
    output_json(app->output, json_pack("{s:O}", "events", list));
    return true;
}

static const ArgSpec args[] = {
    {"revision", 'r', ARG_TEXT, offsetof(EventsOptions, revision), "ID", "of this revision alone"},
    {"limit", 'n', ARG_INT, offsetof(EventsOptions, limit), "N", "the newest N (default: 50)"},
    {"follow", 'f', ARG_FLAG, offsetof(EventsOptions, follow), NULL, "go on as they happen"},
    {"verify", 0, ARG_FLAG, offsetof(EventsOptions, verify), NULL,
     "check that no event was changed or removed since"},
    {NULL},
};

const Command command_events = {
    .group = "Applying",
    .name = "events",
    .summary = "show what happened: who did what, and when",
    .usage = "",
    .details = "Events are only ever appended, and each carries the hash of the one before; "
               "--verify recomputes the chain, and ends with status 10 where it breaks.",
    .example = "sluice events --follow\n"
               "sluice events --revision 3f2a9c1b7d20 --format json",
    .args = args,
    .args_size = sizeof(EventsOptions),
    .needs = NEED_DATABASE,
    .run = run_events,
};
