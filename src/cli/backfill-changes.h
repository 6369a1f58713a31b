/*
 * cli/backfill-changes.h - what `backfill set` changes: options of the section backfill, as texts.
 */
#pragma once

#include "base/json.h"
#include "conf/settings.h"

/* Adds option @name ("workers") to the object @changes; @value "": JSON's null, as the settings
 * say. ERROR_USAGE: it cannot change while a backfill runs; ERROR_CONFIG: not a value of it. */
bool backfill_changes_add(const Settings *settings, json_t *changes, const char *name,
                          const char *value, GError **error);
/* The same of each word KEY=VALUE; "backfill." before KEY may be left out. */
bool backfill_changes_read(const Settings *settings, json_t *changes, const char *const *words,
                           GError **error);

/* "set workers=4 window=". Caller owns. */
char *backfill_changes_text(json_t *changes);
