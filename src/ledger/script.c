#include "ledger/script.h"

#include "pg/lock.h"

/* The version is asked each time, so that one script fits every ledger. */
static void
append_version(GString *script, int version)
{
    if (version == 1)
        g_string_append(script,
                        "SELECT to_regclass('sluice.ledger') IS NULL AS sluice_old \\gset\n");
    else
        g_string_append_printf(
            script, "SELECT max(version) < %d AS sluice_old FROM sluice.ledger \\gset\n", version);
    g_string_append_printf(
        script,
        "\\if :sluice_old\nBEGIN;\n%s%s\n"
        "INSERT INTO sluice.ledger (version, tool, upgraded_by)\n"
        "VALUES (%d, 'sluice " SLUICE_VERSION "', session_user || '@psql');\nCOMMIT;\n\\endif\n",
        version == 1 ? "CREATE SCHEMA IF NOT EXISTS sluice;\n" : "", ledger_ddl(version), version);
}

char *
ledger_script(void)
{
    GString *script = g_string_new("-- the ledger: sluice's own tables\n");

    for (int version = 1; version <= LEDGER_VERSION; version++)
        append_version(script, version);
    return g_string_free(script, FALSE);
}

char *
ledger_lock_script(void)
{
    return g_strdup_printf("DO $sluice$\nBEGIN\n"
                           "    IF NOT pg_try_advisory_lock(%" G_GINT64_FORMAT ") THEN\n"
                           "        RAISE EXCEPTION 'another sluice is at work on this database';\n"
                           "    END IF;\nEND\n$sluice$;\n",
                           pg_lock_key(PG_LOCK_MIGRATOR, 0, 0));
}
