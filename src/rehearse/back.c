/* The ways back, and forth again. */
#include <string.h>

#include "rehearse/run.h"

/* Is there a way back for all of them? Adds a note that says which has none. */
static bool
can_go_back(Run *run, bool *ret_can, GError **error)
{
    g_autoptr(LedgerRevisions) rows = ledger_load_revisions(run->copy.context.apply.conn, error);

    *ret_can = rows != NULL;
    for (guint i = 0; *ret_can && i < run->options->pending->len; i++) {
        const Revision *header = run->options->pending->pdata[i];
        g_autoptr(Revision) revision = graph_read(run->options->graph, header, error);
        g_autoptr(GError) cause = NULL;

        if (revision == NULL)
            return false;
        if (apply_check_downgrade(revision, ledger_find_revision(rows, header->id), &cause))
            continue;
        rehearsal_add_note(run->result, "no way back was tried: %s", cause->message);
        *ret_can = false;
    }
    return rows != NULL;
}

bool
back_from_expand(Run *run, const Snapshot *start, GError **error)
{
    PgConn **conn = &run->copy.context.apply.conn; /* another after each measured phase */
    g_autoptr(Snapshot) expanded = snapshot_take(*conn, error);
    bool can = false;

    if (expanded == NULL || !can_go_back(run, &can, error))
        return false;
    if (!can)
        return true;
    for (guint i = run->options->pending->len; i-- > 0;)
        if (!run_phase(run, run->options->pending->pdata[i], "downgrade", true, error))
            return false;
    /* What the second expand fills in anew may differ: a default that asks the clock. */
    snapshot_loosen_new(expanded, start);
    if (!run_check_same(run, "up, down", start, *conn, error) ||
        !run_expand_all(run, false, error) ||
        !run_check_same(run, "up, down, up again", expanded, *conn, error))
        return false;
    /* What a wrong way back has spoilt must not spoil what comes. */
    return rehearsal_count_failed(run->result) == 0 ||
           (copy_restore(&run->copy, "fresh", error) && run_expand_all(run, false, error));
}

/* Is there a way back from its cutover? Adds a note if not. */
static bool
can_undo_cutover(Run *run, const Revision *header, bool *ret_can, GError **error)
{
    g_autoptr(Revision) revision = graph_read(run->options->graph, header, error);

    if (revision == NULL)
        return false;
    *ret_can = revision_section(revision, SECTION_CUTOVER, NULL) == NULL ||
               revision_section(revision, SECTION_CUTOVER_UNDO, NULL) != NULL;
    if (!*ret_can)
        rehearsal_add_note(run->result,
                           "no way back from the cutover of %s was tried: it has no section "
                           "`cutover undo`",
                           header->id);
    return true;
}

/* The undo of a swap takes along what finish had built: that runs again before it is compared. */
static bool
undo_cutover(Run *run, const Revision *header, GError **error)
{
    const char *phase = "cutover undo";

    do {
        const bool measured = strcmp(phase, "cutover undo") == 0;
        if (!run_phase(run, header, phase, measured, error) ||
            !run_find_next(run, run->copy.context.apply.conn, header, &phase, error))
            return false;
    } while (phase != NULL && strcmp(phase, "cutover") != 0);
    return true;
}

bool
back_from_cutover(Run *run, const Revision *header, GError **error)
{
    PgConn **conn = &run->copy.context.apply.conn;
    g_autoptr(Snapshot) before = snapshot_take(*conn, error);
    g_autoptr(Snapshot) cut_over = NULL;
    bool can;

    if (before == NULL || !run_phase(run, header, "cutover", true, error) ||
        !can_undo_cutover(run, header, &can, error))
        return false;
    if (!can)
        return true;
    cut_over = snapshot_take(*conn, error);
    if (cut_over == NULL)
        return false;
    snapshot_loosen_new(cut_over, before);
    return undo_cutover(run, header, error) &&
           run_check_same(run, "cutover, undo", before, *conn, error) &&
           run_phase(run, header, "cutover", false, error) &&
           run_check_same(run, "cutover, undo, cutover again", cut_over, *conn, error);
}
