/*
 * lsp/position.h - places of a text as editors count them: lines from 0, and UTF-16 code units.
 */
#pragma once

#include "base/json.h"

/* {"line", "character"} of byte @offset. Caller owns. */
json_t *position_of(const char *text, gsize offset);
/* {"start", "end"}. Caller owns. */
json_t *position_range(const char *text, gsize start, gsize end);
/* The byte at @position; behind a line's end: its end. */
gsize position_offset(const char *text, const json_t *position);
