/*
 * locks/predict.h - the locks that a statement will take and the work it will do under them, told
 * from a model of the schema.
 *
 * The templates are those of sql/script.h, which the apply engine resolves with the server's
 * catalog (locks/locks.h); here the model stands in its place. Facts of PostgreSQL 15, and where
 * other majors differ, of the model's server version. tests hold them against what a server did.
 */
#pragma once

#include "model/model.h"

typedef struct {
    DdlName name;            /* as the model or the statement names it; borrowed */
    const ModelTable *table; /* NULL: not known, or an index */
    RelationKind kind;
    LockMode mode;
    bool
        implicit; /* the statement does not name it: the other side of a foreign key, a partition */
    bool is_new;  /* made by the same transaction, or temporary: nobody else waits for it */
} PredictedLock;

/* What is done while the locks are held, from cheap to dear. */
typedef enum {
    WORK_NOTHING,  /* the statement changes nothing (IF NOT EXISTS of what exists) */
    WORK_METADATA, /* catalog rows only */
    WORK_SCAN,     /* reads the whole table */
    WORK_BUILD,    /* reads the whole table, and builds an index */
    WORK_REWRITE,  /* writes the table and all its indexes anew */
    WORK_ROWS,     /* DML: as many rows as it is told to */
} WorkKind;

typedef struct {
    WorkKind kind;
    Known certainty;         /* KNOWN_YES, or KNOWN_MAYBE: then @settled_by says what would tell */
    const ModelTable *table; /* on which; NULL: unknown or several */
    DdlName relation;
    char *why;        /* "the default calls random(), which is volatile"; NULL */
    char *settled_by; /* "the volatility of shop.f()"; NULL */
    guint change;     /* which change of the statement asks for it */
} PredictedWork;

typedef struct {
    GPtrArray *locks; /* PredictedLock *: the strongest a relation; in order of acquisition */
    GPtrArray *works; /* PredictedWork *: dearest first; METADATA and NOTHING are left out */
    bool unknown;     /* the locks cannot be known: DO, CALL, SELECT of a function */
    bool fails;       /* the server is certain to refuse it */
    char *failure;    /* "CREATE INDEX CONCURRENTLY cannot run inside a transaction block"; NULL */
} Prediction;

/* @model: the schema before the statement; @since: the model's step at which the transaction
 * began, so that what it made itself is known. Caller owns. */
Prediction *locks_predict(const Model *model, const SqlStatement *statement,
                          const DdlChanges *changes, guint since);
void prediction_free(Prediction *prediction);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Prediction, prediction_free)

/* The strongest lock on a relation that was there before; NULL: none. Borrowed. */
const PredictedLock *prediction_strongest(const Prediction *prediction);
/* The dearest work; NULL: none dearer than METADATA. Borrowed. */
const PredictedWork *prediction_dearest(const Prediction *prediction);
/* "reads and writes", "writes", "schema changes and VACUUM", "": what waits behind such a lock. */
const char *lock_mode_blocks(LockMode mode);

/* ALTER COLUMN TYPE: what does the change from @from to @to cost on @column of @table (either may
 * be NULL)? WORK_METADATA, _SCAN, _BUILD or _REWRITE, with *@ret_certainty and the reason (caller
 * owns). @using: the expression, or NULL. */
WorkKind locks_type_change(const Model *model, const ModelTable *table, const ModelColumn *column,
                           const DdlColumn *to, const PgQuery__Node *using, Known *ret_certainty,
                           char **ret_why);
