/*
 * migrate/upgrade.h - expands what a target needs, holes included, and completes what may be.
 *
 * A revision whose `Requires:` is not met stops only itself and what comes after it: all others are
 * expanded. Run again after any failure, it goes on where it stopped.
 */
#pragma once

#include "migrate/migrate.h"

typedef struct {
    RevisionSet *applied;
    GPtrArray *pending; /* const Revision *: to expand, parents first */
    GPtrArray *holes;   /* those of @pending that something applied builds on */
    GPtrArray *heads;   /* the last ones of what the target covers */
    GPtrArray *scope;   /* all that the target covers: what of it is in flight is completed */
} UpgradePlan;

/* What `upgrade @word` has to do in a database with @rows. Reads no file but headers. */
UpgradePlan *upgrade_plan_new(const Graph *graph, const LedgerRevisions *rows, const char *word,
                              GError **error);
void upgrade_plan_free(UpgradePlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(UpgradePlan, upgrade_plan_free)

typedef struct {
    bool backfill; /* runs backfills too: those required on the way, and all in the end */
} UpgradeOptions;

/* Runs @plan, or with dry_run says what it would run. @rows: what it was made from. Adds to
 * @waiting (Waiting *) what could not be expanded, and why: the caller decides what that means. */
bool upgrade_run(const MigrateContext *context, const UpgradePlan *plan,
                 const LedgerRevisions *rows, const UpgradeOptions *options, GPtrArray *waiting,
                 GError **error);
