/*
 * author/import-text.h - the text of a revision file out of another tool's revision. Private to
 * the room.
 */
#pragma once

#include "author/import.h"
#include "revision/revision.h"

/* The file's name, without a date where none is known. ERROR_CONFIG: the template. Caller owns. */
char *import_text_name(const ImportRequest *request, const PeerRevision *revision, GError **error);
/* The file's text, and the revision that it reads as: what would not be read back as it was meant
 * becomes a comment. What sluice has to say about it is noted. Caller owns both. */
Revision *import_text_revision(const ImportRequest *request, History *history,
                               PeerRevision *revision, const char *path, char **ret_text,
                               GError **error);
