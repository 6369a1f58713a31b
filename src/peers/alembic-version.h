/*
 * peers/alembic-version.h - the rows of `alembic_version`, kept as Alembic itself would keep them.
 *
 * Alembic stores the heads of what is applied and nothing else: everything above a row, over
 * Revises and Requires, counts as applied. The rules are those of its HeadMaintainer for one
 * revision up or down, with one difference: of what a revision comes after, only the lowest count,
 * where Alembic fails on a requirement that stands above a parent. Pure: no database.
 */
#pragma once

#include "revision/revision-set.h"

/* One statement, which must hit exactly one row. The ids are borrowed from the graph. */
typedef struct {
    const char *from; /* NULL: INSERT @to */
    const char *to;   /* NULL: DELETE @from */
} VersionChange;

/* What becomes of @rows when @revision is applied, or undone: *@ret_changes, element-type
 * VersionChange, in order; empty if the rows say so already. Caller owns. ERROR_STATE: the rows
 * lack what @revision comes after, or have what comes after it. */
bool alembic_version_up(const Graph *graph, const RevisionSet *rows, const Revision *revision,
                        GArray **ret_changes, GError **error);
bool alembic_version_down(const Graph *graph, const RevisionSet *rows, const Revision *revision,
                          GArray **ret_changes, GError **error);
