#include "author/parts.h"

#include <string.h>

#include "base/error.h"

enum { IDENTIFIER_MAX = 63 };

static void
part_free(Part *part)
{
    g_free(part->table);
    g_free(part->schema);
    g_free(part->name);
    g_free(part->fresh);
    g_free(part->past);
    g_free(part);
}

char *
parts_name(const char *name, const char *ending)
{
    g_autofree char *whole = g_strconcat(name, ending, NULL);

    return pg_quote_identifier(whole);
}

static const char *
name_of(const Part *part, PartName name)
{
    return name == PART_NAME ? part->name : name == PART_FRESH ? part->fresh : part->past;
}

bool
parts_check_name(const char *what, const char *name, GError **error)
{
    if (strlen(name) + strlen("_new") <= IDENTIFIER_MAX)
        return true;
    error_set(error, ERROR_STATE, "the name of %s %s is too long for one with \"_new\" behind it",
              what, name);
    return error_hint(error, "Give it a shorter name first, in a revision of its own.");
}

/* Rows: table, schema, name, whether it is a leaf, and the relations' own id and that of the
 * parent; parents first. */
static GPtrArray *
parts_of_rows(const PgRows *rows, GError **error)
{
    g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func((GDestroyNotify) part_free);
    g_autoptr(GHashTable) places = g_hash_table_new(g_str_hash, g_str_equal);

    for (int i = 0; i < pg_rows_count(rows); i++) {
        const char *name = pg_text(rows, i, 2);
        Part *part;

        if (!parts_check_name("constraint or index", name, error))
            return NULL;
        part = g_new0(Part, 1);
        part->table = g_strdup(pg_text(rows, i, 0));
        part->schema = g_strdup(pg_text(rows, i, 1));
        part->name = pg_quote_identifier(name);
        part->fresh = parts_name(name, "_new");
        part->past = parts_name(name, "_old");
        part->is_leaf = pg_bool(rows, i, 3);
        part->parent = GPOINTER_TO_UINT(g_hash_table_lookup(places, pg_text(rows, i, 5)));
        g_hash_table_insert(places, (char *) (guintptr) pg_text(rows, i, 4), GUINT_TO_POINTER(i));
        g_ptr_array_add(parts, part);
    }
    return g_steal_pointer(&parts);
}

static bool
check_node(const PgRows *rows, int i, GError **error)
{
    if (pg_bool(rows, i, 7)) {
        error_set(error, ERROR_STATE,
                  "partition %s is a foreign table, which has neither indexes "
                  "nor foreign keys",
                  pg_text(rows, i, 0));
        return error_hint(error, "Detach it, or write this revision by hand.");
    }
    if (!pg_bool(rows, i, 6))
        return true;
    error_set(error, ERROR_STATE,
              "the schema of partition %s has a relation %s already, and the change needs that "
              "name",
              pg_text(rows, i, 0), pg_text(rows, i, 2));
    return error_hint(error, "If it is what you want, attach it by hand; else rename or drop it "
                             "first, in a revision of its own.");
}

/* Names of indexes are the server's: "events_1_email_key" where the root's is "events_email_key";
 * one that would be too long ends in a hash. */
static GPtrArray *
load_tables(PgConn *conn, guint32 table, const char *name, bool is_index, GError **error)
{
    g_autofree char *oid = g_strdup_printf("%u", table);
    g_autoptr(PgRows) rows = pg_query(
        conn, error,
        "SELECT format('%I.%I', n.nspname, c.relname), quote_ident(n.nspname), k.name, t.isleaf, "
        "       t.relid::oid::text, coalesce(t.parentrelid::oid::text, ''), "
        "       $3::bool AND to_regclass(format('%I.%I', n.nspname, k.name)) IS NOT NULL, "
        "       c.relkind = 'f' "
        "FROM pg_partition_tree($1::oid) t JOIN pg_class c ON c.oid = t.relid "
        "JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_class r ON r.oid = $1::oid, "
        "LATERAL (SELECT CASE WHEN c.oid = r.oid OR NOT $3::bool THEN $2 "
        "                WHEN starts_with($2, r.relname) "
        "                THEN c.relname || substr($2, length(r.relname) + 1) "
        "                ELSE c.relname || '_' || $2 END AS whole) w, "
        "LATERAL (SELECT CASE WHEN octet_length(w.whole) < 60 THEN w.whole "
        "                ELSE left(w.whole, 48) || '_' || left(md5(w.whole), 10) END AS name) k "
        "ORDER BY t.level, 1",
        oid, name, is_index ? "t" : "f");

    for (int i = 0; rows && i < pg_rows_count(rows); i++)
        if (!check_node(rows, i, error))
            return NULL;
    return rows ? parts_of_rows(rows, error) : NULL;
}

GPtrArray *
parts_for_index(PgConn *conn, guint32 table, const char *name, GError **error)
{
    return load_tables(conn, table, name, true, error);
}

GPtrArray *
parts_for_foreign_key(PgConn *conn, guint32 table, const char *name, GError **error)
{
    return load_tables(conn, table, name, false, error);
}

GPtrArray *
parts_of_index(PgConn *conn, const char *oid, GError **error)
{
    g_autoptr(PgRows) rows =
        pg_query(conn, error,
                 "SELECT format('%I.%I', n.nspname, r.relname), quote_ident(n.nspname), x.relname, "
                 "       r.relkind <> 'p', x.oid::text, coalesce(t.parentrelid::oid::text, '') "
                 "FROM pg_partition_tree($1::oid) t JOIN pg_class x ON x.oid = t.relid "
                 "JOIN pg_index i ON i.indexrelid = x.oid JOIN pg_class r ON r.oid = i.indrelid "
                 "JOIN pg_namespace n ON n.oid = r.relnamespace ORDER BY t.level, 1",
                 oid);

    return rows ? parts_of_rows(rows, error) : NULL;
}

/* Where the other side is partitioned too, its partitions have constraints of their own. */
GPtrArray *
parts_of_foreign_key(PgConn *conn, const char *oid, GError **error)
{
    g_autoptr(PgRows) rows = pg_query(
        conn, error,
        "WITH RECURSIVE tree AS ("
        "    SELECT *, 0 AS level FROM pg_constraint WHERE oid = $1::oid UNION ALL "
        "    SELECT k.*, t.level + 1 FROM tree t JOIN pg_constraint k ON k.conparentid = t.oid "
        "        AND k.confrelid = t.confrelid AND k.conrelid <> t.conrelid) "
        "SELECT format('%I.%I', n.nspname, r.relname), "
        "       quote_ident(n.nspname), t.conname, r.relkind <> 'p', t.oid::text, "
        "       t.conparentid::text "
        "FROM tree t JOIN pg_class r ON r.oid = t.conrelid "
        "JOIN pg_namespace n ON n.oid = r.relnamespace ORDER BY t.level, 1",
        oid);

    return rows ? parts_of_rows(rows, error) : NULL;
}

bool
parts_load_key(PgConn *conn, guint32 table, GPtrArray **ret_columns, bool *ret_is_expression,
               GError **error)
{
    g_autofree char *oid = g_strdup_printf("%u", table);
    g_autoptr(PgRows) rows = pg_query(
        conn, error,
        "SELECT a.attname, bool_or(p.partexprs IS NOT NULL) "
        "FROM pg_partition_tree($1::oid) t JOIN pg_partitioned_table p ON p.partrelid = "
        "t.relid JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = t.relid "
        "AND d.objsubid > 0 AND d.refclassid = 'pg_class'::regclass "
        "AND d.refobjid = t.relid AND d.refobjsubid = 0 AND d.deptype = 'i' "
        "JOIN pg_attribute a ON a.attrelid = t.relid AND a.attnum = d.objsubid "
        "GROUP BY a.attname ORDER BY a.attname",
        oid);

    if (rows == NULL)
        return false;
    *ret_columns = g_ptr_array_new_with_free_func(g_free);
    *ret_is_expression = false;
    for (int i = 0; i < pg_rows_count(rows); i++) {
        g_ptr_array_add(*ret_columns, g_strdup(pg_text(rows, i, 0)));
        *ret_is_expression |= pg_bool(rows, i, 1);
    }
    return true;
}

static bool
check_is_root(PgConn *conn, guint32 table, const char *quoted, GError **error)
{
    g_autofree char *oid = g_strdup_printf("%u", table);
    g_autoptr(PgRows) rows =
        pg_query(conn, error,
                 "SELECT inhparent::regclass::text FROM pg_inherits WHERE inhrelid = $1::oid", oid);

    if (rows == NULL || pg_rows_count(rows) == 0)
        return rows != NULL;
    error_set(error, ERROR_STATE, "the columns of %s are those of %s, which it belongs to", quoted,
              pg_text(rows, 0, 0));
    return error_hint(error, "Name a column of %s instead: it changes in all that belong to it.",
                      pg_text(rows, 0, 0));
}

/* What a partition alone has would go with its column, and nothing would take its place. */
static bool
check_own(PgConn *conn, guint32 table, const char *column, GError **error)
{
    g_autofree char *oid = g_strdup_printf("%u", table);
    g_autoptr(PgRows) rows = pg_query(
        conn, error,
        "WITH node AS (SELECT t.relid, a.attnum FROM pg_partition_tree($1::oid) t "
        "              JOIN pg_attribute a ON a.attrelid = t.relid "
        "              WHERE t.level > 0 AND a.attname = $2 AND NOT a.attisdropped) "
        "SELECT 'index ' || i.indexrelid::regclass, n.relid::regclass::text FROM node n "
        "JOIN pg_index i ON i.indrelid = n.relid AND n.attnum = ANY (i.indkey) "
        "JOIN pg_class x ON x.oid = i.indexrelid AND NOT x.relispartition "
        "UNION ALL SELECT 'constraint ' || quote_ident(k.conname), n.relid::regclass::text "
        "FROM node n JOIN pg_constraint k ON k.conrelid = n.relid AND n.attnum = ANY (k.conkey) "
        "WHERE k.contype IN ('c', 'f', 'x') AND k.coninhcount = 0 "
        "UNION ALL SELECT DISTINCT 'view ' || w.ev_class::regclass, n.relid::regclass::text "
        "FROM node n JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass "
        "AND d.refobjid = n.relid AND d.refobjsubid = n.attnum "
        "JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid ORDER BY 1",
        oid, column);

    if (rows == NULL || pg_rows_count(rows) == 0)
        return rows != NULL;
    error_set(error, ERROR_STATE,
              "%s hangs on column %s of partition %s, and not on the whole table",
              pg_text(rows, 0, 0), column, pg_text(rows, 0, 1));
    return error_hint(error, "Drop it in a revision before this one, and make it again behind it "
                             "where it is still wanted.");
}

bool
parts_check_column(PgConn *conn, guint32 table, const char *quoted, const char *column,
                   GError **error)
{
    g_autoptr(GPtrArray) key = NULL;
    bool is_expression;

    if (!check_is_root(conn, table, quoted, error) || !check_own(conn, table, column, error) ||
        !parts_load_key(conn, table, &key, &is_expression, error))
        return false;
    for (guint i = 0; i < key->len; i++) {
        if (strcmp(key->pdata[i], column) != 0)
            continue;
        error_set(error, ERROR_STATE, "column %s of %s is in the key by which it is partitioned",
                  column, quoted);
        return error_hint(error, "The server cannot give a partitioned table another key: make a "
                                 "new table, and keep the two equal with `-- sluice: sync .. to "
                                 "..` until the old one goes (docs/sync.md).");
    }
    return true;
}

/* A partition that came behind this file has none, and nobody would notice. */
static void
check_whole(GString *sql, const GPtrArray *parts, PartName name)
{
    const Part *root = parts->pdata[0];
    g_autofree char *index = g_strdup_printf("%s.%s", root->schema, name_of(root, name));
    g_autofree char *literal = pg_quote_literal(index);
    g_autofree char *message = g_strdup_printf(
        "a partition of %s has no part of the index %s: build it and attach it here", root->table,
        index);
    g_autofree char *message_literal = pg_quote_literal(message);

    g_string_append_printf(sql,
                           "DO $$ BEGIN\n"
                           "    IF NOT (SELECT indisvalid FROM pg_index WHERE indexrelid = "
                           "%s::regclass) THEN\n"
                           "        RAISE EXCEPTION USING MESSAGE = %s;\n"
                           "    END IF;\nEND $$;\n",
                           literal, message_literal);
}

/* Attached deepest first: a parent is whole once its last child is. */
void
parts_build_index(GString *sql, const GPtrArray *parts, PartName name, bool is_unique,
                  const char *definition)
{
    for (guint i = 0; i < parts->len; i++) {
        const Part *part = parts->pdata[i];

        g_string_append_printf(sql, "CREATE %sINDEX %s%s ON %s%s %s;\n", is_unique ? "UNIQUE " : "",
                               part->is_leaf ? "CONCURRENTLY " : "", name_of(part, name),
                               part->is_leaf ? "" : "ONLY ", part->table, definition);
    }
    for (guint i = parts->len; i-- > 1;) {
        const Part *part = parts->pdata[i], *parent = parts->pdata[part->parent];

        g_string_append_printf(sql, "ALTER INDEX %s.%s ATTACH PARTITION %s.%s;\n", parent->schema,
                               name_of(parent, name), part->schema, name_of(part, name));
    }
    check_whole(sql, parts, name);
}

/* The partitions first, the deepest ones before what is between: a table takes over the keys that
 * it finds on its partitions, and looks at no row. On a partition that came behind this file it
 * builds what is missing, or the transaction runs out of time. */
void
parts_build_unique(GString *sql, const GPtrArray *parts, PartName name, const char *columns,
                   const char *suffix)
{
    for (guint i = parts->len; i-- > 0;) {
        const Part *part = parts->pdata[i];
        const char *index = name_of(part, name);

        if (part->is_leaf)
            g_string_append_printf(sql,
                                   "CREATE UNIQUE INDEX CONCURRENTLY %s ON %s %s;\n"
                                   "ALTER TABLE %s ADD CONSTRAINT %s UNIQUE USING INDEX %s%s;\n",
                                   index, part->table, columns, part->table, index, index, suffix);
        else
            g_string_append_printf(sql, "ALTER TABLE %s ADD CONSTRAINT %s UNIQUE %s%s;\n",
                                   part->table, index, columns, suffix);
    }
}

void
parts_drop_index(GString *sql, const GPtrArray *parts)
{
    for (guint i = 0; i < parts->len; i++) {
        const Part *part = parts->pdata[i];

        g_string_append_printf(sql, "DROP INDEX %sIF EXISTS %s.%s;\n",
                               part->is_leaf ? "CONCURRENTLY " : "", part->schema, part->name);
    }
}

void
parts_drop_constraint(GString *sql, const GPtrArray *parts, PartName name)
{
    for (guint i = 0; i < parts->len; i++) {
        const Part *part = parts->pdata[i];

        g_string_append_printf(sql, "ALTER TABLE %s DROP CONSTRAINT IF EXISTS %s;\n", part->table,
                               name_of(part, name));
    }
}

void
parts_build_leaves(GString *sql, const GPtrArray *parts, PartName name, const char *definition)
{
    for (guint i = 0; i < parts->len; i++) {
        const Part *part = parts->pdata[i];

        if (part->is_leaf)
            g_string_append_printf(sql, "CREATE UNIQUE INDEX CONCURRENTLY %s ON %s %s;\n",
                                   name_of(part, name), part->table, definition);
    }
}

void
parts_drop_leaves(GString *sql, const GPtrArray *parts, PartName name)
{
    for (guint i = 0; i < parts->len; i++) {
        const Part *part = parts->pdata[i];

        if (part->is_leaf)
            g_string_append_printf(sql, "DROP INDEX CONCURRENTLY IF EXISTS %s.%s;\n", part->schema,
                                   name_of(part, name));
    }
}

void
parts_add_key(GString *sql, const GPtrArray *parts, PartName index, const char *columns,
              const char *suffix)
{
    for (guint i = parts->len; i-- > 0;) {
        const Part *part = parts->pdata[i];

        if (part->is_leaf)
            g_string_append_printf(sql,
                                   "ALTER TABLE %s ADD CONSTRAINT %s PRIMARY KEY USING INDEX "
                                   "%s%s;\n",
                                   part->table, part->name, name_of(part, index), suffix);
        else
            g_string_append_printf(sql, "ALTER TABLE %s ADD CONSTRAINT %s PRIMARY KEY %s%s;\n",
                                   part->table, part->name, columns, suffix);
    }
}

void
parts_build_foreign_key(GString *sql, const GPtrArray *parts, PartName name, const char *definition)
{
    const Part *root = parts->pdata[0];

    for (guint i = 0; i < parts->len; i++) {
        const Part *part = parts->pdata[i];

        if (part->is_leaf)
            g_string_append_printf(sql,
                                   "ALTER TABLE %s ADD CONSTRAINT %s %s NOT VALID;\n"
                                   "ALTER TABLE %s VALIDATE CONSTRAINT %s;\n",
                                   part->table, name_of(part, name), definition, part->table,
                                   name_of(part, name));
    }
    g_string_append_printf(sql, "ALTER TABLE %s ADD CONSTRAINT %s %s;\n", root->table,
                           name_of(root, name), definition);
}

void
parts_add_foreign_key(GString *sql, const GPtrArray *parts, const char *definition)
{
    for (guint i = 0; i < parts->len; i++) {
        const Part *part = parts->pdata[i];

        if (part->is_leaf)
            g_string_append_printf(sql, "ALTER TABLE %s ADD CONSTRAINT %s %s NOT VALID;\n",
                                   part->table, part->name, definition);
    }
}

/* There is no ADD CONSTRAINT IF NOT EXISTS. */
void
parts_complete_foreign_key(GString *sql, const GPtrArray *parts, const char *definition)
{
    const Part *root = parts->pdata[0];
    g_autofree char *table = pg_quote_literal(root->table);
    g_autofree char *name = pg_quote_literal(root->name);

    for (guint i = 0; i < parts->len; i++) {
        const Part *part = parts->pdata[i];

        if (part->is_leaf)
            g_string_append_printf(sql, "ALTER TABLE %s VALIDATE CONSTRAINT %s;\n", part->table,
                                   part->name);
    }
    g_string_append_printf(
        sql,
        "DO $$ BEGIN\n"
        "    IF NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = %s::regclass "
        "AND quote_ident(conname) = %s) THEN\n"
        "        ALTER TABLE %s ADD CONSTRAINT %s %s;\n"
        "    END IF;\nEND $$;\n",
        table, name, root->table, root->name, definition);
}

void
parts_rename_index(GString *sql, const GPtrArray *parts, PartName from, PartName to)
{
    for (guint i = 0; i < parts->len; i++) {
        const Part *part = parts->pdata[i];

        g_string_append_printf(sql, "ALTER INDEX %s.%s RENAME TO %s;\n", part->schema,
                               name_of(part, from), name_of(part, to));
    }
}

/* What is between the root and the leaves got the root's name. */
void
parts_rename_foreign_key(GString *sql, const GPtrArray *parts, PartName from, PartName to)
{
    for (guint i = 0; i < parts->len; i++) {
        const Part *part = parts->pdata[i], *named = part->is_leaf ? part : parts->pdata[0];

        g_string_append_printf(sql, "ALTER TABLE %s RENAME CONSTRAINT %s TO %s;\n", part->table,
                               name_of(named, from), name_of(named, to));
    }
}
