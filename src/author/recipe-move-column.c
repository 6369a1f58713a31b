/* Columns move into a table that is there, each of whose rows belongs to one row by its foreign
 * key. */
#include <string.h>

#include "author/recipe-task.h"
#include "base/error.h"
#include "sql/script.h"

typedef struct {
    CatalogTable *target;
    GString *there, *back;      /* the two SELECT lists */
    GString *old_key, *new_key; /* "id", "user_id" */
    GString *same;              /* "t.user_id = s.id" */
    GString *given;             /* "s.bio IS NOT NULL OR .." */
} Move;

static void
move_init(Move *move)
{
    *move = (Move){NULL,
                   g_string_new(NULL),
                   g_string_new(NULL),
                   g_string_new(NULL),
                   g_string_new(NULL),
                   g_string_new(NULL),
                   g_string_new(NULL)};
}

static void
move_clear(Move *move)
{
    GString *const strings[] = {move->there,   move->back, move->old_key,
                                move->new_key, move->same, move->given};

    for (guint i = 0; i < G_N_ELEMENTS(strings); i++)
        g_string_free(strings[i], TRUE);
    catalog_table_free(move->target);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Move, move_clear)

static void G_GNUC_PRINTF(3, 4)
    add_item(GString *list, const char *separator, const char *format, ...)
{
    va_list values;

    if (list->len > 0)
        g_string_append(list, separator);
    va_start(values, format);
    g_string_append_vprintf(list, format, values);
    va_end(values);
}

static CatalogTable *
find_target(const RecipeTask *task, GError **error)
{
    g_autofree char *schema = NULL, *name = NULL;
    g_autoptr(CatalogTable) target = NULL;

    if (!sql_name_parse(task->target, (Place){0}, &schema, &name, error))
        return NULL;
    target = catalog_require_table(task->conn, schema, name, error);
    if (target == NULL) {
        error_hint(error, "`sluice revision --split-table` makes a new table of columns.");
        return NULL;
    }
    if (target->kind != 'r' && target->kind != 'p') {
        error_set(error, ERROR_STATE, "%s is not a table", target->quoted);
        return NULL;
    }
    return g_steal_pointer(&target);
}

/* Columns of the source and of the target, pair by pair, of each foreign key between the two whose
 * columns are unique in the target. */
static PgRows *
load_ties(const RecipeTask *task, const CatalogTable *target, GError **error)
{
    g_autofree char *source_oid = g_strdup_printf("%u", task->table->oid);
    g_autofree char *target_oid = g_strdup_printf("%u", target->oid);

    return pg_query(
        task->conn, error,
        "SELECT k.conname, s.attname, t.attname FROM pg_constraint k, "
        "unnest(k.confkey, k.conkey) WITH ORDINALITY u (old, new, n) "
        "JOIN pg_attribute s ON s.attrelid = $1::oid AND s.attnum = u.old "
        "JOIN pg_attribute t ON t.attrelid = $2::oid AND t.attnum = u.new "
        "WHERE k.contype = 'f' AND k.confrelid = $1::oid AND k.conrelid = $2::oid "
        "AND k.conparentid = 0 AND EXISTS (SELECT FROM pg_index i WHERE i.indrelid = k.conrelid "
        "    AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL "
        "    AND i.indnkeyatts = cardinality(k.conkey) "
        "    AND (i.indkey::int2[])[0:i.indnkeyatts - 1] <@ k.conkey "
        "    AND k.conkey <@ (i.indkey::int2[])[0:i.indnkeyatts - 1]) "
        "ORDER BY k.conname, u.n",
        source_oid, target_oid);
}

static bool
check_ties(const RecipeTask *task, const CatalogTable *target, const PgRows *ties, GError **error)
{
    const int count = pg_rows_count(ties);
    const char *first = count > 0 ? pg_text(ties, 0, 0) : NULL;
    const char *last = count > 0 ? pg_text(ties, count - 1, 0) : NULL;

    if (first == NULL) {
        error_set(
            error, ERROR_STATE,
            "no foreign key from %s to %s is unique: nothing says which one row of it a value "
            "belongs to",
            target->quoted, task->table->quoted);
        return error_hint(error, "`sluice revision --add-foreign-key` and `--add-unique` make one; "
                                 "where several rows belong to one, docs/sync.md shows what to "
                                 "write.");
    }
    if (strcmp(first, last) == 0)
        return true;
    error_set(error, ERROR_STATE, "two foreign keys lead from %s to %s: %s and %s", target->quoted,
              task->table->quoted, first, last);
    return error_hint(error, "Write this revision by hand, after the example of docs/sync.md.");
}

static void
add_keys(Move *move, const PgRows *ties)
{
    for (int i = 0; i < pg_rows_count(ties); i++) {
        g_autofree char *old = pg_quote_identifier(pg_text(ties, i, 1));
        g_autofree char *new = pg_quote_identifier(pg_text(ties, i, 2));

        add_item(move->there, ", ", "%s AS %s", old, new);
        add_item(move->back, ", ", "%s AS %s", new, old);
        add_item(move->old_key, ", ", "%s", old);
        add_item(move->new_key, ", ", "%s", new);
        add_item(move->same, " AND ", "t.%s = s.%s", new, old);
    }
}

/* An app that knows the new place alone leaves the old column out. */
static bool
add_column(RecipeTask *task, Move *move, const CatalogColumn *column, GError **error)
{
    g_autofree char *name = pg_quote_identifier(column->name);
    g_autofree char *constraint =
        g_strdup_printf("%s_%s_not_null", task->table->name, column->name);
    g_autofree char *quoted_constraint = pg_quote_identifier(constraint);

    if (!recipe_check_plain(task, column, error))
        return false;
    if (catalog_column(move->target, column->name)) {
        error_set(error, ERROR_STATE, "%s has a column \"%s\" already", move->target->quoted,
                  column->name);
        return error_hint(error, "Rename one of the two first, in a revision of its own.");
    }
    add_item(move->there, ", ", "%s", name);
    add_item(move->back, ", ", "%s", name);
    add_item(move->given, " OR ", "s.%s IS NOT NULL", name);
    draft_add(&task->draft, SECTION_EXPAND, "ALTER TABLE %s ADD COLUMN %s %s;\n",
              move->target->quoted, name, column->type);
    draft_add(&task->draft, SECTION_DOWNGRADE, "ALTER TABLE %s DROP COLUMN %s;\n",
              move->target->quoted, name);
    if (column->not_null)
        recipe_drop_not_null(task, name, quoted_constraint);
    return true;
}

/* Else the contract would lose them; the cutover would not let it come so far. */
static bool
check_homes(const RecipeTask *task, const Move *move, GError **error)
{
    const char *source = task->table->quoted, *target = move->target->quoted;
    g_autofree char *sql = g_strdup_printf("SELECT EXISTS (SELECT FROM %s AS s WHERE (%s) AND NOT "
                                           "EXISTS (SELECT FROM %s AS t WHERE %s))",
                                           source, move->given->str, target, move->same->str);
    g_autoptr(PgRows) rows = pg_query(task->conn, error, sql);

    if (rows == NULL || !pg_bool(rows, 0, 0))
        return rows != NULL;
    error_set(error, ERROR_STATE, "%s has rows with a value that no row of %s belongs to", source,
              target);
    return error_hint(
        error,
        "Give each a row first, in a revision whose section backfill has: INSERT INTO "
        "%s (%s) SELECT %s FROM %s ON CONFLICT DO NOTHING; and let the app do so, too.",
        target, move->new_key->str, move->old_key->str, source);
}

static void
append_mapping(RecipeTask *task, const Move *move)
{
    const char *source = task->table->quoted, *target = move->target->quoted;

    draft_add(&task->draft, SECTION_SYNC_TO,
              "-- sluice: sync %s to %s\n-- sluice: key %s\n-- sluice: rows stay\nSELECT %s;\n"
              "-- sluice: sync %s to %s\n-- sluice: key %s\n-- sluice: rows stay\nSELECT %s;\n\n",
              source, target, move->new_key->str, move->there->str, target, source,
              move->old_key->str, move->back->str);
}

bool
recipe_move_column(RecipeTask *task, GError **error)
{
    g_auto(Move) move = {0};
    g_autoptr(PgRows) ties = NULL;

    move_init(&move);
    move.target = find_target(task, error);
    if (move.target == NULL)
        return false;
    ties = load_ties(task, move.target, error);
    if (ties == NULL || !check_ties(task, move.target, ties, error))
        return false;
    add_keys(&move, ties);
    for (GStrv name = task->columns; *name; name++)
        if (!add_column(task, &move, catalog_column(task->table, *name), error))
            return false;
    if (!check_homes(task, &move, error))
        return false;
    append_mapping(task, &move);
    return recipe_end_columns(task, NULL, error);
}
