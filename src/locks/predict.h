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
    DdlName name;            /* as the model names it, else the statement */
    const ModelTable *table; /* NULL: not known, or an index */
    RelationKind kind;
    LockMode mode;
    /* The statement does not name it: the other side of a foreign key, a partition, a sequence. */
    bool implicit;
    bool is_new; /* made by the same transaction, or temporary: nobody else waits for it */
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
    const ModelTable *table; /* on which; NULL: not known */
    DdlName relation;
    bool is_new;      /* as of a lock: it is as large as what the transaction put into it */
    char *why;        /* "the default calls random(), which is volatile" */
    char *settled_by; /* "the volatility of shop.f()"; NULL unless KNOWN_MAYBE */
    guint change;     /* which change of the statement asks for it */
} PredictedWork;

typedef struct {
    GPtrArray *locks;      /* PredictedLock *: the strongest a relation; in order of acquisition */
    GPtrArray *works;      /* PredictedWork *: dearest first, one of a kind for a table and change;
                              METADATA and NOTHING are left out */
    bool unknown;          /* the locks cannot be known: DO, CALL, SELECT of a function */
    char *failure;         /* why the server is certain to refuse it; NULL: it is not */
    GStringChunk *strings; /* what names are borrowed from, where the model has none; NULL: none */
} Prediction;

/* @model: the schema before the statement, and it must outlive the prediction; @since: the model's
 * step at which the transaction began, so that what it made itself is known. Whether the statement
 * may run in a transaction block, locks_refuses_transaction tells. Caller owns. */
Prediction *locks_predict(const Model *model, const SqlStatement *statement,
                          const DdlChanges *changes, guint since);
void prediction_free(Prediction *prediction);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Prediction, prediction_free)

/* Does the server refuse it in a transaction block? What sql_statement_is_transactional says, and
 * REINDEX and CLUSTER of what the model knows to be partitioned. */
bool locks_refuses_transaction(const Model *model, const SqlStatement *statement,
                               const DdlChanges *changes);

/* The strongest lock on a relation that was there before; NULL: none. Borrowed. */
const PredictedLock *prediction_strongest(const Prediction *prediction);
/* The dearest work; NULL: none dearer than METADATA. Borrowed. */
const PredictedWork *prediction_dearest(const Prediction *prediction);
/* "reads and writes", "writes", "schema changes and VACUUM", "": what waits behind such a lock. */
const char *lock_mode_blocks(LockMode mode);

/* ALTER COLUMN TYPE: what does the change of @column of @table (either may be NULL: not known) to
 * @to cost? WORK_METADATA, _SCAN, _BUILD or _REWRITE, with *@ret_certainty and the reason (caller
 * owns; of KNOWN_MAYBE: what would settle it). @using: the expression, or NULL. */
WorkKind locks_type_change(const Model *model, const ModelTable *table, const ModelColumn *column,
                           const DdlColumn *to, const PgQuery__Node *using, Known *ret_certainty,
                           char **ret_why);
