#include "rehearse/measure.h"
#include "rehearse/stall.h"

/* Adds a statement of the run that locks @relation, and reads @scanned (NULL: nothing). */
static RehearsedStatement *
add(Rehearsal *rehearsal, guint run, LockMode mode, const char *relation, const char *scanned)
{
    RehearsedStatement *statement = g_new0(RehearsedStatement, 1);
    RehearsedLock *lock = g_new0(RehearsedLock, 1);

    *lock = (RehearsedLock){g_strdup(relation), mode, mode};
    *statement = (RehearsedStatement){.phase = g_strdup("expand"),
                                      .run = run,
                                      .transactional = true,
                                      .took_us = 1000,
                                      .locks = g_ptr_array_new(),
                                      .rewritten = g_ptr_array_new(),
                                      .scanned = g_ptr_array_new_with_free_func(g_free),
                                      .differences = g_ptr_array_new()};
    g_ptr_array_add(statement->locks, lock);
    if (scanned != NULL)
        g_ptr_array_add(statement->scanned, g_strdup(scanned));
    g_ptr_array_set_free_func(statement->locks, (GDestroyNotify) rehearsed_lock_free);
    g_ptr_array_add(rehearsal->statements, statement);
    return statement;
}

static void
test_work(void)
{
    g_autoptr(Rehearsal) rehearsal = rehearsal_new(50);
    const RehearsedStatement *reads = add(rehearsal, 1, LOCK_SHARE, "a", "a");
    const RehearsedStatement *gentle = add(rehearsal, 2, LOCK_SHARE_UPDATE_EXCLUSIVE, "a", "a");
    const RehearsedStatement *short_one = add(rehearsal, 3, LOCK_ACCESS_EXCLUSIVE, "a", NULL);

    stall_judge(rehearsal, 0);
    g_assert_cmpstr(reads->stall, ==,
                    "writes to a wait while it reads a: as long as that is large");
    g_assert_null(gentle->stall);
    g_assert_null(short_one->stall);
}

/* A lock is held until the last statement of its run is done, whatever that works on. */
static void
test_run(void)
{
    g_autoptr(Rehearsal) rehearsal = rehearsal_new(50);
    const RehearsedStatement *first = add(rehearsal, 1, LOCK_ACCESS_EXCLUSIVE, "a", NULL);
    RehearsedStatement *second = add(rehearsal, 1, LOCK_ROW_EXCLUSIVE, "b", "b");

    stall_judge(rehearsal, 0);
    g_assert_cmpstr(first->stall, ==,
                    "reads and writes of a wait while a later statement of its transaction reads "
                    "b: as long as that is large");
    g_assert_null(second->stall);
}

/* Of a clone the time alone counts, for it is that of real rows. */
static void
test_time(void)
{
    g_autoptr(Rehearsal) rehearsal = rehearsal_new(50);
    RehearsedStatement *slow = add(rehearsal, 1, LOCK_SHARE, "a", "a");
    const RehearsedStatement *quick = add(rehearsal, 2, LOCK_SHARE, "a", "a");

    rehearsal->on_clone = true;
    slow->took_us = 70000;
    stall_judge(rehearsal, 0);
    g_assert_cmpstr(slow->stall, ==, "writes to a waited 70 ms, the budget is 50 ms: it reads a");
    g_assert_null(quick->stall);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rehearse/stall/work", test_work);
    g_test_add_func("/rehearse/stall/run", test_run);
    g_test_add_func("/rehearse/stall/time", test_time);
    return g_test_run();
}
