/*
 * demo/tool.h - runs the real `sluice`, as a person at a terminal would; its lines go into the
 * timeline.
 */
#pragma once

#include "demo/stage.h"

/* `sluice <words>` by @who ("sluice", or the name of a person: SLUICE_ACTOR), in the background.
 * @who is static text. */
Child *tool_start(const Stage *stage, const char *who, const char *const *words, GError **error);
/* The same to its end; ERROR_STATE if that is not status 0. */
bool tool_run(const Stage *stage, const char *who, const char *const *words, GError **error);
