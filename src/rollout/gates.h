/*
 * rollout/gates.h - the two gates, as this rollout's plan and last analysis make them.
 */
#pragma once

#include "rollout/runner.h"

/* @apply: a context whose connection the gate uses. */
GateContext gates_context(Runner *run, const ApplyContext *apply, const BackfillContext *backfill,
                          GateKind kind);
/* A line for each check, passed or not. */
void gates_report(const Runner *run, const GateResult *result);
/* Waits at the gate of @step for @revision until it passes (then the evidence is the step's). One
 * that does not is OUTCOME_WAITING. */
bool gates_wait(Runner *run, StepRun *step, GateKind kind, const Revision *revision,
                GError **error);
