/*
 * sync/check.h - what only the server knows about a mapping, asked before anything is touched.
 */
#pragma once

#include "catalog/catalog.h"
#include "revision/revision.h"

/* The old columns exist and are not generated, the new ones do not exist yet (or are nullable and
 * without default), every expression that can be planned already names its functions with their
 * schema, and no BEFORE trigger of the table sorts after ours. Runs before expand, outside a
 * transaction; repeating it is harmless. ERROR_STATE with the object and the next step. */
bool sync_check(PgConn *conn, const CatalogTable *table, const RevisionSync *sync, GError **error);
