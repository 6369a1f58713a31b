/*
 * author/export.h - revisions written as files of Alembic, so that it knows what sluice made.
 *
 * Alembic fails on a row that none of its files has. What is a plain expand becomes a file that
 * runs the same statements; a revision with phases becomes one that Alembic finds in its graph and
 * refuses to run, naming the command that does.
 */
#pragma once

#include "revision/graph.h"

typedef struct {
    char *id;
    char *path;
    bool runs; /* false: Alembic knows it, and refuses to run it */
} ExportedFile;

/* Writes a file into @folder's first folder of versions (as `sluice import alembic` finds it) for
 * each revision that no file there has. Nothing that exists is overwritten. Element-type
 * ExportedFile *. Caller owns. ERROR_CONFIG: no Alembic folder; an id that Alembic cannot have. */
GPtrArray *export_alembic(const Graph *graph, const char *folder, bool dry_run, GError **error);
