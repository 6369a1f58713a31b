/*
 * gate/gate.h - evidence: what must be true before cutover and before contract, measured and kept.
 *
 * A gate is a list of checks; each check is one file and one row in its gate's table. Every check
 * tells what it measured, passed or not.
 */
#pragma once

#include "apply/apply.h"
#include "backfill/backfill.h"
#include "traffic/journal.h"
#include "traffic/traffic.h"

typedef enum { GATE_CUTOVER, GATE_CONTRACT } GateKind;
const char *gate_kind_name(GateKind kind);

typedef enum {
    CHECK_PASSED,
    CHECK_WAITING,
    CHECK_FAILED
} CheckState; /* waiting: time or a person will tell */

typedef struct {
    char *name; /* "backfill done", "parity", "old sessions" */
    CheckState state;
    char *evidence;  /* one line: "0 of 300,000 rows differ" */
    char *next_step; /* what would make it pass; NULL if it did */
    json_t *data;    /* the figures; may be NULL */
} GateCheck;

typedef struct {
    const ApplyContext *apply;
    const BackfillContext *backfill;
    Traffic *traffic;        /* NULL: no router configured: its checks are left out, and said */
    Journal *journal;        /* NULL with traffic */
    gint64 rollout;          /* ledger id, 0: none */
    const char *plan_digest; /* what approvals bind to */
    const char *old_version, *new_version; /* may be NULL */
    int approvals;                         /* how many names are needed */
    gint64 quiet_ms;
    gint64 soak_ms;
    double judged_bad; /* share of bad requests in the last judged step; < 0: none yet */
    bool judged_passed;
} GateContext;

typedef struct {
    GateKind kind;
    GPtrArray *checks; /* GateCheck * */
    CheckState state;  /* the worst */
} GateResult;

/* Measures all checks of @kind for @revision. An error is what kept it from measuring; a gate that
 * does not pass is a result. The evidence is appended to the ledger as an event. */
GateResult *gate_evaluate(const GateContext *context, GateKind kind, const Revision *revision,
                          GError **error);
void gate_result_free(GateResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GateResult, gate_result_free)
json_t *gate_result_json(const GateResult *result);
