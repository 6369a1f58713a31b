/*
 * lint/replay.h - one file after the other through a session, and the rules along; private to the
 * room.
 */
#pragma once

#include "lint/lint.h"
#include "lint/sink.h"

/* The schema that the options begin with; *@ret_left_out (may be NULL): statements of a dump that
 * could not be parsed. Caller owns. */
Model *lint_load_seed(const LintOptions *options, guint *ret_left_out, GError **error);

typedef struct Replay Replay;

/* @take_model: the schema before the first file. @levels and @settings are borrowed.
 * @is_history: several files follow each other. */
Replay *replay_new(Model *take_model, const LintLevels *levels, const Settings *settings,
                   bool is_history);
void replay_free(Replay *replay);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Replay, replay_free)

/* The schema as it is now. Borrowed. */
const Model *replay_model(const Replay *replay);

/* Runs @file in thought. What the rules say of a reported one is added to @findings, in order of
 * place, allowed ones marked. Its units may be dropped then. */
void replay_file(Replay *replay, const LintFile *file, GPtrArray *findings);
/* The end of the history: @file is the last that was reported. */
void replay_end(Replay *replay, const LintFile *file, GPtrArray *findings);
