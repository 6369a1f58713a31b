/*
 * fleet/run.h - one piece of work on many databases: a queue, some sessions, a result for each.
 *
 * A database that fails stops no other, but a canary does: canaries come first, and the others
 * only when all of them went well. What is left after a failure or an interrupt is what a second
 * run finds to do, for the work itself knows from each ledger what is done: nothing is kept here.
 */
#pragma once

#include "base/clock.h"
#include "base/json.h"
#include "base/report.h"
#include "fleet/databases.h"
#include "pg/conn.h"

typedef enum {
    FLEET_LEFT,    /* not begun */
    FLEET_CURRENT, /* there was nothing to do */
    FLEET_DONE,
    FLEET_FAILED,
} FleetOutcome;
const char *fleet_outcome_name(FleetOutcome outcome); /* "not begun", "up to date" */

typedef struct {
    const Database *database; /* borrowed */
    FleetOutcome outcome;
    json_t *data;   /* what the work tells; NULL: nothing */
    GError *error;  /* FLEET_FAILED; else NULL */
    gint64 took_ms; /* 0 if it was not begun */
} FleetResult;

/* A result for each database, none begun. Element-type FleetResult *. Caller owns. */
GPtrArray *fleet_results_new(const GPtrArray *databases);

/* Works on one database, in a session of the calling thread's that has entered its schema; several
 * threads call it at the same time. May set data, and outcome to FLEET_CURRENT; else it is
 * FLEET_DONE, or FLEET_FAILED where this is false. */
typedef bool (*FleetWork)(gpointer data, const Database *database, PgConn *conn,
                          const Report *report, FleetResult *result, GError **error);

typedef struct {
    const char *what; /* "upgrade": the sessions' purpose, and what is said of the progress */
    int jobs;         /* sessions at the same time */
    bool only_reads;  /* a standby or a pooler will do, and a canary stops nobody */
    const Clock *clock;
    const Report *report; /* lines come with the database's name in front */
    FleetWork work;
    gpointer data;
} FleetOptions;

/* Works on those of @results that are FLEET_LEFT. A stop that is asked for lets no other one begin,
 * and those at work end at their next safe point. Where the server of tenants cannot be reached, no
 * other tenant is tried. */
void fleet_run(const FleetOptions *options, GPtrArray *results);

/* False if not all went well: one error for all. Its code is that of the failure that most needs a
 * person: interrupted first, then what running again does not mend (SQL, config, state, check,
 * drift, usage), then what it may (connection, owner, lock). */
bool fleet_check(const char *what, const GPtrArray *results, GError **error);
