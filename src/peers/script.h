/*
 * peers/script.h - SQL that another tool runs, made fit for a section of a revision.
 *
 * psql's own commands, transaction control and COPY's data have no place in a revision. Includes
 * (\i, \ir) are resolved, \restrict lines and harmless settings go, transaction control goes and
 * what it meant is kept (PeerSql.statement_transactions). Whatever else does not fit stays as a
 * comment, is noted, and marks the section as short of it.
 */
#pragma once

#include "peers/history.h"

typedef struct {
    Place place; /* of the text's first line; line 0: the text was made from the file */
    const char *text;
    bool in_transaction; /* the tool opens one around it */
    const char *root;    /* where \i starts from; NULL: the file's folder */
} ScriptSource;

/* Never fails: what is wrong is noted in @history for @revision. The caller clears @ret_sql. */
void script_take(History *history, const PeerRevision *revision, const ScriptSource *source,
                 PeerSql *ret_sql);
/* Each line behind "-- ", so that it is kept and not run. Caller owns. */
char *script_comment(const char *text);
