/*
 * rollout/step.h - one step kind: how to see that it is done, how to do it, how to undo it.
 *
 * A kind is one file (step-<kind>.c) and one row of step_kinds[]. `act` is safe to repeat: after a
 * crash it runs again, without being told. It leaves what it found in the step's evidence, of which
 * "text" is the line for people.
 */
#pragma once

#include "rollout/runner.h"

typedef struct {
    StepKind kind;
    /* Is its effect there? Asked before it acts and after, of the database or the router, never of
     * our own records. NULL: there is nothing that could be asked; it acts, and its act reads back.
     */
    bool (*observe)(Runner *run, StepRun *step, bool *ret_done, GError **error);
    bool (*act)(Runner *run, StepRun *step, GError **error);
    /* For an abort; safe to repeat, and without the lease. NULL: what it did harms nobody, and
     * stays. */
    bool (*undo)(Runner *run, GError **error);
} StepKindRow;

/* By kind (rollout.c, which runs them). */
extern const StepKindRow step_kinds[STEP_KIND_N];

/* The line for people in the evidence. */
void step_say(StepRun *step, const char *format, ...) G_GNUC_PRINTF(2, 3);

bool step_expand_observe(Runner *run, StepRun *step, bool *ret_done, GError **error);
bool step_expand_act(Runner *run, StepRun *step, GError **error);
bool step_deploy_act(Runner *run, StepRun *step, GError **error);
bool step_backfill_observe(Runner *run, StepRun *step, bool *ret_done, GError **error);
bool step_backfill_act(Runner *run, StepRun *step, GError **error);
bool step_weight_observe(Runner *run, StepRun *step, bool *ret_done, GError **error);
bool step_weight_act(Runner *run, StepRun *step, GError **error);
bool step_weight_undo(Runner *run, GError **error);
bool step_analysis_act(Runner *run, StepRun *step, GError **error);
bool step_pause_observe(Runner *run, StepRun *step, bool *ret_done, GError **error);
bool step_pause_act(Runner *run, StepRun *step, GError **error);
bool step_cutover_observe(Runner *run, StepRun *step, bool *ret_done, GError **error);
bool step_cutover_act(Runner *run, StepRun *step, GError **error);
bool step_cutover_undo(Runner *run, GError **error);
bool step_soak_observe(Runner *run, StepRun *step, bool *ret_done, GError **error);
bool step_soak_act(Runner *run, StepRun *step, GError **error);
bool step_retire_act(Runner *run, StepRun *step, GError **error);
bool step_contract_observe(Runner *run, StepRun *step, bool *ret_done, GError **error);
bool step_contract_act(Runner *run, StepRun *step, GError **error);
