/*
 * cli/backfill-output.h - backfills as people and programs see them: their state, and what a run or
 * a comparison of both shapes came to.
 */
#pragma once

#include "backfill/backfill.h"
#include "backfill/status.h"
#include "backfill/verify.h"
#include "cli/output.h"

/* @list: element-type BackfillStatus *. The indexes of those at work are shown one by one, or of
 * all. */
void backfill_output_status(Output *output, const GPtrArray *list, bool all_indexes);

/* A line for people, and an object appended to @list. */
void backfill_output_run(Output *output, const Revision *revision, const BackfillResult *result,
                         json_t *list);
void backfill_output_verify(Output *output, const Revision *revision, const VerifyResult *result,
                            json_t *list);
/* A line for people about one that is done. */
void backfill_output_done(Output *output, const BackfillStatus *status);
