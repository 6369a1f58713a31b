/*
 * sql/skim.h - SQL text cut into words and marks, without the parser; private to the room.
 *
 * Knows blanks, comments, quotes and dollar quotes, so that what stands in those is not mistaken
 * for SQL; nothing else. It takes any text, also what no parser would. Where an operator has
 * several characters it gives each of them.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum {
    SKIM_WORD,   /* keyword, name, number */
    SKIM_QUOTED, /* '..', ".." or $$..$$; unterminated: to the end */
    SKIM_OPEN,   /* ( [ */
    SKIM_CLOSE,  /* ) ] */
    SKIM_COMMA,
    SKIM_SEMICOLON,
    SKIM_META, /* a backslash command of psql, to the end of its line */
    SKIM_MARK, /* any other character */
} SkimKind;

typedef struct {
    const char *text;
    gsize next, limit; /* what is left: bytes [next,limit) */
    SkimKind kind;     /* of the one just read, and its bytes */
    gsize start, end;
} Skim;

/* Of bytes [from,to) of @text. */
Skim skim_begin(const char *text, gsize from, gsize to);
/* False at the end. */
bool skim_next(Skim *skim);
/* Is the one just read the bare word @word (lower case)? */
bool skim_is(const Skim *skim, const char *word);
