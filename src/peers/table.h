/*
 * peers/table.h - the table in which another tool keeps what it has applied.
 *
 * One row a tool: its table's usual name, how it is read, and whether sluice can write it too.
 * Alembic's rows are heads, which imply all above them; those of the others are the applied set.
 */
#pragma once

#include "pg/conn.h"
#include "revision/revision-set.h"

typedef struct {
    const char *tool;  /* "alembic" */
    const char *title; /* "Alembic" */
    const char *name;  /* as search_path finds it: "alembic_version" */
    /* The column of its key, where sluice can keep it true (its rows need nothing else), or NULL */
    const char *key;
    /* Rows (name, is a baseline, project, name if there is a revision of that: it is meant then);
     * @: the relation, #: its schema, $1: the project */
    const char *select;
    bool has_heads;   /* its rows imply what is above them */
    bool is_numbered; /* knows ids of digits only */
    bool is_rails;    /* tells Rails from dbmate: ar_internal_metadata stands beside it */
} PeerTable;

/* ERROR_USAGE if there is none, or the tool has no table. */
const PeerTable *peer_table_of(const char *tool, GError **error);

typedef struct {
    const PeerTable *table;
    char *relation; /* qualified and quoted */
} PeerRelation;
void peer_relation_free(PeerRelation *relation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PeerRelation, peer_relation_free)

/* The tables that the search_path finds by their usual names. Element-type PeerRelation *. Caller
 * owns. */
GPtrArray *peer_relations_find(PgConn *conn, GError **error);
/* @name ("schema.name"; NULL: the usual one). ERROR_STATE if there is none. */
PeerRelation *peer_relation_open(PgConn *conn, const PeerTable *table, const char *name,
                                 GError **error);

/* What a table says, in terms of a graph, which must outlive it. */
typedef struct {
    RevisionSet *rows;    /* what its rows name */
    RevisionSet *applied; /* what they mean */
    GPtrArray *unknown;   /* char *: names that no file has */
} PeerRows;
void peer_rows_clear(PeerRows *rows);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PeerRows, peer_rows_clear)

/* @project: Sqitch's, where its registry has several (else ERROR_USAGE lists them); may be NULL.
 * One query. ERROR_STATE with a hint if the table is gone. */
bool peer_rows_read(PgConn *conn, const Graph *graph, const PeerTable *table, const char *relation,
                    const char *project, PeerRows *ret_rows, GError **error);

/* True if the tool can hold @revision at all. */
bool peer_table_can_hold(const PeerTable *table, const Revision *revision);
