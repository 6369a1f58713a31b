/*
 * migrate/fresh.h - whole lives in order, on a database that no app uses yet.
 *
 * Each revision is expanded, backfilled, finished, cut over and contracted before the next one
 * begins: no gate is asked, for there is no old app. So it is refused where there could be one: in
 * a database with a rollout, or with rows in a table whose shape a revision changes.
 */
#pragma once

#include "migrate/upgrade.h"

/* Brings all of @plan's scope to the end of its life. ERROR_STATE names the table that has rows. A
 * run that was interrupted goes on, with the rows that it made itself. */
bool fresh_run(const MigrateContext *context, const UpgradePlan *plan, const LedgerRevisions *rows,
               GError **error);
