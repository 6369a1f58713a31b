/*
 * ledger/cohorts.h - the states of all tenants of a database, in one query.
 *
 * Most tenants are alike, so they come as cohorts: what has to be thought about a state is thought
 * once, and not a thousand times.
 */
#pragma once

#include "ledger/revisions.h"

typedef struct {
    GPtrArray *schemas; /* char *: of the tenants, by name */
    /* id, state, final and partly of each; title, times and checksums are empty. */
    LedgerRevisions *revisions;
} LedgerCohort;
void ledger_cohort_free(LedgerCohort *cohort);

/* A tenant that nothing was ever applied to is in none; no cohort where there is no ledger.
 * Element-type LedgerCohort *. Caller owns. */
GPtrArray *ledger_load_cohorts(PgConn *conn, GError **error);
