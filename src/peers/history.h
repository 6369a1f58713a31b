/*
 * peers/history.h - what another tool's folder holds, before it is written as revision files.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/error.h"

/* The SQL of one section. */
typedef struct {
    char *text;    /* NULL: the section is left out */
    char *missing; /* what is not in @text but in the tool's file; NULL: all is there */
    bool statement_transactions;
} PeerSql;

typedef struct {
    char *id;
    char *name;          /* what the tool calls it, as its history table has it */
    GPtrArray *revises;  /* char *: ids of parents; ignored in a chain */
    GPtrArray *requires; /* char *: ids or labels */
    GPtrArray *labels;   /* char * */
    char *title;
    char *created;      /* ISO 8601, UTC; NULL: not known */
    char *source;       /* the file it comes from; the folder's name as given stands before it */
    GPtrArray *remarks; /* char *: lines for readers */
    PeerSql expand;
    PeerSql downgrade; /* text NULL: it cannot be undone */
} PeerRevision;

/* Something that is not in the revision files, or not as it was. */
typedef struct {
    char *file;     /* NULL: the folder as a whole */
    int line;       /* 0: the file as a whole */
    char *revision; /* id; may be NULL */
    char *what;     /* lower case, no full stop */
    char *hint;     /* what to do: a sentence; may be NULL */
} PeerFinding;

typedef struct {
    char *version;        /* of the tool, if it could be asked; NULL */
    bool chain;           /* no graph: each revision revises the one before it */
    GPtrArray *revisions; /* PeerRevision *, parents first */
    GPtrArray *findings;  /* PeerFinding * */
    GHashTable *by_name;  /* name -> PeerRevision *, of two the later one; borrowed */
} History;

void history_init(History *history);
void history_clear(History *history);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(History, history_clear)

/* Adds an empty revision that the tool calls @name and keeps in @source. Borrowed. */
PeerRevision *history_add(History *history, const char *name, const char *source);
/* By the tool's name; NULL if there is none. Borrowed. */
PeerRevision *history_find(const History *history, const char *name);
/* Gives @revision another name, and the id that goes with it, also to those that require it. */
void history_rename(History *history, PeerRevision *revision, const char *name);
/* Says that something did not come over; @revision and @hint may be NULL. */
void history_note(History *history, const PeerRevision *revision, Place place, const char *hint,
                  const char *format, ...) G_GNUC_PRINTF(5, 6);
void peer_sql_clear(PeerSql *sql);
