#include "base/json.h"
#include "cli/workspace.h"
#include "ledger/script.h"

typedef struct {
    bool sql;
} Options;

static bool
print_sql(App *app)
{
    g_autofree char *sql = ledger_script();

    output_text(app->output, sql);
    output_json(app->output, json_pack("{s:i, s:s}", "version", LEDGER_VERSION, "sql", sql));
    return true;
}

static bool
run_ensure_version(App *app, void *data, const char *const *words G_GNUC_UNUSED, GError **error)
{
    const Options *options = data;
    const char *url = NULL;
    g_autoptr(PgConn) conn = NULL;
    int before = 0;

    if (options->sql)
        return print_sql(app);
    if (!workspace_check_database(app->settings, "ensure-version", error))
        return false;
    url = settings_require_database(app->settings, NULL);
    conn = pg_connect(url, &(PgConnOptions){.purpose = "ensure-version"}, error);
    if (conn == NULL || !ledger_find(conn, &before, error) ||
        !ledger_ensure(conn, app->clock, error))
        return false;
    if (before == LEDGER_VERSION)
        output_line(app->output, "nothing to do: the ledger of %s has version %d", pg_target(conn),
                    LEDGER_VERSION);
    else
        output_line(app->output, "the ledger of %s has version %d now", pg_target(conn),
                    LEDGER_VERSION);
    output_json(app->output, json_pack("{s:s, s:i, s:i}", "database", pg_target(conn), "before",
                                       before, "version", LEDGER_VERSION));
    return true;
}

const Command command_ensure_version = {
    .group = "Applying",
    .name = "ensure-version",
    .summary = "create the ledger in the database, or upgrade it",
    .usage = "",
    .details = "Every command that changes the database does this by itself: this is for a role "
               "that may create schemas, before another one migrates, or for a look at the DDL.",
    .example = "sluice ensure-version\nsluice ensure-version --sql | psql",
    .args = (const ArgSpec[]){{"sql", 0, ARG_FLAG, offsetof(Options, sql), NULL,
                               "print the statements as a script for psql, connect to nothing"},
                              {NULL}},
    .args_size = sizeof(Options),
    .needs = NEED_SETTINGS,
    .run = run_ensure_version,
};
