/*
 * conf/settings.h - what sluice.yaml, the environment and .env say, checked and with defaults.
 *
 * Plain scalar options are rows of settings_options[] (option.c): one declaration, which the
 * parser,
 * --help, docs/configuration.md and shell completion read. Precedence: command line, environment,
 * .env, sluice.yaml, default. Lists (app.versions, rollout.steps) are rows of settings_lists[], and
 * stand in the file only. Nothing is expanded in values: "${HOME}" is these seven characters.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/error.h"

typedef struct {
    char *version;         /* "2.0" */
    char *built_on;        /* revision id: needs it and its ancestors expanded; NULL: none */
    GPtrArray *still_uses; /* char *: revisions whose old shape it still touches; never NULL */
} AppVersion;

typedef enum {
    STEP_KIND_EXPAND,
    STEP_KIND_DEPLOY,
    STEP_KIND_BACKFILL,
    STEP_KIND_WEIGHT,
    STEP_KIND_ANALYSIS,
    STEP_KIND_PAUSE,
    STEP_KIND_CUTOVER,
    STEP_KIND_SOAK,
    STEP_KIND_RETIRE,
    STEP_KIND_CONTRACT,
    STEP_KIND_N
} StepKind;

/* "expand", "weight", ... as written in the file. */
const char *step_kind_name(StepKind kind);

/* One row of rollout.steps. Fields that a kind does not have are 0. */
typedef struct {
    StepKind kind;
    int weight;         /* weight: 0..100, per cent */
    gint64 duration_ms; /* analysis.for, soak, pause (0: until resumed) */
    int approvals;      /* cutover, contract: how many names must approve */
    gint64 quiet_ms;    /* contract: no old session for so long; -1: gate.quiet */
    Place place;        /* in sluice.yaml */
} StepSpec;

/* One of lint.rules: `unbatched-dml: error`. */
typedef struct {
    char *rule;
    char *level;
    Place place; /* in sluice.yaml */
} LintLevelSpec;

/* One of databases.list. */
typedef struct {
    char *name; /* NULL: none was given */
    char *url;
} DatabaseSpec;

typedef struct {
    char *folder; /* the one sluice.yaml lies in; relative paths start here */
    char *file;   /* sluice.yaml's path, or NULL if there is none */

    char *database_url;    /* may be NULL: settings_require_database */
    char *database_schema; /* a tenant's: what is done is done in it alone; NULL: none */
    char *rehearse_clone;  /* a copy of production that may be used up; NULL: none */
    char *migrations;      /* absolute folder */

    char *revision_file_template; /* revision.file_template: author/name.h */
    int revision_slug_length;     /* revision.slug_length, 40 */

    GPtrArray *databases;          /* DatabaseSpec *: databases.list; never NULL */
    GPtrArray *databases_canary;   /* char *: names; never NULL */
    char *databases_query;         /* yields their URLs (and names) */
    char *databases_query_url;     /* where it runs; NULL: database.url */
    char *databases_schemas;       /* glob over the schemas of database.url */
    char *databases_schemas_query; /* yields their names */
    int databases_jobs;            /* connections at the same time, 4 */

    gint64 stall_budget_ms;  /* lock.stall_budget, 50 ms */
    gint64 give_up_after_ms; /* lock.give_up_after, 10 min: then ERROR_LOCK */
    gint64 migrator_wait_ms; /* lock.migrator_wait: for another sluice; 5 min */

    int backfill_workers;           /* 1 */
    gint64 backfill_target_ms;      /* backfill.target_time, 25 ms */
    gint64 backfill_busy_target_ms; /* backfill.busy_target_time, beside apps, 1 ms */
    double backfill_duty_cycle;     /* share of the time beside apps, 12 % */
    int backfill_range_pages;       /* 512 */
    int backfill_parts;             /* 0: as the table's shape asks */
    gint64 backfill_max_lag_ms;     /* backfill.max_replica_lag, 10 s; 0: do not look */
    gint64 backfill_max_lag_bytes;  /* backfill.max_replica_lag_size, 64 MB */
    int backfill_max_blocked;       /* backfill.max_blocked: sessions blocked by us, 0 */
    char *backfill_walk;            /* backfill.walk: auto, pages or key */
    bool backfill_plan_guard;       /* stop at a plan that reads too much, true */
    gint64 backfill_max_part_wal;   /* backfill.max_part_wal, 16 MB; 0: as much as it takes */
    int backfill_max_quarantined;   /* backfill.max_quarantined: refused rows, 100 */

    /* Signals (signals/signals.h): limits above which a backfill waits; 0: do not look. */
    gint64 backfill_max_slot_wal;     /* bytes that a slot keeps, 10 GB */
    int backfill_max_active_sessions; /* off */
    gint64 backfill_max_commit_ms;    /* backfill.max_commit_time, 1 s */
    gint64 backfill_max_wal_rate;     /* bytes a second, off */
    int backfill_max_archive_backlog; /* WAL segments, 64 */
    double backfill_max_dead_rows;    /* share of the table, off */
    gint64 backfill_max_xmin_age_ms;  /* backfill.max_xmin_age, 1 min */
    char *backfill_old_xmin;          /* backfill.old_xmin: wait, go_on or plain */
    int backfill_max_checkpoints;     /* in five minutes, off */
    char *backfill_signal_query;      /* NULL: none */
    int backfill_signal_limit;        /* 0 */
    char *backfill_window;            /* as conf/window.h reads it; NULL: always */
    char *backfill_required_signals;  /* "replica_lag, .."; NULL: none */

    char *app_name;          /* sessions are "<name>/<version>"; may be NULL */
    GPtrArray *app_roles;    /* char *: database roles of the app; never NULL */
    GPtrArray *app_versions; /* AppVersion *; never NULL */

    char *deploy_driver; /* "exec" */
    char *deploy_start;  /* shell commands; SLUICE_APP, SLUICE_VERSION in their environment */
    char *deploy_stop;
    char *deploy_ready; /* exit 0 once all instances of the version answer */
    gint64 deploy_timeout_ms;

    char *traffic_driver; /* "haproxy", "exec" */
    char *traffic_socket; /* haproxy: path of the stats socket */
    char *traffic_backend;
    GPtrArray *traffic_stable; /* char *: server names; never NULL */
    GPtrArray *traffic_canary;
    char *traffic_command;   /* exec: how it is called: docs/traffic.md */
    gint64 traffic_drain_ms; /* how long to wait for open requests, 30 s */

    double analysis_acceptable;  /* p0, 0.1 % */
    double analysis_intolerable; /* p1, 1 % */
    double analysis_alpha;       /* 1 % */
    double analysis_beta;        /* 5 % */
    gint64 analysis_interval_ms; /* 1 s */
    gint64 analysis_max_ms;      /* after so long without a verdict: inconclusive, 30 min */

    gint64 gate_quiet_ms; /* gate.quiet, 5 min */

    GPtrArray *lint_rules;            /* LintLevelSpec *: not checked here; never NULL */
    GPtrArray *lint_exclude;          /* char *: patterns of paths; never NULL */
    char *lint_runner;                /* lint.runner: how plain files are run, psql */
    int lint_server_version;          /* lint.server_version: major, 15 */
    gint64 lint_lock_timeout_ms;      /* lint.lock_timeout: what the role sets; 0: not known */
    gint64 lint_statement_timeout_ms; /* lint.statement_timeout: the same */
    char *lint_baseline;              /* lint.baseline: file of accepted findings; NULL: none */

    char *release_from; /* rollout.from: version; NULL: none */
    char *release_to;   /* rollout.to */
    GArray *steps;      /* StepSpec; empty: the default list */
} Settings;

/* Reads @path, or sluice.yaml in the working folder or above if NULL; a missing one is no error if
 * @path is NULL. All errors of the file are found before it returns: the first is the error's text,
 * the others follow in lines of their own. ERROR_CONFIG with file:line:column. */
Settings *settings_load(const char *path, GError **error);
void settings_free(Settings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Settings, settings_free)

/* Sets one option by its key ("backfill.workers") as if it were written in the file; a list is
 * given as YAML ("[a, b]"). ERROR_CONFIG: unknown key (with the nearest), value of the wrong type.
 */
bool settings_set(Settings *settings, const char *key, const char *value, GError **error);

/* A copy of all options, for one who changes some; the lists of the copy are empty. */
Settings *settings_copy_options(const Settings *settings);

/* True if it names several databases, or the schemas of one, and none of them was picked
 * (database.schema). */
bool settings_has_databases(const Settings *settings);

/* The URL in libpq's form ("postgresql+psycopg2://" becomes "postgresql://"), or NULL and
 * ERROR_CONFIG that says how to name the database. Borrowed. */
const char *settings_require_database(const Settings *settings, GError **error);

/* NULL if the version is not declared. Borrowed. */
const AppVersion *settings_find_version(const Settings *settings, const char *version);

/* The declarations, for --help, docs and completion. */
typedef enum {
    OPTION_TEXT,
    OPTION_PATH, /* text; a relative path starts at Settings.folder */
    OPTION_URL,  /* text; normalised for libpq */
    OPTION_DURATION,
    OPTION_SIZE,
    OPTION_INT,
    OPTION_RATIO,
    OPTION_BOOL,
    OPTION_WINDOW /* text that conf/window.h can read */
} OptionType;
typedef struct {
    const char *key; /* "lock.stall_budget" */
    const char *env; /* "SLUICE_LOCK_STALL_BUDGET", or several in order of preference: "A B" */
    OptionType type;
    const char *default_text; /* NULL: none */
    const char *help;         /* one sentence, no full stop */
    size_t offset;            /* in Settings */
    const char *choices;      /* "a|b|c": nothing else is accepted; NULL: anything of the type */
    gint64 minimum, maximum;  /* OPTION_INT only */
    bool live;                /* `sluice backfill set` changes it while a backfill runs */
} OptionSpec;
/* NULL-key-ended. */
extern const OptionSpec settings_options[];
/* "duration", "path", .. for people. */
const char *option_type_name(OptionType type);

typedef struct {
    const char *key;
    const char *help;    /* one sentence, no full stop */
    const char *example; /* YAML, below the key's own section */
} ListSpec;
/* NULL-key-ended. */
extern const ListSpec settings_lists[];
