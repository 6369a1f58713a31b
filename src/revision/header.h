/*
 * revision/header.h - the comment lines at a file's head, `-- Word: value`. Private to the room.
 */
#pragma once

#include "revision/revision.h"

/* Fills @revision's header fields from @text, which ends at the first section. */
bool header_parse(Revision *revision, const char *text, GError **error);

/* Where the header ends: at the first marker, or the first line that is neither blank nor a
 * comment. *@ret_complete: false if @text ends before either is seen. */
size_t header_length(const char *text, bool *ret_complete);
