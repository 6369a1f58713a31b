/*
 * migrate/script.h - a whole range of revisions as one script for psql.
 *
 * For databases that sluice may not connect to. Each phase is run on a private server first, and
 * what runs there is what is printed: the statements in their transactions, the triggers that are
 * derived, and the ledger's rows, so that a database upgraded by the script looks to sluice as if
 * sluice had done it. What a script cannot do: wait outside of a lock queue, try again, fill rows
 * in small parts, measure a gate.
 */
#pragma once

#include "conf/settings.h"
#include "migrate/migrate.h"

typedef enum {
    SCRIPT_EXPAND,
    SCRIPT_BACKFILL, /* and finish */
    SCRIPT_CUTOVER,
    SCRIPT_CONTRACT,
    SCRIPT_PHASE_N
} ScriptPhase;

typedef struct {
    const Settings *settings;
    const Clock *clock;
    const Graph *graph;
    const char *word; /* "A:B"; A may be left out for base, B for heads */
    ScriptPhase first, last;
} ScriptOptions;

/* "expand", "expand,backfill", "all": phases that follow each other. ERROR_USAGE. */
bool script_parse_phases(const char *text, ScriptPhase *ret_first, ScriptPhase *ret_last,
                         GError **error);
/* ERROR_STATE: a requirement is not met by these phases. An error of the private server says so.
 * Caller owns. */
char *script_upgrade(const ScriptOptions *options, GError **error);
/* From A up to B, which stays; phases do not matter. */
char *script_downgrade(const ScriptOptions *options, GError **error);
