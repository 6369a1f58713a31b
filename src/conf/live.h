/*
 * conf/live.h - options that may change while a backfill runs: as an object of texts, by their
 * names without "backfill.", which the ledger keeps and every process applies.
 */
#pragma once

#include "base/json.h"
#include "conf/settings.h"

/* Adds each word KEY=VALUE to the object @live; KEY is "workers" or "backfill.workers", without a
 * VALUE it is JSON's null: as the settings say. ERROR_USAGE: no word, or it cannot change while a
 * backfill runs; ERROR_CONFIG: not a value of it. */
bool live_add_words(json_t *live, const Settings *settings, const char *const *words,
                    GError **error);

/* "workers=4 window=". Caller owns. */
char *live_text(json_t *live);

/* @settings with what @live says. Caller owns. */
Settings *live_apply(const json_t *live, const Settings *settings, GError **error);
