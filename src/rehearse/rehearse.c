#include "rehearse/rehearse.h"

#include <string.h>

#include "base/error.h"
#include "rehearse/run.h"
#include "rehearse/twins.h"

/* @measured: each phase is looked at, and the way back from a cutover gone, but where all is run
 * once. */
static bool
finish_life(Run *run, const Revision *header, bool measured, GError **error)
{
    for (;;) {
        const char *phase;

        if (!run_find_next(run, run->copy.context.apply.conn, header, &phase, error))
            return false;
        if (phase == NULL)
            return true;
        if (!(measured && !run->options->once && strcmp(phase, "cutover") == 0
                  ? back_from_cutover(run, header, error)
                  : run_phase(run, header, phase, measured, error)))
            return false;
    }
}

static bool
finish_lives(Run *run, bool measured, GError **error)
{
    for (guint i = 0; i < run->options->pending->len; i++)
        if (!finish_life(run, run->options->pending->pdata[i], measured, error))
            return false;
    return true;
}

/* Run again, nothing is left to do. */
static bool
run_twice(Run *run, const Snapshot *ended, GError **error)
{
    return run_expand_all(run, false, error) && finish_lives(run, false, error) &&
           run_check_same(run, "run twice", ended, run->copy.context.apply.conn, error);
}

static bool
run_once(Run *run, GError **error)
{
    rehearsal_add_note(run->result,
                       "each phase ran once: no way back, no kill, no other order was tried");
    return run_expand_all(run, true, error) && finish_lives(run, true, error);
}

static bool
run_all_ways(Run *run, GError **error)
{
    g_auto(Twins) twins = {0};
    g_autoptr(Snapshot) start = NULL, ended = NULL;

    if (!twins_open(run, &twins, error))
        return false;
    start = snapshot_take(run->copy.context.apply.conn, error);
    if (start == NULL || !run_expand_all(run, true, error) ||
        !back_from_expand(run, start, error) || !finish_lives(run, true, error))
        return false;
    ended = snapshot_take(run->copy.context.apply.conn, error);
    return ended != NULL && run_twice(run, ended, error) &&
           twins_compare(run, &twins, ended, error);
}

/* Tables that no revision made are the first thing that a new user's copy lacks. */
static void
add_hint(const RehearseOptions *options, GError **cause)
{
    static const char *const missing[] = {"42P01", "42703", "42704", "42883", "3F000"};

    if (options->dump != NULL || options->clone_url != NULL || error_get_hint(*cause) != NULL)
        return;
    for (guint i = 0; i < G_N_ELEMENTS(missing); i++)
        if (error_is_sqlstate(*cause, missing[i]))
            error_hint(cause,
                       "The copy has what revisions made, and nothing else: where production "
                       "has more, give its schema with `pg_dump -s > production.sql` and "
                       "--schema production.sql.");
}

bool
rehearse_run(const RehearseOptions *options, Rehearsal **ret_rehearsal, GError **error)
{
    Rehearsal *result = rehearsal_new(options->settings->stall_budget_ms);
    Run run = {.options = options, .result = result};
    g_autoptr(GError) cause = NULL;

    *ret_rehearsal = result;
    result->on_clone = options->clone_url != NULL;
    if (copy_open(&run.copy, options, result, &cause))
        options->once ? run_once(&run, &cause) : run_all_ways(&run, &cause);
    copy_clear(&run.copy);
    if (cause == NULL)
        return true;
    add_hint(options, &cause);
    result->error = g_strdup(cause->message);
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}
