/*
 * author/import.h - a History as revision files.
 *
 * A file that exists is never written again: an import may be repeated, and adds what is new.
 */
#pragma once

#include "base/json.h"
#include "peers/peers.h"

typedef enum {
    IMPORT_ADDED,
    IMPORT_KEPT,   /* it is there, and says the same */
    IMPORT_EDITED, /* it is there, and says something else: kept too */
} ImportOutcome;

typedef struct {
    const PeerRevision *revision;
    ImportOutcome outcome;
    char *path;
} ImportedFile;

typedef struct {
    const Peer *peer;
    const char *source; /* the folder that was read */
    const char *folder; /* of the revisions; made if missing */
    const char *file_template;
    guint slug_length;
    bool dry_run;
} ImportRequest;

/* Adds findings for what a revision file may not hold, and drops those on revisions that are there
 * already. Parents before children. ERROR_CONFIG: an id twice, a parent that is nowhere, a folder
 * that cannot be read. Element-type ImportedFile *; caller owns. */
GPtrArray *import_history(const ImportRequest *request, History *history, GError **error);
