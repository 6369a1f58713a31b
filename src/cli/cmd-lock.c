#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/command.h"
#include "ledger/events.h"
#include "pg/lock.h"
#include "sql/script.h"

typedef struct {
    bool dry_run;
    bool yes;
} BreakOptions;

static PgConn *
connect_to(const App *app, GError **error)
{
    return pg_connect(settings_require_database(app->settings, NULL),
                      &(PgConnOptions){.purpose = "lock",
                                       .allow_pooler = true,
                                       .schema = app->settings->database_schema},
                      error);
}

/* "migrator", "rollout 3". Caller owns. */
static char *
lock_name(const PgLockHolder *holder)
{
    const char *class = pg_lock_class_name(holder->class);

    if (holder->class == PG_LOCK_MIGRATOR && holder->number)
        return g_strdup_printf("%s of a tenant", class);
    return holder->number ? g_strdup_printf("%s %" G_GINT64_FORMAT, class, holder->number)
                          : g_strdup(class);
}

static json_t *
holder_json(const PgLockHolder *holder)
{
    g_autofree char *query = sql_redact(holder->query);

    return json_pack("{s:s, s:I, s:i, s:s, s:s, s:s, s:s, s:s, s:s}", "lock",
                     pg_lock_class_name(holder->class), "number", (json_int_t) holder->number,
                     "pid", holder->pid, "application", holder->application, "role", holder->role,
                     "host", holder->host, "since", holder->since, "state", holder->state, "query",
                     query);
}

static GStrv
holder_row(const PgLockHolder *holder)
{
    GStrv cells = g_new0(char *, 8);

    cells[0] = lock_name(holder);
    cells[1] = g_strdup_printf("%d", holder->pid);
    cells[2] = g_strdup(*holder->application ? holder->application : "-");
    cells[3] = g_strdup(holder->host);
    cells[4] = g_strdup(holder->since);
    cells[5] = g_strdup(*holder->state ? holder->state : "-");
    cells[6] = sql_redact(holder->query);
    return cells;
}

static bool
run_show(App *app, void *data G_GNUC_UNUSED, const char *const *words G_GNUC_UNUSED, GError **error)
{
    static const char *const header[] = {"LOCK",  "PID",   "SESSION", "HOST",
                                         "SINCE", "STATE", "QUERY",   NULL};
    g_autoptr(PgConn) conn = connect_to(app, error);
    g_autoptr(GPtrArray) holders = conn ? pg_load_lock_holders(conn, error) : NULL;
    g_autoptr(GPtrArray) table = g_ptr_array_new_with_free_func((GDestroyNotify) g_strfreev);
    g_autoptr(json_t) list = json_array();

    if (holders == NULL)
        return false;
    for (guint i = 0; i < holders->len; i++) {
        g_ptr_array_add(table, holder_row(g_ptr_array_index(holders, i)));
        json_array_append_new(list, holder_json(g_ptr_array_index(holders, i)));
    }
    if (table->len > 0)
        output_table(app->output, header, table);
    else
        output_line(app->output, "no sluice is at work on %s", pg_target(conn));
    output_json(app->output, json_pack("{s:s, s:O}", "database", pg_target(conn), "locks", list));
    return true;
}

static const PgLockHolder *
find_migrator(const PgConn *conn, const GPtrArray *holders)
{
    for (guint i = 0; i < holders->len; i++) {
        const PgLockHolder *holder = g_ptr_array_index(holders, i);
        if (pg_lock_holder_is_migrator(holder, conn))
            return holder;
    }
    return NULL;
}

static bool
check_holder(const PgLockHolder *holder, const BreakOptions *options, GError **error)
{
    if (!pg_lock_holder_is_ours(holder)) {
        error_set(error, ERROR_STATE, "pid %d (%s) holds the migrator lock, and is no sluice",
                  holder->pid, *holder->application ? holder->application : "without a name");
        return error_hint(error, "If it must go: SELECT pg_terminate_backend(%d);", holder->pid);
    }
    if (options->yes || options->dry_run)
        return true;
    error_set(error, ERROR_USAGE, "pid %d (%s on %s, since %s) holds the migrator lock",
              holder->pid, holder->application, holder->host, holder->since);
    return error_hint(error,
                      "`sluice lock break --yes` ends its session; what it has not committed "
                      "is rolled back, and the same command goes on where it stopped.");
}

/* A database without a ledger has nowhere to keep it. */
static bool
record(PgConn *conn, const PgLockHolder *holder, GError **error)
{
    g_autofree char *text =
        g_strdup_printf("broke the migrator lock of pid %d (%s on %s, since %s)", holder->pid,
                        holder->application, holder->host, holder->since);
    int version = 0;

    if (!ledger_find(conn, &version, error))
        return false;
    return version < LEDGER_VERSION ||
           ledger_append_event(conn, "lock-broken", NULL, 0, text, holder_json(holder), error);
}

static bool
end_holder(App *app, PgConn *conn, const PgLockHolder *holder, bool dry_run, GError **error)
{
    bool ended = false;

    if (!dry_run && (!pg_end_lock_holder(conn, holder, &ended, error) ||
                     (ended && !record(conn, holder, error))))
        return false;
    output_line(app->output, "%s the session of pid %d (%s on %s, since %s)",
                dry_run ? "would end"
                : ended ? "ended"
                        : "nothing to do: it has just ended by itself,",
                holder->pid, holder->application, holder->host, holder->since);
    output_json(app->output, json_pack("{s:b, s:b, s:o}", "dry_run", dry_run, "broken", ended,
                                       "holder", holder_json(holder)));
    return true;
}

static bool
run_break(App *app, void *data, const char *const *words G_GNUC_UNUSED, GError **error)
{
    const BreakOptions *options = data;
    g_autoptr(PgConn) conn = connect_to(app, error);
    g_autoptr(GPtrArray) holders = conn ? pg_load_lock_holders(conn, error) : NULL;
    const PgLockHolder *holder;

    if (holders == NULL)
        return false;
    holder = find_migrator(conn, holders);
    if (holder)
        return check_holder(holder, options, error) &&
               end_holder(app, conn, holder, options->dry_run, error);
    output_line(app->output, "nothing to do: nobody holds the migrator lock of %s",
                pg_target(conn));
    output_json(app->output,
                json_pack("{s:b, s:b, s:n}", "dry_run", options->dry_run, "broken", 0, "holder"));
    return true;
}

const Command command_lock_show = {
    .group = "Applying",
    .name = "lock show",
    .summary = "show which sessions of sluice hold its locks",
    .usage = "",
    .details = "The migrator (expand, finish, cutover, contract, downgrade), rollouts, and the "
               "ranges that workers of a backfill have claimed. A lock is a session's: it goes "
               "with the connection, whatever became of the process.",
    .example = "sluice lock show",
    .needs = NEED_DATABASE,
    .run = run_show,
};

const Command command_lock_break = {
    .group = "Applying",
    .name = "lock break",
    .summary = "end the session that holds the migrator lock",
    .usage = "",
    .details = "For a sluice on a machine that hangs or is cut off. Its transaction is rolled "
               "back; what it has committed is in the journal, and the same command goes on there. "
               "Only sessions of sluice are ended, and it is recorded as an event. Needs the role "
               "of that session, or pg_signal_backend.",
    .example = "sluice lock break --dry-run\nsluice lock break --yes",
    .args = (const ArgSpec[]){{"dry-run", 0, ARG_FLAG, offsetof(BreakOptions, dry_run), NULL,
                               "say whose session would end, end none"},
                              {"yes", 0, ARG_FLAG, offsetof(BreakOptions, yes), NULL,
                               "end it, without a question"},
                              {NULL}},
    .args_size = sizeof(BreakOptions),
    .needs = NEED_DATABASE,
    .run = run_break,
};
