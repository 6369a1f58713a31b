/*
 * peers/adoption.h - what another tool's table says against what the ledger says, and the two made
 * one.
 *
 * Adopted is what the tool applied: stamped in the ledger in the last state it has, for the tool
 * ran all of it. Where an adoption is kept, the tool may go on beside us: what it applied since is
 * adopted, what it undid is taken back. The tool's table is never dropped.
 */
#pragma once

#include "base/report.h"
#include "ledger/revisions.h"
#include "peers/table.h"

typedef struct {
    const PeerTable *table;
    char *relation; /* qualified and quoted */
    PeerRows rows;
    GPtrArray *adopted; /* const Revision *: what the tool has and the ledger does not, by order */
    GPtrArray *lacking; /* const Revision *: the other way round, the latest first */
} AdoptionDifference;
void adoption_difference_clear(AdoptionDifference *difference);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(AdoptionDifference, adoption_difference_clear)

/* One query. A revision that a row implies, but that stands above one that the ledger has, is a
 * hole (docs/moving.md), and in neither list. */
bool adoption_compare(PgConn *conn, const Graph *graph, const LedgerRevisions *ledger,
                      const PeerRelation *relation, const char *project,
                      AdoptionDifference *ret_difference, GError **error);
bool adoption_is_same(const AdoptionDifference *difference);
/* For who only looks: a line for each thing that differs. Element-type char *. Caller owns. */
GPtrArray *adoption_describe(const AdoptionDifference *difference);
/* ERROR_STATE that names the rows which no file has; @hint is the next step. */
bool adoption_check_known(const AdoptionDifference *difference, GError **error);

/* Stamps what is new, and records the adoption; what the table lacks is written to it if @kept, and
 * stays as it is otherwise. One transaction, with an event before and behind it. Under the migrator
 * lock; needs a ledger. */
bool adoption_record(PgConn *conn, const Graph *graph, const LedgerRevisions *ledger,
                     const AdoptionDifference *difference, bool kept, GError **error);

/* For the adoption that is kept, if there is one: where the table and the ledger differ, the ledger
 * follows, and @report says so. Under the migrator lock.
 * ERROR_STATE: a row that no file has; something was undone that only sluice can undo. */
bool adoption_follow(PgConn *conn, const Graph *graph, const LedgerRevisions *ledger,
                     const Report *report, GError **error);
/* The difference that adoption_follow would settle; without effect. *@ret_kept false: none is kept,
 * and nothing was asked. */
bool adoption_look(PgConn *conn, const Graph *graph, const LedgerRevisions *ledger, bool *ret_kept,
                   AdoptionDifference *ret_difference, GError **error);
