/*
 * model/load.h - statements that make what a model begins with. Private to the room.
 */
#pragma once

#include "model/state.h"

/* Applies all that can be parsed; the rest is counted. */
void model_load_text(Model *model, const char *text, const char *file, guint *ret_left_out);
/* What has been loaded was there at the start. */
void model_settle_load(Model *model, bool complete);
