#include "rehearse/twins.h"

#include "rehearse/kill.h"

static const char killed_name[] = "killed in the middle";
static const char order_name[] = "production order and fresh order";

void
twins_clear(Twins *twins)
{
    g_clear_pointer(&twins->fresh.apply.conn, pg_disconnect);
    g_clear_pointer(&twins->killed.apply.conn, pg_disconnect);
    g_clear_pointer(&twins->fresh_url, g_free);
    g_clear_pointer(&twins->killed_url, g_free);
    g_clear_pointer(&twins->problem, g_free);
}

bool
twins_open(Run *run, Twins *twins, GError **error)
{
    twins->fresh_url = copy_clone(&run->copy, "fresh", error);
    twins->killed_url = twins->fresh_url != NULL ? copy_clone(&run->copy, "killed", error) : NULL;
    return twins->killed_url != NULL;
}

/* Its schema is compared behind each phase, for contract drops what an earlier one may have left.
 */
static bool
run_killed(Run *run, Twins *twins, const Revision *header, const char *phase, GError **error)
{
    g_autofree char *problem = NULL;

    if (!kill_run_phase(&run->copy, twins->killed_url, header, phase, &twins->kills, &problem,
                        error))
        return false;
    if (problem == NULL) {
        g_autoptr(Snapshot) wanted = snapshot_take_schema(twins->fresh.apply.conn, error);
        g_autoptr(Snapshot) now =
            wanted != NULL ? snapshot_take_schema(twins->killed.apply.conn, error) : NULL;
        if (now == NULL)
            return false;
        problem = snapshot_difference(wanted, now);
    }
    if (problem != NULL)
        twins->problem = g_strdup_printf("%s of %s: %s", phase, header->id, problem);
    return true;
}

static bool
live(Run *run, Twins *twins, const Revision *header, GError **error)
{
    for (;;) {
        const char *phase;

        if (!run_find_next(run, twins->fresh.apply.conn, header, &phase, error))
            return false;
        if (phase == NULL)
            return true;
        report_step(run->options->report, "%s %s, killed on the way", phase, header->id);
        if (!copy_run_phase(&twins->fresh, header, phase, error) ||
            (twins->problem == NULL && !run_killed(run, twins, header, phase, error)))
            return false;
    }
}

/* Three ends. A column that differs between the two undisturbed ones is no fault of killing, and
 * one that differs between the two of the same order none of the order: a clock is in it. */
static void
check_rows(Run *run, guint kills, Snapshot *ended, Snapshot *fresh, const Snapshot *killed)
{
    g_autofree char *loose = NULL;
    RehearsedCheck *check;

    snapshot_loosen(fresh, fresh, ended);
    snapshot_loosen(ended, fresh, killed);
    check = rehearsal_add_check(run->result, killed_name, snapshot_difference(fresh, killed));
    if (check->ok)
        check->detail = g_strdup_printf("killed %u times", kills);
    if (check->ok && (loose = snapshot_loose(ended)) != NULL)
        rehearsal_add_note(run->result,
                           "other values in each run (a clock, a random number), so only counted: "
                           "%s",
                           loose);
    rehearsal_add_check(run->result, order_name, snapshot_difference(ended, fresh));
}

bool
twins_compare(Run *run, Twins *twins, Snapshot *ended, GError **error)
{
    g_autoptr(Snapshot) fresh = NULL, killed = NULL;

    if (!copy_connect(&run->copy, twins->fresh_url, &twins->fresh, error) ||
        !copy_connect(&run->copy, twins->killed_url, &twins->killed, error))
        return false;
    for (guint i = 0; i < run->options->pending->len; i++)
        if (!live(run, twins, run->options->pending->pdata[i], error))
            return false;
    fresh = snapshot_take(twins->fresh.apply.conn, error);
    killed = fresh != NULL ? snapshot_take(twins->killed.apply.conn, error) : NULL;
    if (killed == NULL)
        return false;
    if (twins->problem == NULL) {
        check_rows(run, twins->kills, ended, fresh, killed);
        return true;
    }
    /* Half done, it says nothing of the rows. */
    rehearsal_add_check(run->result, killed_name, g_steal_pointer(&twins->problem));
    rehearsal_add_check(run->result, order_name, snapshot_schema_difference(ended, fresh));
    return true;
}
