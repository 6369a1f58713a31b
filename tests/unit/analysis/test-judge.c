#include <string.h>

#include "analysis/judge.h"

static const JudgeLimits limits = {
    .limits = {.acceptable = 0.001, .intolerable = 0.01, .alpha = 0.01, .beta = 0.05},
    .interval_ms = 1000,
    .watch_ms = 3600 * 1000,
    .most_ms = 600 * 1000,
};

enum { SEED = 20261122 };

/* A judge with the counters that it is fed from, one second an interval. */
typedef struct {
    Judge *judge;
    TrafficState state;
    gint64 now_ms;
} Fixture;

static void
begin(Fixture *fixture, gint64 least_ms)
{
    judge_begin(fixture->judge, least_ms, fixture->now_ms);
    g_assert_cmpint(judge_add(fixture->judge, &fixture->state, true, fixture->now_ms), ==,
                    INTERVAL_FIRST);
}

static void
set_up(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    fixture->judge = judge_new(&limits);
    fixture->state.epoch = 1;
    fixture->now_ms = 5000;
    begin(fixture, 0);
}

static void
tear_down(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    judge_free(fixture->judge);
}

static IntervalFate
feed_with(Fixture *fixture, gint64 canary_bad, gint64 canary, gint64 stable_bad, gint64 stable,
          bool database_answered)
{
    PoolState *pools = fixture->state.pools;

    pools[POOL_CANARY].bad += canary_bad;
    pools[POOL_CANARY].total += canary;
    pools[POOL_STABLE].bad += stable_bad;
    pools[POOL_STABLE].total += stable;
    fixture->now_ms += 1000;
    return judge_add(fixture->judge, &fixture->state, database_answered, fixture->now_ms);
}

static IntervalFate
feed(Fixture *fixture, gint64 canary_bad, gint64 canary, gint64 stable_bad, gint64 stable)
{
    return feed_with(fixture, canary_bad, canary, stable_bad, stable, true);
}

static void
test_healthy_passes(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    int seconds = 0;

    for (; judge_verdict(fixture->judge) == JUDGE_GOES_ON; seconds++)
        g_assert_cmpint(feed(fixture, 0, 15, 0, 285), ==, INTERVAL_COUNTED);
    g_assert_cmpint(judge_verdict(fixture->judge), ==, JUDGE_PASSED);
    g_assert_cmpint(seconds, ==, 23); /* 332 requests at 15 a second */
}

static void
test_least_time(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    begin(fixture, 60000);
    for (int i = 0; i < 59; i++) {
        feed(fixture, 0, 100, 0, 100);
        g_assert_cmpint(judge_verdict(fixture->judge), ==, JUDGE_GOES_ON);
    }
    feed(fixture, 0, 100, 0, 100);
    g_assert_cmpint(judge_verdict(fixture->judge), ==, JUDGE_PASSED);
}

static void
test_broken_canary(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    int seconds = 0;

    for (; judge_verdict(fixture->judge) == JUDGE_GOES_ON; seconds++)
        feed(fixture, 15, 15, 0, 285);
    g_assert_cmpint(judge_verdict(fixture->judge), ==, JUDGE_CANARY_FAILED);
    g_assert_cmpint(seconds, <=, 4);
}

/* Twenty good minutes do not hide it. */
static void
test_late_failure(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    int seconds = 0;

    begin(fixture, 3600 * 1000);
    for (int i = 0; i < 1200; i++)
        feed(fixture, 0, 100, 0, 100);
    for (; judge_verdict(fixture->judge) == JUDGE_GOES_ON && seconds < 1000; seconds++)
        feed(fixture, 20, 100, 0, 100);
    g_assert_cmpint(judge_verdict(fixture->judge), ==, JUDGE_CANARY_FAILED);
    g_assert_cmpint(seconds, <=, 5);
}

static void
test_too_little_traffic(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *summary = NULL;

    for (int i = 0; i < 599; i++)
        feed(fixture, 0, i % 10 == 0 ? 1 : 0, 0, 300);
    g_assert_cmpint(judge_verdict(fixture->judge), ==, JUDGE_GOES_ON);
    feed(fixture, 0, 0, 0, 300);
    g_assert_cmpint(judge_verdict(fixture->judge), ==, JUDGE_INCONCLUSIVE);
    summary = judge_summary(fixture->judge);
    g_assert_nonnull(strstr(summary, "332 without a failure would pass"));
}

static void
test_no_traffic_is_inconclusive(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    for (int i = 0; i < 700; i++)
        feed(fixture, 0, 0, 0, 0);
    g_assert_cmpint(judge_verdict(fixture->judge), ==, JUDGE_INCONCLUSIVE);
    g_assert_cmpfloat(judge_bad_share(fixture->judge), <, 0);
}

/* The migration hurts the old app; the canary stands well. */
static void
test_stable_suffers(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    int seconds = 0;

    begin(fixture, 600 * 1000);
    for (; judge_verdict(fixture->judge) == JUDGE_GOES_ON && seconds < 100; seconds++)
        g_assert_cmpint(feed(fixture, 0, 15, 60, 285), ==, INTERVAL_COUNTED);
    g_assert_cmpint(judge_verdict(fixture->judge), ==, JUDGE_STABLE_FAILED);
    g_assert_cmpint(seconds, <=, 5);

    begin(fixture, 0); /* somebody looked, and resumed */
    g_assert_cmpint(judge_verdict(fixture->judge), ==, JUDGE_GOES_ON);
}

static void
test_shared_cause(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    int seconds = 0;

    for (; judge_verdict(fixture->judge) == JUDGE_GOES_ON && seconds < 100; seconds++)
        g_assert_cmpint(feed(fixture, 5, 15, 90, 285), ==, INTERVAL_SHARED);
    g_assert_cmpint(judge_verdict(fixture->judge), ==, JUDGE_BOTH_FAILED);
    g_assert_cmpint(seconds, <=, 10);
}

/* A short shared failure is nobody's fault, and is in the evidence. */
static void
test_shared_interval_is_not_counted(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(json_t) evidence = NULL;
    json_int_t shared, bad;

    feed(fixture, 0, 100, 0, 285);
    g_assert_cmpint(feed(fixture, 2, 100, 3, 285), ==, INTERVAL_SHARED);
    while (judge_verdict(fixture->judge) == JUDGE_GOES_ON)
        feed(fixture, 0, 15, 0, 285);
    g_assert_cmpint(judge_verdict(fixture->judge), ==, JUDGE_PASSED);
    evidence = judge_evidence(fixture->judge);
    g_assert_cmpint(json_unpack(evidence, "{s:{s:I}, s:{s:I}}", "intervals", "stable failed too",
                                &shared, "canary", "bad_seen", &bad),
                    ==, 0);
    g_assert_cmpint(shared, ==, 1);
    g_assert_cmpint(bad, ==, 0);
}

/* Some failures of stable excuse no canary in which most fails. */
static void
test_worse_than_stable_is_counted(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_assert_cmpint(feed(fixture, 15, 15, 4, 285), ==, INTERVAL_COUNTED);
}

static void
test_router_restart(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    feed(fixture, 0, 100, 0, 100);
    fixture->state = (TrafficState){.epoch = 2};
    g_assert_cmpint(feed(fixture, 50, 100, 0, 100), ==, INTERVAL_ROUTER_RESTARTED);
    g_assert_cmpint(feed(fixture, 0, 100, 0, 100), ==, INTERVAL_COUNTED);
    fixture->state = (TrafficState){.epoch = 2};
    g_assert_cmpint(feed(fixture, 0, 50, 0, 50), ==, INTERVAL_COUNTER_RESET);
    g_assert_cmpint(judge_verdict(fixture->judge), ==, JUDGE_GOES_ON);
}

/* All fails while the database is away, and for some seconds after; then the canary is well. */
static void
test_database_outage(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    for (int i = 0; i < 5; i++)
        g_assert_cmpint(feed_with(fixture, 15, 15, 285, 285, false), ==, INTERVAL_DATABASE_AWAY);
    for (int i = 0; i < 10; i++)
        g_assert_cmpint(feed(fixture, 3, 15, 1, 285), ==, INTERVAL_SETTLING);
    g_assert_cmpint(feed(fixture, 0, 15, 0, 285), ==, INTERVAL_SETTLING);
    while (judge_verdict(fixture->judge) == JUDGE_GOES_ON)
        g_assert_cmpint(feed(fixture, 0, 15, 0, 285), ==, INTERVAL_COUNTED);
    g_assert_cmpint(judge_verdict(fixture->judge), ==, JUDGE_PASSED);
}

/* One that does not find the database again while stable does is to blame. */
static void
test_canary_that_does_not_recover(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    int seconds = 0;

    feed_with(fixture, 15, 15, 285, 285, false);
    for (; judge_verdict(fixture->judge) == JUDGE_GOES_ON && seconds < 100; seconds++)
        feed(fixture, 15, 15, 0, 285);
    g_assert_cmpint(judge_verdict(fixture->judge), ==, JUDGE_CANARY_FAILED);
    g_assert_cmpint(seconds, >, 30);
    g_assert_cmpint(seconds, <, 40);
}

static void
test_evidence(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(json_t) evidence = NULL;
    g_autofree char *summary = NULL;
    const char *verdict, *canary_verdict;
    json_int_t n, bad, bad_seen;
    double p0, p1, log_ratio;

    feed(fixture, 3, 40, 0, 285);
    evidence = judge_evidence(fixture->judge);
    g_assert_cmpint(json_unpack(evidence, "{s:s, s:{s:I, s:I, s:I, s:f, s:f, s:f, s:s}}", "verdict",
                                &verdict, "canary", "n", &n, "bad", &bad, "bad_seen", &bad_seen,
                                "p0", &p0, "p1", &p1, "log_ratio", &log_ratio, "verdict",
                                &canary_verdict),
                    ==, 0);
    g_assert_cmpstr(verdict, ==, "goes on");
    g_assert_cmpstr(canary_verdict, ==, "continue");
    g_assert_cmpint(n, ==, 40);
    g_assert_cmpint(bad, ==, 2);
    g_assert_cmpint(bad_seen, ==, 3);
    g_assert_cmpfloat(log_ratio, >, 4);
    summary = judge_summary(fixture->judge);
    g_assert_cmpstr(summary, ==,
                    "canary: 3 of 40 requests failed; up to 0.1 % is fine, 1 % is not");
}

static gint64
draw(GRand *rand, int n, double p)
{
    gint64 bad = 0;

    for (int i = 0; i < n; i++)
        bad += g_rand_double(rand) < p ? 1 : 0;
    return bad;
}

static JudgeVerdict
simulate(GRand *rand, double canary_p, double stable_p)
{
    g_autoptr(Judge) judge = judge_new(&limits);
    TrafficState state = {.epoch = 1};

    judge_begin(judge, 120 * 1000, 0);
    for (gint64 now_ms = 0; judge_verdict(judge) == JUDGE_GOES_ON; now_ms += 1000) {
        judge_add(judge, &state, true, now_ms);
        state.pools[POOL_CANARY].total += 15;
        state.pools[POOL_CANARY].bad += draw(rand, 15, canary_p);
        state.pools[POOL_STABLE].total += 85;
        state.pools[POOL_STABLE].bad += draw(rand, 85, stable_p);
    }
    return judge_verdict(judge);
}

/* Two minutes of both pools at the rate that is just acceptable, and of a canary at 2 % and 5 %. */
static void
test_error_rates(void)
{
    enum { RUNS = 500 };
    g_autoptr(GRand) rand = g_rand_new_with_seed(SEED);
    int false_aborts = 0, found_2 = 0, found_5 = 0;

    for (int i = 0; i < RUNS; i++) {
        false_aborts += simulate(rand, 0.001, 0.001) != JUDGE_PASSED ? 1 : 0;
        found_2 += simulate(rand, 0.02, 0.001) == JUDGE_CANARY_FAILED ? 1 : 0;
        found_5 += simulate(rand, 0.05, 0.001) == JUDGE_CANARY_FAILED ? 1 : 0;
    }
    g_test_message("of %d: %d stopped at 0.1 %%, %d found at 2 %%, %d at 5 %%", RUNS, false_aborts,
                   found_2, found_5);
    g_assert_cmpint(false_aborts, <=, RUNS / 50);
    g_assert_cmpint(found_2, >=, RUNS * 97 / 100);
    g_assert_cmpint(found_5, ==, RUNS);
}

/* Its process dies, and another one has nothing but the evidence. */
static void
cut(Fixture *fixture, gint64 least_ms)
{
    g_autoptr(json_t) evidence = judge_evidence(fixture->judge);
    g_autofree char *text = json_dumps(evidence, 0);
    g_autoptr(json_t) kept = json_loads(text, 0, NULL);

    judge_free(fixture->judge);
    fixture->judge = judge_new(&limits);
    begin(fixture, least_ms);
    g_assert_true(judge_resume(fixture->judge, kept));
}

static void
test_cut_it_goes_on(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    Fixture whole = {.judge = judge_new(&limits), .state = {.epoch = 1}, .now_ms = 5000};
    g_autoptr(GRand) rand = g_rand_new_with_seed(SEED);
    static const char *const counts[] = {"canary", "canary_watch", "canary_seen", "stable",
                                         "seconds"};

    begin(&whole, 50000);
    begin(fixture, 50000);
    for (int i = 0; i < 100; i++) {
        const gint64 total = g_rand_int_range(rand, 0, 40), bad = total > 25 && i % 5 == 0;
        g_autoptr(json_t) expected = NULL, found = NULL;

        feed(&whole, bad, total, bad, 3 * total);
        if (i % 7 == 3)
            cut(fixture, 50000);
        feed(fixture, bad, total, bad, 3 * total);
        expected = judge_evidence(whole.judge);
        found = judge_evidence(fixture->judge);
        for (guint k = 0; k < G_N_ELEMENTS(counts); k++)
            g_assert_true(json_equal(json_object_get(expected, counts[k]),
                                     json_object_get(found, counts[k])));
        g_assert_cmpint(judge_verdict(fixture->judge), ==, judge_verdict(whole.judge));
        if (judge_verdict(fixture->judge) != JUDGE_GOES_ON)
            break;
    }
    judge_free(whole.judge);
}

static void
test_no_going_on(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    JudgeLimits others = limits;
    g_autoptr(Judge) other = NULL;
    g_autoptr(json_t) open = NULL, over = NULL;

    feed(fixture, 0, 15, 0, 285);
    open = judge_evidence(fixture->judge);
    others.limits.intolerable = 0.02;
    other = judge_new(&others);
    g_assert_false(judge_resume(other, open));
    g_assert_false(judge_resume(other, NULL));
    while (judge_verdict(fixture->judge) == JUDGE_GOES_ON)
        feed(fixture, 15, 15, 0, 285);
    over = judge_evidence(fixture->judge);
    g_assert_false(judge_resume(fixture->judge, over));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/judge/" name, Fixture, NULL, set_up, function, tear_down)
    ADD("healthy", test_healthy_passes);
    ADD("least-time", test_least_time);
    ADD("broken-canary", test_broken_canary);
    ADD("late-failure", test_late_failure);
    ADD("too-little", test_too_little_traffic);
    ADD("no-traffic", test_no_traffic_is_inconclusive);
    ADD("stable-suffers", test_stable_suffers);
    ADD("shared-cause", test_shared_cause);
    ADD("shared-interval", test_shared_interval_is_not_counted);
    ADD("worse-than-stable", test_worse_than_stable_is_counted);
    ADD("router-restart", test_router_restart);
    ADD("database-outage", test_database_outage);
    ADD("no-recovery", test_canary_that_does_not_recover);
    ADD("evidence", test_evidence);
    ADD("cut-it-goes-on", test_cut_it_goes_on);
    ADD("no-going-on", test_no_going_on);
#undef ADD
    g_test_add_func("/judge/error-rates", test_error_rates);
    return g_test_run();
}
