#include "rehearse/copy.h"

#include <glib/gstdio.h>
#include <string.h>

#include "backfill/complete.h"
#include "base/error.h"
#include "migrate/next.h"
#include "pg/url.h"
#include "rehearse/clone.h"
#include "rehearse/rows.h"

/* Nobody else is there who could be kept waiting. */
enum { BUDGET_MS = 60000 };

/* The copy of production; copies of that are named behind it. */
static const char copy_prefix[] = "sluice_rehearsal";
static const char *const clones[] = {"measured", "fresh", "killed"};

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

static char *
name_of(const char *name)
{
    return g_strdup_printf("%s_%s", copy_prefix, name);
}

/* @from: a database in which nobody is. */
static bool
make_database(Copy *copy, const char *name, const char *from, GError **error)
{
    g_autofree char *quoted = pg_quote_identifier(from);
    g_autofree char *drop = g_strdup_printf("DROP DATABASE IF EXISTS %s WITH (FORCE)", name);
    g_autofree char *create = g_strdup_printf("CREATE DATABASE %s TEMPLATE %s", name, quoted);

    return pg_exec_script(copy->admin, drop, error) && pg_exec_script(copy->admin, create, error);
}

char *
copy_clone(Copy *copy, const char *name, GError **error)
{
    g_autofree char *full = name_of(name);
    bool ok;

    /* A template must have no session. */
    g_clear_pointer(&copy->context.apply.conn, pg_disconnect);
    ok = make_database(copy, full, copy_prefix, error);
    if (!copy_connect(copy, copy->url, &copy->context, ok ? error : NULL) || !ok)
        return NULL;
    return pg_url_with_database(copy->server_url, full, error);
}

bool
copy_restore(Copy *copy, const char *name, GError **error)
{
    g_autofree char *full = name_of(name);

    g_clear_pointer(&copy->context.apply.conn, pg_disconnect);
    return make_database(copy, copy_prefix, full, error) &&
           copy_connect(copy, copy->url, &copy->context, error);
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

/* From its files, up to the state that production has. @have: NULL: nothing of it. */
static bool
replay(Copy *copy, const Revision *header, const LedgerRevision *have, const LedgerRevision *row,
       GError **error)
{
    g_autoptr(Revision) revision = graph_read(copy->options->graph, header, error);
    LedgerRevision now = {.state = have != NULL ? have->state : STATE_PENDING};
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

/* Up to the state that production has, from what the copy has. */
static bool
catch_up(Copy *copy, GError **error)
{
    const RehearseOptions *options = copy->options;
    g_autoptr(LedgerRevisions) have = ledger_load_revisions(copy->context.apply.conn, error);

    if (have == NULL)
        return false;
    for (guint i = 0; options->rows != NULL && i < graph_count(options->graph); i++) {
        const Revision *revision = graph_get(options->graph, i);
        const LedgerRevision *row = ledger_find_revision(options->rows, revision->id);

        if (row != NULL &&
            !(options->dump != NULL
                  ? stamp(copy, revision, row, error)
                  : replay(copy, revision, ledger_find_revision(have, revision->id), row, error)))
            return false;
    }
    return true;
}

static bool
bring_to_state(Copy *copy, GPtrArray *notes, GError **error)
{
    const RehearseOptions *options = copy->options;

    if (options->dump != NULL && !load_dump(copy, notes, error))
        return false;
    return ledger_ensure(copy->context.apply.conn, options->clock, error) &&
           catch_up(copy, error) && rows_fill(copy->context.apply.conn, options, notes, error);
}

static bool
start_server(Copy *copy, GError **error)
{
    g_autofree char *folder = NULL;
    g_autoptr(GError) cause = NULL;

    copy->folder = g_dir_make_tmp("sluice-rehearse-XXXXXX", &cause);
    if (copy->folder == NULL)
        return error_set(error, ERROR_STATE, "no temporary folder: %s", cause->message);
    /* Started by root, the server runs as another user, who must get to its own folder in it. */
    g_chmod(copy->folder, 0711);
    folder = g_build_filename(copy->folder, "server", NULL);
    copy->server = pg_server_start(&(PgServerOptions){.folder = folder}, error);
    if (copy->server == NULL)
        return false;
    copy->server_url = g_strdup(copy->server->socket_url);
    copy->admin = pg_connect(copy->server_url, &(PgConnOptions){.purpose = "rehearse"}, error);
    return copy->admin != NULL && make_database(copy, copy_prefix, "template0", error);
}

/* Databases are made from another one, in which that is allowed. */
static bool
connect_beside(Copy *copy, GError **error)
{
    static const char *const beside[] = {"postgres", "template1", NULL};

    for (const char *const *name = beside; copy->admin == NULL && *name; name++) {
        g_autofree char *url = pg_url_with_database(copy->server_url, *name, error);

        if (url == NULL)
            return false;
        copy->admin = pg_connect(url, &(PgConnOptions){.purpose = "rehearse"},
                                 name[1] == NULL ? error : NULL);
    }
    return copy->admin != NULL;
}

static bool
copy_the_clone(Copy *copy, const char *name, GError **error)
{
    g_autoptr(GError) cause = NULL;

    if (!connect_beside(copy, error) || !clone_reserve(copy->admin, copy->options->clock, error))
        return false;
    copy->made = true;
    if (make_database(copy, copy_prefix, name, &cause))
        return true;
    error_set(error, (ErrorCode) cause->code, "the clone %s cannot be copied: %s", name,
              cause->message);
    return error_hint(error, "A rehearsal leaves the clone as it is and works in copies beside it "
                             "(CREATE DATABASE .. TEMPLATE): the role must own the clone and have "
                             "CREATEDB, and nobody else may be connected to it.");
}

static bool
use_clone(Copy *copy, Rehearsal *result, GError **error)
{
    g_autofree char *name = NULL;

    copy->server_url = g_strdup(copy->options->clone_url);
    name = clone_inspect(copy->options, result, error);
    return name != NULL && copy_the_clone(copy, name, error);
}

bool
copy_open(Copy *copy, const RehearseOptions *options, Rehearsal *result, GError **error)
{
    int version;

    *copy = (Copy){.options = options, .settings = *options->settings};
    copy->settings.stall_budget_ms = BUDGET_MS;
    if (!(options->clone_url != NULL ? use_clone(copy, result, error) : start_server(copy, error)))
        return false;
    version = pg_server_version(copy->admin);
    result->server = g_strdup_printf("PostgreSQL %d.%d", version / 10000, version % 10000);
    copy->url = pg_url_with_database(copy->server_url, copy_prefix, error);
    return copy->url != NULL && copy_connect(copy, copy->url, &copy->context, error) &&
           (options->clone_url == NULL ||
            clone_check_ledger(copy->context.apply.conn, options, error)) &&
           bring_to_state(copy, result->notes, error);
}

/* From a server that is not ours to remove. */
static void
drop_databases(Copy *copy)
{
    g_autofree char *drop = g_strdup_printf("DROP DATABASE IF EXISTS %s WITH (FORCE)", copy_prefix);

    pg_exec_script(copy->admin, drop, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(clones); i++) {
        g_autofree char *name = name_of(clones[i]);
        g_autofree char *also = g_strdup_printf("DROP DATABASE IF EXISTS %s WITH (FORCE)", name);
        pg_exec_script(copy->admin, also, NULL);
    }
}

void
copy_clear(Copy *copy)
{
    g_clear_pointer(&copy->context.apply.conn, pg_disconnect);
    if (copy->made)
        drop_databases(copy);
    g_clear_pointer(&copy->admin, pg_disconnect);
    if (copy->server)
        pg_server_remove(copy->server, NULL);
    g_clear_pointer(&copy->server, pg_server_free);
    if (copy->folder)
        g_rmdir(copy->folder);
    g_clear_pointer(&copy->folder, g_free);
    g_clear_pointer(&copy->server_url, g_free);
    g_clear_pointer(&copy->url, g_free);
}
