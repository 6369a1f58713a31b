#include "backfill/throttle.h"

#include <math.h>

#include "base/json.h"
#include "base/text.h"
#include "ledger/events.h"
#include "ledger/throttles.h"
#include "pg/lock.h"

enum {
    EVENT_MS = 1000, /* a stop that lasts longer is worth an event */
    COUNT_MS = 2000, /* so often the ledger is kept up: a kill loses no more */
};

struct Throttle {
    const BackfillContext *context;
    PgConn *conn;
    const BackfillTask *task;

    const char *signal;   /* holds it; NULL: nothing */
    char *text;           /* what it says now */
    LedgerThrottle begin; /* what it was when it began */
    gint64 since_ms;
    gint64 counted_ms; /* up to here the ledger knows */
    bool recorded;     /* the ledger knows of this stop, by us */
    bool told;         /* so does the event log */
    bool cleaned;      /* what a killed process left is gone */
};

Throttle *
throttle_new(const BackfillContext *context, PgConn *conn, const BackfillTask *task)
{
    Throttle *throttle = g_new0(Throttle, 1);

    throttle->context = context;
    throttle->conn = conn;
    throttle->task = task;
    return throttle;
}

static void
forget(Throttle *throttle)
{
    throttle->signal = NULL;
    throttle->recorded = throttle->told = false;
    g_clear_pointer(&throttle->text, g_free);
    g_clear_pointer(&throttle->begin.cause, g_free);
    g_clear_pointer(&throttle->begin.holder, g_free);
}

void
throttle_free(Throttle *throttle)
{
    if (throttle == NULL)
        return;
    forget(throttle);
    g_free(throttle);
}

const char *
throttle_text(const Throttle *throttle)
{
    return throttle->text;
}

static gint64
now_ms(const Throttle *throttle)
{
    return clock_now_ms(throttle->context->clock);
}

/* The lock goes with the session: then another process takes it up. */
bool
throttle_is_scribe(const Throttle *throttle)
{
    bool got = false;

    return pg_try_lock(throttle->conn, pg_lock_key(PG_LOCK_BACKFILL, throttle->task->id, 1), &got,
                       NULL) &&
           got;
}

/* JSON has no infinity, which is what cannot be measured. */
static double
finite_or_zero(double value)
{
    return isfinite(value) ? value : 0;
}

static json_t *
event_data(const Throttle *throttle, gint64 held_ms)
{
    const LedgerThrottle *begin = &throttle->begin;

    return json_pack("{s:s, s:s, s:f, s:f, s:s?, s:I}", "signal", throttle->signal, "cause",
                     begin->cause, "value", begin->value, "limit", begin->limit, "holder",
                     begin->holder, "held_ms", (json_int_t) held_ms);
}

static bool
tell_event(Throttle *throttle, GError **error)
{
    const gint64 held_ms = now_ms(throttle) - throttle->since_ms;
    g_autofree char *text = NULL;

    if (throttle->told || held_ms < EVENT_MS)
        return true;
    throttle->told = true;
    text = g_strdup_printf("backfill of %s is held: %s", throttle->task->table->quoted,
                           throttle->begin.cause);
    return ledger_append_event(throttle->conn, "throttle", throttle->task->revision, 0, text,
                               event_data(throttle, held_ms), error);
}

/* What the ledger lacks of this stop. */
static bool
count_up(Throttle *throttle, GError **error)
{
    const gint64 id = throttle->task->id;
    const gint64 now = now_ms(throttle);

    if (!throttle_is_scribe(throttle))
        return true;
    if (!throttle->recorded && !ledger_begin_throttle(throttle->conn, id, &throttle->begin, error))
        return false;
    throttle->recorded = true;
    if (!ledger_add_throttle(throttle->conn, id, throttle->signal, throttle->text,
                             now - throttle->counted_ms, error))
        return false;
    throttle->counted_ms = now;
    return tell_event(throttle, error);
}

static bool
begin(Throttle *throttle, const SignalReading *hold, GError **error)
{
    report_wait(throttle->context->report, "backfill of %s waits: %s",
                throttle->task->table->quoted, hold->text);
    throttle->signal = hold->name;
    throttle->text = g_strdup(hold->text);
    throttle->begin = (LedgerThrottle){
        .signal = (char *) (guintptr) hold->name,
        .cause = g_strdup(hold->text),
        .value = finite_or_zero(hold->value),
        .limit = hold->limit,
        .holder = g_strdup(hold->holder),
    };
    throttle->since_ms = throttle->counted_ms = now_ms(throttle);
    return count_up(throttle, error);
}

static bool
go_on(Throttle *throttle, const SignalReading *hold, GError **error)
{
    g_free(throttle->text);
    throttle->text = g_strdup(hold->text);
    if (now_ms(throttle) - throttle->counted_ms < COUNT_MS &&
        (throttle->told || now_ms(throttle) - throttle->since_ms < EVENT_MS))
        return true;
    return count_up(throttle, error);
}

static bool
end(Throttle *throttle, GError **error)
{
    const gint64 held_ms = now_ms(throttle) - throttle->since_ms;
    g_autofree char *duration = text_format_duration_ms(held_ms);
    g_autofree char *text =
        g_strdup_printf("backfill of %s was held for %s: %s", throttle->task->table->quoted,
                        duration, throttle->begin.cause);
    bool went = count_up(throttle, error);

    if (went && throttle->recorded)
        went = ledger_end_throttle(throttle->conn, throttle->task->id, error);
    if (went && throttle->told)
        went = ledger_append_event(throttle->conn, "throttle", throttle->task->revision, 0, text,
                                   event_data(throttle, held_ms), error);
    forget(throttle);
    return went;
}

/* Whoever was held and then killed left its cause; who is held now keeps the lock. */
static bool
clean_once(Throttle *throttle, GError **error)
{
    if (throttle->cleaned)
        return true;
    throttle->cleaned = true;
    return !throttle_is_scribe(throttle) ||
           ledger_end_throttle(throttle->conn, throttle->task->id, error);
}

bool
throttle_see(Throttle *throttle, const SignalReading *hold, GError **error)
{
    if (!clean_once(throttle, error))
        return false;
    if (hold && throttle->signal && g_str_equal(hold->name, throttle->signal))
        return go_on(throttle, hold, error);
    if (throttle->signal && !end(throttle, error))
        return false;
    return hold == NULL || begin(throttle, hold, error);
}
