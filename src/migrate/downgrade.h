/*
 * migrate/downgrade.h - undoes what a target leaves out, and redoes one revision.
 */
#pragma once

#include "migrate/migrate.h"

/* What `downgrade @word` has to undo in a database with @rows, children first; those whose expand
 * has only begun included. Element-type const Revision *; caller owns the container. */
GPtrArray *downgrade_plan_new(const Graph *graph, const LedgerRevisions *rows, const char *word,
                              GError **error);
/* Downgrades @list, or with dry_run says what it would run. All or none: each is looked at before
 * the first is touched. */
bool downgrade_run(const MigrateContext *context, GPtrArray *list, const LedgerRevisions *rows,
                   GError **error);

/* The revision that `redo @word` (NULL: the last one) is about: one that a redo which did not come
 * to its end has undone, else a head of what is applied. ERROR_STATE: something comes after it;
 * ERROR_USAGE: there are several. Borrowed. */
const Revision *redo_find(const ApplyContext *apply, const LedgerRevisions *rows, const char *word,
                          GError **error);
/* Downgrades @revision and expands it again; @may_fill: its backfill runs too. */
bool redo_run(const MigrateContext *context, const Revision *revision, const LedgerRevisions *rows,
              bool may_fill, GError **error);
