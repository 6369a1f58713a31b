#include "analysis/judge.h"

#include <math.h>

enum { SETTLE_MOST_MS = 30000, WATCH_MS = 3 * 24 * 3600 * 1000 };

struct Judge {
    JudgeLimits limits;
    Sprt canary;        /* of the intervals counted */
    Cusum canary_watch; /* what the test no longer sees once its log ratio is far below 0 */
    Cusum canary_seen;  /* with the intervals that stable failed in too */
    Cusum stable;
    TrafficState before;
    bool has_before;
    gint64 begun_ms, least_ms, now_ms;
    gint64 settling_since_ms; /* -1: not settling */
    gint64 intervals[INTERVAL_N];
};

typedef struct {
    gint64 bad, total;
} Difference;

const char *
judge_verdict_name(JudgeVerdict verdict)
{
    static const char *const names[] = {
        [JUDGE_GOES_ON] = "goes on",
        [JUDGE_PASSED] = "passed",
        [JUDGE_CANARY_FAILED] = "canary failed",
        [JUDGE_BOTH_FAILED] = "both failed",
        [JUDGE_STABLE_FAILED] = "stable failed",
        [JUDGE_INCONCLUSIVE] = "inconclusive",
    };

    return names[verdict];
}

const char *
interval_fate_name(IntervalFate fate)
{
    static const char *const names[] = {
        [INTERVAL_COUNTED] = "counted",
        [INTERVAL_FIRST] = "first",
        [INTERVAL_ROUTER_RESTARTED] = "router restarted",
        [INTERVAL_COUNTER_RESET] = "counter reset",
        [INTERVAL_DATABASE_AWAY] = "database away",
        [INTERVAL_SETTLING] = "settling",
        [INTERVAL_SHARED] = "stable failed too",
    };

    return names[fate];
}

JudgeLimits
judge_limits(const Settings *settings)
{
    return (JudgeLimits){
        .limits = {.acceptable = settings->analysis_acceptable,
                   .intolerable = settings->analysis_intolerable,
                   .alpha = settings->analysis_alpha,
                   .beta = settings->analysis_beta},
        .interval_ms = settings->analysis_interval_ms,
        .watch_ms = WATCH_MS,
        .most_ms = settings->analysis_max_ms,
    };
}

Judge *
judge_new(const JudgeLimits *limits)
{
    Judge *judge = g_new0(Judge, 1);

    judge->limits = *limits;
    judge->limits.interval_ms = MAX(limits->interval_ms, 1);
    cusum_init(&judge->stable, &limits->limits, limits->watch_ms / judge->limits.interval_ms);
    judge_begin(judge, 0, 0);
    return judge;
}

void
judge_free(Judge *judge)
{
    g_free(judge);
}

void
judge_begin(Judge *judge, gint64 least_ms, gint64 now_ms)
{
    const JudgeLimits *limits = &judge->limits;

    sprt_init(&judge->canary, &limits->limits);
    cusum_init(&judge->canary_watch, &limits->limits, least_ms / limits->interval_ms);
    judge->canary_seen = judge->canary_watch;
    if (cusum_is_alarm(&judge->stable))
        cusum_init(&judge->stable, &limits->limits, limits->watch_ms / limits->interval_ms);
    judge->has_before = false;
    judge->begun_ms = judge->now_ms = now_ms;
    judge->least_ms = least_ms;
    judge->settling_since_ms = -1;
    for (IntervalFate fate = 0; fate < INTERVAL_N; fate++)
        judge->intervals[fate] = 0;
}

static Difference
difference(const Judge *judge, const TrafficState *state, Pool pool)
{
    return (Difference){
        .bad = state->pools[pool].bad - judge->before.pools[pool].bad,
        .total = state->pools[pool].total - judge->before.pools[pool].total,
    };
}

static double
rate(Difference pool)
{
    return pool.total > 0 ? (double) pool.bad / (double) pool.total : 0;
}

/* Intolerable in stable by itself, and not much better than in the canary. */
static bool
is_shared(const Judge *judge, Difference canary, Difference stable)
{
    return canary.bad > 0 && rate(stable) >= judge->limits.limits.intolerable &&
           rate(stable) >= rate(canary) / 2;
}

/* After an outage the apps take a while to find the database again. A canary that does not within
 * the limit is to blame itself. */
static bool
is_settling(Judge *judge, Difference canary, Difference stable, gint64 now_ms)
{
    const bool clean = canary.bad + stable.bad == 0 && canary.total + stable.total > 0;
    const bool late = now_ms - judge->settling_since_ms > SETTLE_MOST_MS;

    if (judge->settling_since_ms < 0)
        return false;
    if (clean || late)
        judge->settling_since_ms = -1;
    return !late;
}

static IntervalFate
fate_of(Judge *judge, const TrafficState *state, bool database_answered, gint64 now_ms)
{
    const Difference canary = difference(judge, state, POOL_CANARY);
    const Difference stable = difference(judge, state, POOL_STABLE);

    if (!database_answered) {
        judge->settling_since_ms = now_ms;
        return INTERVAL_DATABASE_AWAY;
    }
    if (!judge->has_before)
        return INTERVAL_FIRST;
    if (state->epoch != judge->before.epoch)
        return INTERVAL_ROUTER_RESTARTED;
    if (MIN(canary.bad, canary.total) < 0 || MIN(stable.bad, stable.total) < 0)
        return INTERVAL_COUNTER_RESET;
    if (is_settling(judge, canary, stable, now_ms))
        return INTERVAL_SETTLING;
    return is_shared(judge, canary, stable) ? INTERVAL_SHARED : INTERVAL_COUNTED;
}

IntervalFate
judge_add(Judge *judge, const TrafficState *state, bool database_answered, gint64 now_ms)
{
    const IntervalFate fate = fate_of(judge, state, database_answered, now_ms);
    const Difference canary = difference(judge, state, POOL_CANARY);
    const Difference stable = difference(judge, state, POOL_STABLE);

    if (fate == INTERVAL_COUNTED) {
        sprt_add(&judge->canary, canary.bad, canary.total);
        cusum_add(&judge->canary_watch, canary.bad, canary.total);
    }
    if (fate == INTERVAL_COUNTED || fate == INTERVAL_SHARED) {
        cusum_add(&judge->canary_seen, canary.bad, canary.total);
        cusum_add(&judge->stable, stable.bad, stable.total);
    }
    judge->intervals[fate]++;
    judge->before = *state;
    judge->has_before = true;
    judge->now_ms = now_ms;
    return fate;
}

static bool
canary_failed(const Judge *judge)
{
    return sprt_verdict(&judge->canary) == VERDICT_FAIL || cusum_is_alarm(&judge->canary_watch);
}

JudgeVerdict
judge_verdict(const Judge *judge)
{
    const gint64 elapsed_ms = judge->now_ms - judge->begun_ms;

    /* Stable has so many more requests that it is sure long before the canary can be. That the
     * canary's last ones speak for failing too is enough to tell the cases apart. */
    if (cusum_is_alarm(&judge->stable))
        return judge->canary_seen.sum > 0 ? JUDGE_BOTH_FAILED : JUDGE_STABLE_FAILED;
    if (canary_failed(judge))
        return JUDGE_CANARY_FAILED;
    if (elapsed_ms < judge->least_ms)
        return JUDGE_GOES_ON;
    if (sprt_verdict(&judge->canary) == VERDICT_PASS)
        return JUDGE_PASSED;
    return elapsed_ms >= MAX(judge->limits.most_ms, judge->least_ms) ? JUDGE_INCONCLUSIVE
                                                                     : JUDGE_GOES_ON;
}

double
judge_bad_share(const Judge *judge)
{
    if (judge->canary.total == 0)
        return -1;
    return (double) judge->canary.bad_seen / (double) judge->canary.total;
}

char *
judge_summary(const Judge *judge)
{
    const SprtLimits *limits = &judge->limits.limits;
    g_autoptr(GString) text = g_string_new(NULL);

    g_string_printf(text,
                    "canary: %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
                    " requests failed; up to %g %% is fine, %g %% is not",
                    judge->canary.bad_seen, judge->canary.total, limits->acceptable * 100,
                    limits->intolerable * 100);
    if (judge_verdict(judge) == JUDGE_INCONCLUSIVE)
        g_string_append_printf(text, "; %" G_GINT64_FORMAT " without a failure would pass",
                               sprt_requests_to_pass(limits));
    if (cusum_is_alarm(&judge->stable))
        g_string_append_printf(text, "; stable fails: %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT,
                               judge->stable.bad_seen, judge->stable.total);
    return g_strdup(text->str);
}

static json_t *
canary_json(const Judge *judge)
{
    const Sprt *canary = &judge->canary;

    return json_pack("{s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:s, s:b}", "spent",
                     (json_int_t) canary->cap.spent, "n", (json_int_t) canary->total, "bad",
                     (json_int_t) canary->bad, "bad_seen", (json_int_t) canary->bad_seen, "p0",
                     canary->limits.acceptable, "p1", canary->limits.intolerable, "log_ratio",
                     canary->log_ratio, "verdict", verdict_name(sprt_verdict(canary)), "alarm",
                     (int) cusum_is_alarm(&judge->canary_watch));
}

static json_t *
cusum_json(const Cusum *cusum)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:f, s:b}", "spent",
                     (json_int_t) cusum->cap.spent, "n", (json_int_t) cusum->total, "bad",
                     (json_int_t) cusum->bad, "bad_seen", (json_int_t) cusum->bad_seen, "p0",
                     cusum->limits.acceptable, "p1", cusum->limits.intolerable, "sum", cusum->sum,
                     "bound", cusum->bound, "alarm", (int) cusum_is_alarm(cusum));
}

json_t *
judge_evidence(const Judge *judge)
{
    json_t *intervals = json_object();

    for (IntervalFate fate = 0; fate < INTERVAL_N; fate++)
        if (judge->intervals[fate] > 0 || fate == INTERVAL_COUNTED)
            json_object_set_new(intervals, interval_fate_name(fate),
                                json_integer(judge->intervals[fate]));
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:I, s:f, s:o}", "verdict",
                     judge_verdict_name(judge_verdict(judge)), "canary", canary_json(judge),
                     "canary_watch", cusum_json(&judge->canary_watch), "canary_seen",
                     cusum_json(&judge->canary_seen), "stable", cusum_json(&judge->stable),
                     "requests_to_pass", (json_int_t) sprt_requests_to_pass(&judge->limits.limits),
                     "seconds", (double) (judge->now_ms - judge->begun_ms) / 1000, "intervals",
                     intervals);
}

static gint64
count_of(json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static double
number_of(json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

static void
restore_sprt(Sprt *sprt, json_t *from)
{
    sprt->total = sprt->cap.total = count_of(from, "n");
    sprt->cap.spent = count_of(from, "spent");
    sprt->bad = count_of(from, "bad");
    sprt->bad_seen = count_of(from, "bad_seen");
    sprt->log_ratio = number_of(from, "log_ratio");
}

static void
restore_cusum(Cusum *cusum, json_t *from)
{
    cusum->total = cusum->cap.total = count_of(from, "n");
    cusum->cap.spent = count_of(from, "spent");
    cusum->bad = count_of(from, "bad");
    cusum->bad_seen = count_of(from, "bad_seen");
    cusum->sum = number_of(from, "sum");
}

/* Counts for other limits say nothing: the ratio is between these two. */
static bool
fits(const SprtLimits *limits, json_t *canary)
{
    static const double near = 1e-9;

    return fabs(number_of(canary, "p0") - limits->acceptable) < near &&
           fabs(number_of(canary, "p1") - limits->intolerable) < near;
}

bool
judge_resume(Judge *judge, json_t *evidence)
{
    json_t *canary = json_object_get(evidence, "canary");
    const char *verdict = json_string_value(json_object_get(evidence, "verdict"));

    if (g_strcmp0(verdict, judge_verdict_name(JUDGE_GOES_ON)) != 0 ||
        !fits(&judge->limits.limits, canary))
        return false;
    restore_sprt(&judge->canary, canary);
    restore_cusum(&judge->canary_watch, json_object_get(evidence, "canary_watch"));
    restore_cusum(&judge->canary_seen, json_object_get(evidence, "canary_seen"));
    if (judge->stable.total == 0)
        restore_cusum(&judge->stable, json_object_get(evidence, "stable"));
    judge->begun_ms -= (gint64) (1000 * number_of(evidence, "seconds"));
    for (IntervalFate fate = 0; fate < INTERVAL_N; fate++)
        judge->intervals[fate] =
            count_of(json_object_get(evidence, "intervals"), interval_fate_name(fate));
    return true;
}
