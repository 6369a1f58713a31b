/*
 * migrate/imported.h - history of another tool may destroy in its expand; not what somebody uses.
 */
#pragma once

#include "migrate/migrate.h"

/* Looks at those of @pending (const Revision *) that are imported, and says what they destroy.
 * ERROR_CHECK, before anything is run, where the database has rows and the context has no leave:
 * names revision and statement. ERROR_STATE where its tool says that it has run one of them, and
 * nobody has adopted that: run again, it would do its work twice. On a database without rows nobody
 * can miss anything. */
bool imported_check(const MigrateContext *context, const GPtrArray *pending,
                    const LedgerRevisions *rows, GError **error);
