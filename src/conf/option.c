#include "conf/option.h"

#include <string.h>

#include "base/text.h"
#include "conf/url.h"
#include "conf/window.h"

#define AT(field) offsetof(Settings, field)

const OptionSpec settings_options[] = {
    {"database.url", "SLUICE_DATABASE_URL DATABASE_URL CONN_URL", OPTION_URL, NULL,
     "the database to migrate: a URL or libpq's key=value form", AT(database_url)},
    {"database.schema", "SLUICE_DATABASE_SCHEMA", OPTION_TEXT, NULL,
     "a tenant's schema: the revisions are applied in it alone, and recorded for it",
     AT(database_schema)},
    {"rehearse.clone", "SLUICE_REHEARSE_CLONE", OPTION_URL, NULL,
     "a copy of production on which `sluice rehearse` runs, in place of a private server",
     AT(rehearse_clone)},
    {"migrations", "SLUICE_MIGRATIONS", OPTION_PATH, "migrations", "folder of the revision files",
     AT(migrations)},

    {"revision.file_template", "SLUICE_REVISION_FILE_TEMPLATE", OPTION_TEXT,
     "{date}_{id}_{slug}.sql",
     "name of a new revision's file; {time}, {year}, {month}, {day}, {hour}, {minute} and {second} "
     "(UTC) are filled in too",
     AT(revision_file_template)},
    {"revision.slug_length", "SLUICE_REVISION_SLUG_LENGTH", OPTION_INT, "40",
     "longest {slug} of a file's name, in characters", AT(revision_slug_length), NULL, 1, 200},

    {"databases.query", "SLUICE_DATABASES_QUERY", OPTION_TEXT, NULL,
     "many databases: SELECT that yields their URLs, and in a second column their names",
     AT(databases_query)},
    {"databases.query_url", "SLUICE_DATABASES_QUERY_URL", OPTION_URL, NULL,
     "the database that databases.query is run on, where it is not database.url",
     AT(databases_query_url)},
    {"databases.schemas", "SLUICE_DATABASES_SCHEMAS", OPTION_TEXT, NULL,
     "many tenants in one database: pattern of their schemas' names, with * and ?",
     AT(databases_schemas)},
    {"databases.schemas_query", "SLUICE_DATABASES_SCHEMAS_QUERY", OPTION_TEXT, NULL,
     "many tenants in one database: SELECT that yields their schemas' names",
     AT(databases_schemas_query)},
    {"databases.jobs", "SLUICE_DATABASES_JOBS", OPTION_INT, "4",
     "databases or schemas that are worked on at the same time", AT(databases_jobs), NULL, 1, 256},

    {"lock.stall_budget", "SLUICE_LOCK_STALL_BUDGET", OPTION_DURATION, "50ms",
     "longest time that an app's query may wait for us", AT(stall_budget_ms)},
    {"lock.give_up_after", "SLUICE_LOCK_GIVE_UP_AFTER", OPTION_DURATION, "10m",
     "how long to try to get a lock within the budget, before exit status 6", AT(give_up_after_ms)},
    {"lock.migrator_wait", "SLUICE_LOCK_MIGRATOR_WAIT", OPTION_DURATION, "5m",
     "how long to wait for another sluice on the same database, before exit status 7",
     AT(migrator_wait_ms)},

    {"backfill.workers", "SLUICE_BACKFILL_WORKERS", OPTION_INT, "1",
     "sessions that fill at the same time, in each process", AT(backfill_workers), NULL, 1, 64,
     .live = true},
    {"backfill.target_time", "SLUICE_BACKFILL_TARGET_TIME", OPTION_DURATION, "25ms",
     "how long one transaction may take: about the longest wait of an app on a row",
     AT(backfill_target_ms), .live = true},
    {"backfill.busy_target_time", "SLUICE_BACKFILL_BUSY_TARGET_TIME", OPTION_DURATION, "1ms",
     "the same while apps use the server: as long as an app may have to wait for a core",
     AT(backfill_busy_target_ms), .live = true},
    {"backfill.duty_cycle", "SLUICE_BACKFILL_DUTY_CYCLE", OPTION_RATIO, "12%",
     "share of the time in which a session works while apps use the server; it rests after each "
     "transaction. Where no app is at work it does not rest",
     AT(backfill_duty_cycle), .live = true},
    {"backfill.range_pages", "SLUICE_BACKFILL_RANGE_PAGES", OPTION_INT, "512",
     "pages of the table that a worker claims at a time", AT(backfill_range_pages), NULL, 1,
     1 << 20},
    {"backfill.parts", "SLUICE_BACKFILL_PARTS", OPTION_INT, "0",
     "transactions that the rows of a range are scattered over; 0: as the table's shape asks",
     AT(backfill_parts), NULL, 0, 64},
    {"backfill.walk", "SLUICE_BACKFILL_WALK", OPTION_TEXT, "auto",
     "order in which a table is gone through: by its pages, or along a unique key; auto: pages",
     AT(backfill_walk), "auto|pages|key"},
    {"backfill.max_part_wal", "SLUICE_BACKFILL_MAX_PART_WAL", OPTION_SIZE, "16MB",
     "WAL that a part may make, whatever time it takes; 0: any", AT(backfill_max_part_wal),
     .live = true},
    {"backfill.plan_guard", "SLUICE_BACKFILL_PLAN_GUARD", OPTION_BOOL, "yes",
     "stop where each part would read a large table as a whole", AT(backfill_plan_guard)},
    {"backfill.max_quarantined", "SLUICE_BACKFILL_MAX_QUARANTINED", OPTION_INT, "100",
     "rows that the server may refuse before the backfill stops: then the statement is wrong",
     AT(backfill_max_quarantined), NULL, 0, 1000000},

    {"backfill.max_replica_lag", "SLUICE_BACKFILL_MAX_REPLICA_LAG", OPTION_DURATION, "10s",
     "replica lag in time above which the backfill waits; 0: do not look", AT(backfill_max_lag_ms),
     .live = true},
    {"backfill.max_replica_lag_size", "SLUICE_BACKFILL_MAX_REPLICA_LAG_SIZE", OPTION_SIZE, "64MB",
     "replica lag in bytes of WAL above which the backfill waits; 0: do not look",
     AT(backfill_max_lag_bytes), .live = true},
    {"backfill.max_slot_wal", "SLUICE_BACKFILL_MAX_SLOT_WAL", OPTION_SIZE, "10GB",
     "WAL that a replication slot may keep before the backfill waits; 0: do not look",
     AT(backfill_max_slot_wal), .live = true},
    {"backfill.max_blocked", "SLUICE_BACKFILL_MAX_BLOCKED", OPTION_INT, "0",
     "sessions blocked by the backfill above which it waits", AT(backfill_max_blocked), NULL, 0,
     100000, .live = true},
    {"backfill.max_active_sessions", "SLUICE_BACKFILL_MAX_ACTIVE_SESSIONS", OPTION_INT, "0",
     "sessions of others that run a query, above which the backfill waits; 0: do not look",
     AT(backfill_max_active_sessions), NULL, 0, 100000, .live = true},
    {"backfill.max_commit_time", "SLUICE_BACKFILL_MAX_COMMIT_TIME", OPTION_DURATION, "1s",
     "time of a small commit to the server's disk above which the backfill waits; 0: do not try",
     AT(backfill_max_commit_ms), .live = true},
    {"backfill.max_wal_rate", "SLUICE_BACKFILL_MAX_WAL_RATE", OPTION_SIZE, "0",
     "WAL of the whole server in a second above which the backfill waits; 0: do not look",
     AT(backfill_max_wal_rate), .live = true},
    {"backfill.max_archive_backlog", "SLUICE_BACKFILL_MAX_ARCHIVE_BACKLOG", OPTION_INT, "64",
     "WAL segments that wait for their archive above which the backfill waits; 0: do not look",
     AT(backfill_max_archive_backlog), NULL, 0, 1000000, .live = true},
    {"backfill.max_dead_rows", "SLUICE_BACKFILL_MAX_DEAD_ROWS", OPTION_RATIO, "0%",
     "share of dead rows above which the backfill waits while a vacuum of the table is at work or "
     "due; 0%: do not look",
     AT(backfill_max_dead_rows), .live = true},
    {"backfill.max_xmin_age", "SLUICE_BACKFILL_MAX_XMIN_AGE", OPTION_DURATION, "1m",
     "age of the oldest snapshot above which dead rows pile up, and old_xmin decides; 0: do not "
     "look",
     AT(backfill_max_xmin_age_ms), .live = true},
    {"backfill.old_xmin", "SLUICE_BACKFILL_OLD_XMIN", OPTION_TEXT, "wait",
     "what to do while a snapshot is older than that: wait for it, go on as if it were not there, "
     "or fill in plain order, which is faster then",
     AT(backfill_old_xmin), "wait|go_on|plain", .live = true},
    {"backfill.max_checkpoints", "SLUICE_BACKFILL_MAX_CHECKPOINTS", OPTION_INT, "0",
     "checkpoints in five minutes that WAL forced and not the clock, above which the backfill "
     "waits; 0: do not look",
     AT(backfill_max_checkpoints), NULL, 0, 100000, .live = true},
    {"backfill.signal_query", "SLUICE_BACKFILL_SIGNAL_QUERY", OPTION_TEXT, NULL,
     "SELECT of a number (and in a second column whose it is): above signal_limit the backfill "
     "waits",
     AT(backfill_signal_query)},
    {"backfill.signal_limit", "SLUICE_BACKFILL_SIGNAL_LIMIT", OPTION_INT, "0",
     "limit of signal_query's number", AT(backfill_signal_limit), NULL, G_MININT, G_MAXINT,
     .live = true},
    {"backfill.window", "SLUICE_BACKFILL_WINDOW", OPTION_WINDOW, NULL,
     "time of day in which the backfill works, by the server's clock: 22:00-06:00 is UTC, "
     "22:00-06:00 Europe/Berlin there; else it waits",
     AT(backfill_window), .live = true},
    {"backfill.required_signals", "SLUICE_BACKFILL_REQUIRED_SIGNALS", OPTION_TEXT, "replica_lag",
     "signals without which the backfill does not start, of replica_lag, slots, sessions, commit, "
     "archive, dead_rows, xmin; none",
     AT(backfill_required_signals)},

    {"app.name", "SLUICE_APP_NAME", OPTION_TEXT, NULL,
     "the app's sessions have the application_name '<name>/<version>'", AT(app_name)},

    {"deploy.driver", "SLUICE_DEPLOY_DRIVER", OPTION_TEXT, "exec",
     "how instances of a version are started and stopped", AT(deploy_driver), "exec"},
    {"deploy.start", "SLUICE_DEPLOY_START", OPTION_TEXT, NULL,
     "shell command that starts a version; SLUICE_APP and SLUICE_VERSION are in its environment",
     AT(deploy_start)},
    {"deploy.stop", "SLUICE_DEPLOY_STOP", OPTION_TEXT, NULL,
     "shell command that drains and stops a version", AT(deploy_stop)},
    {"deploy.ready", "SLUICE_DEPLOY_READY", OPTION_TEXT, NULL,
     "shell command with exit status 0 once all instances of a version answer", AT(deploy_ready)},
    {"deploy.timeout", "SLUICE_DEPLOY_TIMEOUT", OPTION_DURATION, "5m",
     "how long a version may take to start, to be ready, or to stop", AT(deploy_timeout_ms)},

    {"traffic.driver", "SLUICE_TRAFFIC_DRIVER", OPTION_TEXT, NULL,
     "what splits the traffic between the versions", AT(traffic_driver), "exec|haproxy"},
    {"traffic.socket", "SLUICE_TRAFFIC_SOCKET", OPTION_PATH, NULL,
     "haproxy: its stats socket, with 'level admin'", AT(traffic_socket)},
    {"traffic.backend", "SLUICE_TRAFFIC_BACKEND", OPTION_TEXT, NULL,
     "haproxy: the backend that both versions' servers are in", AT(traffic_backend)},
    {"traffic.command", "SLUICE_TRAFFIC_COMMAND", OPTION_TEXT, NULL,
     "exec: shell command, called with 'read', 'set STABLE CANARY', 'take-out POOL', 'put-back "
     "POOL'",
     AT(traffic_command)},
    {"traffic.drain", "SLUICE_TRAFFIC_DRAIN", OPTION_DURATION, "30s",
     "how long open requests may take to end when servers are drained", AT(traffic_drain_ms)},

    {"analysis.acceptable", "SLUICE_ANALYSIS_ACCEPTABLE", OPTION_RATIO, "0.1%",
     "share of failed requests that is fine", AT(analysis_acceptable)},
    {"analysis.intolerable", "SLUICE_ANALYSIS_INTOLERABLE", OPTION_RATIO, "1%",
     "share of failed requests at which to abort", AT(analysis_intolerable)},
    {"analysis.alpha", "SLUICE_ANALYSIS_ALPHA", OPTION_RATIO, "1%",
     "probability to abort a version whose share of failures is acceptable", AT(analysis_alpha)},
    {"analysis.beta", "SLUICE_ANALYSIS_BETA", OPTION_RATIO, "5%",
     "probability to pass a version whose share of failures is intolerable", AT(analysis_beta)},
    {"analysis.interval", "SLUICE_ANALYSIS_INTERVAL", OPTION_DURATION, "1s",
     "how often the counters are read", AT(analysis_interval_ms)},
    {"analysis.max", "SLUICE_ANALYSIS_MAX", OPTION_DURATION, "30m",
     "time without a verdict after which an analysis is inconclusive and holds",
     AT(analysis_max_ms)},

    {"gate.quiet", "SLUICE_GATE_QUIET", OPTION_DURATION, "5m",
     "how long no session of a version that does not survive it may be seen before contract",
     AT(gate_quiet_ms)},

    {"lint.runner", "SLUICE_LINT_RUNNER", OPTION_TEXT, "psql",
     "how plain files are run: which statements share a transaction", AT(lint_runner),
     "alembic|dbmate|flyway|psql|rails"},
    {"lint.server_version", "SLUICE_LINT_SERVER_VERSION", OPTION_INT, "15",
     "major version of PostgreSQL that the files are for", AT(lint_server_version), NULL, 9, 30},
    {"lint.lock_timeout", "SLUICE_LINT_LOCK_TIMEOUT", OPTION_DURATION, "0",
     "lock_timeout that the migrating role has by itself (ALTER ROLE .. SET); 0: not known",
     AT(lint_lock_timeout_ms)},
    {"lint.statement_timeout", "SLUICE_LINT_STATEMENT_TIMEOUT", OPTION_DURATION, "0",
     "statement_timeout that the migrating role has by itself; 0: not known",
     AT(lint_statement_timeout_ms)},
    {"lint.baseline", "SLUICE_LINT_BASELINE", OPTION_PATH, NULL,
     "file of the findings that are accepted: `sluice lint --write-baseline`", AT(lint_baseline)},

    {"rollout.from", "SLUICE_ROLLOUT_FROM", OPTION_TEXT, NULL,
     "version that serves now; none for the first release", AT(release_from)},
    {"rollout.to", "SLUICE_ROLLOUT_TO", OPTION_TEXT, NULL, "version that is rolled out",
     AT(release_to)},
    {NULL},
};

const char *
option_type_name(OptionType type)
{
    static const char *const names[] = {
        [OPTION_TEXT] = "text",
        [OPTION_PATH] = "path",
        [OPTION_URL] = "URL",
        [OPTION_INT] = "whole number",
        [OPTION_DURATION] = "duration",
        [OPTION_SIZE] = "size",
        [OPTION_RATIO] = "share",
        [OPTION_BOOL] = "yes or no",
        [OPTION_WINDOW] = "time of day",
    };
    return names[type];
}

const OptionSpec *
option_find(const char *key)
{
    for (const OptionSpec *option = settings_options; option->key; option++)
        if (strcmp(option->key, key) == 0)
            return option;
    return NULL;
}

static void
replace_text(char **slot, char *take_text)
{
    g_free(*slot);
    *slot = take_text;
}

static bool
apply_int(const OptionSpec *option, int *slot, const char *text, GError **error)
{
    gint64 value;

    if (!text_parse_int(text, &value, error))
        return false;
    if (value < option->minimum || value > option->maximum)
        return error_set(error, ERROR_CONFIG,
                         "%s is not between %" G_GINT64_FORMAT " and %" G_GINT64_FORMAT, text,
                         option->minimum, option->maximum);
    *slot = (int) value;
    return true;
}

static bool
apply_url(char **slot, const char *text, GError **error)
{
    char *url = url_normalise(text, error);

    if (url == NULL)
        return false;
    replace_text(slot, url);
    return true;
}

static bool
apply_window(char **slot, const char *text, GError **error)
{
    g_auto(Window) window = {0};

    if (*text && !window_parse(text, &window, error))
        return false;
    replace_text(slot, *text ? g_strdup(text) : NULL);
    return true;
}

static bool
check_choices(const OptionSpec *option, const char *text, GError **error)
{
    g_auto(GStrv) choices = NULL;
    const char *near;

    if (option->choices == NULL)
        return true;
    choices = g_strsplit(option->choices, "|", -1);
    if (g_strv_contains((const char *const *) choices, text))
        return true;
    near = text_nearest(text, (const char *const *) choices);
    g_autofree char *list = g_strjoinv(", ", choices);
    if (near == NULL || option->type != OPTION_TEXT)
        return error_set(error, ERROR_CONFIG, "'%s' is none of: %s", text, list);
    return error_set(error, ERROR_CONFIG, "'%s' is none of: %s; did you mean '%s'?", text, list,
                     near);
}

bool
option_apply(const OptionSpec *option, Settings *settings, const char *text, GError **error)
{
    void *slot = (char *) settings + option->offset;

    if (!check_choices(option, text, error))
        return false;
    switch (option->type) {
    case OPTION_TEXT:
        replace_text(slot, *text ? g_strdup(text) : NULL);
        return true;
    case OPTION_PATH:
        replace_text(slot, g_canonicalize_filename(text, settings->folder));
        return true;
    case OPTION_URL:
        return apply_url(slot, text, error);
    case OPTION_DURATION:
        return text_parse_duration_ms(text, slot, error);
    case OPTION_SIZE:
        return text_parse_size(text, slot, error);
    case OPTION_INT:
        return apply_int(option, slot, text, error);
    case OPTION_RATIO:
        return text_parse_ratio(text, slot, error);
    case OPTION_BOOL:
        return text_parse_bool(text, slot, error);
    case OPTION_WINDOW:
        return apply_window(slot, text, error);
    }
    g_assert_not_reached();
}

static bool
is_text(const OptionSpec *option)
{
    return option->type == OPTION_TEXT || option->type == OPTION_PATH ||
           option->type == OPTION_URL || option->type == OPTION_WINDOW;
}

/* Durations, sizes and shares are all of one size. */
static size_t
size_of(const OptionSpec *option)
{
    G_STATIC_ASSERT(sizeof(double) == sizeof(gint64));
    if (option->type == OPTION_INT)
        return sizeof(int);
    return option->type == OPTION_BOOL ? sizeof(bool) : sizeof(gint64);
}

void
option_copy(const OptionSpec *option, const Settings *from, Settings *to)
{
    const void *source = (const char *) from + option->offset;
    void *slot = (char *) to + option->offset;

    if (is_text(option))
        replace_text(slot, g_strdup(*(char *const *) source));
    else
        memcpy(slot, source, size_of(option));
}

void
option_apply_defaults(Settings *settings)
{
    for (const OptionSpec *option = settings_options; option->key; option++)
        if (option->default_text) {
            const bool fits = option_apply(option, settings, option->default_text, NULL);
            g_assert(fits);
        }
}

void
option_clear_all(Settings *settings)
{
    for (const OptionSpec *option = settings_options; option->key; option++)
        if (is_text(option))
            replace_text((char **) (void *) ((char *) settings + option->offset), NULL);
}
