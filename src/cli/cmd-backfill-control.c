/* The commands that steer backfills of any process: pause, resume, cancel, set, skip. */

#include <string.h>

#include "base/json.h"
#include "cli/backfill-scope.h"
#include "cli/command.h"
#include "conf/live.h"
#include "ledger/backfills.h"
#include "ledger/events.h"
#include "ledger/quarantine.h"

static const char group[] = "Backfill";

static bool
control(App *app, const char *target, LedgerWanted wanted, const char *done, GError **error)
{
    g_autoptr(PgConn) conn = backfill_connect(app, "backfill control", error);
    g_autoptr(GPtrArray) ids = conn ? backfill_choose(app, conn, target, error) : NULL;
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
    conn = backfill_connect(app, "backfill control", error);
    ids = conn ? backfill_choose(app, conn, target, error) : NULL;
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

typedef struct {
    const char *key, *reason;
} SkipOptions;

static bool
skip_row(App *app, const char *id, const SkipOptions *wanted, GError **error)
{
    g_autoptr(PgConn) conn = backfill_connect(app, "backfill control", error);
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
    return backfill_find_id(app, words[0], &id, error) && skip_row(app, id, wanted, error);
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
