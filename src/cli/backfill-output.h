/*
 * cli/backfill-output.h - the state of backfills, as a table and as JSON.
 */
#pragma once

#include "backfill/status.h"
#include "cli/output.h"

/* @list: element-type BackfillStatus *. The indexes of those at work are shown one by one, or of
 * all. */
void backfill_output_status(Output *output, const GPtrArray *list, bool all_indexes);
json_t *backfill_status_to_json(const BackfillStatus *status);
