/*
 * peers/unadopted.h - a tool's table that nobody has adopted: what it has run, would run again
 * here.
 */
#pragma once

#include "ledger/revisions.h"
#include "revision/graph.h"

/* Imported revisions that the ledger does not have, and a tool's table in the search_path has:
 * ERROR_STATE names table and revision, with the command as its hint. True if there is none. No
 * query where nothing imported is pending. A table that cannot be read says nothing. */
bool unadopted_check(PgConn *conn, const Graph *graph, const LedgerRevisions *ledger,
                     GError **error);
