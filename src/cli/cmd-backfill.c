#include <string.h>

#include "backfill/complete.h"
#include "backfill/status.h"
#include "backfill/verify.h"
#include "backfill/watch.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/backfill-output.h"
#include "cli/command.h"
#include "conf/live.h"
#include "ledger/events.h"
#include "ledger/quarantine.h"
#include "ledger/revisions.h"
#include "revision/target.h"

static const char group[] = "Backfill";

static PgConn *
connect_ledger(App *app, const char *purpose, GError **error)
{
    const PgConnOptions options = {.purpose = purpose, .schema = app->settings->database_schema};
    const char *url = settings_require_database(app->settings, error);
    g_autoptr(PgConn) conn = url ? pg_connect(url, &options, error) : NULL;
    int version = 0;

    if (conn == NULL || !ledger_find(conn, &version, error))
        return NULL;
    if (version > 0)
        return g_steal_pointer(&conn);
    error_set(error, ERROR_STATE, "%s has no ledger: nothing was ever applied", pg_target(conn));
    error_hint(error, "Run `sluice upgrade` first.");
    return NULL;
}

/* The revisions that @target names, with their sections: itself, or all that are expanded and have
 * a backfill. Element-type Revision *. */
static GPtrArray *
choose_revisions(const App *app, PgConn *conn, const Graph *graph, const char *target,
                 GError **error)
{
    g_autoptr(GPtrArray) chosen = g_ptr_array_new_with_free_func((GDestroyNotify) revision_free);
    g_autoptr(LedgerRevisions) rows = ledger_load_revisions_to_change(conn, app->clock, error);
    const Revision *named = NULL;

    if (rows == NULL || (target && !target_point(graph, NULL, target, &named, error)))
        return NULL;
    for (guint i = 0; i < graph_count(graph); i++) {
        const Revision *revision = graph_get(graph, i);
        const LedgerRevision *row = ledger_find_revision(rows, revision->id);
        g_autoptr(Revision) whole = NULL;

        if (target ? revision != named : row == NULL || row->state != STATE_EXPANDED)
            continue;
        whole = graph_read(graph, revision, error);
        if (whole == NULL)
            return NULL;
        if (target || revision_has_backfill(whole))
            g_ptr_array_add(chosen, g_steal_pointer(&whole));
    }
    return g_steal_pointer(&chosen);
}

typedef struct {
    gint64 workers;
    bool unthrottled;
} RunOptions;

static bool
run_backfills(App *app, PgConn *conn, const Graph *graph, GPtrArray *revisions,
              const RunOptions *wanted, json_t *list, GError **error)
{
    const BackfillContext context = {.url = app->settings->database_url,
                                     .settings = app->settings,
                                     .clock = app->clock,
                                     .report = app->report,
                                     .workers = (int) wanted->workers,
                                     .unthrottled = wanted->unthrottled,
                                     .wait_while_paused = true};
    const ApplyContext apply = {.conn = conn,
                                .settings = app->settings,
                                .clock = app->clock,
                                .report = app->report,
                                .graph = graph};

    for (guint i = 0; i < revisions->len; i++) {
        BackfillResult result = {0};

        if (!backfill_complete(&context, &apply, revisions->pdata[i], &result, error))
            return false;
        backfill_output_run(app->output, revisions->pdata[i], &result, list);
    }
    return true;
}

static bool
run_run(App *app, void *options, const char *const *words, GError **error)
{
    const RunOptions *wanted = options;
    g_autoptr(PgConn) conn = connect_ledger(app, "backfill finish", error);
    g_autoptr(Graph) graph = conn ? graph_load(app->settings->migrations, error) : NULL;
    g_autoptr(GPtrArray) revisions =
        graph ? choose_revisions(app, conn, graph, words[0], error) : NULL;
    g_autoptr(json_t) list = json_array();

    if (revisions == NULL || !run_backfills(app, conn, graph, revisions, wanted, list, error))
        return false;
    if (revisions->len == 0)
        output_line(app->output, "nothing to backfill");
    output_json(app->output, json_pack("{s:O}", "backfills", list));
    return true;
}

static const ArgSpec run_args[] = {
    {"workers", 0, ARG_INT, offsetof(RunOptions, workers), "N", "sessions that work side by side"},
    {"unthrottled", 0, ARG_FLAG, offsetof(RunOptions, unthrottled), NULL,
     "as fast as it can be, though apps are at work; the limits hold"},
    {0},
};

const Command command_backfill_run = {
    .group = group,
    .name = "backfill run",
    .summary = "fill the rows that were there before, until none is left, then finish",
    .usage = "[REVISION]",
    .details =
        "Works in short transactions that any number of processes may share: start it again on "
        "another machine, and both work. Killed at any moment, the next run goes on where it "
        "stopped. Without a revision: all that are expanded, in order. Beside apps that are at "
        "work "
        "it works a share of the time, and it holds while replicas lag or sessions wait for it "
        "(backfill.* in sluice.yaml).",
    .example = "sluice backfill run\nsluice backfill run 3f2a --workers 2\n"
               "sluice backfill run --unthrottled",
    .args = run_args,
    .args_size = sizeof(RunOptions),
    .needs = NEED_DATABASE,
    .run = run_run,
};

/* *@ret_id: the revision that @target names, whole; NULL where it is NULL. */
static bool
find_id(App *app, const char *target, char **ret_id, GError **error)
{
    g_autoptr(Graph) graph = NULL;
    const Revision *named = NULL;

    if (target == NULL)
        return true;
    graph = graph_load(app->settings->migrations, error);
    if (graph == NULL || !target_point(graph, NULL, target, &named, error))
        return false;
    *ret_id = named ? g_strdup(named->id) : NULL;
    return true;
}

static bool
run_status(App *app, void *options G_GNUC_UNUSED, const char *const *words, GError **error)
{
    g_autofree char *id = NULL;
    g_autoptr(PgConn) conn =
        find_id(app, words[0], &id, error) ? connect_ledger(app, "backfill status", error) : NULL;
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

/* Ids of @target, or of all revisions whose backfill is not done. Element-type char *. */
static GPtrArray *
choose_controlled(App *app, PgConn *conn, const char *target, GError **error)
{
    g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) rows = ledger_load_backfills(conn, NULL, error);
    g_autofree char *named = NULL;

    if (rows == NULL || !find_id(app, target, &named, error))
        return NULL;
    for (guint i = 0; i < rows->len; i++) {
        const LedgerBackfill *row = rows->pdata[i];

        if (row->state != LEDGER_BACKFILL_DONE &&
            (named == NULL || strcmp(row->revision, named) == 0) &&
            !g_ptr_array_find_with_equal_func(ids, row->revision, g_str_equal, NULL))
            g_ptr_array_add(ids, g_strdup(row->revision));
    }
    if (ids->len > 0)
        return g_steal_pointer(&ids);
    if (named)
        error_set(error, ERROR_STATE, "revision %s has no backfill at work", named);
    else
        error_set(error, ERROR_STATE, "no backfill is at work");
    error_hint(error, "See `sluice backfill status`.");
    return NULL;
}

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
    g_autoptr(PgConn) conn =
        find_id(app, words[0], &id, error) ? connect_ledger(app, "backfill watch", error) : NULL;
    g_autoptr(GPtrArray) ids = NULL;

    if (conn == NULL)
        return false;
    if (id) {
        ids = g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(ids, g_steal_pointer(&id));
    } else {
        ids = choose_controlled(app, conn, NULL, error);
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

static bool
control(App *app, const char *target, LedgerWanted wanted, const char *done, GError **error)
{
    g_autoptr(PgConn) conn = connect_ledger(app, "backfill control", error);
    g_autoptr(GPtrArray) ids = conn ? choose_controlled(app, conn, target, error) : NULL;
    g_autoptr(json_t) list = json_array();

    if (ids == NULL)
        return false;
    for (guint i = 0; i < ids->len; i++) {
        const char *id = ids->pdata[i];
        g_autofree char *text = g_strdup_printf("backfill of %s: %s", id, done);
        gint64 count = 0;

        if (!ledger_want_backfill(conn, id, wanted, &count, error) ||
            !ledger_append_event(conn, "backfill", id, 0, text, NULL, error))
            return false;
        output_line(app->output, "%s", text);
        json_array_append_new(list, json_pack("{s:s, s:s}", "revision", id, "wanted", done));
    }
    output_json(app->output, json_pack("{s:O}", "backfills", list));
    return true;
}

static bool
run_pause(App *app, void *options G_GNUC_UNUSED, const char *const *words, GError **error)
{
    return control(app, words[0], LEDGER_WANT_PAUSE, "to pause", error);
}

static bool
run_resume(App *app, void *options G_GNUC_UNUSED, const char *const *words, GError **error)
{
    return control(app, words[0], LEDGER_WANT_RUN, "to go on", error);
}

static bool
run_cancel(App *app, void *options G_GNUC_UNUSED, const char *const *words, GError **error)
{
    return control(app, words[0], LEDGER_WANT_CANCEL, "to be cancelled", error);
}

const Command command_backfill_pause = {
    .group = group,
    .name = "backfill pause",
    .summary = "hold a backfill at its next part, on whatever machine it runs",
    .usage = "[REVISION]",
    .details = "Its processes stay and wait for `sluice backfill resume`.",
    .example = "sluice backfill pause",
    .needs = NEED_DATABASE,
    .run = run_pause,
};

const Command command_backfill_resume = {
    .group = group,
    .name = "backfill resume",
    .summary = "let a paused or cancelled backfill go on",
    .usage = "[REVISION]",
    .details = "A cancelled one has no process any more: start it with `sluice backfill run`.",
    .example = "sluice backfill resume",
    .needs = NEED_DATABASE,
    .run = run_resume,
};

const Command command_backfill_cancel = {
    .group = group,
    .name = "backfill cancel",
    .summary = "end a backfill at its next part; what is done stays done",
    .usage = "[REVISION]",
    .details = "The triggers stay, so old and new shape stay equal in the rows that apps write.",
    .example = "sluice backfill cancel 3f2a",
    .needs = NEED_DATABASE,
    .run = run_cancel,
};

static bool
run_set(App *app, void *options G_GNUC_UNUSED, const char *const *words, GError **error)
{
    const char *target = words[0] && strchr(words[0], '=') == NULL ? words[0] : NULL;
    g_autoptr(json_t) changes = json_object();
    g_autoptr(json_t) list = json_array();
    g_autoptr(GPtrArray) ids = NULL;
    g_autoptr(PgConn) conn = NULL;
    g_autofree char *values = NULL;
    g_autofree char *text = NULL;

    if (!live_add_words(changes, app->settings, words + (target != NULL), error))
        return false;
    conn = connect_ledger(app, "backfill control", error);
    ids = conn ? choose_controlled(app, conn, target, error) : NULL;
    if (ids == NULL)
        return false;
    values = live_text(changes);
    text = g_strconcat("set ", values, NULL);
    for (guint i = 0; i < ids->len; i++) {
        if (!ledger_set_backfill(conn, ids->pdata[i], changes, error) ||
            !ledger_append_event(conn, "backfill", ids->pdata[i], 0, text, json_incref(changes),
                                 error))
            return false;
        output_line(app->output, "backfill of %s: %s", (const char *) ids->pdata[i], text);
        json_array_append_new(list, json_string(ids->pdata[i]));
    }
    output_json(app->output, json_pack("{s:O, s:O}", "revisions", list, "set", changes));
    return true;
}

const Command command_backfill_set = {
    .group = group,
    .name = "backfill set",
    .summary = "change pace and limits of a backfill while it runs, on whatever machine",
    .usage = "[REVISION] [KEY=VALUE]...",
    .details =
        "KEY is an option of the section backfill: workers, target_time, busy_target_time, "
        "duty_cycle, max_part_wal, max_replica_lag and the other limits, old_xmin, window. KEY= "
        "takes back what was set. "
        "Every process follows within a moment, and so do later ones, whatever their settings say.",
    .example = "sluice backfill set workers=4 target_time=20ms\n"
               "sluice backfill set 3f2a max_replica_lag=5s window='22:00-06:00 Europe/Berlin'\n"
               "sluice backfill set old_xmin=plain max_slot_wal=",
    .needs = NEED_DATABASE,
    .run = run_set,
};

static bool
retry_rows(App *app, const char *target, GError **error)
{
    g_autoptr(PgConn) conn = connect_ledger(app, "backfill control", error);
    g_autoptr(GPtrArray) ids = conn ? choose_controlled(app, conn, target, error) : NULL;
    gint64 all = 0;

    for (guint i = 0; ids && i < ids->len; i++) {
        g_autofree char *text = NULL;
        gint64 count = 0;

        if (!ledger_retry_rows(conn, ids->pdata[i], &count, error))
            return false;
        text = g_strdup_printf("%" G_GINT64_FORMAT " rows in quarantine are tried again", count);
        if (count > 0 &&
            !ledger_append_event(conn, "backfill", ids->pdata[i], 0, text, NULL, error))
            return false;
        all += count;
    }
    if (ids && all == 0) {
        error_set(error, ERROR_STATE, "no row is in quarantine");
        error_hint(error, "See `sluice backfill status`.");
    }
    return all > 0;
}

static bool
run_retry(App *app, void *options, const char *const *words, GError **error)
{
    return retry_rows(app, words[0], error) && run_run(app, options, words, error);
}

const Command command_backfill_retry = {
    .group = group,
    .name = "backfill retry",
    .summary = "try the rows again that the server refused",
    .usage = "[REVISION]",
    .details =
        "For after a row, a function or the statement was mended; then as `sluice backfill run`. A "
        "row that was changed is tried again by any run. Skipped rows stay so.",
    .example = "sluice backfill retry 3f2a",
    .args = run_args,
    .args_size = sizeof(RunOptions),
    .needs = NEED_DATABASE,
    .run = run_retry,
};

typedef struct {
    const char *key, *reason;
} SkipOptions;

static bool
skip_row(App *app, const char *id, const SkipOptions *wanted, GError **error)
{
    g_autoptr(PgConn) conn = connect_ledger(app, "backfill control", error);
    g_autofree char *text = NULL;
    g_autoptr(GPtrArray) rows = NULL;
    gint64 count = 0;

    if (conn == NULL || !ledger_skip_row(conn, id, wanted->key, wanted->reason, &count, error))
        return false;
    if (count == 0) {
        error_set(error, ERROR_STATE, "revision %s has no row '%s' in quarantine", id, wanted->key);
        return error_hint(error, "`sluice backfill status` lists the rows with their keys.");
    }
    text = g_strdup_printf("row %s is left as it is: %s", wanted->key, wanted->reason);
    if (!ledger_append_event(conn, "backfill", id, 0, text,
                             json_pack("{s:s, s:s}", "key", wanted->key, "reason", wanted->reason),
                             error))
        return false;
    rows = ledger_load_quarantine(conn, id, 0, error);
    if (rows == NULL)
        return false;
    output_line(app->output, "%s: %s; %u rows wait%s", id, text, ledger_count_open(rows),
                ledger_count_open(rows) == 0 ? ": sluice backfill run" : "");
    output_json(app->output, json_pack("{s:s, s:s, s:i}", "revision", id, "skipped", wanted->key,
                                       "waiting", (int) ledger_count_open(rows)));
    return true;
}

static bool
run_skip(App *app, void *options, const char *const *words, GError **error)
{
    const SkipOptions *wanted = options;
    g_autofree char *id = NULL;

    if (wanted->key == NULL || wanted->reason == NULL) {
        error_set(error, ERROR_USAGE, "backfill skip needs --key and --reason");
        return error_hint(error, "`sluice backfill status` lists the rows with their keys.");
    }
    return find_id(app, words[0], &id, error) && skip_row(app, id, wanted, error);
}

static const ArgSpec skip_args[] = {
    {"key", 0, ARG_TEXT, offsetof(SkipOptions, key), "KEY", "the row, as status shows it"},
    {"reason", 0, ARG_TEXT, offsetof(SkipOptions, reason), "TEXT", "why it may stay as it is"},
    {0},
};

const Command command_backfill_skip = {
    .group = group,
    .name = "backfill skip",
    .summary = "leave a row as it is that the server refused",
    .usage = "REVISION",
    .details = "The backfill can then be done, and verify does not count the row. Who did it and "
               "why is kept as an event.",
    .example = "sluice backfill skip 3f2a --key 'id = 17' --reason 'a test account'",
    .args = skip_args,
    .args_size = sizeof(SkipOptions),
    .needs = NEED_DATABASE,
    .run = run_skip,
};

static bool
verify_one(App *app, const Revision *revision, json_t *list, gint64 *mismatches, GError **error)
{
    const BackfillContext context = {.url = app->settings->database_url,
                                     .settings = app->settings,
                                     .clock = app->clock,
                                     .report = app->report};
    VerifyResult result = {0};

    if (!backfill_verify(&context, revision, &result, error))
        return false;
    *mismatches += result.mismatches;
    backfill_output_verify(app->output, revision, &result, list);
    verify_result_clear(&result);
    return true;
}

/* What can be compared: both shapes are there, or the author says what is wrong. */
static bool
can_be_verified(const LedgerRevisions *rows, const Revision *revision)
{
    const LedgerRevision *row = ledger_find_revision(rows, revision->id);

    return row && row->state != STATE_PENDING && row->state != STATE_CONTRACTED &&
           (revision_has_backfill(revision) ||
            revision_section(revision, SECTION_VERIFY, NULL) != NULL);
}

static bool
verify_chosen(App *app, PgConn *conn, const Graph *graph, const char *target, json_t *list,
              gint64 *mismatches, GError **error)
{
    g_autoptr(LedgerRevisions) rows = ledger_load_revisions(conn, error);
    const Revision *named = NULL;

    if (rows == NULL || (target && !target_point(graph, NULL, target, &named, error)))
        return false;
    for (guint i = 0; i < graph_count(graph); i++) {
        g_autoptr(Revision) revision = NULL;

        if (named && graph_get(graph, i) != named)
            continue;
        revision = graph_read(graph, graph_get(graph, i), error);
        if (revision == NULL)
            return false;
        if (can_be_verified(rows, revision)) {
            if (!verify_one(app, revision, list, mismatches, error))
                return false;
        } else if (named) {
            error_set(error, ERROR_STATE, "revision %s has nothing to compare", revision->id);
            return error_hint(error, "Old and new shape exist side by side from expand to "
                                     "contract: see `sluice status`.");
        }
    }
    return true;
}

static bool
run_verify(App *app, void *options G_GNUC_UNUSED, const char *const *words, GError **error)
{
    g_autoptr(PgConn) conn = connect_ledger(app, "verify", error);
    g_autoptr(Graph) graph = conn ? graph_load(app->settings->migrations, error) : NULL;
    g_autoptr(json_t) list = json_array();
    gint64 mismatches = 0;

    if (graph == NULL || !verify_chosen(app, conn, graph, words[0], list, &mismatches, error))
        return false;
    if (json_array_size(list) == 0)
        output_line(app->output, "nothing to compare");
    output_json(app->output, json_pack("{s:O}", "verified", list));
    if (mismatches == 0)
        return true;
    error_set(error, ERROR_CHECK, "%" G_GINT64_FORMAT " rows differ between old and new shape",
              mismatches);
    return error_hint(error, "Run `sluice backfill run` if it is not done; else look at the row "
                             "and at the mapping: sluice show.");
}

const Command command_backfill_verify = {
    .group = group,
    .name = "backfill verify",
    .summary = "compare old and new shape, row by row; status 9 if one differs",
    .usage = "[REVISION]",
    .details = "Reads range by range, with short snapshots. A verify section of the revision is "
               "run instead, where there is one: each row that it gives is a difference.",
    .example = "sluice backfill verify",
    .needs = NEED_DATABASE,
    .run = run_verify,
};
