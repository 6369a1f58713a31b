#include "sync/not-null.h"

#include <string.h>

#include "sync/condition.h"
#include "sync/identifier.h"
#include "sync/parts.h"

static char *
constraint_name(const char *revision, const char *column)
{
    return sync_identifier(g_strdup_printf("sluice_%s_%s", revision, column), "_not_null");
}

/* lower() and upper() of a range are NULL where it has no bound: the names alone do not tell. */
static bool
is_range(const CatalogTable *table, const char *name)
{
    const CatalogColumn *column = catalog_column(table, name);

    return column && g_str_has_suffix(column->type, "range");
}

/* A total expression over columns that are proven NOT NULL; of others only the author can tell. */
static bool
cannot_be_null(PgConn *conn, const CatalogTable *table, const RevisionSync *sync,
               const SqlPair *pair, bool *ret_not_null, GError **error)
{
    bool proven = sync->not_null || pair->is_total;

    for (guint i = 0; proven && !sync->not_null && i < pair->sources->len; i++) {
        const char *source = pair->sources->pdata[i];

        if (!pair->is_column && is_range(table, source))
            proven = false;
        else if (!catalog_is_not_null(conn, table, source, &proven, error))
            return false;
    }
    *ret_not_null = proven;
    return true;
}

/* The column's value in a row that is NULL throughout: NULL, with the column's type. */
static char *
typed_null(const CatalogTable *table, GHashTable *types, const char *column)
{
    const char *type = types ? g_hash_table_lookup(types, column) : NULL;
    g_autofree char *quoted = pg_quote_identifier(column);

    return type ? g_strdup_printf("CAST(NULL AS %s)", type)
                : g_strdup_printf("(NULL::%s).%s", table->quoted, quoted);
}

static GHashTable *
typed_nulls(const CatalogTable *table, GHashTable *types, const SqlMapping *mapping)
{
    GHashTable *values = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);

    for (guint i = 0; i < mapping->pairs->len; i++) {
        const SqlPair *pair = mapping->pairs->pdata[i];

        for (guint j = 0; j < pair->sources->len; j++) {
            char *source = pair->sources->pdata[j];

            g_hash_table_replace(values, source, typed_null(table, types, source));
        }
    }
    return values;
}

/* forward(reverse(NULL)) as an expression without a row. */
static char *
round_trip(const CatalogTable *table, const RevisionSync *sync, GHashTable *types,
           const SqlPair *pair)
{
    g_autoptr(GHashTable) nulls = typed_nulls(table, types, sync->reverse);
    g_autoptr(GHashTable) old_values = typed_nulls(table, types, sync->forward);

    for (guint i = 0; i < sync->reverse->pairs->len; i++) {
        const SqlPair *back = sync->reverse->pairs->pdata[i];
        const CatalogColumn *column = catalog_column(table, back->column);
        g_autofree char *value = sql_pair_qualify(back, "new_row", nulls);

        g_hash_table_replace(
            old_values, back->column,
            g_strdup_printf("CAST(%s AS %s)", value, column ? column->type : "text"));
    }
    return sql_pair_qualify(pair, "old_row", old_values);
}

static void
append_null_proof(GString *sql, const CatalogTable *table, const RevisionSync *sync,
                  const SqlPair *pair)
{
    g_autofree char *value = round_trip(table, sync, NULL, pair);
    g_autofree char *message =
        g_strdup_printf("a NULL in \"%s\" would come back as another value: reverse, then forward, "
                        "does not keep it",
                        pair->column);
    g_autofree char *message_literal = pg_quote_literal(message);

    g_string_append_printf(sql,
                           "DO $sluice$\n"
                           "BEGIN\n"
                           "    IF %s IS NOT NULL THEN\n"
                           "        RAISE EXCEPTION USING MESSAGE = %s,\n"
                           "            HINT = 'Let reverse give NULL for NULL, or write `-- "
                           "sluice: not null` in the sync section if the new column is never "
                           "NULL; or leave the backfill section out, for sluice''s own marks the "
                           "rows that it filled.';\n"
                           "    END IF;\n"
                           "END\n"
                           "$sluice$;\n",
                           value, message_literal);
}

static bool
ask_server(PgConn *conn, const char *value, bool *ret_loses, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *sql = g_strdup_printf("SELECT (%s) IS NOT NULL", value);
    g_autoptr(PgRows) rows = pg_query(conn, &cause, sql);

    if (rows == NULL && error_is(cause, ERROR_CONNECTION)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    *ret_loses = rows != NULL && pg_bool(rows, 0, 0);
    return true;
}

bool
sync_loses_null(PgConn *conn, const CatalogTable *table, const RevisionSync *sync,
                const SqlMapping *forward, GHashTable *types, bool *ret_loses, GError **error)
{
    bool loses = false;

    for (guint i = 0; !loses && i < forward->pairs->len; i++) {
        const SqlPair *pair = forward->pairs->pdata[i];
        g_autofree char *value = round_trip(table, sync, types, pair);
        bool not_null = false;

        if (!cannot_be_null(conn, table, sync, pair, &not_null, error) ||
            (!not_null && !ask_server(conn, value, &loses, error)))
            return false;
    }
    *ret_loses = loses;
    return true;
}

static bool
has_marker(const GPtrArray *parts, const SqlPair *pair)
{
    for (guint i = 0; i < parts->len; i++) {
        const SyncPart *part = parts->pdata[i];

        if (part->marker && g_ptr_array_find(part->forward->pairs, pair, NULL))
            return true;
    }
    return false;
}

char *
sync_not_null_checks_sql(PgConn *conn, const CatalogTable *table, const RevisionSync *sync,
                         const char *revision, GError **error)
{
    g_autoptr(GString) sql = g_string_new(NULL);
    g_autoptr(GPtrArray) parts = sync_parts(table, revision, sync->forward, sync->reverse);

    for (guint i = 0; i < sync->forward->pairs->len; i++) {
        const SqlPair *pair = sync->forward->pairs->pdata[i];
        bool not_null = false;

        if (!cannot_be_null(conn, table, sync, pair, &not_null, error))
            return NULL;
        if (not_null) {
            g_autofree char *name = constraint_name(revision, pair->column);
            g_autofree char *constraint = pg_quote_identifier(name);
            g_autofree char *column = pg_quote_identifier(pair->column);

            g_string_append_printf(
                sql, "ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s IS NOT NULL) NOT VALID;\n",
                table->quoted, constraint, column);
        } else if (!has_marker(parts, pair)) {
            append_null_proof(sql, table, sync, pair);
        }
    }
    return g_string_free(g_steal_pointer(&sql), FALSE);
}

/* CHECK constraints over one column: name, column, validated. */
static PgRows *
load_checks(PgConn *conn, const CatalogTable *table, GError **error)
{
    g_autofree char *oid = g_strdup_printf("%u", table->oid);

    return pg_query(conn, error,
                    "SELECT c.conname, a.attname, c.convalidated "
                    "FROM pg_constraint c "
                    "JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] "
                    "WHERE c.conrelid = $1::oid AND c.contype = 'c' AND cardinality(c.conkey) = 1 "
                    "ORDER BY a.attnum",
                    oid);
}

/* Not by the column: a cutover may have renamed it since. */
static bool
is_of_revision(const PgRows *checks, int row, const char *revision)
{
    g_autofree char *prefix = g_strdup_printf("sluice_%s_", revision);

    return g_str_has_prefix(pg_text(checks, row, 0), prefix);
}

bool
sync_proves_filled(PgConn *conn, const CatalogTable *table, const char *revision,
                   const GPtrArray *columns, bool *ret_proven, GError **error)
{
    g_autoptr(PgRows) checks = load_checks(conn, table, error);

    if (checks == NULL)
        return false;
    *ret_proven = true;
    for (guint i = 0; i < columns->len; i++) {
        bool found = false;

        for (int k = 0; k < pg_rows_count(checks); k++)
            found |= is_of_revision(checks, k, revision) &&
                     g_str_equal(pg_text(checks, k, 1), columns->pdata[i]);
        *ret_proven &= found;
    }
    return true;
}

char *
sync_validate_sql(PgConn *conn, const CatalogTable *table, const char *revision, GError **error)
{
    g_autoptr(PgRows) checks = load_checks(conn, table, error);
    GString *sql = NULL;

    if (checks == NULL)
        return NULL;
    sql = g_string_new(NULL);
    for (int i = 0; i < pg_rows_count(checks); i++) {
        g_autofree char *constraint = pg_quote_identifier(pg_text(checks, i, 0));

        if (is_of_revision(checks, i, revision) && !pg_bool(checks, i, 2))
            g_string_append_printf(sql, "ALTER TABLE %s VALIDATE CONSTRAINT %s;\n", table->quoted,
                                   constraint);
    }
    return g_string_free(sql, FALSE);
}

char *
sync_set_not_null_sql(PgConn *conn, const CatalogTable *table, const char *revision, GError **error)
{
    g_autoptr(PgRows) checks = load_checks(conn, table, error);
    GString *sql = NULL;

    if (checks == NULL)
        return NULL;
    sql = g_string_new(NULL);
    for (int i = 0; i < pg_rows_count(checks); i++) {
        g_autofree char *constraint = pg_quote_identifier(pg_text(checks, i, 0));
        g_autofree char *column = pg_quote_identifier(pg_text(checks, i, 1));

        if (!is_of_revision(checks, i, revision) || !pg_bool(checks, i, 2))
            continue;
        /* Not one ALTER for both: the constraint is what saves SET NOT NULL its scan. */
        g_string_append_printf(sql,
                               "ALTER TABLE %s ALTER COLUMN %s SET NOT NULL;\n"
                               "ALTER TABLE %s DROP CONSTRAINT %s;\n",
                               table->quoted, column, table->quoted, constraint);
    }
    return g_string_free(sql, FALSE);
}
