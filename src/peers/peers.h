/*
 * peers/peers.h - other migration tools: their folder read as revisions. One row a tool.
 *
 * A row reads what the tool keeps in files and fills a History; it writes nothing. History is
 * taken as it is: ids, titles, dates, graph. What cannot be said in a revision file is a finding,
 * and the section that lacks it is marked (`-- sluice: fill in ..`), so that it is never run short.
 */
#pragma once

#include "base/report.h"
#include "peers/history.h"

typedef struct {
    const char *folder;      /* as the user named it */
    const char *interpreter; /* of the tool's language; NULL: the project's own, else PATH's */
    const Report *report;
} PeerSource;

typedef struct {
    const char *name;   /* "alembic" */
    const char *title;  /* "Alembic" */
    const char *folder; /* what its folder holds, in a few words, for --help */
    /* ERROR_CONFIG: the folder is not one of this tool. What is wrong with one file is a finding.
     */
    bool (*import)(const PeerSource *source, History *history, GError **error);
} Peer;

/* NULL-ended. */
extern const Peer *const peers[];
/* ERROR_USAGE with the nearest, if there is none of that name. */
const Peer *peer_find(const char *name, GError **error);

/* The id that a revision gets which its tool calls @name (a version, a change): @name itself where
 * it may be an id, else with '_' for each character that may not be in one. Caller owns. */
char *peer_revision_id(const char *name);

extern const Peer peer_alembic;
extern const Peer peer_dbmate;
extern const Peer peer_flyway;
extern const Peer peer_rails;
extern const Peer peer_sql;
extern const Peer peer_sqitch;
