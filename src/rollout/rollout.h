/*
 * rollout/rollout.h - a rollout is a list of steps; each step kind is one file and one row.
 *
 * The loop: observe, decide, record the intent, act, read back, record the result. Resuming after a
 * crash is the same loop. One process at a time: a session advisory lock (PG_LOCK_ROLLOUT) for
 * liveness, the lease epoch in every write for fencing.
 */
#pragma once

#include "apply/apply.h"
#include "base/json.h"
#include "deploy/deploy.h"
#include "gate/gate.h"
#include "traffic/journal.h"
#include "traffic/traffic.h"

typedef struct {
    const Settings *settings;
    const Clock *clock;
    const Report *report;
    const Graph *graph;
    const char *url;
} RolloutContext;

typedef struct RolloutPlan RolloutPlan;

/* The steps of @settings (or the default list) for release from -> to, checked: every unsafe order
 * is ERROR_CHECK with the step's place in sluice.yaml, before anything runs. Caller owns. */
RolloutPlan *rollout_plan(const RolloutContext *context, GError **error);
void rollout_plan_free(RolloutPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RolloutPlan, rollout_plan_free)
json_t *rollout_plan_json(const RolloutPlan *plan);
/* SHA-256 over steps, versions, and the checksums of the revisions it carries. Borrowed. */
const char *rollout_plan_digest(const RolloutPlan *plan);

/* Runs until done, held (ERROR_STATE: the reason, and who can do what), aborted (ERROR_STATE), or
 * waiting for an approval. @only (may be NULL): just the step of that name, then return. Rides out
 * lost connections. */
bool rollout_run(const RolloutContext *context, const char *only, GError **error);

/* Traffic back first (no database, no approval), then the ledger. Before retire only; later
 * ERROR_STATE that says what is still possible. */
bool rollout_abort(const RolloutContext *context, const char *reason, GError **error);
/* An aborted or held rollout may go on, a pause is ended: done steps stay done, weights begin anew
 * after an abort. Runs nothing itself. */
bool rollout_resume(const RolloutContext *context, GError **error);
/* {"release":..,"state":..,"steps":[..],"traffic":{..}}; state "none" before the first. Caller
 * owns. */
json_t *rollout_status(const RolloutContext *context, GError **error);

/* @who approves the gate for the plan that is under way, or would be. */
bool rollout_approve(const RolloutContext *context, GateKind kind, const char *who,
                     const char *comment, GError **error);
/* One look at the gate of @target (a revision; NULL: the oldest that waits for it). Caller owns. */
GateResult *rollout_gate(const RolloutContext *context, GateKind kind, const char *target,
                         GError **error);
/* Outside a rollout: cuts over or contracts @target (NULL: all that wait for it) once the gate
 * passes; for contract it samples sessions through the quiet period. Refused (ERROR_CHECK, the
 * evidence) by anything that time alone does not cure, and while a rollout is under way
 * (ERROR_STATE). What has passed: element-type Revision *, owned by the caller; NULL on an error.
 */
GPtrArray *rollout_pass(const RolloutContext *context, GateKind kind, const char *target,
                        bool dry_run, GError **error);
/* The way back from a cutover, outside a rollout. No-op if @target is not cut over. */
bool rollout_undo_cutover(const RolloutContext *context, const char *target, bool dry_run,
                          GError **error);
