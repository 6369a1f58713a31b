#include "peers/keep.h"

#include "base/error.h"
#include "peers/alembic-version.h"
#include "peers/table.h"

const LedgerAdoption *
adoption_kept(const LedgerRevisions *ledger)
{
    for (guint i = 0; i < ledger->adoptions->len; i++) {
        const LedgerAdoption *adoption = g_ptr_array_index(ledger->adoptions, i);
        if (adoption->kept)
            return adoption;
    }
    return NULL;
}

/* Who reads the table is not kept waiting, and a tool at work is not waited for long. */
static bool
lock_table(PgConn *conn, const PeerTable *table, const char *relation, GError **error)
{
    g_autofree char *sql =
        g_strdup_printf("SET LOCAL lock_timeout = '2s'; "
                        "LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE; SET LOCAL lock_timeout = 0",
                        relation);

    if (pg_exec_script(conn, sql, error))
        return true;
    if (error && error_is(*error, ERROR_LOCK)) {
        g_prefix_error(error, "another session is writing %s, the table of %s: ", relation,
                       table->title);
        error_hint(error,
                   "%s is at work, or was left in a transaction: run it again when that "
                   "has ended.",
                   table->title);
    }
    return false;
}

static bool
change_row(PgConn *conn, const char *relation, const VersionChange *change, GError **error)
{
    g_autofree char *sql = NULL;
    const char *const both[] = {change->from ? change->from : change->to, change->to};
    const guint n_params = change->from && change->to ? 2 : 1;
    gint64 affected = 0;

    if (change->from == NULL)
        sql = g_strdup_printf("INSERT INTO %s (version_num) VALUES ($1)", relation);
    else if (change->to == NULL)
        sql = g_strdup_printf("DELETE FROM %s WHERE version_num = $1", relation);
    else
        sql = g_strdup_printf("UPDATE %s SET version_num = $2 WHERE version_num = $1", relation);
    if (!pg_exec_array(conn, sql, both, n_params, &affected, error)) {
        if (error && error_is_sqlstate(*error, "22001"))
            error_hint(error, "Alembic's column holds 32 characters: give the revision a shorter "
                              "id, or widen it, as Alembic allows.");
        return false;
    }
    if (affected != 1)
        return error_set(error, ERROR_STATE,
                         "%s was to lose one row '%s', and has %" G_GINT64_FORMAT " of it",
                         relation, change->from, affected);
    return true;
}

static bool
keep_heads(PgConn *conn, const Graph *graph, const PeerTable *table, const char *relation,
           const Revision *revision, bool is_applied, GError **error)
{
    g_auto(PeerRows) rows = {0};
    g_autoptr(GArray) changes = NULL;

    if (!lock_table(conn, table, relation, error) ||
        !peer_rows_read(conn, graph, table, relation, NULL, &rows, error))
        return false;
    if (!(is_applied ? alembic_version_up : alembic_version_down)(
            graph, rows.rows, graph_find(graph, revision->id), &changes, error)) {
        g_prefix_error(error, "%s, which is kept true for Alembic, does not fit: ", relation);
        return error_hint(error, "Alembic did something since: `sluice adopt alembic` takes it "
                                 "over; `--no-keep` ends the keeping.");
    }
    for (guint i = 0; i < changes->len; i++)
        if (!change_row(conn, relation, &g_array_index(changes, VersionChange, i), error))
            return false;
    return true;
}

static bool
keep_set(PgConn *conn, const PeerTable *table, const char *relation, const Revision *revision,
         bool is_applied, GError **error)
{
    g_autofree char *sql =
        is_applied ? g_strdup_printf("INSERT INTO %s (%s) VALUES ($1) ON CONFLICT DO NOTHING",
                                     relation, table->key)
                   : g_strdup_printf("DELETE FROM %s WHERE %s = $1", relation, table->key);

    return pg_exec(conn, error, sql, revision->id);
}

bool
adoption_write(PgConn *conn, const Graph *graph, const PeerTable *table, const char *relation,
               const Revision *revision, bool is_applied, GError **error)
{
    if (table->has_heads)
        return keep_heads(conn, graph, table, relation, revision, is_applied, error);
    return !peer_table_can_hold(table, revision) ||
           keep_set(conn, table, relation, revision, is_applied, error);
}

bool
adoption_keep(PgConn *conn, const Graph *graph, const LedgerRevisions *ledger,
              const Revision *revision, bool is_applied, GError **error)
{
    const LedgerAdoption *adoption = adoption_kept(ledger);
    const PeerTable *table = adoption ? peer_table_of(adoption->tool, error) : NULL;

    return adoption == NULL ||
           (table != NULL &&
            adoption_write(conn, graph, table, adoption->relation, revision, is_applied, error));
}
