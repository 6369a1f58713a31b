#include "author/squash.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/proc.h"
#include "migrate/fresh.h"
#include "pg/server.h"
#include "sql/script.h"

enum { DUMP_TIMEOUT_MS = 10 * 60 * 1000 };

/* Bodies of functions are not checked, for they may name what comes later; names are qualified. */
static const char preamble[] = "SET LOCAL check_function_bodies = false;\n"
                               "SET LOCAL search_path = '';\n";

/* Newer pg_dumps frame a script with a token of psql's, another one each time. */
static char *
drop_restrict(const char *dump)
{
    g_auto(GStrv) lines = g_strsplit(dump, "\n", -1);
    g_autoptr(GString) kept = g_string_new(NULL);

    for (char **line = lines; *line; line++)
        if (!g_str_has_prefix(*line, "\\restrict ") && !g_str_has_prefix(*line, "\\unrestrict "))
            g_string_append_printf(kept, "%s\n", *line);
    return g_strdup(kept->str);
}

/* Is it about pg_dump's own session, or nobody's business but the extension's owner's? */
static bool
is_left_out(const char *text)
{
    static const char access_method[] = "SET default_table_access_method ";

    return (g_str_has_prefix(text, "SET ") && !g_str_has_prefix(text, access_method)) ||
           g_str_has_prefix(text, "SELECT pg_catalog.set_config(") ||
           g_str_has_prefix(text, "COMMENT ON EXTENSION ");
}

char *
squash_clean(const char *dump, GError **error)
{
    g_autofree char *plain = drop_restrict(dump);
    g_autoptr(SqlScript) script = sql_parse(plain, (Place){"pg_dump", 1, 1}, error);
    g_autoptr(GString) clean = g_string_new(preamble);

    if (script == NULL)
        return NULL;
    for (guint i = 0; i < sql_script_count(script); i++) {
        const char *text = sql_statement_text(sql_script_get(script, i));
        const bool is_setting = g_str_has_prefix(text, "SET ");

        if (!is_left_out(text))
            g_string_append_printf(clean, "\n%s%s;\n", is_setting ? "SET LOCAL " : "",
                                   is_setting ? text + strlen("SET ") : text);
    }
    return g_strdup(clean->str);
}

static char *
find_pg_dump(const PgServer *server)
{
    g_autofree char *beside = g_build_filename(server->bin, "pg_dump", NULL);

    if (g_file_test(beside, G_FILE_TEST_IS_EXECUTABLE))
        return g_steal_pointer(&beside);
    return g_find_program_in_path("pg_dump");
}

/* The file is ours, so that the output of the command is only what went wrong. */
static char *
dump(const PgServer *server, const char *file, GError **error)
{
    g_autofree char *program = find_pg_dump(server);
    const char *const argv[] = {program,
                                "--no-owner",
                                "--no-tablespaces",
                                "--inserts",
                                "--rows-per-insert=100",
                                "--exclude-schema=sluice",
                                "--file",
                                file,
                                "--dbname",
                                server->socket_url,
                                NULL};
    g_autofree char *text = NULL;

    if (program == NULL) {
        error_set(error, ERROR_STATE, "pg_dump is not installed");
        error_hint(error, "Install it (Debian: apt-get install postgresql-client).");
        return NULL;
    }
    if (!proc_run(argv, NULL, DUMP_TIMEOUT_MS, NULL, error))
        return NULL;
    if (!g_file_get_contents(file, &text, NULL, NULL)) {
        error_set(error, ERROR_STATE, "cannot read '%s', which pg_dump wrote", file);
        return NULL;
    }
    return g_steal_pointer(&text);
}

static bool
run_chain(const SquashContext *context, const PgServer *server, const Revision *revision,
          GError **error)
{
    g_autoptr(PgConn) conn =
        pg_connect(server->socket_url, &(PgConnOptions){.purpose = "squash"}, error);
    g_autoptr(LedgerRevisions) rows =
        conn ? ledger_load_revisions_to_change(conn, context->clock, error) : NULL;
    g_autoptr(UpgradePlan) plan =
        rows ? upgrade_plan_new(context->graph, rows, revision->id, error) : NULL;
    const MigrateContext migrate = {
        .apply = {.conn = conn,
                  .settings = context->settings,
                  .clock = context->clock,
                  .report = context->report,
                  .graph = context->graph},
        .backfill = {.url = server->socket_url,
                     .settings = context->settings,
                     .clock = context->clock,
                     .report = context->report},
    };

    return plan != NULL && fresh_run(&migrate, plan, rows, error);
}

static char *
dump_on(const SquashContext *context, const PgServer *server, const Revision *revision,
        const char *file, GError **error)
{
    g_autofree char *text =
        run_chain(context, server, revision, error) ? dump(server, file, error) : NULL;

    return text ? squash_clean(text, error) : NULL;
}

char *
squash_dump(const SquashContext *context, const Revision *revision, GError **error)
{
    g_autofree char *above = g_dir_make_tmp("sluice-squash-XXXXXX", NULL);
    g_autofree char *folder = NULL, *file = NULL, *clean = NULL;
    g_autoptr(PgServer) server = NULL;
    bool removed;

    /* As root the server runs as another user, who must get through. */
    if (above == NULL || g_chmod(above, 0711) != 0) {
        error_set(error, ERROR_STATE, "cannot make a folder for a private PostgreSQL");
        return NULL;
    }
    folder = g_build_filename(above, "server", NULL);
    file = g_build_filename(above, "dump.sql", NULL);
    server = pg_server_start(&(PgServerOptions){.folder = folder}, error);
    if (server != NULL)
        clean = dump_on(context, server, revision, file, error);
    removed = server == NULL || pg_server_remove(server, clean ? error : NULL);
    g_unlink(file);
    g_rmdir(above);
    return removed ? g_steal_pointer(&clean) : NULL;
}
