/*
 * author/skeleton.h - the texts that a project and a revision begin with.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* sluice.yaml with the options that most projects set, and the others as comments. Caller owns. */
char *skeleton_settings(void);

typedef struct {
    const char *id;
    const GPtrArray *parents;  /* char *: ids; empty for the first revision */
    const GPtrArray *labels;   /* char * */
    const GPtrArray *requires; /* char *: "127bcea40bef backfilled" */
    const char *title;
    const char *created;  /* ISO 8601, UTC */
    const char *sections; /* NULL: guidance */
    bool statement_transactions;
} SkeletonHeader;
/* A revision file: the header, and each section as commented guidance; one that revises several
 * needs none, and says so. Caller owns. */
char *skeleton_revision(const SkeletonHeader *header);
