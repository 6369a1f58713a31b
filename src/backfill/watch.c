#include "backfill/watch.h"

#include "backfill/progress.h"
#include "base/error.h"
#include "base/stop.h"

enum {
    POLL_MS = 500,
    IDLE_MS = 3000, /* so long nobody held a range: it is not between two */
};

typedef struct {
    const WatchContext *context;
    const GPtrArray *ids;
    Progress *progress;
    gint64 worked_ms;     /* when somebody was last seen at work */
    gint64 lost_since_ms; /* 0: connected */
} Watch;

/* Adds the rows of all revisions, in order. */
static bool
load(Watch *watch, GPtrArray *all, GError **error)
{
    for (guint i = 0; i < watch->ids->len; i++) {
        const char *id = watch->ids->pdata[i];
        g_autoptr(GPtrArray) list = backfill_load_status(watch->context->conn, id, error);

        if (list == NULL)
            return false;
        if (list->len == 0) {
            error_set(error, ERROR_STATE, "revision %s has no backfill at work", id);
            return error_hint(error, "`sluice backfill run %s` begins it.", id);
        }
        g_ptr_array_extend_and_steal(all, g_steal_pointer(&list));
    }
    return true;
}

/* False where it has come to an end that is not a good one. */
static bool
check_end(const LedgerBackfill *backfill, GError **error)
{
    const char *id = backfill->revision;

    if (backfill->state == LEDGER_BACKFILL_CANCELLED) {
        error_set(error, ERROR_STATE, "the backfill of %s was cancelled", backfill->relation);
        return error_hint(error,
                          "`sluice backfill resume %s` and `sluice backfill run %s` take it "
                          "up again where it stopped.",
                          id, id);
    }
    if (backfill->state == LEDGER_BACKFILL_FAILED) {
        error_set(error, ERROR_SQL, "%s",
                  backfill->error ? backfill->error : "the backfill failed");
        return error_hint(error, "Mend what it names, then run `sluice backfill run %s` again.",
                          id);
    }
    if (backfill->state == LEDGER_BACKFILL_QUARANTINED) {
        error_set(error, ERROR_SQL, "the backfill of %s: %s", backfill->relation, backfill->error);
        return error_hint(error, "All others are done. `sluice backfill status` lists them; then "
                                 "`sluice backfill retry` or `skip`.");
    }
    return true;
}

static const char *
note_of(Watch *watch, const BackfillStatus *status)
{
    const LedgerBackfill *backfill = status->backfill;
    const gint64 now_ms = clock_now_ms(watch->context->clock);

    if (status->workers > 0)
        watch->worked_ms = now_ms;
    if (backfill->wanted == LEDGER_WANT_CANCEL)
        return "is to be cancelled";
    if (now_ms - watch->worked_ms > IDLE_MS)
        return "nobody works at it: sluice backfill run";
    return backfill->wanted == LEDGER_WANT_PAUSE ? "paused" : backfill->throttle;
}

static void
tell(Watch *watch, const BackfillStatus *status)
{
    const WatchContext *context = watch->context;
    const LedgerBackfill *backfill = status->backfill;
    const char *note = note_of(watch, status);
    json_t *line = NULL;

    progress_see(watch->progress, backfill, note == NULL);
    progress_tell(watch->progress, backfill, status->throttles, note, context->report);
    if (context->on_look == NULL)
        return;
    line = progress_to_json(watch->progress, backfill, status->throttles);
    json_object_set_new(line, "state", json_string(status->state));
    json_object_set_new(line, "workers", json_integer(status->workers));
    json_object_set_new(line, "note", note ? json_string(note) : json_null());
    context->on_look(context->data, line);
}

static void
tell_done(Watch *watch, const GPtrArray *list)
{
    for (guint i = 0; i < list->len; i++) {
        tell(watch, list->pdata[i]);
        report_progress_end(watch->context->report);
        watch->context->on_done(watch->context->data, list->pdata[i]);
    }
}

/* One look. *@ret_done: all are. */
static bool
look(Watch *watch, bool *ret_done, GError **error)
{
    g_autoptr(GPtrArray) list =
        g_ptr_array_new_with_free_func((GDestroyNotify) backfill_status_free);
    const BackfillStatus *next = NULL;

    if (!load(watch, list, error))
        return false;
    for (guint i = 0; i < list->len; i++) {
        const BackfillStatus *status = list->pdata[i];

        if (!check_end(status->backfill, error))
            return false;
        if (next == NULL && status->backfill->state != LEDGER_BACKFILL_DONE)
            next = status;
    }
    *ret_done = next == NULL;
    if (next)
        tell(watch, next);
    else
        tell_done(watch, list);
    return true;
}

/* The server may be restarting: the backfill rides that out, and so do we. */
static bool
reconnect(Watch *watch, const GError *cause)
{
    const gint64 now_ms = clock_now_ms(watch->context->clock);

    if (!error_is(cause, ERROR_CONNECTION))
        return false;
    if (watch->lost_since_ms == 0) {
        watch->lost_since_ms = now_ms;
        report_wait(watch->context->report, "%s", cause->message);
    }
    if (!pg_reconnect(watch->context->conn, NULL))
        return now_ms - watch->lost_since_ms < watch->context->give_up_ms;
    watch->lost_since_ms = 0;
    return true;
}

bool
backfill_watch(const WatchContext *context, const GPtrArray *ids, GError **error)
{
    g_autoptr(Progress) progress = progress_new(context->clock);
    Watch watch = {.context = context,
                   .ids = ids,
                   .progress = progress,
                   .worked_ms = clock_now_ms(context->clock)};
    bool done = false;

    while (!done) {
        g_autoptr(GError) cause = NULL;

        if (!look(&watch, &done, &cause) && !reconnect(&watch, cause)) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return false;
        }
        if (!done)
            clock_sleep_ms(context->clock, POLL_MS);
        if (!stop_check(error))
            return false;
    }
    return true;
}
