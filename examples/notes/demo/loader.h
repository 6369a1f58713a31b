/*
 * demo/loader.h - the load, told in which step it is, and what it found.
 */
#pragma once

#include <jansson.h>

#include "demo/stage.h"

typedef struct Loader Loader;

/* Starts it; ERROR_STATE unless requests are answered within 10 s. */
Loader *loader_start(const Stage *stage, GError **error);
void loader_free(Loader *loader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Loader, loader_free)

/* What follows is counted under @step (no-op if that is the current one); the timeline shows how
 * it stands. */
void loader_begin_step(Loader *loader, const char *step);
/* Requests that fail in between are counted apart. */
void loader_database_down(Loader *loader);
void loader_database_up(Loader *loader);
/* Ends it, which reads once more whatever it wrote; its report. Caller owns. */
json_t *loader_finish(Loader *loader, GError **error);
