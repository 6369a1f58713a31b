/*
 * migrate/migrate.h - brings a database from the revisions it has to those that are wanted.
 *
 * apply/ runs one phase of one revision; this room knows which, in which order, and what keeps one
 * from its turn: targets, holes, requirements. Nothing is printed: a caller is told of each phase
 * as it begins and ends, so that one database on a terminal and a thousand tenants look the same
 * from here.
 */
#pragma once

#include "apply/apply.h"
#include "backfill/backfill.h"
#include "ledger/integrity.h"
#include "revision/revision-set.h"

typedef struct {
    ApplyContext apply; /* dry_run: says what would run, touches nothing */
    BackfillContext backfill;
    bool allow_destructive; /* imported history may destroy also where there are rows */
    /* Both may be NULL. @phase: "expand", "backfill", "downgrade". */
    void (*on_begin)(gpointer data, const Revision *revision, const char *phase);
    void (*on_reached)(gpointer data, const Revision *revision, RevisionState state,
                       gint64 took_ms); /* STATE_PENDING: downgraded */
    gpointer data;
} MigrateContext;

/* For this room's modules. */
void migrate_begin(const MigrateContext *context, const Revision *revision, const char *phase);
void migrate_reached(const MigrateContext *context, const Revision *revision, RevisionState state,
                     gint64 start_ms);
/* Runs @work under the migrator lock; without it where the context is a dry run. */
bool migrate_under_lock(const MigrateContext *context, bool (*work)(gpointer data, GError **error),
                        gpointer data, GError **error);
