/*
 * cli/fleet.h - commands on many databases: which they are, the work, the result.
 *
 * A command that knows how to (Command.many) asks fleet_is_meant first; the others are refused
 * where sluice.yaml names many databases and none was picked.
 */
#pragma once

#include "cli/command.h"
#include "fleet/look.h"
#include "revision/graph.h"

/* The options of such a command. */
typedef struct {
    GPtrArray *only; /* const char *: patterns; NULL: all */
    gint64 jobs;     /* 0: databases.jobs */
} FleetArgs;

/* Rows for the command's ArgSpecs; @type is its options struct, with a FleetArgs `fleet`. */
#define FLEET_ARGS(type)                                                                           \
    {"only",   0,                                                                                  \
     ARG_LIST, offsetof(type, fleet.only),                                                         \
     "NAME",   "of many databases, those of that name, with * and ? (again for more)"},            \
    {                                                                                              \
        "jobs", 'j', ARG_INT, offsetof(type, fleet.jobs), "N",                                     \
            "of many databases, so many at the same time (default: databases.jobs)"                \
    }

/* *@ret_many: sluice.yaml names many, and none was picked. ERROR_USAGE if @args choose among many
 * and there is one. */
bool fleet_is_meant(const App *app, const FleetArgs *args, bool *ret_many, GError **error);

/* The hint of an error: how to pick one of them. Returns false. */
bool fleet_hint_pick(const Settings *settings, GError **error);

typedef struct {
    App *app;
    Graph *graph;
    GPtrArray *databases; /* Database * */
    GPtrArray *results;   /* FleetResult * */
    FleetOptions options; /* without work */
} Fleet;

/* Reads the revisions, and finds the databases. */
bool fleet_open(Fleet *fleet, App *app, const FleetArgs *args, const char *what, GError **error);
void fleet_clear(Fleet *fleet);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Fleet, fleet_clear)
/* True if they are schemas of one database. */
bool fleet_has_tenants(const Fleet *fleet);

/* {"code", "message", "hint"}; NULL for no error. */
json_t *fleet_error_json(const GError *error);

typedef struct {
    bool dry_run;
    bool backfill;
    bool allow_destructive;
} FleetUpgradeOptions;
/* The commands, each with its result printed. */
bool fleet_upgrade(Fleet *fleet, const char *word, const FleetUpgradeOptions *options,
                   GError **error);
/* @compare: with the files too, for `status`; else what `current` shows. */
bool fleet_status(App *app, const FleetArgs *args, const char *what, bool compare, GError **error);
/* One look: ERROR_STATE names the first database in which one of @ids (char *) has not reached
 * @state. */
bool fleet_has_reached(Fleet *fleet, const GPtrArray *ids, RevisionState state, GError **error);
