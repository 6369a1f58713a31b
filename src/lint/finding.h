/*
 * lint/finding.h - what lint has to say about a place of a file.
 */
#pragma once

#include <glib.h>

#include "base/error.h"
#include "locks/predict.h"

typedef enum { LINT_OFF, LINT_NOTE, LINT_WARNING, LINT_ERROR } LintLevel;
const char *lint_level_name(LintLevel level); /* "note" */
/* False: no level has that name. */
bool lint_level_find(const char *name, LintLevel *ret_level);

typedef struct {
    char *name;    /* "public.users" as the file or the model names it */
    LockMode mode; /* 0: it is named, not locked */
} LintRelation;
void lint_relation_free(LintRelation *relation);

/* Replace bytes [start,end) of the file by @text. */
typedef struct {
    gsize start, end;
    char *text;
} LintEdit;
void lint_edit_free(LintEdit *edit);

typedef struct {
    const char *rule; /* its id; of the table */
    LintLevel level;
    bool certain;         /* else "possible": @settled_by says what would tell */
    Place place;          /* 1-based; the file's name is borrowed from the input */
    gsize start, end;     /* bytes of the file: what a caret or a squiggle stands under */
    GPtrArray *relations; /* LintRelation *: what is locked, by name, both sides of a foreign key */
    char *blocks;         /* "reads and writes of users, writes of orders" or NULL */
    char *message;        /* what happens, in one or two sentences */
    char *breaks; /* which statements of an old app fail: "SELECT *, prepared before"; NULL */
    char *settled_by;
    char *recipe;   /* the safe way, as SQL that can be pasted; NULL */
    bool alone;     /* the recipe is the statement apart from others: an error's goes before it */
    GPtrArray *fix; /* LintEdit *, in order, not overlapping; empty: none that is mechanical */
    const SqlStatement *statement; /* what it is about; NULL: none, or its tree is gone */
    char *fingerprint; /* for baselines: rule, file's name, statement, which of its kind */
    bool suppressed;   /* by an allow comment, or the baseline */
} LintFinding;
/* Certain, without anything else. Caller owns. */
LintFinding *lint_finding_new(void);
void lint_finding_free(LintFinding *finding);
/* All its texts as the file has them: @names is that of sql_fill_placeholders. */
void lint_finding_restore_placeholders(LintFinding *finding, GHashTable *names);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LintFinding, lint_finding_free)
