#include "peers/unadopted.h"

#include "base/error.h"
#include "peers/table.h"

static bool
is_adopted(const LedgerRevisions *ledger, const PeerTable *table)
{
    for (guint i = 0; i < ledger->adoptions->len; i++) {
        const LedgerAdoption *adoption = g_ptr_array_index(ledger->adoptions, i);

        if (g_str_equal(adoption->tool, table->tool))
            return true;
    }
    return false;
}

static RevisionSet *
pending_imports(const Graph *graph, const LedgerRevisions *ledger)
{
    RevisionSet *set = revision_set_new(graph);

    for (guint i = 0; i < graph_count(graph); i++) {
        const Revision *revision = graph_get(graph, i);
        const LedgerRevision *row =
            revision->imported ? ledger_find_revision(ledger, revision->id) : NULL;

        if (revision->imported && (row == NULL || row->state == STATE_PENDING))
            revision_set_add(set, revision);
    }
    return set;
}

static bool
refuse(const PeerRelation *relation, const Revision *revision, GError **error)
{
    error_set(error, ERROR_STATE, "%s has run %s already, says %s, and the ledger does not know it",
              relation->table->title, revision->id, relation->relation);
    return error_hint(error, "`sluice adopt %s` takes over what %s has run; `--dry-run` shows it.",
                      relation->table->tool, relation->table->title);
}

/* Whether @relation has none of @pending. */
static bool
check_relation(PgConn *conn, const PeerRelation *relation, const RevisionSet *pending,
               const Graph *graph, GError **error)
{
    g_auto(PeerRows) rows = {0};

    if (!peer_rows_read(conn, graph, relation->table, relation->relation, NULL, &rows, NULL))
        return true;
    for (guint i = 0; i < graph_count(graph); i++) {
        const Revision *revision = graph_get(graph, i);

        if (revision_set_has(pending, revision) && revision_set_has(rows.applied, revision))
            return refuse(relation, revision, error);
    }
    return true;
}

bool
unadopted_check(PgConn *conn, const Graph *graph, const LedgerRevisions *ledger, GError **error)
{
    g_autoptr(RevisionSet) pending = pending_imports(graph, ledger);
    g_autoptr(GPtrArray) relations = NULL;

    if (revision_set_count(pending) == 0)
        return true;
    relations = peer_relations_find(conn, error);
    if (relations == NULL)
        return false;
    for (guint i = 0; i < relations->len; i++) {
        const PeerRelation *relation = g_ptr_array_index(relations, i);

        if (!is_adopted(ledger, relation->table) &&
            !check_relation(conn, relation, pending, graph, error))
            return false;
    }
    return true;
}
