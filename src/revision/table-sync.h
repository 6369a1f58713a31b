/*
 * revision/table-sync.h - the mappings of a revision between two tables: `sync users to addresses`,
 * and the way back.
 *
 * At any time one side is canonical, and only its direction is installed: old to new until the
 * cutover, new to old from then on. The direction that stands first in the file is old to new.
 */
#pragma once

#include "revision/revision.h"

/* For each row of @from that has a key and satisfies the mapping's WHERE (with GROUP BY: for each
 * group of them), the row of @to with that key has the columns that the mapping sets. */
typedef struct {
    char *from_schema, *from; /* NULL schema: search_path */
    char *to_schema, *to;
    SqlMapping *mapping;
    GPtrArray *key; /* char *: columns of @to that the mapping sets, and that tell the row */
    bool rows_stay; /* rows of @to are neither inserted nor deleted: without a source row the
                       columns are NULL */
    Place place;    /* of the section's line */
} TableDirection;

typedef struct {
    TableDirection *forward; /* old -> new */
    TableDirection *reverse; /* new -> old */
    char *text;              /* both sections, as a file has them: revision_parse reads it */
} TableSync;
void table_sync_free(TableSync *sync);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TableSync, table_sync_free)

/* Element-type TableSync *; empty if the revision has none. Caller owns. ERROR_CONFIG, ERROR_SQL
 * with the place: a direction without its way back, a key that the mapping does not set, ... */
GPtrArray *revision_table_syncs(const Revision *revision, GError **error);

/* From @text, as a TableSync has it. Caller owns. */
TableSync *table_sync_parse(const char *text, GError **error);

/* What only the whole revision tells: no cutover renames columns of it. */
bool table_syncs_check(const Revision *revision, GError **error);

/* The pair that sets @column; NULL: none does. */
const SqlPair *table_direction_pair(const TableDirection *direction, const char *column);
/* Is @column of the key? */
bool table_direction_has_key(const TableDirection *direction, const char *column);
