#include "analysis/sprt.h"

#include <math.h>

enum { BATCH_MOST = 20 };

const char *
verdict_name(Verdict verdict)
{
    static const char *const names[] = {
        [VERDICT_CONTINUE] = "continue",
        [VERDICT_PASS] = "pass",
        [VERDICT_FAIL] = "fail",
        [VERDICT_INCONCLUSIVE] = "inconclusive",
    };

    return names[verdict];
}

static BurstCap
burst_cap(const SprtLimits *limits)
{
    const double batch = 1 / (5 * limits->intolerable);

    return (BurstCap){.batch = (gint64) CLAMP(batch + 1e-9, 1, BATCH_MOST)};
}

/* How many of @bad count. The batches that the interval touches are numbered from 1; a batch begun
 * in an earlier interval may have had its one. */
static gint64
burst_cap_add(BurstCap *cap, gint64 bad, gint64 total)
{
    const gint64 first = MAX(cap->total / cap->batch + 1, cap->spent + 1);
    const gint64 last = (cap->total + total - 1) / cap->batch + 1;
    const gint64 counted = MIN(bad, MAX(last - first + 1, 0));

    cap->total += total;
    if (counted > 0)
        cap->spent = first + counted - 1;
    return counted;
}

static double
log_ratio(const SprtLimits *limits, gint64 bad, gint64 total)
{
    return (double) bad * log(limits->intolerable / limits->acceptable) +
           (double) (total - bad) * log1p(-limits->intolerable) -
           (double) (total - bad) * log1p(-limits->acceptable);
}

void
sprt_init(Sprt *sprt, const SprtLimits *limits)
{
    *sprt = (Sprt){.limits = *limits, .cap = burst_cap(limits)};
}

void
sprt_add(Sprt *sprt, gint64 bad, gint64 total)
{
    gint64 counted;

    if (total <= 0)
        return;
    bad = CLAMP(bad, 0, total);
    counted = burst_cap_add(&sprt->cap, bad, total);
    sprt->bad_seen += bad;
    sprt->bad += counted;
    sprt->total += total;
    sprt->log_ratio += log_ratio(&sprt->limits, counted, total);
}

Verdict
sprt_verdict(const Sprt *sprt)
{
    if (sprt->log_ratio >= -log(sprt->limits.alpha))
        return VERDICT_FAIL;
    return sprt->log_ratio <= log(sprt->limits.beta) ? VERDICT_PASS : VERDICT_CONTINUE;
}

gint64
sprt_requests_to_pass(const SprtLimits *limits)
{
    return (gint64) ceil(log(limits->beta) / log_ratio(limits, 0, 1));
}

void
cusum_init(Cusum *cusum, const SprtLimits *limits, gint64 looks)
{
    *cusum = (Cusum){
        .limits = *limits,
        .cap = burst_cap(limits),
        .bound = log((double) MAX(looks, 1) / limits->alpha),
    };
}

void
cusum_add(Cusum *cusum, gint64 bad, gint64 total)
{
    gint64 counted;

    if (total <= 0)
        return;
    bad = CLAMP(bad, 0, total);
    counted = burst_cap_add(&cusum->cap, bad, total);
    cusum->bad_seen += bad;
    cusum->bad += counted;
    cusum->total += total;
    cusum->sum = MAX(0.0, cusum->sum + log_ratio(&cusum->limits, counted, total));
    cusum->alarm = cusum->alarm || cusum->sum >= cusum->bound;
}

bool
cusum_is_alarm(const Cusum *cusum)
{
    return cusum->alarm;
}
