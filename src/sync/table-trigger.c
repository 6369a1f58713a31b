/*
 * The functions of a mapping between two tables, and the triggers that call them: what follows a
 * write of the canonical table, and what watches over the other one.
 *
 * Each of them looks at what the rows are now, and not at what its event says: so the order in
 * which events come does not count, and a row that moves between partitions is no deletion.
 */
#include "sync/condition.h"
#include "sync/sync.h"
#include "sync/table-names.h"
#include "sync/table-parts.h"

/* Runs as the owner of the tables, for an app may have no right on the other one. */
static void
begin_function(GString *sql, const TableRoute *route, const char *function, const char *declare)
{
    g_autofree char *revision = pg_quote_literal(route->revision);

    g_string_append_printf(
        sql,
        "CREATE OR REPLACE FUNCTION %s() RETURNS trigger\n"
        "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp "
        "SET row_security = off\nSET " TABLE_SYNC_SETTING " = %s AS $sluice$\n"
        "-- Written by sluice: keeps two tables equal, one of which is "
        "canonical.\n%sBEGIN\n",
        function, revision, declare);
}

static void
end_function(GString *sql)
{
    g_string_append(sql, "    RETURN NULL;\nEND\n$sluice$;\n");
}

/* The keys of both versions of a row, each once. */
static void
begin_loop(GString *sql, const GPtrArray *keys, bool of_source)
{
    const char *const rows[] = {"OLD", "NEW"};

    g_string_append(sql, "    FOR sluice_key IN ");
    for (guint r = 0; r < G_N_ELEMENTS(rows); r++) {
        g_string_append(sql, r ? " UNION SELECT " : "SELECT ");
        for (guint i = 0; i < keys->len; i++) {
            const SqlPair *pair = keys->pdata[i];
            g_autofree char *column = pg_quote_identifier(pair->column);
            g_autofree char *value = of_source ? table_expression(pair, rows[r])
                                               : g_strdup_printf("%s.%s", rows[r], column);

            g_string_append_printf(sql, "%s%s AS %s", i ? ", " : "", value, column);
        }
    }
    g_string_append(sql, " LOOP\n");
    for (guint i = 0; i < keys->len; i++) {
        g_autofree char *column = pg_quote_identifier(((SqlPair *) keys->pdata[i])->column);

        g_string_append_printf(sql, "        CONTINUE WHEN sluice_key.%s IS NULL;\n", column);
    }
}

/* A row that gets another key keeps what else is in its row of the target. */
static void
append_move(GString *sql, const TableRoute *route, const GPtrArray *keys)
{
    g_autofree char *to = table_to(route);
    g_autofree char *old_key = table_expressions(keys, "OLD", ", ");
    g_autofree char *new_key = table_expressions(keys, "NEW", ", ");
    g_autofree char *columns = table_columns(keys, "", "", ", ");
    g_autofree char *here = table_columns(keys, "t.", "", ", ");
    g_autofree char *source_key = table_expressions(keys, "s", ", ");
    g_autofree char *from = table_from(route);
    g_autofree char *counts = table_counts(route, "s");

    g_string_append_printf(sql,
                           "    IF TG_OP = 'UPDATE' AND ROW(%s) IS DISTINCT FROM ROW(%s) THEN\n"
                           "        UPDATE %s AS t SET (%s) = ROW(%s)\n"
                           "        WHERE (%s) = (%s)\n"
                           "        AND NOT EXISTS (SELECT FROM %s AS s WHERE (%s) = (%s) AND %s)\n"
                           "        AND EXISTS (SELECT FROM %s AS s WHERE (%s) = (%s) AND %s)\n"
                           "        AND NOT EXISTS (SELECT FROM %s AS t WHERE (%s) = (%s));\n"
                           "    END IF;\n",
                           old_key, new_key, to, columns, new_key, here, old_key, from, source_key,
                           old_key, counts, from, source_key, new_key, counts, to, here, new_key);
}

/* Inserted, brought up to date, or deleted: whatever the source row is now. */
static void
append_settle_row(GString *sql, const TableRoute *route, const GPtrArray *keys,
                  const GPtrArray *values)
{
    g_autofree char *to = table_to(route);
    g_autofree char *key = table_columns(keys, "", "", ", ");
    g_autofree char *source = table_source(route, "sluice_key.", "");
    g_autofree char *target = table_target(route, "sluice_key.", "");
    g_autofree char *columns = table_columns(route->direction->mapping->pairs, "", "", ", ");
    g_autofree char *computed = table_expressions(route->direction->mapping->pairs, "s", ", ");
    g_autofree char *here = table_columns(values, "t.", "", ", ");
    g_autofree char *there = table_columns(values, "excluded.", "", ", ");
    g_autofree char *set = table_columns(values, "", "", ", ");

    g_string_append_printf(sql,
                           "        INSERT INTO %s AS t (%s)\n"
                           "            SELECT %s %s\n"
                           "            ON CONFLICT (%s) ",
                           to, columns, computed, source, key);
    if (values->len > 0)
        g_string_append_printf(sql,
                               "DO UPDATE SET (%s) = ROW(%s)\n"
                               "            WHERE record_image_ne(ROW(%s), ROW(%s));\n",
                               set, there, here, there);
    else
        g_string_append(sql, "DO NOTHING;\n");
    g_string_append_printf(sql,
                           "        IF NOT FOUND THEN\n"
                           "            DELETE FROM %s AS t WHERE %s\n"
                           "            AND NOT EXISTS (SELECT %s);\n"
                           "        END IF;\n",
                           to, target, source);
}

/* Locked before it is computed: of two writers of one group the second one sees the first. */
static void
append_settle_columns(GString *sql, const TableRoute *route, const GPtrArray *values)
{
    g_autofree char *to = table_to(route);
    g_autofree char *source = table_source(route, "sluice_key.", "");
    g_autofree char *target = table_target(route, "sluice_key.", "");
    g_autofree char *computed = table_numbered(values, "s");
    g_autoptr(GString) set = g_string_new(NULL);

    if (route->direction->mapping->group)
        g_string_append_printf(sql, "        PERFORM FROM %s AS t WHERE %s FOR NO KEY UPDATE;\n",
                               to, target);
    for (guint i = 0; i < values->len; i++) {
        g_autofree char *column = pg_quote_identifier(((SqlPair *) values->pdata[i])->column);

        g_string_append_printf(set, "%s%s = sluice_value.value_%u", i ? ", " : "", column, i);
    }
    g_string_append_printf(sql,
                           "        SELECT %s\n            INTO sluice_value %s;\n"
                           "        UPDATE %s AS t SET %s WHERE %s;\n",
                           computed, source, to, set->str, target);
}

/* What TRUNCATE takes leaves no rows to look at: so both tables are emptied together, or by DELETE.
 */
static void
append_truncate(GString *sql, const char *table, const char *other, const char *left)
{
    g_autofree char *message = g_strdup_printf(
        "TRUNCATE of %s does not reach %s, which sluice keeps equal to it", table, other);
    g_autofree char *literal = pg_quote_literal(message);

    g_string_append_printf(sql,
                           "    IF TG_OP = 'TRUNCATE' THEN\n"
                           "        IF EXISTS (%s) THEN\n"
                           "            RAISE EXCEPTION USING ERRCODE = "
                           "'object_not_in_prerequisite_state', MESSAGE = %s,\n"
                           "                HINT = 'TRUNCATE both in one statement, or use "
                           "DELETE.';\n"
                           "        END IF;\n"
                           "        RETURN NULL;\n"
                           "    END IF;\n",
                           left, literal);
}

/* A subscriber that gets both tables gets what follows from a row, too. A partitioned one comes by
 * its partitions, or by its root. */
static void
append_subscriber(GString *sql, const TableRoute *route)
{
    g_autofree char *to = table_to(route);
    g_autofree char *literal = pg_quote_literal(to);

    g_string_append_printf(sql,
                           "    IF pg_catalog.current_setting('session_replication_role') = "
                           "'replica' AND EXISTS (\n"
                           "        SELECT FROM pg_catalog.pg_subscription_rel\n"
                           "        WHERE srrelid = %s::pg_catalog.regclass OR srrelid IN (\n"
                           "            SELECT relid FROM pg_catalog.pg_partition_tree(%s))) THEN\n"
                           "        RETURN NULL;\n"
                           "    END IF;\n",
                           literal, literal);
}

static void
append_sync_function(GString *sql, const TableRoute *route, const GPtrArray *keys,
                     const GPtrArray *values)
{
    const bool rows_stay = route->direction->rows_stay;
    g_autofree char *function = table_function_name(route, SYNC_FUNCTION);
    g_autofree char *from = table_from(route);
    g_autofree char *to = table_to(route);
    g_autofree char *given = table_columns(values, "t.", " IS NOT NULL", " OR ");
    g_autofree char *left = rows_stay ? g_strdup_printf("SELECT FROM %s AS t WHERE %s", to, given)
                                      : g_strdup_printf("SELECT FROM %s", to);

    begin_function(sql, route, function,
                   rows_stay ? "DECLARE\n    sluice_key record;\n    sluice_value record;\n"
                             : "DECLARE\n    sluice_key record;\n");
    append_truncate(sql, from, to, left);
    append_subscriber(sql, route);
    if (!rows_stay)
        append_move(sql, route, keys);
    begin_loop(sql, keys, true);
    if (rows_stay)
        append_settle_columns(sql, route, values);
    else
        append_settle_row(sql, route, keys, values);
    g_string_append(sql, "    END LOOP;\n");
    end_function(sql);
}

static void
append_disagreement(GString *sql, const TableRoute *route)
{
    g_autofree char *from = table_from(route);
    g_autofree char *to = table_to(route);
    g_autofree char *message =
        route->is_cut_over
            ? g_strdup_printf("%s is kept from %s since revision %s was cut over, and this row "
                              "does not agree with it",
                              to, from, route->revision)
            : g_strdup_printf("%s is kept from %s until revision %s is cut over, and this row "
                              "does not agree with it",
                              to, from, route->revision);
    g_autofree char *hint =
        g_strdup_printf("Write %s, or both tables in one transaction, to the same end.", from);
    g_autofree char *message_literal = pg_quote_literal(message);
    g_autofree char *hint_literal = pg_quote_literal(hint);

    g_string_append_printf(sql,
                           "            RAISE EXCEPTION USING ERRCODE = "
                           "'object_not_in_prerequisite_state',\n"
                           "                MESSAGE = %s,\n"
                           "                DETAIL = 'Its key is ' || sluice_key::text || '.',\n"
                           "                HINT = %s;\n",
                           message_literal, hint_literal);
}

/* "sluice_expected.street, ..": the same bytes as in the target, for its columns have its types. */
static void
append_expected(GString *sql, const TableRoute *route, const GPtrArray *values)
{
    g_autofree char *source = table_source(route, "sluice_key.", "");
    g_autofree char *computed = table_expressions(values, "s", ", ");
    g_autofree char *into = table_columns(values, "sluice_expected.", "", ", ");

    if (values->len > 0)
        g_string_append_printf(sql,
                               "        sluice_expected := NULL;\n"
                               "        SELECT %s INTO %s\n            %s;\n",
                               computed, into, source);
    else
        g_string_append_printf(sql, "        PERFORM %s;\n", source);
}

/* " AND <equal or not>(ROW(t.street), ROW(sluice_expected.street))", or nothing. */
static char *
same_values(const GPtrArray *values, const char *function)
{
    g_autofree char *here = table_columns(values, "t.", "", ", ");
    g_autofree char *there = table_columns(values, "sluice_expected.", "", ", ");

    if (values->len == 0)
        return g_strdup("");
    return g_strdup_printf(" AND %s(ROW(%s), ROW(%s))", function, here, there);
}

/* When the transaction ends, each row of the target that it wrote must be what the source says. */
static void
append_watch_function(GString *sql, const TableRoute *route, const GPtrArray *keys,
                      const GPtrArray *values)
{
    const bool rows_stay = route->direction->rows_stay;
    g_autofree char *function = table_function_name(route, WATCH_FUNCTION);
    g_autofree char *from = table_from(route);
    g_autofree char *to = table_to(route);
    g_autofree char *declare =
        g_strdup_printf("DECLARE\n    sluice_key record;\n    sluice_expected %s%%ROWTYPE;\n", to);
    g_autofree char *counts = table_counts(route, "s");
    g_autofree char *left = g_strdup_printf("SELECT FROM %s AS s WHERE %s", from, counts);
    g_autofree char *target = table_target(route, "sluice_key.", "");
    g_autofree char *same = same_values(values, "record_image_eq");
    g_autofree char *differs = same_values(values, "record_image_ne");

    begin_function(sql, route, function, declare);
    if (!rows_stay)
        append_truncate(sql, to, from, left);
    begin_loop(sql, keys, false);
    append_expected(sql, route, values);
    if (rows_stay)
        g_string_append_printf(sql, "        IF EXISTS (SELECT FROM %s AS t WHERE %s%s) THEN\n", to,
                               target, differs);
    else
        g_string_append_printf(
            sql,
            "        IF (FOUND AND NOT EXISTS (SELECT FROM %s AS t WHERE %s%s))\n"
            "            OR (NOT FOUND AND EXISTS (SELECT FROM %s AS t WHERE %s)) "
            "THEN\n",
            to, target, same, to, target);
    append_disagreement(sql, route);
    g_string_append(sql, "        END IF;\n    END LOOP;\n");
    end_function(sql);
}

/* A row that comes into the target, or gets another key, takes its columns from the source; locked,
 * for a writer of the source does not see the row yet. */
static void
append_fill_function(GString *sql, const TableRoute *route, const GPtrArray *keys,
                     const GPtrArray *values)
{
    g_autofree char *function = table_function_name(route, FILL_FUNCTION);
    g_autofree char *old_key = table_columns(keys, "OLD.", "", ", ");
    g_autofree char *new_key = table_columns(keys, "NEW.", "", ", ");
    g_autofree char *old_values = table_columns(values, "OLD.", "", ", ");
    g_autofree char *new_values = table_columns(values, "NEW.", "", ", ");
    g_autofree char *given = table_columns(values, "NEW.", " IS NOT NULL", " OR ");
    g_autofree char *source = table_source(route, "NEW.", "");
    g_autofree char *computed = table_expressions(values, "s", ", ");

    begin_function(sql, route, function, "");
    g_string_append_printf(sql,
                           "    IF (TG_OP = 'INSERT' AND (%s))\n"
                           "        OR (TG_OP = 'UPDATE' AND (record_image_eq(ROW(%s), ROW(%s))\n"
                           "            OR record_image_ne(ROW(%s), ROW(%s)))) THEN\n"
                           "        RETURN NEW;\n"
                           "    END IF;\n"
                           "    SELECT %s INTO %s\n        %s%s;\n"
                           "    RETURN NEW;\nEND\n$sluice$;\n",
                           given, old_key, new_key, old_values, new_values, computed, new_values,
                           source, route->direction->mapping->group ? "" : " FOR SHARE OF s");
}

static void
add_once(GPtrArray *columns, const GPtrArray *names)
{
    for (guint i = 0; names && i < names->len; i++)
        if (!g_ptr_array_find_with_equal_func(columns, names->pdata[i], g_str_equal, NULL))
            g_ptr_array_add(columns, names->pdata[i]);
}

/* Columns of the source that the mapping reads. Borrowed. */
static GPtrArray *
source_columns(const TableDirection *direction)
{
    GPtrArray *columns = g_ptr_array_new();

    for (guint i = 0; i < direction->mapping->pairs->len; i++)
        add_once(columns, ((SqlPair *) direction->mapping->pairs->pdata[i])->sources);
    if (direction->mapping->where)
        add_once(columns, direction->mapping->where->sources);
    return columns;
}

static GPtrArray *
target_columns(const GPtrArray *pairs)
{
    GPtrArray *columns = g_ptr_array_new();

    for (guint i = 0; i < pairs->len; i++)
        g_ptr_array_add(columns, ((SqlPair *) pairs->pdata[i])->column);
    return columns;
}

static void
append_always(GString *sql, const char *table, const char *trigger)
{
    g_string_append_printf(sql, "ALTER TABLE %s ENABLE ALWAYS TRIGGER %s;\n", table, trigger);
}

static void
append_source_triggers(GString *sql, const TableRoute *route)
{
    g_autofree char *from = table_from(route);
    g_autofree char *function = table_function_name(route, SYNC_FUNCTION);
    g_autofree char *both = table_trigger_name(route, ON_WRITE);
    g_autofree char *update = table_trigger_name(route, ON_UPDATE);
    g_autofree char *truncate = table_trigger_name(route, ON_TRUNCATE);
    g_autoptr(GPtrArray) columns = source_columns(route->direction);
    g_autofree char *differs = condition_columns_changed(columns);

    g_string_append_printf(sql,
                           "CREATE TRIGGER %s AFTER INSERT OR DELETE ON %s\n"
                           "    FOR EACH ROW EXECUTE FUNCTION %s();\n"
                           "CREATE TRIGGER %s AFTER UPDATE ON %s\n"
                           "    FOR EACH ROW WHEN (%s)\n"
                           "    EXECUTE FUNCTION %s();\n"
                           "CREATE TRIGGER %s AFTER TRUNCATE ON %s\n"
                           "    FOR EACH STATEMENT EXECUTE FUNCTION %s();\n",
                           both, from, function, update, from, differs, function, truncate, from,
                           function);
    append_always(sql, from, both);
    append_always(sql, from, update);
    append_always(sql, from, truncate);
}

/* Who writes for us does not have to be watched. */
static char *
watched(const TableRoute *route)
{
    g_autofree char *revision = pg_quote_literal(route->revision);

    return g_strdup_printf("pg_catalog.current_setting('" TABLE_SYNC_SETTING
                           "', true) IS DISTINCT FROM %s\n"
                           "        AND pg_catalog.current_setting('" SYNC_SILENCE_SETTING
                           "', true) IS DISTINCT FROM %s",
                           revision, revision);
}

static void
append_watch_triggers(GString *sql, const TableRoute *route, const GPtrArray *values)
{
    const bool rows_stay = route->direction->rows_stay;
    g_autofree char *to = table_to(route);
    g_autofree char *function = table_function_name(route, WATCH_FUNCTION);
    g_autofree char *both = table_trigger_name(route, WATCH_WRITE);
    g_autofree char *update = table_trigger_name(route, WATCH_UPDATE);
    g_autofree char *truncate = table_trigger_name(route, WATCH_TRUNCATE);
    g_autofree char *awake = watched(route);
    g_autofree char *given = table_columns(values, "NEW.", " IS NOT NULL", " OR ");
    g_autoptr(GPtrArray) columns =
        target_columns(rows_stay ? values : route->direction->mapping->pairs);
    g_autofree char *differs = condition_columns_changed(columns);

    g_string_append_printf(sql,
                           "CREATE CONSTRAINT TRIGGER %s AFTER %s ON %s\n"
                           "    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW\n"
                           "    WHEN (%s%s%s%s)\n    EXECUTE FUNCTION %s();\n"
                           "CREATE CONSTRAINT TRIGGER %s AFTER UPDATE ON %s\n"
                           "    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW\n"
                           "    WHEN (%s AND %s)\n    EXECUTE FUNCTION %s();\n",
                           both, rows_stay ? "INSERT" : "INSERT OR DELETE", to,
                           rows_stay ? "(" : "", rows_stay ? given : "", rows_stay ? ") AND " : "",
                           awake, function, update, to, differs, awake, function);
    if (!rows_stay)
        g_string_append_printf(sql,
                               "CREATE TRIGGER %s AFTER TRUNCATE ON %s\n"
                               "    FOR EACH STATEMENT EXECUTE FUNCTION %s();\n",
                               truncate, to, function);
}

static void
append_fill_trigger(GString *sql, const TableRoute *route, const GPtrArray *keys)
{
    g_autofree char *to = table_to(route);
    g_autofree char *function = table_function_name(route, FILL_FUNCTION);
    g_autofree char *fill = table_trigger_name(route, FILL);
    g_autofree char *key = table_columns(keys, "", "", ", ");

    g_string_append_printf(sql,
                           "CREATE TRIGGER %s BEFORE INSERT OR UPDATE OF %s ON %s\n"
                           "    FOR EACH ROW EXECUTE FUNCTION %s();\n",
                           fill, key, to, function);
    append_always(sql, to, fill);
}

char *
table_install_sql(const TableRoute *route)
{
    g_autoptr(GPtrArray) keys = table_keys(route);
    g_autoptr(GPtrArray) values = table_values(route);
    GString *sql = g_string_new(NULL);

    append_sync_function(sql, route, keys, values);
    append_watch_function(sql, route, keys, values);
    if (route->direction->rows_stay)
        append_fill_function(sql, route, keys, values);
    append_source_triggers(sql, route);
    append_watch_triggers(sql, route, values);
    if (route->direction->rows_stay)
        append_fill_trigger(sql, route, keys);
    return g_string_free(sql, FALSE);
}
