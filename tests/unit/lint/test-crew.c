#include "lint/crew.h"

enum { PIECES = 500, AHEAD = 8 };

typedef struct {
    int times[PIECES]; /* that each was done */
    int begun;         /* pieces, in all */
    int taken;         /* results */
    int furthest;      /* ahead of those */
} Work;

static void
count(guint piece, void *data)
{
    Work *work = data;
    const int ahead = g_atomic_int_add(&work->begun, 1) + 1 - g_atomic_int_get(&work->taken);
    int furthest;

    do
        furthest = g_atomic_int_get(&work->furthest);
    while (ahead > furthest &&
           !g_atomic_int_compare_and_exchange(&work->furthest, furthest, ahead));
    g_atomic_int_inc(&work->times[piece]);
}

static void
test_each_piece_once_and_not_too_far_ahead(gconstpointer data)
{
    g_autofree Work *work = g_new0(Work, 1);
    g_autoptr(Crew) crew = crew_new(PIECES, GPOINTER_TO_UINT(data), AHEAD, count, work);

    for (guint i = 0; i < PIECES; i++) {
        g_atomic_int_set(&work->taken, (int) i);
        crew_wait(crew, i);
        g_assert_cmpint(g_atomic_int_get(&work->times[i]), ==, 1);
    }
    g_assert_cmpint(g_atomic_int_get(&work->begun), ==, PIECES);
    g_assert_cmpint(g_atomic_int_get(&work->furthest), <=, AHEAD);
}

/* Who stops in the middle still has all done when the crew is gone: nobody writes into what he
 * frees behind it. */
static void
test_all_are_done_when_it_is_freed(gconstpointer data)
{
    g_autofree Work *work = g_new0(Work, 1);
    Crew *crew = crew_new(PIECES, GPOINTER_TO_UINT(data), AHEAD, count, work);

    crew_wait(crew, 0);
    crew_free(crew);
    for (guint i = 0; i < PIECES; i++)
        g_assert_cmpint(work->times[i], ==, 1);
}

static void
test_no_work(void)
{
    g_autoptr(Crew) crew = crew_new(0, 4, AHEAD, count, NULL);

    g_assert_nonnull(crew);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint jobs = 1; jobs <= 8; jobs *= 2) {
        g_autofree char *each = g_strdup_printf("/lint/crew/each-piece-once/%u", jobs);
        g_autofree char *freed = g_strdup_printf("/lint/crew/freed/%u", jobs);

        g_test_add_data_func(each, GUINT_TO_POINTER(jobs),
                             test_each_piece_once_and_not_too_far_ahead);
        g_test_add_data_func(freed, GUINT_TO_POINTER(jobs), test_all_are_done_when_it_is_freed);
    }
    g_test_add_func("/lint/crew/no-work", test_no_work);
    return g_test_run();
}
