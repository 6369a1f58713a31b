/*
 * demo/findings.h - what a run of the demo measured.
 */
#pragma once

#include <jansson.h>

#include "demo/stall.h"

typedef struct {
    json_t *load; /* the load's own report */
    StallReading stall;
    double seconds;

    gint64 backfill_rows;
    double backfill_seconds;
    gint64 parity_checks, parity_mismatches; /* counted by the demo, before each approval */
    gint64 size_before, size_after;          /* of users, in bytes */
    bool contracted;
    double sluice_rss_mb; /* largest of all its processes */

    int kills, database_crashes; /* CRASH */
    bool aborted;                /* ABORT: the three below hold */
    double traffic_back_ms;      /* from the command to no weight on the new version */
    double ledger_aborted_ms;    /* from the command to the ledger's "aborted" */
} Findings;
