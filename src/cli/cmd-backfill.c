/* The commands that do a backfill's work: run, retry, verify. */

#include "backfill/complete.h"
#include "backfill/verify.h"
#include "base/json.h"
#include "cli/backfill-output.h"
#include "cli/backfill-scope.h"
#include "cli/command.h"
#include "ledger/events.h"
#include "ledger/quarantine.h"
#include "ledger/revisions.h"
#include "revision/target.h"

static const char group[] = "Backfill";

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
    g_autoptr(PgConn) conn = backfill_connect(app, "backfill finish", error);
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

static bool
retry_rows(App *app, const char *target, GError **error)
{
    g_autoptr(PgConn) conn = backfill_connect(app, "backfill control", error);
    g_autoptr(GPtrArray) ids = conn ? backfill_choose(app, conn, target, error) : NULL;
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
    g_autoptr(PgConn) conn = backfill_connect(app, "verify", error);
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
