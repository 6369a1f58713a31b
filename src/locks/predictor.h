/*
 * locks/predictor.h - a prediction while it is put together; private to the room.
 */
#pragma once

#include "locks/predict.h"

typedef struct {
    const Model *model;
    const DdlChanges *changes;
    guint since;
    int major; /* of the server; that of the facts where it is not known */
    Prediction *prediction;
    GHashTable *locked; /* DdlName * of a relation -> PredictedLock *; NULL: there are few */
    guint change;       /* the one that is looked at */
} Predictor;

/* The template, resolved with the model. */
void predictor_add_locks(Predictor *predictor, const SqlStatement *statement);
/* A relation and, as @reach says, those that hang on it. */
void predictor_lock_table(Predictor *predictor, const ModelTable *table, LockMode mode,
                          SqlReach reach, bool implicit);
/* Those on what hangs below @table, which the statement does not go down to. */
void predictor_unlock_below(Predictor *predictor, const ModelTable *table);
/* A constraint that is added, and one that is validated; @table may be NULL for the latter. */
void predictor_constraint_locks(Predictor *predictor, const DdlChange *change,
                                const ModelTable *table);
void predictor_validate_locks(Predictor *predictor, const DdlChange *change,
                              const ModelTable *table);

/* What the changes do under the locks, and why the server would refuse them. */
void predictor_add_works(Predictor *predictor);
/* On @table; NULL: on the relation of the change, which is not known. A partitioned table has no
 * rows: its leaves have. @settled_by NULL: it is certain. Both strings are taken over. */
void predictor_work(Predictor *predictor, WorkKind kind, const ModelTable *table, char *why,
                    char *settled_by);
/* The same on @table and on those that inherit from it. */
void predictor_work_children(Predictor *predictor, WorkKind kind, const ModelTable *table,
                             const char *why, const char *settled_by);
/* The first reason counts. */
void predictor_fail(Predictor *predictor, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* A column that is added, with the constraints in its definition. */
void predictor_add_column(Predictor *predictor, const DdlChange *change);
void predictor_column_type(Predictor *predictor, const DdlChange *change);
void predictor_set_not_null(Predictor *predictor, const DdlChange *change);
void predictor_add_constraint(Predictor *predictor, const DdlChange *change);
void predictor_validate_constraint(Predictor *predictor, const DdlChange *change);
/* New bounds: is @partition read, and the default partition of @parent? */
void predictor_attach(Predictor *predictor, const DdlChange *change, const ModelTable *parent,
                      const ModelTable *partition);

/* Do the valid CHECKs of @table imply the bounds of a partition by @column? Then its rows are not
 * read. KNOWN_MAYBE: only the server can tell. */
Known predictor_implies_bound(const ModelTable *table, const char *column,
                              const PgQuery__PartitionBoundSpec *bound);
/* Tables whose foreign keys name @parent are searched. */
void predictor_detach(Predictor *predictor, const ModelTable *parent);

/* Has the partition such a valid foreign key of its own? Then it is attached without a scan. */
bool predictor_has_key(const ModelTable *leaf, const DdlConstraint *constraint);
/* Is @name among @names (const char *; an element may be NULL)? */
bool predictor_has_name(const GPtrArray *names, const char *name);

/* Does a domain of that name, or the one that it is made of, have a constraint? */
Known predictor_domain_checks(const Model *model, const DdlType *type);
/* Is a column's type one that is kept in the model or the server's own? */
bool predictor_knows_type(const Model *model, const DdlType *type);
