#include "rehearse/copy.h"

#include <glib/gstdio.h>
#include <string.h>

#include "backfill/complete.h"
#include "base/error.h"
#include "migrate/next.h"
#include "rehearse/rows.h"

/* Nobody else is there who could be kept waiting. */
enum { BUDGET_MS = 60000 };

static const char copy_name[] = "rehearsal";

bool
copy_run_phase(const MigrateContext *context, const Revision *revision, const char *phase,
               GError **error)
{
    const ApplyContext *apply = &context->apply;
    BackfillResult result = {0};

    if (strcmp(phase, "expand") == 0)
        return apply_expand(apply, revision, error);
    if (strcmp(phase, "backfill") == 0)
        return backfill_complete(&context->backfill, apply, revision, &result, error);
    if (strcmp(phase, "finish") == 0)
        return apply_finish(apply, revision, error);
    if (strcmp(phase, "cutover") == 0)
        return apply_cutover(apply, revision, error);
    if (strcmp(phase, "cutover undo") == 0)
        return apply_cutover_undo(apply, revision, error);
    if (strcmp(phase, "contract") == 0)
        return apply_contract(apply, revision, error);
    return apply_downgrade(apply, revision, error);
}

/* The server's URL names the database postgres. */
static char *
url_of(const Copy *copy, const char *name)
{
    g_auto(GStrv) parts = g_strsplit(copy->server->socket_url, "/postgres?", 2);

    return g_strdup_printf("%s/%s?%s", parts[0], name, parts[1]);
}

bool
copy_connect(Copy *copy, const char *url, MigrateContext *ret_context, GError **error)
{
    PgConn *conn = pg_connect(url, &(PgConnOptions){.purpose = "rehearse"}, error);

    *ret_context = (MigrateContext){
        .apply = {.conn = conn,
                  .settings = &copy->settings,
                  .clock = copy->options->clock,
                  .report = &report_none,
                  .graph = copy->options->graph},
        .backfill = {.url = url,
                     .settings = &copy->settings,
                     .clock = copy->options->clock,
                     .report = &report_none},
    };
    return conn != NULL;
}

static bool
make_database(Copy *copy, const char *name, const char *from, GError **error)
{
    g_autofree char *drop = g_strdup_printf("DROP DATABASE IF EXISTS %s", name);
    g_autofree char *create = g_strdup_printf("CREATE DATABASE %s TEMPLATE %s", name, from);

    return pg_exec_script(copy->admin, drop, error) && pg_exec_script(copy->admin, create, error);
}

char *
copy_clone(Copy *copy, const char *name, GError **error)
{
    bool ok;

    /* A template must have no session. */
    g_clear_pointer(&copy->context.apply.conn, pg_disconnect);
    ok = make_database(copy, name, copy_name, error);
    if (!copy_connect(copy, copy->url, &copy->context, error) || !ok)
        return NULL;
    return url_of(copy, name);
}

/* pg_dump of late writes \restrict, which only psql knows; and all of it as one message would be
 * one transaction. */
static bool
load_dump(Copy *copy, GPtrArray *notes, GError **error)
{
    g_autoptr(GPtrArray) problems = NULL;
    g_autoptr(SqlScript) script =
        sql_parse_lenient(copy->options->dump, (Place){"the dump", 1, 1}, &problems);

    for (guint i = 0; i < sql_script_count(script); i++) {
        const SqlStatement *statement = sql_script_get(script, i);
        g_autoptr(GError) cause = NULL;

        if (!pg_exec_script(copy->context.apply.conn, sql_statement_text(statement), &cause))
            g_ptr_array_add(notes,
                            g_strdup_printf("line %d of the dump was left out: %s",
                                            sql_statement_place(statement).line, cause->message));
        if (!pg_is_connected(copy->context.apply.conn)) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return false;
        }
    }
    /* It has set search_path and others for its own session; and a ledger without rows is none. */
    return pg_reconnect(copy->context.apply.conn, error) &&
           pg_exec_script(copy->context.apply.conn, "DROP SCHEMA IF EXISTS sluice CASCADE", error);
}

/* What production has, in the ledger only: the schema came with the dump. */
static bool
stamp(Copy *copy, const Revision *header, const LedgerRevision *row, GError **error)
{
    g_autoptr(Revision) revision = graph_read(copy->options->graph, header, error);

    return revision != NULL && ledger_stamp_revision(copy->context.apply.conn, revision, row->state,
                                                     row->final, ORIGIN_STAMPED, error);
}

/* From its files, up to the state that production has. */
static bool
replay(Copy *copy, const Revision *header, const LedgerRevision *row, GError **error)
{
    g_autoptr(Revision) revision = graph_read(copy->options->graph, header, error);
    LedgerRevision now = {.state = STATE_PENDING};
    const char *phase;

    if (revision == NULL)
        return false;
    while (now.state < row->state && (phase = next_phase(revision, &now)) != NULL) {
        if (!copy_run_phase(&copy->context, header, phase, error))
            return false;
        now.state = next_reaches(phase);
    }
    return true;
}

static bool
bring_to_state(Copy *copy, GPtrArray *notes, GError **error)
{
    const RehearseOptions *options = copy->options;

    if (options->dump != NULL && !load_dump(copy, notes, error))
        return false;
    if (!ledger_ensure(copy->context.apply.conn, options->clock, error))
        return false;
    for (guint i = 0; options->rows != NULL && i < graph_count(options->graph); i++) {
        const Revision *revision = graph_get(options->graph, i);
        const LedgerRevision *row = ledger_find_revision(options->rows, revision->id);

        if (row != NULL && !(options->dump != NULL ? stamp(copy, revision, row, error)
                                                   : replay(copy, revision, row, error)))
            return false;
    }
    return true;
}

bool
copy_open(Copy *copy, const RehearseOptions *options, GPtrArray *notes, GError **error)
{
    g_autofree char *folder = NULL;
    g_autoptr(GError) cause = NULL;

    *copy = (Copy){.options = options, .settings = *options->settings};
    copy->settings.stall_budget_ms = BUDGET_MS;
    copy->folder = g_dir_make_tmp("sluice-rehearse-XXXXXX", &cause);
    if (copy->folder == NULL)
        return error_set(error, ERROR_STATE, "no temporary folder: %s", cause->message);
    /* Started by root, the server runs as another user, who must get to its own folder in it. */
    g_chmod(copy->folder, 0711);
    folder = g_build_filename(copy->folder, "server", NULL);
    copy->server = pg_server_start(&(PgServerOptions){.folder = folder}, error);
    if (copy->server == NULL)
        return false;
    copy->admin =
        pg_connect(copy->server->socket_url, &(PgConnOptions){.purpose = "rehearse"}, error);
    if (copy->admin == NULL || !make_database(copy, copy_name, "template0", error))
        return false;
    copy->url = url_of(copy, copy_name);
    return copy_connect(copy, copy->url, &copy->context, error) &&
           bring_to_state(copy, notes, error) &&
           rows_fill(copy->context.apply.conn, options, notes, error);
}

void
copy_clear(Copy *copy)
{
    g_clear_pointer(&copy->context.apply.conn, pg_disconnect);
    g_clear_pointer(&copy->admin, pg_disconnect);
    if (copy->server)
        pg_server_remove(copy->server, NULL);
    g_clear_pointer(&copy->server, pg_server_free);
    if (copy->folder)
        g_rmdir(copy->folder);
    g_clear_pointer(&copy->folder, g_free);
    g_clear_pointer(&copy->url, g_free);
}
