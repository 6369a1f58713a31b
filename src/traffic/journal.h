/*
 * traffic/journal.h - the machine's own fsynced record of traffic actions, so that the way back
 * needs no database. One JSON object a line, in $XDG_STATE_HOME/sluice/<digest of the settings
 * file's path>/traffic.jsonl. It is read anew at each question, for another process (an abort at
 * another terminal) may have written; a line torn by a crash is passed over.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/clock.h"
#include "base/json.h"
#include "conf/settings.h"

typedef struct Journal Journal;

/* The one of this project; touches no file yet. @clock must outlive it. Caller owns. */
Journal *journal_new(const Settings *settings, const Clock *clock);
void journal_free(Journal *journal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Journal, journal_free)
const char *journal_path(const Journal *journal);

/* Appends {"at":.., "release":.., "action": @action, "percent":..} and fsyncs. @action: "set",
 * "confirmed", "abort", "resume", "drain". */
bool journal_append(Journal *journal, const char *release, const char *action, int percent,
                    GError **error);
/* Is the last abort of @release newer than its last resume? */
bool journal_is_aborted(Journal *journal, const char *release);
/* Lines not yet reported to the ledger, as a JSON array; *@ret_mark for journal_reported. Caller
 * owns. */
json_t *journal_unreported(Journal *journal, gint64 *ret_mark);
bool journal_reported(Journal *journal, gint64 mark, GError **error);
/* Can a line be written now? The cutover gate asks. */
bool journal_is_writable(Journal *journal, GError **error);
