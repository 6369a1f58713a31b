#include "rehearse/snapshot.h"

#include <string.h>

#include "catalog/catalog.h"

typedef struct {
    gint64 filled; /* values that are not NULL */
    char *digest;  /* "" where none is */
    bool loose;
} SnapshotColumn;

/* For each table the query of its columns' digests; the column '' stands for the rows. */
static const char queries_sql[] =
    "SELECT format('SELECT %L || v.name, count(v.value),"
    "   coalesce((sum(hashtextextended(concat_ws('':'', %s, v.value), 0))"
    "     FILTER (WHERE v.value IS NOT NULL))::text, '''')"
    "   FROM %s %I.%I t, LATERAL (VALUES ('''', ''a row'')%s) v(name, value) GROUP BY v.name',"
    "  n.nspname || '.' || c.relname, coalesce(k.key, ''''''),"
    "  CASE WHEN c.relkind = 'r' THEN 'ONLY' ELSE '' END, n.nspname, c.relname,"
    "  coalesce(a.columns, ''))"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,"
    " LATERAL (SELECT string_agg(format(', (%L, t.%I::text)', '.' || attname, attname), ''"
    "     ORDER BY attname) AS columns"
    "   FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) a,"
    " LATERAL (SELECT 'ROW(' || string_agg(format('t.%I', p.attname), ', ' ORDER BY p.attname)"
    "     || ')::text' AS key"
    "   FROM pg_index i JOIN pg_attribute p ON p.attrelid = c.oid AND p.attnum = ANY (i.indkey)"
    "   WHERE i.indrelid = c.oid AND i.indisprimary) k"
    " WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'"
    "   AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'sluice')";

static void
column_free(SnapshotColumn *column)
{
    g_free(column->digest);
    g_free(column);
}

void
snapshot_free(Snapshot *snapshot)
{
    if (snapshot == NULL)
        return;
    g_free(snapshot->schema);
    g_hash_table_unref(snapshot->columns);
    g_free(snapshot);
}

static bool
add_table(Snapshot *snapshot, PgConn *conn, const char *query, GError **error)
{
    g_autoptr(PgRows) rows = pg_query(conn, error, query);

    for (int i = 0; rows != NULL && i < pg_rows_count(rows); i++) {
        SnapshotColumn *column = g_new0(SnapshotColumn, 1);

        column->filled = pg_integer(rows, i, 1);
        column->digest = g_strdup(pg_text(rows, i, 2));
        g_hash_table_insert(snapshot->columns, g_strdup(pg_text(rows, i, 0)), column);
    }
    return rows != NULL;
}

Snapshot *
snapshot_take_schema(PgConn *conn, GError **error)
{
    g_autofree char *schema = catalog_describe(conn, error);
    Snapshot *snapshot;

    if (schema == NULL)
        return NULL;
    snapshot = g_new0(Snapshot, 1);
    snapshot->schema = g_steal_pointer(&schema);
    snapshot->columns =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify) column_free);
    return snapshot;
}

Snapshot *
snapshot_take(PgConn *conn, GError **error)
{
    g_autoptr(Snapshot) snapshot = snapshot_take_schema(conn, error);
    g_autoptr(PgRows) queries = snapshot != NULL ? pg_query(conn, error, queries_sql) : NULL;

    if (queries == NULL)
        return NULL;
    for (int i = 0; i < pg_rows_count(queries); i++)
        if (!add_table(snapshot, conn, pg_text(queries, i, 0), error))
            return NULL;
    return g_steal_pointer(&snapshot);
}

void
snapshot_loosen(Snapshot *snapshot, const Snapshot *a, const Snapshot *b)
{
    GHashTableIter iter;
    gpointer name, value;

    g_hash_table_iter_init(&iter, snapshot->columns);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        const SnapshotColumn *left = g_hash_table_lookup(a->columns, name);
        const SnapshotColumn *right = g_hash_table_lookup(b->columns, name);

        if (left != NULL && right != NULL && strcmp(left->digest, right->digest) != 0)
            ((SnapshotColumn *) value)->loose = true;
    }
}

void
snapshot_loosen_new(Snapshot *snapshot, const Snapshot *other)
{
    GHashTableIter iter;
    gpointer name, value;

    g_hash_table_iter_init(&iter, snapshot->columns);
    while (g_hash_table_iter_next(&iter, &name, &value))
        if (!g_hash_table_contains(other->columns, name))
            ((SnapshotColumn *) value)->loose = true;
}

/* Its columns by name. */
static GList *
sorted_names(const Snapshot *snapshot)
{
    return g_list_sort(g_hash_table_get_keys(snapshot->columns), (GCompareFunc) strcmp);
}

char *
snapshot_loose(const Snapshot *snapshot)
{
    g_autoptr(GList) names = sorted_names(snapshot);
    g_autoptr(GString) text = g_string_new(NULL);

    for (const GList *at = names; at != NULL; at = at->next) {
        const SnapshotColumn *column = g_hash_table_lookup(snapshot->columns, at->data);
        if (column->loose)
            g_string_append_printf(text, "%s%s", text->len ? ", " : "", (char *) at->data);
    }
    return text->len > 0 ? g_string_free(g_steal_pointer(&text), FALSE) : NULL;
}

/* The first of @lines that @others do not have; NULL: they have all. */
static const char *
first_alone(char *const *lines, char *const *others)
{
    for (; *lines; lines++)
        if (!g_strv_contains((const char *const *) others, *lines))
            return *lines;
    return NULL;
}

/* Of a line that is another one now, both are said. */
static char *
text_difference(const char *a, const char *b)
{
    g_auto(GStrv) left = g_strsplit(a, "\n", -1), right = g_strsplit(b, "\n", -1);
    const char *before = first_alone(left, right), *afterwards = first_alone(right, left);

    if (before == NULL && afterwards == NULL)
        return g_strdup("the same lines in another order");
    return g_strconcat(before != NULL ? "only before: " : "", before != NULL ? before : "",
                       before != NULL && afterwards != NULL ? "; " : "",
                       afterwards != NULL ? "only afterwards: " : "", afterwards, NULL);
}

/* @now NULL: of an empty table. */
static char *
column_difference(const char *name, const SnapshotColumn *wanted, const SnapshotColumn *now)
{
    const char *what = strchr(strchr(name, '.') + 1, '.') != NULL ? "values" : "rows";
    const gint64 filled = now != NULL ? now->filled : 0;

    if (filled != wanted->filled)
        return g_strdup_printf("%s: %" G_GINT64_FORMAT " %s before, %" G_GINT64_FORMAT
                               " afterwards",
                               name, wanted->filled, what, filled);
    if (!wanted->loose && now != NULL && strcmp(now->digest, wanted->digest) != 0)
        return g_strdup_printf("%s: other %s than before", name, what);
    return NULL;
}

static char *
rows_difference(const Snapshot *wanted, const Snapshot *now)
{
    g_autoptr(GList) names = sorted_names(wanted), late = sorted_names(now);
    char *text = NULL;

    for (const GList *at = names; at != NULL && text == NULL; at = at->next)
        text = column_difference(at->data, g_hash_table_lookup(wanted->columns, at->data),
                                 g_hash_table_lookup(now->columns, at->data));
    for (const GList *at = late; at != NULL && text == NULL; at = at->next)
        if (!g_hash_table_contains(wanted->columns, at->data))
            text = g_strdup_printf("%s: rows where there were none", (char *) at->data);
    return text;
}

char *
snapshot_schema_difference(const Snapshot *wanted, const Snapshot *now)
{
    return strcmp(wanted->schema, now->schema) != 0 ? text_difference(wanted->schema, now->schema)
                                                    : NULL;
}

char *
snapshot_difference(const Snapshot *wanted, const Snapshot *now)
{
    char *text = snapshot_schema_difference(wanted, now);

    return text != NULL ? text : rows_difference(wanted, now);
}
