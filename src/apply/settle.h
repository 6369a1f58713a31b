/*
 * apply/settle.h - events of changes to the ledger alone: said before and after, and settled where
 * a kill came between.
 *
 * Both events carry the same {"changes": [{"revision": id, "state": name}]}: "removed" where the
 * row goes, no state where any will do. One transaction makes them, so the ledger shows whether it
 * came to its end.
 */
#pragma once

#include "pg/conn.h"

/* Under the migrator lock: says the second event of what was begun last and stands in the ledger.
 */
bool settle_changes(PgConn *conn, GError **error);
