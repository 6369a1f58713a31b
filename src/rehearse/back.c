/* The ways back, and forth again. */
#include <string.h>

#include "base/error.h"
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

static bool
go_down(Run *run, GError **error)
{
    for (guint i = run->options->pending->len; i-- > 0;)
        if (!run_phase(run, run->options->pending->pdata[i], "downgrade", true, error))
            return false;
    return true;
}

static bool
go_up(Run *run, GError **error)
{
    return run_expand_all(run, false, error);
}

/* Adds a check, passed where @go succeeds and ends as @wanted. */
static bool
check_way(Run *run, const char *name, bool (*go)(Run *run, GError **error), const Snapshot *wanted,
          bool *ret_gone, GError **error)
{
    g_autoptr(GError) cause = NULL;

    *ret_gone = go(run, &cause);
    if (*ret_gone)
        return run_check_same(run, name, wanted, run->copy.context.apply.conn, error);
    if (error_is(cause, ERROR_CONNECTION) || error_is(cause, ERROR_INTERRUPTED)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    g_clear_pointer(&run->result->failed, g_free);
    rehearsal_add_check(run->result, name, g_strdup(cause->message));
    return true;
}

bool
back_from_expand(Run *run, const Snapshot *start, GError **error)
{
    g_autoptr(Snapshot) expanded = snapshot_take(run->copy.context.apply.conn, error);
    bool can = false, is_down = false, is_up;

    if (expanded == NULL || !can_go_back(run, &can, error))
        return false;
    if (!can)
        return true;
    /* What the second expand fills in anew may differ: a default that asks the clock. */
    snapshot_loosen_new(expanded, start);
    if (!check_way(run, "up, down", go_down, start, &is_down, error) ||
        (is_down && !check_way(run, "up, down, up again", go_up, expanded, &is_up, error)))
        return false;
    /* What a wrong way back has spoilt must not spoil what comes. */
    return rehearsal_count_failed(run->result) == 0 ||
           (copy_restore(&run->copy, "fresh", error) && go_up(run, error));
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
