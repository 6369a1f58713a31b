/*
 * revision/section-lines.h - the lines `-- sluice: ..` of a revision: which section begins, and
 * what is said of the one it stands in. Private to the room.
 */
#pragma once

#include "revision/revision.h"

/* Kind and argument of @section, whose place is that of its line: `sync users reverse`.
 * ERROR_CONFIG with the nearest name. */
bool section_name_from(Section *section, const char *words, GError **error);

/* A line that says something about @section (NULL: there is none yet). *@ret_is_one: it is such a
 * line. */
bool section_take_remark(Section *section, const char *words, Place place, bool *ret_is_one,
                         GError **error);

/* Appends all that such lines have said, as it counts for the checksum. */
void section_append_remarks(const Section *section, GString *all);
