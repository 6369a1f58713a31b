/*
 * cli/migrate-output.h - what migrate/ does, as the result of a command: a line and a JSON object
 * for each phase that a revision came through; or with a dry run the statements that would run;
 * or with `--sql` a script for psql in place of a connection.
 */
#pragma once

#include "cli/command.h"
#include "migrate/migrate.h"
#include "migrate/script.h"

typedef struct {
    App *app;
    bool dry_run;
    json_t *list;    /* of done phases, or of planned statements */
    Report report;   /* of a dry run: what would run is the result, so it goes to stdout */
    bool is_empty;   /* dry run: a heading without a statement stands last */
    size_t headings; /* size of @list then */
} MigrateOutput;

/* Both stay with the caller; @output must not move. */
void migrate_output_init(MigrateOutput *output, App *app, MigrateContext *context);
/* Ends a dry run's listing. */
void migrate_output_end(MigrateOutput *output);
void migrate_output_clear(MigrateOutput *output);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MigrateOutput, migrate_output_clear)

/* Prints what @make makes of @range and @phases ("expand,backfill", "all"). */
bool migrate_output_script(App *app, const char *range, const char *phases,
                           char *(*make)(const ScriptOptions *options, GError **error),
                           GError **error);
