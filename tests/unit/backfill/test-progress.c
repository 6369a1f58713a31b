#include "backfill/progress.h"
#include "base/json.h"
#include "ledger/throttles.h"

static gint64
told_us(void *data)
{
    return *(gint64 *) data;
}

typedef struct {
    gint64 now_us;
    Clock clock;
    LedgerBackfill backfill;
    GPtrArray *throttles;
    Progress *progress;
} Fixture;

static void
fixture_init(Fixture *fixture)
{
    fixture->now_us = 1000000;
    fixture->clock = (Clock){.monotonic_us = told_us, .data = &fixture->now_us};
    fixture->backfill = (LedgerBackfill){.id = 7,
                                         .revision = (char *) "3f2a",
                                         .relation = (char *) "public.users",
                                         .pass = 1,
                                         .end_page = 1000};
    fixture->throttles = g_ptr_array_new();
    fixture->progress = progress_new(&fixture->clock);
    progress_see(fixture->progress, &fixture->backfill, true);
}

static void
fixture_clear(Fixture *fixture)
{
    g_ptr_array_unref(fixture->throttles);
    progress_free(fixture->progress);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Fixture, fixture_clear)

/* A second later it is as far as this. */
static void
go(Fixture *fixture, gint64 pages, gint64 rows, bool working)
{
    fixture->now_us += 1000000;
    fixture->backfill.pages_done = pages;
    fixture->backfill.rows = rows;
    progress_see(fixture->progress, &fixture->backfill, working);
}

static json_t *
describe(Fixture *fixture)
{
    return progress_to_json(fixture->progress, &fixture->backfill, fixture->throttles);
}

static gint64
number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static void
test_the_rest_follows_from_what_is_done(void)
{
    g_auto(Fixture) fixture = {0};
    g_autoptr(json_t) first = NULL, later = NULL;

    fixture_init(&fixture);
    first = describe(&fixture);
    g_assert_true(json_is_null(json_object_get(first, "total")));
    g_assert_true(json_is_null(json_object_get(first, "eta_ms")));
    g_assert_true(json_is_null(json_object_get(first, "rows_per_s")));
    go(&fixture, 100, 5000, true);
    go(&fixture, 200, 10000, true);
    later = describe(&fixture);
    g_assert_cmpint(number(later, "total"), ==, 50000);
    g_assert_cmpint(number(later, "remaining"), ==, 40000);
    g_assert_cmpint(number(later, "eta_ms"), ==, 8000);
    g_assert_cmpfloat_with_epsilon(json_real_value(json_object_get(later, "rows_per_s")), 5000,
                                   1e-9);
    g_assert_cmpfloat_with_epsilon(json_real_value(json_object_get(later, "share")), 0.2, 1e-9);
}

static void
test_time_that_was_held_is_none(void)
{
    g_auto(Fixture) fixture = {0};
    g_autoptr(json_t) json = NULL;
    LedgerThrottle lag = {.signal = (char *) "replica lag", .held_ms = 60000};

    fixture_init(&fixture);
    g_ptr_array_add(fixture.throttles, &lag);
    go(&fixture, 500, 5000, true);
    for (int i = 0; i < 60; i++)
        go(&fixture, 500, 5000, false);
    json = describe(&fixture);
    g_assert_cmpint(number(json, "eta_ms"), ==, 1000);
    g_assert_cmpfloat_with_epsilon(json_real_value(json_object_get(json, "rows_per_s")), 0, 1e-9);
    g_assert_cmpint(number(json_object_get(json, "throttles"), "replica lag"), ==, 60000);
}

/* Who joins late knows nothing of the speed before; who comes to the next table begins anew. */
static void
test_only_what_was_seen_counts(void)
{
    g_auto(Fixture) fixture = {0};
    g_autoptr(json_t) json = NULL;

    fixture_init(&fixture);
    go(&fixture, 900, 90000, true);
    fixture.backfill.id = 8;
    go(&fixture, 500, 5000, true);
    go(&fixture, 600, 6000, true);
    json = describe(&fixture);
    g_assert_cmpint(number(json, "eta_ms"), ==, 4000);
    g_assert_cmpint(number(json, "total"), ==, 10000);
    fixture.backfill.pass = 2;
    go(&fixture, 10, 6001, true);
    json_decref(json);
    json = describe(&fixture);
    g_assert_true(json_is_null(json_object_get(json, "total")));
    g_assert_true(json_is_null(json_object_get(json, "eta_ms")));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/backfill/progress/the-rest", test_the_rest_follows_from_what_is_done);
    g_test_add_func("/backfill/progress/held", test_time_that_was_held_is_none);
    g_test_add_func("/backfill/progress/only-what-was-seen", test_only_what_was_seen_counts);
    return g_test_run();
}
