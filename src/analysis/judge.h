/*
 * analysis/judge.h - is the canary as good as it must be, and does the old app suffer?
 *
 * Pure logic, fed once an interval with what the router and the database say; no I/O, no clock. The
 * canary is put to the sequential test; stable, and the canary too, are watched by the CUSUM form,
 * so that a long good time hides no late failure. One database serves both pools, therefore what
 * fails in both is not the canary's fault, and intervals in which the database was away, or the
 * router began anew, are recorded and not counted.
 *
 *     judge_new; for each analysis step: judge_begin; each interval: traffic_read, ask the
 * database, judge_add, judge_verdict until it is not JUDGE_GOES_ON.
 */
#pragma once

#include "analysis/sprt.h"
#include "base/json.h"
#include "traffic/traffic.h"

typedef enum {
    JUDGE_GOES_ON,
    JUDGE_PASSED,        /* advance */
    JUDGE_CANARY_FAILED, /* abort: traffic to stable */
    JUDGE_BOTH_FAILED,   /* one cause for both: traffic to stable, pause the backfill, hold */
    JUDGE_STABLE_FAILED, /* the canary is not to blame: pause the backfill, hold the weights */
    JUDGE_INCONCLUSIVE,  /* too little traffic: hold the weights */
} JudgeVerdict;
const char *judge_verdict_name(JudgeVerdict verdict);

/* What became of an interval. */
typedef enum {
    INTERVAL_COUNTED,
    INTERVAL_FIRST,            /* nothing to take differences from yet */
    INTERVAL_ROUTER_RESTARTED, /* the epoch changed */
    INTERVAL_COUNTER_RESET,    /* a counter went back */
    INTERVAL_DATABASE_AWAY,
    INTERVAL_SETTLING, /* after that: until an interval without a bad request, 30 s at most */
    INTERVAL_SHARED,   /* stable failed as the canary did: counted for stable alone */
    INTERVAL_N
} IntervalFate;
const char *interval_fate_name(IntervalFate fate);

typedef struct {
    SprtLimits limits;
    gint64 interval_ms; /* between two calls of judge_add, about */
    gint64 watch_ms;    /* how long a rollout takes at most: sets stable's bound for false alarms */
    gint64 most_ms;     /* a step without a verdict after so long is inconclusive */
} JudgeLimits;

/* What @settings say, with three days for a rollout. */
JudgeLimits judge_limits(const Settings *settings);

typedef struct Judge Judge;

Judge *judge_new(const JudgeLimits *limits);
void judge_free(Judge *judge);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Judge, judge_free)

/* A step begins: the canary is tested anew, for @least_ms at least; stable is watched on (anew, if
 * it had failed). The next interval is the first. */
void judge_begin(Judge *judge, gint64 least_ms, gint64 now_ms);

/* After judge_begin: goes on with what @evidence (judge_evidence) had counted, in the time that it
 * had watched; what happened between counts for nothing. False: there is no going on, for it had a
 * verdict, or was of other limits. */
bool judge_resume(Judge *judge, json_t *evidence);

/* @state: read before the database was asked, so that a failure it counts cannot come from an
 * outage that the question missed. @database_answered: since the interval before, without a break.
 */
IntervalFate judge_add(Judge *judge, const TrafficState *state, bool database_answered,
                       gint64 now_ms);

/* As of the last interval. */
JudgeVerdict judge_verdict(const Judge *judge);
/* One line: "canary: 7 of 420 requests failed; up to 0.1 % is fine, 1 % is not". Caller owns. */
char *judge_summary(const Judge *judge);
/* {"verdict", "canary": {"n","bad","bad_seen","spent","p0","p1","log_ratio","verdict","alarm"},
 *  "stable", "canary_watch", "canary_seen": {"n","bad","bad_seen","spent","p0","p1","sum","bound",
 *  "alarm"}, "requests_to_pass", "seconds", "intervals": {"counted": N, "database away": N, ..}}.
 *  Caller owns. */
json_t *judge_evidence(const Judge *judge);
/* Share of bad requests among those counted for the canary; < 0 if there were none. */
double judge_bad_share(const Judge *judge);
