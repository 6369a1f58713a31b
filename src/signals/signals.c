#include "signals/signals.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "signals/hysteresis.h"
#include "signals/signal.h"

static const SignalKind *const kinds[] = {
    &signal_replica_lag, &signal_slots,       &signal_blocked, &signal_sessions,
    &signal_commit,      &signal_wal_rate,    &signal_archive, &signal_dead_rows,
    &signal_xmin,        &signal_checkpoints, &signal_query,   &signal_window,
};

typedef struct SignalState {
    SignalReading reading;
    Hysteresis hysteresis;
    double share;     /* of its limit */
    gint64 next_ms;   /* not looked at before */
    bool missed;      /* the last look failed */
    bool missed_said; /* of an optional one */
} SignalState;

Signals *
signals_new(PgConn *conn, const Settings *settings, const Clock *clock, const Report *report)
{
    Signals *signals = g_new0(Signals, 1);

    signals->conn = conn;
    signals->settings = settings;
    signals->clock = clock;
    signals->report = report;
    signals->states = g_new0(SignalState, G_N_ELEMENTS(kinds));
    signals->written = series_new();
    signals->rate = series_new();
    signals->xids = series_new();
    signals->checkpoints = series_new();
    signals->commit_ms = -1;
    return signals;
}

static void
reading_clear(SignalReading *reading)
{
    g_clear_pointer(&reading->holder, g_free);
    g_clear_pointer(&reading->text, g_free);
}

void
signals_free(Signals *signals)
{
    if (signals == NULL)
        return;
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
        reading_clear(&signals->states[i].reading);
    g_free(signals->states);
    series_free(signals->written);
    series_free(signals->rate);
    series_free(signals->xids);
    series_free(signals->checkpoints);
    g_free(signals);
}

void
signals_set(Signals *signals, const Settings *settings)
{
    signals->settings = settings;
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
        signals->states[i].next_ms = 0;
}

char *
signal_text(const PgRows *rows, int column)
{
    return pg_is_null(rows, 0, column) ? NULL : g_strdup(pg_text(rows, 0, column));
}

char *
signal_format(SignalUnit unit, double value)
{
    g_autofree char *size = NULL;

    switch (unit) {
    case SIGNAL_COUNT:
        return text_format_count((gint64) value);
    case SIGNAL_MS:
        return text_format_duration_ms((gint64) value);
    case SIGNAL_BYTES:
        return text_format_size((gint64) value);
    case SIGNAL_RATE:
        size = text_format_size((gint64) value);
        return g_strconcat(size, "/s", NULL);
    case SIGNAL_SHARE:
        return g_strdup_printf("%.1f %%", 100 * value);
    }
    g_assert_not_reached();
}

/* A value is over its limit where this is above 1. Without a measure to go by, all that is over the
 * limit is far over it. */
static double
share_of(const SignalReading *reading)
{
    if (reading->limit > 0)
        return reading->value / reading->limit;
    return reading->value > reading->limit ? reading->value - reading->limit + 1 : 0;
}

/* While it is held though the value has come down, the text says what it still waits for. */
static void
describe(SignalReading *reading, double share)
{
    const char *holder = reading->holder;
    g_autofree char *value = signal_format(reading->unit, reading->value);
    g_autofree char *limit = signal_format(
        reading->unit, share > 1 ? reading->limit : HYSTERESIS_RELEASE * reading->limit);

    if (reading->text == NULL)
        reading->text = g_strdup_printf(
            "%s %s%s%s%s%s%s", reading->name, value, share > 1 ? " > " : ", goes on below ", limit,
            holder ? " (" : "", holder ? holder : "", holder ? ")" : "");
}

static bool
check_role(Signals *signals, const SignalKind *kind, GError **error)
{
    g_autoptr(PgRows) rows = NULL;

    if (kind->role == NULL)
        return true;
    rows = pg_query(signals->conn, error,
                    "SELECT pg_has_role(current_user, $1, 'USAGE'), quote_ident(current_user)",
                    kind->role);
    if (rows == NULL)
        return false;
    if (pg_bool(rows, 0, 0))
        return true;
    error_set(error, ERROR_STATE, "%s cannot be measured: role %s may not see it", kind->name,
              pg_text(rows, 0, 1));
    return error_hint(error, "GRANT pg_monitor TO %s, or take %s out of backfill.required_signals.",
                      pg_text(rows, 0, 1), kind->key);
}

static bool
is_named(const char *list, const char *key)
{
    g_auto(GStrv) names = g_strsplit_set(list ? list : "", ", ", -1);

    return g_strv_contains((const char *const *) names, key);
}

static bool
is_required(const Signals *signals, const SignalKind *kind)
{
    return kind->asked || is_named(signals->settings->backfill_required_signals, kind->key);
}

/* A name that is none would be a signal less than somebody counts on. */
static bool
check_names(const Signals *signals, GError **error)
{
    g_auto(GStrv) names = g_strsplit_set(signals->settings->backfill_required_signals
                                             ? signals->settings->backfill_required_signals
                                             : "",
                                         ", ", -1);
    const char *known[G_N_ELEMENTS(kinds) + 1] = {NULL};

    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
        known[i] = kinds[i]->key;
    for (char **name = names; *name; name++) {
        const char *near = text_nearest(*name, known);

        if (**name == '\0' || g_str_equal(*name, "none") || g_strv_contains(known, *name))
            continue;
        error_set(error, ERROR_CONFIG, "backfill.required_signals: there is no signal '%s'", *name);
        return near ? error_hint(error, "Did you mean '%s'?", near)
                    : error_hint(error, "docs/backfill.md lists them.");
    }
    return true;
}

/* It could not be measured: an error before anything ran, later a reason to hold; of an optional
 * one only a warning. */
static bool
miss(Signals *signals, const SignalKind *kind, SignalState *state, GError *cause, GError **error)
{
    if (error_is(cause, ERROR_CONNECTION) || (is_required(signals, kind) && !signals->began)) {
        g_propagate_error(error, g_error_copy(cause));
        return false;
    }
    state->missed = true;
    if (is_required(signals, kind)) {
        state->reading.text = g_strdup(cause->message);
        state->share = INFINITY;
    } else if (!state->missed_said) {
        state->missed_said = true;
        report_warning(signals->report, "not watched: %s", cause->message);
    }
    return true;
}

static bool
try_measure(Signals *signals, const SignalKind *kind, SignalState *state,
            const SignalSubject *subject, GError **error)
{
    if (kind->measure(signals, subject, &state->reading, error))
        return true;
    if (!error_is(*error, ERROR_CONNECTION))
        g_prefix_error(error, "%s cannot be measured: ", kind->name);
    return false;
}

static bool
look(Signals *signals, const SignalKind *kind, SignalState *state, const SignalSubject *subject,
     GError **error)
{
    const gint64 now_ms = clock_now_ms(signals->clock);
    g_autoptr(GError) cause = NULL;

    if (now_ms < state->next_ms)
        return true;
    state->next_ms = now_ms + kind->every_ms;
    reading_clear(&state->reading);
    state->reading = (SignalReading){.name = kind->name};
    state->missed = false;
    state->share = 0;
    if (!check_role(signals, kind, &cause) || !try_measure(signals, kind, state, subject, &cause)) {
        if (!miss(signals, kind, state, cause, error))
            return false;
    } else {
        state->share = share_of(&state->reading);
    }
    if (hysteresis_see(&state->hysteresis, state->share, clock_now_ms(signals->clock)))
        describe(&state->reading, state->share);
    return true;
}

/* An old snapshot is waited for only where that was asked for. */
static bool
holds(const Signals *signals, guint i)
{
    return signals->states[i].hysteresis.holds &&
           (kinds[i] != &signal_xmin || g_str_equal(signals->settings->backfill_old_xmin, "wait"));
}

bool
signals_sample(Signals *signals, const SignalSubject *subject, const SignalReading **ret_hold,
               GError **error)
{
    const SignalState *worst = NULL;

    if (!signals->began && !check_names(signals, error))
        return false;
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        SignalState *state = &signals->states[i];

        if (!kinds[i]->is_limited(signals->settings))
            state->hysteresis = (Hysteresis){0};
        else if (!look(signals, kinds[i], state, subject, error))
            return false;
        if (holds(signals, i) && (worst == NULL || state->share > worst->share))
            worst = state;
    }
    signals->began = true;
    *ret_hold = worst ? &worst->reading : NULL;
    return true;
}

const SignalReading *
signals_old_xmin(const Signals *signals)
{
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (kinds[i] == &signal_xmin && signals->states[i].hysteresis.holds && !holds(signals, i))
            return &signals->states[i].reading;
    return NULL;
}
