/*
 * sync/check.h - what only the server knows about a mapping, asked before anything is touched; and
 * the constraints that carry a new column to NOT NULL.
 */
#pragma once

#include "catalog/catalog.h"
#include "revision/revision.h"

/* The old columns exist and are not generated, the new ones do not exist yet (or are nullable and
 * without default), every expression names its functions with their schema and can be planned, no
 * BEFORE trigger of the table sorts after ours, and a NULL that the new app writes stays NULL
 * (forward of reverse of NULL), unless the column is to be NOT NULL. Runs before expand, outside a
 * transaction; repeating it is harmless. ERROR_STATE with the object and the next step. */
bool sync_check(PgConn *conn, const CatalogTable *table, const RevisionSync *sync, GError **error);

/* "ALTER TABLE .. ADD CONSTRAINT .. CHECK (new IS NOT NULL) NOT VALID" for the new columns whose
 * forward cannot be NULL (or of which the author promised it): belongs into the expand run, behind
 * the triggers. "" if none. Caller owns. */
char *sync_not_null_checks_sql(PgConn *conn, const CatalogTable *table, const RevisionSync *sync,
                               const char *revision, GError **error);
/* VALIDATE CONSTRAINT for those of @revision that are not validated yet: in finish, outside of a
 * transaction with other work. "" if none. Caller owns. */
char *sync_validate_sql(PgConn *conn, const CatalogTable *table, const char *revision,
                        GError **error);
/* SET NOT NULL for the validated ones, then DROP CONSTRAINT in an ALTER of its own: at contract. ""
 * if none. Caller owns. */
char *sync_set_not_null_sql(PgConn *conn, const CatalogTable *table, const char *revision,
                            GError **error);
