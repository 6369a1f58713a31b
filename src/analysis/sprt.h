/*
 * analysis/sprt.h - Wald's sequential probability ratio test on counters (bad, total).
 *
 * After delivery.md 4.2 A and C: fail bound ln(1/alpha) by Ville's inequality however often one
 * looks, pass bound ln(beta); at most one bad in every 20 requests of an interval counts (burst
 * cap), so that one clustered failure cannot abort. Stable is watched by the CUSUM form (4.2 F).
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
    SprtLimits limits;
    double log_ratio;  /* lambda */
    gint64 total, bad; /* as counted, bad after the burst cap */
    gint64 bad_seen;   /* before it */
} Sprt;

void sprt_init(Sprt *sprt, const SprtLimits *limits);
/* One interval. @bad may not exceed @total (redispatches can: then it is cut). */
void sprt_add(Sprt *sprt, gint64 bad, gint64 total);
Verdict sprt_verdict(const Sprt *sprt);
/* Requests without an error that a pass takes: ln(1/beta)/ln((1-p0)/(1-p1)), rounded up. */
gint64 sprt_requests_to_pass(const SprtLimits *limits);

typedef struct {
    SprtLimits limits;
    double sum, bound; /* alarm at sum >= bound = ln(looks/alpha) */
    gint64 total, bad;
} Cusum;
void cusum_init(Cusum *cusum, const SprtLimits *limits, gint64 looks);
void cusum_add(Cusum *cusum, gint64 bad, gint64 total);
bool cusum_is_alarm(const Cusum *cusum);
