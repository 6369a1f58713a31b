/*
 * rehearse/snapshot.h - what a database holds, schema and rows, for comparing it with another.
 *
 * The rows as a digest a column, taken together with the row's primary key, so that neither the
 * order of rows nor that of columns counts, and a difference has a name.
 */
#pragma once

#include "pg/conn.h"

typedef struct {
    char *schema;        /* catalog_describe */
    GHashTable *columns; /* "public.users.name" -> SnapshotColumn *; none of an empty table */
} Snapshot;

/* Reads all rows. NULL with an error; caller owns. */
Snapshot *snapshot_take(PgConn *conn, GError **error);
/* The same without rows, none of which are read. */
Snapshot *snapshot_take_schema(PgConn *conn, GError **error);
void snapshot_free(Snapshot *snapshot);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Snapshot, snapshot_free)

/* From now on, only how many are not NULL is compared of the columns: that @a and @b hold otherwise
 * (made alike, so there is a clock or a random number in them); that @other does not have. */
void snapshot_loosen(Snapshot *snapshot, const Snapshot *a, const Snapshot *b);
void snapshot_loosen_new(Snapshot *snapshot, const Snapshot *other);
/* "table.column, .." of the loose ones; NULL: none. Caller owns. */
char *snapshot_loose(const Snapshot *snapshot);

/* What @now has otherwise than @wanted, in words; NULL: the same. Caller owns. */
char *snapshot_difference(const Snapshot *wanted, const Snapshot *now);
/* The same of the schema only. */
char *snapshot_schema_difference(const Snapshot *wanted, const Snapshot *now);
