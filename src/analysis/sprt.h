/*
 * analysis/sprt.h - Wald's sequential probability ratio test on counters (bad, total).
 *
 * The fail bound ln(1/alpha) holds by Ville's inequality however often one looks; the pass bound is
 * ln(beta). The CUSUM form, whose sum never falls below 0, watches without end: by the union over
 * its looks it gives a false alarm with probability alpha at most.
 *
 * Failures come in bursts (one dead connection, five requests), the tests take them to be
 * independent: so at most one bad counts in each batch of 20 requests. Batches go on from one
 * interval to the next, or short intervals would have no cap; they are shorter where more than 1 %
 * bad is looked for (1 / (5 p1) requests), or the cap would hide it.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum { VERDICT_CONTINUE, VERDICT_PASS, VERDICT_FAIL, VERDICT_INCONCLUSIVE } Verdict;
const char *verdict_name(Verdict verdict);

typedef struct {
    double acceptable, intolerable; /* p0 < p1 */
    double alpha, beta;
} SprtLimits;

typedef struct {
    gint64 batch;
    gint64 total; /* requests seen */
    gint64 spent; /* number of batches up to the one whose bad request was counted last */
} BurstCap;

typedef struct {
    SprtLimits limits;
    BurstCap cap;
    double log_ratio;  /* lambda */
    gint64 total, bad; /* as counted, bad after the burst cap */
    gint64 bad_seen;   /* before it */
} Sprt;

void sprt_init(Sprt *sprt, const SprtLimits *limits);
/* One interval. @bad may not exceed @total (redispatches can: then it is cut). */
void sprt_add(Sprt *sprt, gint64 bad, gint64 total);
/* CONTINUE, PASS or FAIL. */
Verdict sprt_verdict(const Sprt *sprt);
/* Requests without an error that a pass takes: ln(1/beta)/ln((1-p0)/(1-p1)), rounded up. */
gint64 sprt_requests_to_pass(const SprtLimits *limits);

typedef struct {
    SprtLimits limits;
    BurstCap cap;
    double sum, bound; /* alarm at sum >= bound = ln(looks/alpha) */
    gint64 total, bad; /* as counted, bad after the burst cap */
    gint64 bad_seen;   /* before it */
    bool alarm;        /* stays */
} Cusum;
void cusum_init(Cusum *cusum, const SprtLimits *limits, gint64 looks);
void cusum_add(Cusum *cusum, gint64 bad, gint64 total);
bool cusum_is_alarm(const Cusum *cusum);
