#include "rehearse/run.h"

#include <string.h>

#include "migrate/needs.h"
#include "migrate/next.h"
#include "rehearse/measure.h"
#include "rehearse/plan.h"
#include "rehearse/stall.h"

static bool
measure_phase(Run *run, const Revision *revision, const char *phase, GError **error)
{
    g_autoptr(GPtrArray) plan = plan_phase(&run->copy, revision, phase, error);
    g_autofree char *url = plan != NULL ? copy_clone(&run->copy, "measured", error) : NULL;
    g_autoptr(PgConn) conn =
        url != NULL ? pg_connect(url, &(PgConnOptions){.purpose = "rehearse"}, error) : NULL;
    const guint first = run->result->statements->len;

    for (guint i = 0; conn != NULL && i < plan->len; i++) {
        const Planned *planned = plan->pdata[i];
        RehearsedStatement *statement =
            measure_statement(conn, url, planned->sql, planned->transactional, error);

        if (statement == NULL) {
            run->result->failed = g_strdup(planned->sql);
            return false;
        }
        statement->revision = g_strdup(revision->id);
        statement->phase = g_strdup(planned->phase);
        statement->label = g_strdup(planned->label);
        statement->run = planned->run;
        g_ptr_array_add(run->result->statements, statement);
    }
    stall_judge(run->result, first);
    return conn != NULL;
}

bool
run_phase(Run *run, const Revision *header, const char *phase, bool measured, GError **error)
{
    g_autoptr(Revision) revision = graph_read(run->options->graph, header, error);

    if (revision == NULL)
        return false;
    report_step(run->options->report, "%s %s", phase, header->id);
    if ((!measured || measure_phase(run, revision, phase, error)) &&
        copy_run_phase(&run->copy.context, header, phase, error))
        return true;
    g_prefix_error(error, "%s of %s: ", phase, header->id);
    return false;
}

bool
run_find_next(Run *run, PgConn *conn, const Revision *header, const char **ret_phase,
              GError **error)
{
    g_autoptr(LedgerRevisions) rows = ledger_load_revisions(conn, error);
    g_autoptr(Revision) revision =
        rows != NULL ? graph_read(run->options->graph, header, error) : NULL;

    if (revision == NULL)
        return false;
    *ret_phase = next_phase(revision, ledger_find_revision(rows, header->id));
    return true;
}

/* One phase further; *@ret_moved false: it is final. */
static bool
advance(Run *run, const Revision *header, bool measured, bool *ret_moved, GError **error)
{
    const char *phase;

    if (!run_find_next(run, run->copy.context.apply.conn, header, &phase, error))
        return false;
    *ret_moved = phase != NULL;
    return phase == NULL || run_phase(run, header, phase, measured, error);
}

static bool
meet_needs(Run *run, const Revision *revision, bool measured, GError **error)
{
    bool moved = true;

    while (moved) {
        g_autoptr(LedgerRevisions) rows =
            ledger_load_revisions(run->copy.context.apply.conn, error);
        const Requirement *unmet =
            rows != NULL ? need_find_unmet(run->options->graph, rows, revision) : NULL;
        const Revision *required =
            unmet != NULL ? graph_required(run->options->graph, unmet) : NULL;

        if (rows == NULL)
            return false;
        if (required == NULL)
            return true;
        if (!advance(run, required, measured, &moved, error))
            return false;
    }
    return true;
}

bool
run_expand_all(Run *run, bool measured, GError **error)
{
    for (guint i = 0; i < run->options->pending->len; i++) {
        const Revision *revision = run->options->pending->pdata[i];
        g_autoptr(LedgerRevisions) rows = NULL;

        if (!meet_needs(run, revision, measured, error))
            return false;
        rows = ledger_load_revisions(run->copy.context.apply.conn, error);
        if (rows == NULL)
            return false;
        if (ledger_find_revision(rows, revision->id) == NULL &&
            !run_phase(run, revision, "expand", measured, error))
            return false;
    }
    return true;
}

bool
run_check_same(Run *run, const char *name, const Snapshot *wanted, PgConn *conn, GError **error)
{
    g_autoptr(Snapshot) now = snapshot_take(conn, error);

    if (now == NULL)
        return false;
    rehearsal_add_check(run->result, name, snapshot_difference(wanted, now));
    return true;
}
