#include "lint/timeouts.h"

#include <string.h>

static const char *const names[TIMEOUT_N] = {
    [TIMEOUT_LOCK] = "lock_timeout",
    [TIMEOUT_STATEMENT] = "statement_timeout",
};

const char *
timeout_name(TimeoutKind kind)
{
    return names[kind];
}

TimeoutKind
timeout_kind_of(const char *name)
{
    for (TimeoutKind kind = 0; kind < TIMEOUT_N; kind++)
        if (name != NULL && g_ascii_strcasecmp(name, names[kind]) == 0)
            return kind;
    return TIMEOUT_N;
}

Timeouts
timeouts_of_role(gint64 lock_ms, gint64 statement_ms)
{
    return (Timeouts){
        .session_ms = {[TIMEOUT_LOCK] = lock_ms, [TIMEOUT_STATEMENT] = statement_ms},
        .role_ms = {[TIMEOUT_LOCK] = lock_ms, [TIMEOUT_STATEMENT] = statement_ms},
    };
}

gint64
timeouts_get(const Timeouts *timeouts, TimeoutKind kind)
{
    return timeouts->is_local[kind] ? timeouts->local_ms[kind] : timeouts->session_ms[kind];
}

gint64
timeout_parse(const char *value)
{
    static const struct {
        const char *unit;
        double ms;
    } units[] = {{"", 1},        {"ms", 1},      {"us", 0.001},  {"s", 1000},
                 {"min", 60000}, {"h", 3600000}, {"d", 86400000}};
    g_autofree char *bare = g_strdup(value);
    char *end;
    double number;

    g_strdelimit(bare, "'", ' ');
    g_strstrip(bare);
    number = g_ascii_strtod(bare, &end);
    if (end == bare)
        return TIMEOUT_UNKNOWN;
    g_strchug(end);
    for (guint i = 0; i < G_N_ELEMENTS(units); i++)
        if (g_str_equal(end, units[i].unit))
            return (gint64) (number * units[i].ms);
    return TIMEOUT_UNKNOWN;
}

static void
set(Timeouts *timeouts, TimeoutKind kind, gint64 ms, bool local, bool in_transaction)
{
    if (local && !in_transaction)
        return; /* the server only warns */
    if (local) {
        timeouts->local_ms[kind] = ms;
        timeouts->is_local[kind] = true;
    } else {
        timeouts->session_ms[kind] = ms;
        timeouts->is_local[kind] = false;
    }
}

void
timeouts_apply(Timeouts *timeouts, const DdlChange *change, bool in_transaction)
{
    const TimeoutKind named = timeout_kind_of(change->text);
    gint64 ms;

    if (change->kind != CHANGE_SET || change->text == NULL)
        return;
    if (g_str_equal(change->text, "all")) {
        for (TimeoutKind kind = 0; kind < TIMEOUT_N; kind++)
            set(timeouts, kind, timeouts->role_ms[kind], false, in_transaction);
        return;
    }
    if (named == TIMEOUT_N)
        return;
    ms = change->value ? timeout_parse(change->value) : timeouts->role_ms[named];
    set(timeouts, named, ms, change->local, in_transaction);
}

void
timeouts_begin(Timeouts *timeouts)
{
    memcpy(timeouts->begin_ms, timeouts->session_ms, sizeof timeouts->begin_ms);
}

void
timeouts_end(Timeouts *timeouts, bool committed)
{
    memset(timeouts->is_local, 0, sizeof timeouts->is_local);
    if (!committed)
        memcpy(timeouts->session_ms, timeouts->begin_ms, sizeof timeouts->begin_ms);
}
