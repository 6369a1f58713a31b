/*
 * revision/header.h - the comment lines at a file's head, `-- Word: value`. Private to the room.
 */
#pragma once

#include "revision/revision.h"

/* Fills @revision's header fields from @text, which is its own, ends at the first section and will
 * be cut into words. */
bool header_parse(Revision *revision, char *text, GError **error);

/* Where the header ends: at the first marker, or the first line that is neither blank nor a
 * comment. *@ret_complete: false if @text ends before either is seen. */
size_t header_length(const char *text, bool *ret_complete);

/* Puts a list of its own, which frees its elements with @element_free (may be NULL), in the place
 * of the empty one that all lists of a revision share. */
void header_list_own(GPtrArray **list, GDestroyNotify element_free);
