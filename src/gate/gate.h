/*
 * gate/gate.h - evidence: what must be true before cutover and before contract, measured and kept.
 *
 * A gate is a list of checks; a check, or a family of small ones, is one file (check-*.c) and a row
 * in its gate's table. Every check tells what it measured, passed or not, and what would make it
 * pass.
 */
#pragma once

#include "apply/apply.h"
#include "backfill/backfill.h"
#include "base/json.h"
#include "deploy/deploy.h"
#include "traffic/journal.h"
#include "traffic/traffic.h"

typedef enum { GATE_CUTOVER, GATE_CONTRACT, GATE_N } GateKind;
const char *gate_kind_name(GateKind kind);
/* ERROR_USAGE, with the names there are. */
bool gate_kind_parse(const char *name, GateKind *ret_kind, GError **error);

typedef enum {
    CHECK_PASSED,
    CHECK_WAITING,
    CHECK_FAILED
} CheckState; /* waiting: time or a person will tell */
const char *check_state_name(CheckState state);

typedef struct {
    const char *name; /* "backfill done", "parity", "old sessions" */
    CheckState state;
    gint64 wait_ms;  /* waiting: so long until it may pass by itself; 0: somebody must act */
    char *evidence;  /* one line: "0 of 300,000 rows differ" */
    char *next_step; /* what would make it pass; NULL if it did */
    json_t *data;    /* the figures; may be NULL */
} GateCheck;

typedef struct {
    const ApplyContext *apply;
    const BackfillContext *backfill;
    Traffic *traffic;        /* NULL: no router configured: its checks say so and pass */
    Journal *journal;        /* NULL with traffic */
    Deploy *deploy;          /* NULL: no deploy driver: the same */
    gint64 rollout;          /* ledger id, 0: none */
    const char *plan_digest; /* what approvals bind to; NULL: there is no plan to approve */
    const char *old_version, *new_version; /* may be NULL */
    bool retired;                          /* the plan has stopped the old version already */
    int approvals;                         /* how many names are needed */
    gint64 quiet_ms;
    gint64 soak_ms;
    gint64 judged; /* requests in the last judged step; 0: no step was judged */
    bool judged_passed;
} GateContext;

typedef struct {
    GateKind kind;
    char *revision;
    GPtrArray *checks; /* GateCheck * */
    CheckState state;  /* the worst */
    gint64 wait_ms;    /* waiting: passes by itself after so long at the earliest; 0: it does not */
} GateResult;

/* Does @version keep working once @revision is contracted: is it built on it, and does not still
 * use its old shape? */
bool gate_version_survives(const Graph *graph, const AppVersion *version, const char *revision);

/* Measures all checks of @kind for @revision. An error is what kept it from measuring; a gate that
 * does not pass is a result. The evidence is appended to the ledger as an event. */
GateResult *gate_evaluate(const GateContext *context, GateKind kind, const Revision *revision,
                          GError **error);

/* Called between two looks while the gate waits: sleeps @sleep_ms, and returns false with an error
 * to give up. */
typedef bool (*GatePoll)(void *data, const GateResult *result, gint64 sleep_ms, GError **error);
/* Evaluates until the gate passes, or a check fails. Between, only what has not passed is measured
 * again, and the sessions are sampled; in the end all is measured afresh. */
GateResult *gate_wait(const GateContext *context, GateKind kind, const Revision *revision,
                      GatePoll poll, void *data, GError **error);

void gate_result_free(GateResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GateResult, gate_result_free)
/* {"gate":..,"revision":..,"state":"passed","checks":[{"name","state","evidence","next_step","data"}]}
 * Caller owns. */
json_t *gate_result_json(const GateResult *result);
/* What keeps it from passing, in one line: "parity: 3 of 300,000 rows differ". Caller owns. */
char *gate_result_obstacle(const GateResult *result);
/* ERROR_CHECK with the obstacle, and its next step as the hint. */
bool gate_result_fail(const GateResult *result, GError **error);
