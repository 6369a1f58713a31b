/*
 * rollout/share.h - the canary's share of the traffic: raised under guard, watched, brought back.
 *
 * The router is the truth. What it was last told and confirmed stands in the evidence of the step
 * that did it. A restarted router is told again; any other difference is somebody's hand, and is
 * left as it is. Before each set stands a line in the local journal, so that the way back needs
 * nothing else.
 */
#pragma once

#include "rollout/runner.h"

/* What the ledger's steps say was confirmed last. */
void share_recall(Runner *run);
/* Reads the router, waiting out a short absence (a reload). */
bool share_read(Runner *run, StepRun *step, TrafficState *ret_state, GError **error);
/* The same, and compares with what was confirmed: re-asserts after a restart; holds on another
 * hand's change; sees an abort in drained canary servers. @target: a share that is fine too, for a
 * set of ours may not have been recorded; -1: none. */
bool share_watch(Runner *run, StepRun *step, int target, TrafficState *ret_state, GError **error);
/* Sets and confirms. Raising asks ledger, journal and router first whether all was aborted. */
bool share_set(Runner *run, StepRun *step, int percent, GError **error);
/* Takes what the router does now as confirmed: a person said so. */
bool share_accept(Runner *run, StepRun *step, GError **error);
/* Waits until every server of @pool passes the router's checks. */
bool share_wait_up(Runner *run, StepRun *step, Pool pool, GError **error);

/* The way back: stable gets everything, the canary's servers are taken out. Needs no database.
 * ERROR_STATE if stable has no server that could take it. */
bool share_back(Traffic *traffic, Journal *journal, const char *release, GError **error);
/* Could stable take the traffic? Else ERROR_STATE that says why not. */
bool share_check_way_back(const TrafficState *state, GError **error);
json_t *share_json(const TrafficState *state);
