/*
 * revision/target-word.h - one word of the grammar in revision/target.h, taken apart; for this
 * room alone.
 */
#pragma once

#include "revision/target.h"

typedef struct {
    const Graph *graph;
    const RevisionSet *applied; /* NULL: there is no database to ask */
    const char *text;           /* the whole word, for messages */
    char *label;                /* before the '@', as written; NULL: none */
    RevisionSet *branch;        /* what @label begins; NULL: no label */
    RevisionSet *lineage;       /* the branch and all above its label; NULL: no label */
    char *name;                 /* "head", an id; "" where it counts from the database */
    int steps;                  /* +N: down, towards the heads; -N: up */
} TargetWord;

bool target_word_parse(TargetWord *word, const Graph *graph, const RevisionSet *applied,
                       const char *text, GError **error);
void target_word_clear(TargetWord *word);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TargetWord, target_word_clear)

/* "+2", "shop@-1": does it count from what the database has? */
bool target_word_is_from_database(const TargetWord *word);
/* What @name alone says, without the steps: element-type const Revision *; empty for base. */
GPtrArray *target_word_start(const TargetWord *word, GError **error);
/* From the start over @steps: the revisions that were left, the first ones first, and where it
 * ended (NULL: base). */
GPtrArray *target_word_walk(const TargetWord *word, const Revision **ret_end, GError **error);

/* What comes next below @done (which has all its ancestors), at most @steps: in order. ERROR_USAGE
 * where more than one could be next. */
GPtrArray *target_word_next(const TargetWord *word, const RevisionSet *done, GError **error);
/* What is undone first of what is applied, @steps of it; children first. ERROR_STATE if there is
 * less. */
GPtrArray *target_word_last(const TargetWord *word, GError **error);
