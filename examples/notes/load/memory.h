/*
 * load/memory.h - what the load wrote, and what a read may therefore return.
 *
 * A cell is one column of one user. Its value carries a generation that grows with each write, so
 * eight bytes say all about it. One operation is in flight per cell (each cell has one owning
 * worker); a write without an answer may be there or not: both are accepted, until a read pins it.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum {
    READ_RIGHT,
    READ_LOST, /* an acknowledged write is not there: an older value, or none, is */
    READ_WRONG /* a value that nobody wrote there */
} ReadVerdict;

typedef enum { CELL_NAME, CELL_EMAIL, CELL_NOTE } CellKind;

typedef struct {
    guint32 known;     /* generation that was acknowledged or read */
    guint32 attempted; /* highest generation ever sent */
    bool open;         /* writes after @known got no answer */
    bool written;      /* the load wrote it: the last sweep reads it */
} Cell;

/* The text of a generation: "Zoë O'Hara 17.3". @tag: the user's. Generation 0 is what the row was
 * made with. Caller owns. */
char *cell_text(CellKind kind, gint64 tag, guint32 generation);
/* False if @text is no value of this kind and tag. */
bool cell_parse(CellKind kind, gint64 tag, const char *text, guint32 *ret_generation);

/* A write begins: the generation to send. Until cell_acknowledge it counts as unanswered. */
guint32 cell_begin_write(Cell *cell);
void cell_acknowledge(Cell *cell);
/* Judges what was read (@text NULL: SQL NULL), and pins the cell to it. */
ReadVerdict cell_check(Cell *cell, CellKind kind, gint64 tag, const char *text);

typedef struct {
    gint64 id;
    gint64 tag; /* in its texts: the id, or for a user that the load made a number of its own, for
                   the id is known only from the answer */
    Cell name, email;
    guint32 notes_attempted;
    GArray *notes; /* guint32: generations of acknowledged notes; NULL: none */
} User;

void user_add_note(User *user, guint32 generation);
bool user_has_note(const User *user, guint32 generation);
guint user_note_count(const User *user);
void user_clear(User *user);
