/*
 * demo/play.h - the road itself: `sluice rollout run` under load, as it is, killed, or aborted.
 */
#pragma once

#include "demo/findings.h"
#include "demo/stage.h"

typedef enum { PLAY_PLAIN, PLAY_CRASH, PLAY_ABORT } PlayKind;

/* Runs it on a stage that is set. @seed: of CRASH's moments. */
bool play_rollout(Stage *stage, PlayKind kind, guint32 seed, Findings *findings, GError **error);
/* The same change without sluice: one migration, then the app. */
bool play_naive(Stage *stage, Findings *findings, GError **error);
