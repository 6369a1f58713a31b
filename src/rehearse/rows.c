#include "rehearse/rows.h"

#include "base/text.h"
#include "rehearse/embedded.h"
#include "rehearse/value.h"

/* Rows of a statement: enough that the joins to other tables are cheap, few enough that a bar
 * moves. */
enum { BATCH = 50000 };

/* As sql/rehearse-tables.sql gives them. */
enum { OID, LABEL, ROWS, CONDITION };

/* A foreign key a row: its table, the other one, and the columns of each, a line each. */
static const char keys_sql[] =
    "SELECT k.conrelid, k.confrelid, k.confrelid::regclass::text,"
    "  (SELECT string_agg(a.attname, E'\\n' ORDER BY i) FROM unnest(k.conkey)"
    "     WITH ORDINALITY c(n, i) JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = n),"
    "  (SELECT string_agg(a.attname, E'\\n' ORDER BY i) FROM unnest(k.confkey)"
    "     WITH ORDINALITY c(n, i) JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = n)"
    " FROM pg_constraint k WHERE k.contype = 'f' AND k.conparentid = 0 ORDER BY k.oid";

typedef struct {
    PgConn *conn;
    const RehearseOptions *options;
    GPtrArray *notes;
    const char *likeness; /* as text of JSON */
    PgRows *tables, *keys;
    bool *filled;
    gint64 done, total; /* rows */
} Filling;

static gint64
rows_of(const Filling *filling, int table)
{
    return pg_integer(filling->tables, table, ROWS);
}

/* Are all that its keys name filled, but for itself? */
static bool
is_ready(const Filling *filling, int table)
{
    const gint64 oid = pg_integer(filling->tables, table, OID);

    for (int k = 0; k < pg_rows_count(filling->keys); k++) {
        const gint64 other = pg_integer(filling->keys, k, 1);
        if (pg_integer(filling->keys, k, 0) != oid || other == oid)
            continue;
        for (int i = 0; i < pg_rows_count(filling->tables); i++)
            if (pg_integer(filling->tables, i, OID) == other && !filling->filled[i])
                return false;
    }
    return true;
}

/* The first that is ready; where tables wait for each other, the first at all. -1: all are filled.
 */
static int
find_next(const Filling *filling)
{
    int first = -1;

    for (int i = 0; i < pg_rows_count(filling->tables); i++) {
        if (filling->filled[i])
            continue;
        if (is_ready(filling, i))
            return i;
        if (first < 0)
            first = i;
    }
    return first;
}

/* An INSERT on its way. */
typedef struct {
    GString *columns, *values, *joins;
    GHashTable *referring; /* char *: columns that a key gives a value */
} Insert;

static void
insert_init(Insert *insert)
{
    insert->columns = g_string_new(NULL);
    insert->values = g_string_new(NULL);
    insert->joins = g_string_new(NULL);
    insert->referring = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static void
insert_clear(Insert *insert)
{
    g_string_free(insert->columns, TRUE);
    g_string_free(insert->values, TRUE);
    g_string_free(insert->joins, TRUE);
    g_hash_table_unref(insert->referring);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Insert, insert_clear)

static void
add_value(Insert *insert, const char *column, const char *value)
{
    g_autofree char *quoted = pg_quote_identifier(column);

    g_string_append_printf(insert->columns, "%s%s", insert->columns->len ? ", " : "", quoted);
    g_string_append_printf(insert->values, "%s%s AS %s", insert->values->len ? ", " : "", value,
                           quoted);
}

static char **
quoted_names(const char *lines)
{
    char **names = g_strsplit(lines, "\n", -1);

    for (char **name = names; *name; name++) {
        char *plain = *name;
        *name = pg_quote_identifier(plain);
        g_free(plain);
    }
    return names;
}

/* By its name; false: it is not given a value. */
static bool
find_column(const PgRows *facts, const char *name, gint64 rows, ValueColumn *ret_column)
{
    for (int i = 0; i < pg_rows_count(facts); i++) {
        *ret_column = (ValueColumn){facts, i, rows};
        if (g_str_equal(value_column_name(ret_column), name))
            return true;
    }
    return false;
}

/* Takes the key's columns from rows of the other table. Of a table that names itself, and of
 * columns that another key has given their value, nothing is said: they stay NULL, or theirs. */
static bool
add_key(const Filling *filling, Insert *insert, int key, const PgRows *facts, gint64 rows,
        GError **error)
{
    const char *other = pg_text(filling->keys, key, 2);
    g_auto(GStrv) own = g_strsplit(pg_text(filling->keys, key, 3), "\n", -1);
    g_auto(GStrv) theirs = quoted_names(pg_text(filling->keys, key, 4));
    g_autofree char *list = g_strjoinv(", ", theirs);
    g_autofree char *count_sql = g_strdup_printf("SELECT count(*) FROM %s", other);
    g_autofree char *number = NULL;
    g_autoptr(PgRows) count = NULL;
    ValueColumn first;

    for (char **name = own; *name; name++)
        if (g_hash_table_contains(insert->referring, *name))
            return true;
    if (own[0] == NULL || !find_column(facts, own[0], rows, &first))
        return true;
    count = pg_query(filling->conn, error, count_sql);
    if (count == NULL)
        return false;
    number = value_of_reference(&first, MAX(1, pg_integer(count, 0, 0)));
    g_string_append_printf(insert->joins,
                           " LEFT JOIN (SELECT row_number() OVER () AS k, %s FROM %s) f%d"
                           " ON f%d.k = %s",
                           list, other, key, key, number);
    for (guint i = 0; own[i] != NULL; i++) {
        g_autofree char *value = g_strdup_printf("f%d.%s", key, theirs[i]);
        g_autofree char *nullable = value_or_null(&first, value);
        add_value(insert, own[i], nullable);
        g_hash_table_add(insert->referring, g_strdup(own[i]));
    }
    return true;
}

static bool
add_keys(const Filling *filling, Insert *insert, int table, const PgRows *facts, GError **error)
{
    const gint64 oid = pg_integer(filling->tables, table, OID);

    for (int k = 0; k < pg_rows_count(filling->keys); k++)
        if (pg_integer(filling->keys, k, 0) == oid &&
            !add_key(filling, insert, k, facts, rows_of(filling, table), error))
            return false;
    return true;
}

static void
add_others(Insert *insert, const PgRows *facts, gint64 rows)
{
    for (int i = 0; i < pg_rows_count(facts); i++) {
        const ValueColumn column = {facts, i, rows};
        const char *name = value_column_name(&column);
        g_autofree char *value = NULL, *nullable = NULL;

        if (g_hash_table_contains(insert->referring, name))
            continue;
        value = value_of_column(&column);
        nullable = value_or_null(&column, value);
        add_value(insert, name, nullable);
    }
}

/* With $1 and $2 for the first and the last number; NULL with an error. Rows that its constraints
 * would refuse are left out. */
static char *
insert_sql(const Filling *filling, int table, GError **error)
{
    const char *label = pg_text(filling->tables, table, LABEL);
    g_autoptr(PgRows) facts = pg_query(filling->conn, error, sql_rehearse_columns,
                                       filling->likeness, pg_text(filling->tables, table, OID));
    g_auto(Insert) insert;

    insert_init(&insert);
    if (facts == NULL || !add_keys(filling, &insert, table, facts, error))
        return NULL;
    add_others(&insert, facts, rows_of(filling, table));
    if (insert.columns->len == 0)
        return g_strdup_printf(
            "INSERT INTO %s SELECT FROM generate_series($1::bigint, $2::bigint) g", label);
    return g_strdup_printf("INSERT INTO %s (%s) SELECT * FROM (SELECT %s FROM"
                           " generate_series($1::bigint, $2::bigint) g%s) made WHERE %s"
                           " ON CONFLICT DO NOTHING",
                           label, insert.columns->str, insert.values->str, insert.joins->str,
                           pg_text(filling->tables, table, CONDITION));
}

static void
show_progress(const Filling *filling, const char *label, gint64 of_table)
{
    g_autofree char *what = g_strdup_printf("rows of %s", label);

    report_progress(filling->options->report, &(ReportProgress){.what = what,
                                                                .done = filling->done + of_table,
                                                                .total = filling->total,
                                                                .per_second = -1,
                                                                .eta_ms = -1});
}

/* *@ret_made: how many got in. */
static bool
fill_table(const Filling *filling, int table, gint64 *ret_made, GError **error)
{
    g_autofree char *sql = insert_sql(filling, table, error);
    const gint64 rows = rows_of(filling, table);

    for (gint64 done = 0; sql != NULL && done < rows; done += BATCH) {
        g_autofree char *first = g_strdup_printf("%" G_GINT64_FORMAT, done + 1);
        g_autofree char *last = g_strdup_printf("%" G_GINT64_FORMAT, MIN(done + BATCH, rows));
        const char *bounds[] = {first, last};
        gint64 made = 0;

        show_progress(filling, pg_text(filling->tables, table, LABEL), done);
        if (!pg_exec_array(filling->conn, sql, bounds, 2, &made, error))
            return false;
        *ret_made += made;
    }
    return sql != NULL;
}

/* A table that cannot be filled is told of, and the others go on. */
static void
fill_and_note(Filling *filling, int table)
{
    const char *label = pg_text(filling->tables, table, LABEL);
    const gint64 rows = rows_of(filling, table);
    g_autoptr(GError) cause = NULL;
    gint64 made = 0;

    if (!fill_table(filling, table, &made, &cause))
        g_ptr_array_add(filling->notes, g_strdup_printf("table %s has %" G_GINT64_FORMAT
                                                        " of %" G_GINT64_FORMAT " rows: %s",
                                                        label, made, rows, cause->message));
    else if (made < rows)
        g_ptr_array_add(filling->notes,
                        g_strdup_printf("table %s has %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
                                        " rows: its constraints leave no room for the others",
                                        label, made, rows));
    filling->filled[table] = true;
    filling->done += rows;
}

static bool
fill_all(Filling *filling, GError **error)
{
    int table;

    /* The planner takes a series to be short, and would walk the other table for each row. */
    if (!pg_exec(filling->conn, error, "SET enable_nestloop = off"))
        return false;
    for (int i = 0; i < pg_rows_count(filling->tables); i++)
        filling->total += rows_of(filling, i);
    while ((table = find_next(filling)) >= 0)
        fill_and_note(filling, table);
    report_progress_end(filling->options->report);
    return pg_exec_script(filling->conn, "RESET enable_nestloop; ANALYZE", error);
}

bool
rows_fill(PgConn *conn, const RehearseOptions *options, GPtrArray *notes, GError **error)
{
    g_autofree char *count = g_strdup_printf("%" G_GINT64_FORMAT, options->rows_per_table);
    g_autofree char *likeness =
        options->likeness != NULL ? json_dumps(options->likeness, 0) : g_strdup("{}");
    g_autoptr(PgRows) tables = NULL, keys = NULL;
    g_autofree bool *filled = NULL;

    if (options->likeness == NULL && options->rows_per_table == 0)
        return true;
    tables = pg_query(conn, error, sql_rehearse_tables, likeness, count);
    keys = tables != NULL ? pg_query(conn, error, keys_sql) : NULL;
    if (keys == NULL)
        return false;
    filled = g_new0(bool, (gsize) pg_rows_count(tables) + 1);
    return fill_all(&(Filling){.conn = conn,
                               .options = options,
                               .notes = notes,
                               .likeness = likeness,
                               .tables = tables,
                               .keys = keys,
                               .filled = filled},
                    error);
}

json_t *
rehearse_ask_statistics(PgConn *conn, gint64 percent, GError **error)
{
    g_autofree char *share = g_strdup_printf("%" G_GINT64_FORMAT, percent);
    g_autoptr(PgRows) rows = pg_query(conn, error, sql_rehearse_statistics, share);
    json_t *all = rows != NULL ? json_object() : NULL;

    for (int i = 0; rows != NULL && i < pg_rows_count(rows); i++)
        json_object_set_new(all, pg_text(rows, i, 0), json_loads(pg_text(rows, i, 1), 0, NULL));
    return all;
}
