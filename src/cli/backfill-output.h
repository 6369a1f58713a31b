/*
 * cli/backfill-output.h - the state of backfills, as a table and as JSON.
 */
#pragma once

#include "cli/output.h"

/* @list: element-type BackfillStatus *. */
void backfill_output_status(Output *output, const GPtrArray *list);
