/*
 * signals/hysteresis.h - private: when a value that was over its limit counts as well again, so
 * that whoever it holds does not flutter.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Below so much of the limit it is well again. */
#define HYSTERESIS_RELEASE 0.7
/* And so long after it was last over it. */
enum { HYSTERESIS_CALM_MS = 500 };

typedef struct {
    bool holds;
    gint64 over_ms; /* when it was last over the limit */
} Hysteresis;

/* @share: of the limit, above 1 over it. The new state of holds. */
bool hysteresis_see(Hysteresis *hysteresis, double share, gint64 now_ms);
