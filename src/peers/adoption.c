#include "peers/adoption.h"

#include "base/error.h"
#include "base/fault.h"
#include "ledger/events.h"
#include "peers/keep.h"

void
adoption_difference_clear(AdoptionDifference *difference)
{
    g_clear_pointer(&difference->relation, g_free);
    peer_rows_clear(&difference->rows);
    g_clear_pointer(&difference->adopted, g_ptr_array_unref);
    g_clear_pointer(&difference->lacking, g_ptr_array_unref);
}

static RevisionSet *
ledger_set(const Graph *graph, const LedgerRevisions *ledger)
{
    RevisionSet *set = revision_set_new(graph);

    for (guint i = 0; i < ledger->list->len; i++) {
        const LedgerRevision *row = g_ptr_array_index(ledger->list, i);
        const Revision *revision = graph_find(graph, row->id);

        if (revision && row->state >= STATE_EXPANDED)
            revision_set_add(set, revision);
    }
    return set;
}

/* What the tool applied since: what its rows that are new to the ledger mean. An ancestor of what
 * the ledger has is not among it, for nobody has run that: Alembic alone takes it for applied. */
static GPtrArray *
find_adopted(const PeerTable *table, const PeerRows *rows, const RevisionSet *ours)
{
    g_autoptr(RevisionSet) adopted = revision_set_copy(rows->rows);
    g_autoptr(RevisionSet) known = revision_set_copy(ours);

    revision_set_remove_all(adopted, ours);
    if (table->has_heads) {
        revision_set_add_ancestors(adopted, EDGE_ALL);
        revision_set_add_ancestors(known, EDGE_ALL);
    }
    revision_set_remove_all(adopted, known);
    return revision_set_list(adopted);
}

/* What the tool undid since. A head that no file has implies revisions nobody can name here: then
 * nothing is known to be undone. */
static GPtrArray *
find_lacking(const PeerTable *table, const PeerRows *rows, const RevisionSet *ours)
{
    GPtrArray *lacking = g_ptr_array_new();
    g_autoptr(GPtrArray) list = revision_set_list(ours);

    if (table->has_heads && rows->unknown->len > 0)
        return lacking;
    for (guint i = list->len; i > 0; i--) {
        const Revision *revision = g_ptr_array_index(list, i - 1);

        if (!revision_set_has(rows->applied, revision) && peer_table_can_hold(table, revision))
            g_ptr_array_add(lacking, (gpointer) revision);
    }
    return lacking;
}

bool
adoption_compare(PgConn *conn, const Graph *graph, const LedgerRevisions *ledger,
                 const PeerRelation *relation, const char *project,
                 AdoptionDifference *ret_difference, GError **error)
{
    g_autoptr(RevisionSet) ours = ledger_set(graph, ledger);
    g_auto(PeerRows) rows = {0};

    if (!peer_rows_read(conn, graph, relation->table, relation->relation, project, &rows, error))
        return false;
    *ret_difference = (AdoptionDifference){
        .table = relation->table,
        .relation = g_strdup(relation->relation),
        .adopted = find_adopted(relation->table, &rows, ours),
        .lacking = find_lacking(relation->table, &rows, ours),
        .rows = rows,
    };
    rows = (PeerRows){0};
    return true;
}

bool
adoption_is_same(const AdoptionDifference *difference)
{
    return difference->adopted->len == 0 && difference->lacking->len == 0 &&
           difference->rows.unknown->len == 0;
}

bool
adoption_check_known(const AdoptionDifference *difference, GError **error)
{
    g_autofree char *names = NULL;
    GPtrArray *unknown = difference->rows.unknown;

    if (unknown->len == 0)
        return true;
    g_ptr_array_add(unknown, NULL);
    names = g_strjoinv(", ", (char **) unknown->pdata);
    g_ptr_array_set_size(unknown, (int) unknown->len - 1);
    error_set(error, ERROR_STATE, "%s holds what no revision file has: %s", difference->relation,
              names);
    return error_hint(error, "Bring the files over: `sluice import %s DIR`.",
                      difference->table->tool);
}

static void add_line(GPtrArray *lines, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The kinds of events that tell of @revisions, before and behind what they tell of. */
typedef struct {
    const char *begun, *ended;
    bool is_applied; /* what the ledger says of a revision when it has ended */
} Telling;
static const Telling adoption_telling = {"adopting", "adopted", true};
static const Telling return_telling = {"taking-back", "taken-back", false};

static bool
append_event(PgConn *conn, const char *kind, const AdoptionDifference *difference,
             const GPtrArray *revisions, GError **error)
{
    const Revision *last = g_ptr_array_index(revisions, revisions->len - 1);
    g_autofree char *text = g_strdup_printf("%s %u revision%s of %s", kind, revisions->len,
                                            revisions->len == 1 ? "" : "s", difference->relation);
    json_t *ids = json_array();

    for (guint i = 0; i < revisions->len; i++)
        json_array_append_new(ids, json_string(((Revision *) revisions->pdata[i])->id));
    return ledger_append_event(conn, kind, last->id, 0, text,
                               json_pack("{s:s, s:s, s:o}", "tool", difference->table->tool,
                                         "relation", difference->relation, "revisions", ids),
                               error);
}

static bool
settle_event(PgConn *conn, const Telling *telling, const LedgerEvent *event,
             const LedgerRevisions *ledger, GError **error)
{
    const LedgerRevision *row = ledger_find_revision(ledger, event->revision);
    const bool is_applied = row && row->state >= STATE_EXPANDED;
    g_autofree char *text = NULL;

    if (!g_str_equal(event->kind, telling->begun) || is_applied != telling->is_applied)
        return true;
    text = g_strdup_printf("%s, up to %s", telling->ended, event->revision);
    return ledger_append_event(conn, telling->ended, event->revision, 0, text,
                               json_incref(event->data), error);
}

/* Who was killed between the two events left the first alone. */
static bool
settle_events(PgConn *conn, const Telling *telling, const LedgerRevisions *ledger, GError **error)
{
    const char *const kinds[] = {telling->begun, telling->ended, NULL};
    g_autoptr(GPtrArray) events = ledger_load_last_events(conn, kinds, error);

    for (guint i = 0; events && i < events->len; i++)
        if (!settle_event(conn, telling, g_ptr_array_index(events, i), ledger, error))
            return false;
    return events != NULL;
}

/* What one transaction makes of a difference. */
typedef struct {
    PgConn *conn;
    const Graph *graph;
    const AdoptionDifference *difference;
} Settlement;

static bool
stamp_adopted(const Settlement *s, GError **error)
{
    for (guint i = 0; i < s->difference->adopted->len; i++) {
        g_autoptr(Revision) revision =
            graph_read(s->graph, g_ptr_array_index(s->difference->adopted, i), error);

        if (revision == NULL ||
            !ledger_stamp_revision(s->conn, revision, revision_last_state(revision), true,
                                   ORIGIN_ADOPTED, error))
            return false;
    }
    return true;
}

static bool
write_lacking(const Settlement *s, GError **error)
{
    const GPtrArray *lacking = s->difference->lacking;

    for (guint i = lacking->len; i > 0; i--)
        if (!adoption_write(s->conn, s->graph, s->difference->table, s->difference->relation,
                            g_ptr_array_index(lacking, i - 1), true, error))
            return false;
    return true;
}

static bool
record(const Settlement *s, bool kept, GError **error)
{
    const LedgerAdoption adoption = {
        .tool = (char *) s->difference->table->tool,
        .relation = s->difference->relation,
        .kept = kept,
    };

    return stamp_adopted(s, error) && (!kept || write_lacking(s, error)) &&
           ledger_set_adoption(s->conn, &adoption, error);
}

static bool
commit(PgConn *conn, bool ok, GError **error)
{
    FAULT_POINT("adopt-before-commit");
    ok = ok && pg_commit(conn, error);
    pg_rollback(conn);
    FAULT_POINT("adopt-after-commit");
    return ok;
}

bool
adoption_record(PgConn *conn, const Graph *graph, const LedgerRevisions *ledger,
                const AdoptionDifference *difference, bool kept, GError **error)
{
    const Settlement s = {conn, graph, difference};
    const GPtrArray *adopted = difference->adopted;

    if (!settle_events(conn, &adoption_telling, ledger, error) ||
        (adopted->len > 0 &&
         !append_event(conn, adoption_telling.begun, difference, adopted, error)))
        return false;
    FAULT_POINT("adopt-after-intent");
    if (!pg_begin(conn, error) || !commit(conn, record(&s, kept, error), error))
        return false;
    return adopted->len == 0 ||
           append_event(conn, adoption_telling.ended, difference, adopted, error);
}

/* A plain expand is all that the other tool can undo. */
static bool
check_plain(const AdoptionDifference *difference, const LedgerRevisions *ledger, GError **error)
{
    for (guint i = 0; i < difference->lacking->len; i++) {
        const Revision *revision = g_ptr_array_index(difference->lacking, i);
        const LedgerRevision *row = ledger_find_revision(ledger, revision->id);

        if (row->origin != ORIGIN_RUN || (row->final && row->state == STATE_EXPANDED))
            continue;
        error_set(error, ERROR_STATE,
                  "%s does not have %s any more, which is %s here, and has phases that %s cannot "
                  "undo",
                  difference->relation, revision->id, revision_state_name(row->state),
                  difference->table->title);
        return error_hint(error,
                          "If its schema is still there, say so to %s (`alembic stamp`, or the row "
                          "itself), and undo it with `sluice downgrade`. If it is gone for good: "
                          "`sluice stamp` tells the ledger.",
                          difference->table->title);
    }
    return true;
}

static bool
remove_lacking(const Settlement *s, GError **error)
{
    for (guint i = 0; i < s->difference->lacking->len; i++) {
        const Revision *revision = g_ptr_array_index(s->difference->lacking, i);
        if (!ledger_remove_revision(s->conn, revision->id, error))
            return false;
    }
    return true;
}

static void
add_line(GPtrArray *lines, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_ptr_array_add(lines, g_strdup_vprintf(format, args));
    va_end(args);
}

GPtrArray *
adoption_describe(const AdoptionDifference *difference)
{
    GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
    const PeerTable *table = difference->table;

    for (guint i = 0; i < difference->adopted->len; i++)
        add_line(lines, "%s applied %s since: the next upgrade or downgrade adopts it",
                 table->title, ((Revision *) difference->adopted->pdata[i])->id);
    for (guint i = 0; i < difference->lacking->len; i++)
        add_line(lines, "%s undid %s since: the next upgrade or downgrade takes it back",
                 table->title, ((Revision *) difference->lacking->pdata[i])->id);
    for (guint i = 0; i < difference->rows.unknown->len; i++)
        add_line(lines, "%s holds %s, which no file has: sluice import %s DIR",
                 difference->relation, (char *) difference->rows.unknown->pdata[i], table->tool);
    return lines;
}

static void
tell(const Report *report, const AdoptionDifference *difference)
{
    for (guint i = 0; i < difference->adopted->len; i++) {
        const Revision *revision = g_ptr_array_index(difference->adopted, i);
        report_step(report, "adopted %s %s: %s applied it", revision->id, revision->title,
                    difference->table->title);
    }
    for (guint i = 0; i < difference->lacking->len; i++) {
        const Revision *revision = g_ptr_array_index(difference->lacking, i);
        report_step(report, "taken back %s %s: %s undid it", revision->id, revision->title,
                    difference->table->title);
    }
}

/* All begun, or all ended. */
static bool
append_events(const Settlement *s, bool has_ended, GError **error)
{
    const AdoptionDifference *difference = s->difference;

    return (difference->adopted->len == 0 ||
            append_event(s->conn, has_ended ? adoption_telling.ended : adoption_telling.begun,
                         difference, difference->adopted, error)) &&
           (difference->lacking->len == 0 ||
            append_event(s->conn, has_ended ? return_telling.ended : return_telling.begun,
                         difference, difference->lacking, error));
}

static bool
follow(const Settlement *s, const LedgerRevisions *ledger, GError **error)
{
    if (!settle_events(s->conn, &adoption_telling, ledger, error) ||
        !settle_events(s->conn, &return_telling, ledger, error) || !append_events(s, false, error))
        return false;
    FAULT_POINT("adopt-after-intent");
    return pg_begin(s->conn, error) &&
           commit(s->conn, stamp_adopted(s, error) && remove_lacking(s, error), error) &&
           append_events(s, true, error);
}

bool
adoption_look(PgConn *conn, const Graph *graph, const LedgerRevisions *ledger, bool *ret_kept,
              AdoptionDifference *ret_difference, GError **error)
{
    const LedgerAdoption *adoption = adoption_kept(ledger);
    PeerRelation relation = {0};

    *ret_kept = adoption != NULL;
    if (adoption == NULL)
        return true;
    relation.table = peer_table_of(adoption->tool, error);
    relation.relation = adoption->relation;
    return relation.table != NULL &&
           adoption_compare(conn, graph, ledger, &relation, NULL, ret_difference, error);
}

bool
adoption_follow(PgConn *conn, const Graph *graph, const LedgerRevisions *ledger,
                const Report *report, GError **error)
{
    g_auto(AdoptionDifference) difference = {0};
    const Settlement s = {conn, graph, &difference};
    bool is_kept = false;

    if (!adoption_look(conn, graph, ledger, &is_kept, &difference, error))
        return false;
    if (!is_kept || adoption_is_same(&difference))
        return true;
    if (!adoption_check_known(&difference, error) || !check_plain(&difference, ledger, error) ||
        !follow(&s, ledger, error))
        return false;
    tell(report, &difference);
    return true;
}
