#include "migrate/start.h"

#include "base/fault.h"
#include "ledger/events.h"

typedef struct {
    const MigrateContext *context;
    const Checkpoint *checkpoint;
    GPtrArray *revisions; /* const Revision *: what it stands for */
    bool is_late;         /* another process was faster */
} Start;

/* Does anything stand in the database that is not of the system, an extension or sluice? */
static bool
is_bare(PgConn *conn, bool *ret_bare, GError **error)
{
    g_autoptr(PgRows) rows = pg_query(
        conn, error,
        "SELECT NOT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname NOT IN ('sluice', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%' "
        "AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass "
        "AND d.objid = c.oid AND d.deptype = 'e'))");

    if (rows == NULL)
        return false;
    *ret_bare = pg_bool(rows, 0, 0);
    return true;
}

static void
warn_of_stale(const MigrateContext *context, const GPtrArray *checkpoints)
{
    for (guint i = 0; i < checkpoints->len; i++) {
        const Checkpoint *checkpoint = checkpoints->pdata[i];
        if (checkpoint->is_stale)
            report_warning(context->apply.report,
                           "checkpoint %s is stale and not used: its revisions changed since",
                           checkpoint->path);
    }
}

bool
start_find(const MigrateContext *context, const UpgradePlan *plan, const LedgerRevisions *rows,
           Checkpoint **ret_checkpoint, GError **error)
{
    const ApplyContext *apply = &context->apply;
    g_autoptr(GPtrArray) checkpoints = NULL;
    g_autoptr(RevisionSet) wanted = NULL;
    const Checkpoint *selected;
    bool bare = false;
    guint index;

    *ret_checkpoint = NULL;
    if (rows->list->len > 0 || plan->pending->len == 0 || pg_schema(apply->conn) != NULL)
        return true;
    checkpoints = checkpoint_load_all(apply->settings->migrations, apply->graph, error);
    if (checkpoints == NULL)
        return false;
    if (checkpoints->len == 0)
        return true;
    if (!is_bare(apply->conn, &bare, error))
        return false;
    if (!bare)
        return true;
    warn_of_stale(context, checkpoints);
    wanted = revision_set_new(apply->graph);
    for (guint i = 0; i < plan->pending->len; i++)
        revision_set_add(wanted, plan->pending->pdata[i]);
    selected = checkpoint_select(checkpoints, apply->graph, wanted);
    if (selected && g_ptr_array_find(checkpoints, selected, &index))
        *ret_checkpoint = g_ptr_array_steal_index(checkpoints, index);
    return true;
}

static bool
stamp(const Start *start, const Revision *header, GError **error)
{
    const ApplyContext *apply = &start->context->apply;
    g_autoptr(Revision) revision = graph_read(apply->graph, header, error);

    return revision != NULL &&
           ledger_stamp_revision(apply->conn, revision, revision_last_state(revision), true,
                                 ORIGIN_STAMPED, error);
}

static bool
write_all(const Start *start, GError **error)
{
    PgConn *conn = start->context->apply.conn;

    if (!pg_begin(conn, error))
        return false;
    if (!pg_exec_script(conn, start->checkpoint->sql, error)) {
        g_prefix_error(error, "checkpoint %s: ", start->checkpoint->path);
        return error_hint(error, "`sluice upgrade --no-checkpoint` runs the revisions themselves; "
                                 "`sluice squash` makes the checkpoint anew.");
    }
    for (guint i = 0; i < start->revisions->len; i++)
        if (!stamp(start, start->revisions->pdata[i], error))
            return false;
    FAULT_POINT("migrate-start-written");
    return pg_commit(conn, error);
}

/* All its revisions are written at once: the one that it is named after stands for them. */
static bool
tell(const Start *start, const char *kind, GError **error)
{
    const Checkpoint *checkpoint = start->checkpoint;
    g_autofree char *text = g_strdup_printf("started from the checkpoint of %s, which stands for "
                                            "%u revisions",
                                            checkpoint->id, start->revisions->len);

    return ledger_append_event(start->context->apply.conn, kind, checkpoint->id, 0, text,
                               json_pack("{s:s, s:[{s:s}]}", "digest", checkpoint->digest,
                                         "changes", "revision", checkpoint->id),
                               error);
}

/* Containers that start together all see a new database: under the lock it is asked again. */
static bool
look_again(Start *start, GError **error)
{
    PgConn *conn = start->context->apply.conn;
    g_autoptr(LedgerRevisions) rows = ledger_load_revisions(conn, error);
    bool bare = false;

    if (rows == NULL || !is_bare(conn, &bare, error))
        return false;
    start->is_late = rows->list->len > 0 || !bare;
    return true;
}

static bool
start_all(gpointer data, GError **error)
{
    Start *start = data;

    if (!look_again(start, error))
        return false;
    if (start->is_late)
        return true;
    if (!tell(start, "starting", error))
        return false;
    if (!write_all(start, error)) {
        pg_rollback(start->context->apply.conn);
        return false;
    }
    FAULT_POINT("migrate-start-committed");
    return tell(start, "start", error);
}

bool
start_run(const MigrateContext *context, const Checkpoint *checkpoint, GError **error)
{
    const ApplyContext *apply = &context->apply;
    g_autoptr(RevisionSet) set = checkpoint_set(apply->graph, checkpoint->revision);
    g_autoptr(GPtrArray) revisions = revision_set_list(set);
    Start start = {.context = context, .checkpoint = checkpoint, .revisions = revisions};
    const gint64 begun = clock_now_ms(apply->clock);

    migrate_begin(context, checkpoint->revision, "checkpoint");
    if (apply->dry_run) {
        report_step(apply->report, "%s in place of %u revisions", checkpoint->path, revisions->len);
        return true;
    }
    if (!ledger_ensure(apply->conn, apply->clock, error) ||
        !migrate_under_lock(context, start_all, &start, error))
        return false;
    if (start.is_late)
        report_step(apply->report, "another sluice was faster: %s is not new any more",
                    pg_target(apply->conn));
    for (guint i = 0; !start.is_late && i < revisions->len; i++) {
        const Revision *header = revisions->pdata[i];
        g_autoptr(Revision) revision = graph_read(apply->graph, header, error);

        if (revision == NULL)
            return false;
        migrate_reached(context, header, revision_last_state(revision), begun);
    }
    return true;
}
