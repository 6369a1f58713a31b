/*
 * revision/swap.h - what a cutover does to the names of columns.
 *
 * Where a column changes its type, old and new app write it by the same name: `id` is the old shape
 * until the cutover, and the new one from then on. The cutover swaps the names, and each mapping
 * that reads or sets such a column has to follow.
 */
#pragma once

#include "revision/revision.h"

/* The columns of @schema.@table (either spelling of the author's, with a schema or without, means
 * it) that @section (may be NULL) renames, first name -> last name; a chain of renames counts as
 * one, and one that leads back as none. Caller owns; NULL on ERROR_SQL. */
GHashTable *section_renames(const Section *section, const char *schema, const char *table,
                            GError **error);

/* *@ret_swaps: true if the cutover of @revision (with its sections) renames a column of @sync's
 * table. */
bool revision_swaps(const Revision *revision, const RevisionSync *sync, bool *ret_swaps,
                    GError **error);
