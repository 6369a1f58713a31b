#include "author/skeleton.h"

static const char settings_text[] =
    "# sluice.yaml: all options are in docs/configuration.md. Each can also be set in the\n"
    "# environment or in .env (SLUICE_<KEY>), and with `-o KEY=VALUE`.\n"
    "\n"
    "# Credentials do not belong here: set DATABASE_URL in the environment or in .env.\n"
    "# database:\n"
    "#   url: postgresql://app@db.example.com/app\n"
    "\n"
    "migrations: migrations\n"
    "\n"
    "# lock:\n"
    "#   stall_budget: 50ms      # longest time that an app's query may wait for us\n"
    "#   give_up_after: 10m\n"
    "\n"
    "# backfill:\n"
    "#   workers: 1\n"
    "#   target_time: 75ms       # how long one transaction may take\n"
    "#   max_replica_lag: 10s\n"
    "\n"
    "# The app's sessions name themselves \"<name>/<version>\" in application_name.\n"
    "# app:\n"
    "#   name: my-app\n"
    "#   roles: [my_app]\n"
    "#   versions:\n"
    "#     \"1.0\": {built_on: 127bcea40bef}\n"
    "#     \"2.0\": {built_on: 3f2a9c1b7d20}\n"
    "\n"
    "# deploy:\n"
    "#   start: ./deploy/start   # SLUICE_APP and SLUICE_VERSION are in its environment\n"
    "#   stop: ./deploy/stop\n"
    "#   ready: ./deploy/ready\n"
    "\n"
    "# traffic:\n"
    "#   driver: haproxy\n"
    "#   socket: /run/haproxy/admin.sock\n"
    "#   backend: app\n"
    "#   stable: [old1, old2]\n"
    "#   canary: [new1, new2]\n"
    "\n"
    "# rollout:\n"
    "#   from: \"1.0\"\n"
    "#   to: \"2.0\"\n"
    "#   steps:\n"
    "#     - expand\n"
    "#     - deploy\n"
    "#     - backfill\n"
    "#     - weight: 5\n"
    "#     - analysis: {for: 5m}\n"
    "#     - weight: 50\n"
    "#     - analysis: {for: 10m}\n"
    "#     - weight: 100\n"
    "#     - cutover: {approve: 1}\n"
    "#     - soak: 24h\n"
    "#     - retire\n"
    "#     - contract: {approve: 2}\n";

static const char sections_text[] =
    "-- sluice: expand\n"
    "-- What an old app survives: new tables, nullable columns, indexes on small tables.\n"
    "\n"
    "\n"
    "-- Of the sections below keep what this change needs, without the leading '-- '.\n"
    "--\n"
    "-- -- sluice: sync TABLE\n"
    "-- SELECT old_column AS new_column;     -- what the old app writes reaches the new column\n"
    "--\n"
    "-- -- sluice: sync TABLE reverse\n"
    "-- SELECT new_column AS old_column;     -- may be left out where all pairs are bare columns\n"
    "--\n"
    "-- -- sluice: backfill                  -- derived from sync if left out\n"
    "-- UPDATE t SET new_column = old_column WHERE new_column IS NULL AND old_column IS NOT NULL;\n"
    "--\n"
    "-- -- sluice: finish                    -- after the backfill: indexes, VALIDATE\n"
    "-- CREATE INDEX CONCURRENTLY t_new_column ON t (new_column);\n"
    "--\n"
    "-- -- sluice: contract                  -- what no app may still use: runs last, by itself\n"
    "-- ALTER TABLE t DROP COLUMN old_column;\n"
    "\n"
    "-- sluice: downgrade\n"
    "-- Undoes expand.\n";

static const char merge_text[] =
    "-- Joins the revisions above into one head. It needs no statement of its own; what both "
    "sides\n"
    "-- together ask for may stand in sections as in any other revision.\n";

char *
skeleton_settings(void)
{
    return g_strdup(settings_text);
}

static void
append_line(GString *out, const char *word, const GPtrArray *values)
{
    for (guint i = 0; i < values->len; i++)
        g_string_append_printf(out, "%s%s%s", i == 0 ? "-- " : ", ", i == 0 ? word : "",
                               (const char *) values->pdata[i]);
    if (values->len > 0)
        g_string_append_c(out, '\n');
}

char *
skeleton_revision(const SkeletonHeader *header)
{
    GString *out = g_string_new(NULL);

    g_string_append_printf(out, "-- Revision: %s\n", header->id);
    append_line(out, "Revises: ", header->parents);
    append_line(out, "Branch: ", header->labels);
    for (guint i = 0; i < header->requires->len; i++)
        g_string_append_printf(out, "-- Requires: %s\n", (char *) header->requires->pdata[i]);
    g_string_append_printf(out, "-- Title: %s\n-- Created: %s\n%s\n%s", header->title,
                           header->created,
                           header->statement_transactions ? "-- Transaction: statement\n" : "",
                           header->sections           ? header->sections
                           : header->parents->len > 1 ? merge_text
                                                      : sections_text);
    return g_string_free(out, FALSE);
}
