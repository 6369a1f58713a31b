/*
 * revision/lexer.h - the lines of a revision file that are sluice's own: comments outside of
 * quotes.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* A line `-- sluice: <words>` that stands in no string, quoted name, dollar quote or comment. */
typedef struct {
    size_t start; /* of the line */
    size_t next;  /* of the line behind it */
    int line;
    char *words; /* what follows the colon, blanks around it gone */
} Marker;

/* Element-type Marker. ERROR_CONFIG with the place of a quote or comment that never ends. @path is
 * for messages. Caller owns. */
GArray *marker_scan(const char *path, const char *text, GError **error);

/* If the line at @text is `-- sluice: words`: the words' first byte, else NULL. Borrowed. */
const char *marker_words(const char *text);

/* Over whatever begins at @c within @text: a string, quoted name, dollar quote, comment, or one
 * character. NULL: it never ends, and *@ret_what says what it is. */
const char *lexer_skip(const char *text, const char *c, const char **ret_what);
