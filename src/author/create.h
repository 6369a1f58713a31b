/*
 * author/create.h - a new revision file: behind a head, beside one, or joining several.
 */
#pragma once

#include "base/clock.h"
#include "revision/graph.h"

typedef struct {
    const char *folder; /* made if missing */
    const char *title;  /* one line, not empty */
    const char *id;     /* NULL: 12 random hex digits that no other revision has */
    /* All NULL-ended, and NULL for none: */
    const char *const *parents;  /* words of revision/target.h: what it revises; NULL: the head */
    const char *const *labels;   /* branch labels that begin with it */
    const char *const *requires; /* "REV" (expanded) or "REV:STATE" */
    bool splice;                 /* a parent may have another child already */
    const char *sections;        /* the file's body; NULL: each section as commented guidance */
    bool statement_transactions; /* `Transaction: statement` */
    bool dry_run;                /* check all, write nothing */
    const char *file_template;   /* author/name.h */
    guint slug_length;
    const Clock *clock;
} CreateRequest;

typedef struct {
    char *id;
    GPtrArray *parents; /* char *: ids; empty: a first revision */
    char *path;
    char *text;
} CreatedRevision;

/* Writes the file (sections that were given are checked as revision_check does), and HEAD and SUMS
 * where they are kept; afterwards the folder is one that graph_load reads, or nothing was made.
 * ERROR_USAGE: an unusable title, id, label or word; ERROR_STATE: the id, label or file exists,
 * several heads and none named, a parent that is no head (without splice), a second head of a
 * branch where HEAD is kept. */
bool create_revision(const CreateRequest *request, CreatedRevision *ret_created, GError **error);
void created_revision_clear(CreatedRevision *created);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CreatedRevision, created_revision_clear)
