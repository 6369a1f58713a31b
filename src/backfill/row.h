/*
 * backfill/row.h - single rows: their names, and those that are left out.
 */
#pragma once

#include "catalog/catalog.h"
#include "ledger/quarantine.h"

/* "id = 17", or the row's place where the table has no primary key. Caller owns. */
char *row_describe(PgConn *conn, const CatalogTable *table, const char *tid);

/* A condition on @alias that is false for the rows of @quarantine (LedgerQuarantined *), as long as
 * nobody changed them; NULL if there are none. Caller owns. */
char *row_excluding(const char *alias, const GPtrArray *quarantine);

/* What may stand in a FROM list in place of `ONLY <table>`: its rows @within (a condition on alias
 * t), and no other condition is evaluated for any other row. Caller owns. */
char *row_source(const CatalogTable *table, const char *within);

/* Is the row of @row's version still there? */
bool row_is_unchanged(PgConn *conn, const CatalogTable *table, const LedgerQuarantined *row,
                      bool *ret_unchanged, GError **error);
