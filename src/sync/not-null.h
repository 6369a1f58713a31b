/*
 * sync/not-null.h - NULL in a new column: the constraints that carry it to NOT NULL where forward
 * cannot be NULL, and the proof that a NULL survives the way to the old app and back elsewhere.
 */
#pragma once

#include "catalog/catalog.h"
#include "revision/revision.h"

/* For the end of the expand run, behind sync_install_sql: for each new column whose forward cannot
 * be NULL (or of which the author promised it), "ADD CONSTRAINT .. CHECK (new IS NOT NULL) NOT
 * VALID"; for the others, but those with a marker column, a check by the server that
 * forward(reverse(NULL)) is NULL, which fails the run if not: the backfill could not tell such a
 * NULL from a row that is not filled. Caller owns.
 */
char *sync_not_null_checks_sql(PgConn *conn, const CatalogTable *table, const RevisionSync *sync,
                               const char *revision, GError **error);

/* Does reverse, then forward make another value of a NULL in some column of @forward (a part of
 * @sync's) that may have one? @types: sync_needed_markers. False where the server cannot plan the
 * expressions yet. */
bool sync_loses_null(PgConn *conn, const CatalogTable *table, const RevisionSync *sync,
                     const SqlMapping *forward, GHashTable *types, bool *ret_loses, GError **error);

/* *@ret_proven: each of @columns (char *) of @table has such a constraint of @revision, which no
 * row passes that is not filled; so VALIDATE proves that all are. */
bool sync_proves_filled(PgConn *conn, const CatalogTable *table, const char *revision,
                        const GPtrArray *columns, bool *ret_proven, GError **error);

/* VALIDATE CONSTRAINT for those of @revision that are not validated yet: in finish, in a
 * transaction of its own. "" if none. Caller owns. */
char *sync_validate_sql(PgConn *conn, const CatalogTable *table, const char *revision,
                        GError **error);

/* SET NOT NULL for the validated ones, then DROP CONSTRAINT in an ALTER of its own: at contract. ""
 * if none. Caller owns. */
char *sync_set_not_null_sql(PgConn *conn, const CatalogTable *table, const char *revision,
                            GError **error);
