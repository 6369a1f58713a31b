/* The commands that look at backfills: status, watch. */

#include "backfill/status.h"
#include "backfill/watch.h"
#include "cli/backfill-output.h"
#include "cli/backfill-scope.h"
#include "cli/command.h"

static const char group[] = "Backfill";

static bool
run_status(App *app, void *options G_GNUC_UNUSED, const char *const *words, GError **error)
{
    g_autofree char *id = NULL;
    g_autoptr(PgConn) conn = backfill_find_id(app, words[0], &id, error)
                                 ? backfill_connect(app, "backfill status", error)
                                 : NULL;
    g_autoptr(GPtrArray) list = conn ? backfill_load_status(conn, id, error) : NULL;

    if (list == NULL)
        return false;
    backfill_output_status(app->output, list, id != NULL);
    return true;
}

const Command command_backfill_status = {
    .group = group,
    .name = "backfill status",
    .summary = "show how far each backfill is, what holds it, and what it does to its table",
    .usage = "[REVISION]",
    .details =
        "GROWTH is the table's size now, divided by what it was before, INDEXES that of its "
        "indexes; HOT the share of its updates that touched no index; WAL what the server wrote "
        "during its parts; HELD how long signals held it. Then each index of the tables at work "
        "(with a revision: of all), what held them, and rows in quarantine.",
    .example = "sluice backfill status\nsluice backfill status 3f2a --format json",
    .needs = NEED_DATABASE,
    .run = run_status,
};

static void
show_look(void *data, json_t *take_line)
{
    output_json_line(((App *) data)->output, take_line);
}

static void
show_done(void *data, const BackfillStatus *status)
{
    backfill_output_done(((App *) data)->output, status);
}

static bool
watch(App *app, PgConn *conn, const GPtrArray *ids, GError **error)
{
    const bool json = output_format(app->output) == FORMAT_JSON;
    const WatchContext context = {.conn = conn,
                                  .clock = app->clock,
                                  .report = json ? &report_none : app->report,
                                  .give_up_ms = app->settings->give_up_after_ms,
                                  .on_look = json ? show_look : NULL,
                                  .on_done = show_done,
                                  .data = app};

    return backfill_watch(&context, ids, error);
}

static bool
run_watch(App *app, void *options G_GNUC_UNUSED, const char *const *words, GError **error)
{
    g_autofree char *id = NULL;
    g_autoptr(PgConn) conn = backfill_find_id(app, words[0], &id, error)
                                 ? backfill_connect(app, "backfill watch", error)
                                 : NULL;
    g_autoptr(GPtrArray) ids = NULL;

    if (conn == NULL)
        return false;
    if (id) {
        ids = g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(ids, g_steal_pointer(&id));
    } else {
        ids = backfill_choose(app, conn, NULL, error);
    }
    return ids && watch(app, conn, ids, error);
}

const Command command_backfill_watch = {
    .group = group,
    .name = "backfill watch",
    .summary = "follow a backfill that any process runs, until it has ended",
    .usage = "[REVISION]",
    .details =
        "Shows rows, speed, the time that is left, the share of HOT updates, and what holds it and "
        "for how long it was held. Changes nothing. Ends with it: status 0 when it is done, 8 when "
        "it was cancelled, 5 when it failed or rows are in quarantine. With --format json each "
        "look "
        "is one line.",
    .example = "sluice backfill watch\nsluice backfill watch 3f2a --format json",
    .needs = NEED_DATABASE,
    .run = run_watch,
};
