/*
 * ledger/mappings.h - the mappings in flight: what sync installed, on which table, for which
 * revision.
 */
#pragma once

#include "ledger/ledger.h"

typedef struct {
    char *revision;
    char *schema, *table;    /* resolved: never NULL */
    char *forward, *reverse; /* SELECT lists, as installed */
    char *installed_sql;
    bool swaps; /* the revision's cutover renames columns of it */
} LedgerMapping;

/* Of one table, or of all where @schema is NULL; oldest first. Needs a ledger. Element-type
 * LedgerMapping *; caller owns. */
GPtrArray *ledger_load_mappings(PgConn *conn, const char *schema, const char *table,
                                GError **error);
void ledger_mapping_free(LedgerMapping *mapping);
/* Inside the caller's transaction. Writes over the one that the revision has on the table. */
bool ledger_add_mapping(PgConn *conn, const LedgerMapping *mapping, GError **error);
bool ledger_remove_mapping(PgConn *conn, const char *revision, const char *schema,
                           const char *table, GError **error);
