/*
 * peers/alembic-files.h - an Alembic project's files: where its revisions are, and what each says
 * of itself.
 */
#pragma once

#include "peers/history.h"

typedef struct {
    char *folder;        /* where alembic is run */
    char *ini;           /* alembic.ini; NULL: none */
    char *location;      /* of env.py */
    GPtrArray *versions; /* char *: folders of revisions */
    bool recursive;
    char *encoding; /* output_encoding */
} AlembicProject;

/* @folder: what holds alembic.ini (or pyproject.toml with [tool.alembic]), or the folder of env.py.
 * ERROR_CONFIG: neither. The caller clears @ret_project. */
bool alembic_project_find(const char *folder, AlembicProject *ret_project, GError **error);
void alembic_project_clear(AlembicProject *project);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(AlembicProject, alembic_project_clear)

/* Adds the revisions, parents first, without their SQL. ERROR_CONFIG: a graph that is none; a file
 * whose ids only Python could tell. */
bool alembic_read_files(const AlembicProject *project, History *history, GError **error);
