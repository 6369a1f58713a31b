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

char *
ledger_guard_script(const char *id, RevisionState reached)
{
    g_autofree char *literal = pg_quote_literal(id);
    g_autoptr(GString) behind = g_string_new(NULL);

    for (int state = (int) reached; reached > STATE_PENDING && state <= (int) STATE_CONTRACTED;
         state++)
        g_string_append_printf(behind, "%s'%s'", state > (int) reached ? ", " : "",
                               revision_state_name((RevisionState) state));
    if (reached == STATE_PENDING)
        return g_strdup_printf("SELECT EXISTS (SELECT FROM sluice.revision WHERE id = %s) "
                               "AS sluice_todo \\gset\n\\if :sluice_todo\n",
                               literal);
    return g_strdup_printf("SELECT NOT EXISTS (SELECT FROM sluice.revision WHERE id = %s\n"
                           "    AND (state IN (%s) OR final AND state <> 'pending')) "
                           "AS sluice_todo \\gset\n\\if :sluice_todo\n",
                           literal, behind->str);
}

/* 'a', 'b': for a list in SQL. */
static char *
literals(GPtrArray *words)
{
    GString *list = g_string_new(NULL);

    for (guint i = 0; i < words->len; i++) {
        g_autofree char *literal = pg_quote_literal(g_ptr_array_index(words, i));
        g_string_append_printf(list, "%s%s", i ? ", " : "", literal);
    }
    return g_string_free(list, FALSE);
}

/* Raises @message, with what @query finds in the place of its %. */
static char *
check_script(const char *query, const char *message)
{
    return g_strdup_printf("DO $sluice$\nDECLARE\n    found text;\nBEGIN\n"
                           "    found := (%s);\n"
                           "    IF found IS NOT NULL THEN\n"
                           "        RAISE EXCEPTION '%s', found;\n"
                           "    END IF;\nEND\n$sluice$;\n",
                           query, message);
}

char *
ledger_ground_script(GPtrArray *ids)
{
    g_autofree char *list = literals(ids);
    g_autofree char *query = g_strdup_printf(
        "SELECT string_agg(id, ', ') FROM unnest(ARRAY[%s]::text[]) AS id WHERE NOT EXISTS\n"
        "        (SELECT FROM sluice.revision r WHERE r.id = id.id AND r.state <> 'pending')",
        list);

    return ids->len > 0 ? check_script(query, "not applied here: %") : g_strdup("");
}

char *
ledger_mappings_script(GPtrArray *tables, GPtrArray *ids)
{
    g_autofree char *known = literals(ids), *names = literals(tables);
    g_autofree char *query =
        g_strdup_printf("SELECT string_agg(m.revision, ', ') FROM sluice.mapping m\n"
                        "        WHERE m.schema_name || '.' || m.table_name IN (%s)\n"
                        "          AND m.revision NOT IN (%s)",
                        names, known);

    return tables->len > 0
               ? check_script(query, "in flight on the same table, and unknown to this script: %")
               : g_strdup("");
}

char *
ledger_downgrade_script(const char *id)
{
    g_autofree char *literal = pg_quote_literal(id);
    g_autofree char *query =
        g_strdup_printf("SELECT id || ' is ' || state FROM sluice.revision\n"
                        "        WHERE id = %s AND state IN ('cut over', 'contracted')",
                        literal);

    return check_script(query, "cannot be downgraded: %");
}
