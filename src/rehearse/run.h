/*
 * rehearse/run.h - what the acts of a rehearsal share: what was asked, the databases, the result.
 */
#pragma once

#include "rehearse/copy.h"
#include "rehearse/rehearse.h"
#include "rehearse/snapshot.h"

typedef struct {
    const RehearseOptions *options;
    Rehearsal *result;
    Copy copy; /* lives in the order of production: all expands first */
} Run;

/* Runs a phase of @header's revision in the copy. @measured: its statements were first looked at,
 * one by one, in a copy of the copy. */
bool run_phase(Run *run, const Revision *header, const char *phase, bool measured, GError **error);
/* *@ret_phase: what comes next in the database of @conn; NULL: it is final. */
bool run_find_next(Run *run, PgConn *conn, const Revision *header, const char **ret_phase,
                   GError **error);
/* All expands, each behind what it requires, which goes as far as it must. */
bool run_expand_all(Run *run, bool measured, GError **error);

/* Adds a check, passed where the database of @conn is as @wanted. */
bool run_check_same(Run *run, const char *name, const Snapshot *wanted, PgConn *conn,
                    GError **error);

/* From expanded back to @start and up again; a note where there is no way back. */
bool back_from_expand(Run *run, const Snapshot *start, GError **error);
/* Cutover, its undo, and cutover again; a note where there is no undo. */
bool back_from_cutover(Run *run, const Revision *header, GError **error);
