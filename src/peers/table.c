#include "peers/table.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "peers/peers.h"

static const PeerTable tables[] = {
    {
        .tool = "alembic",
        .title = "Alembic",
        .name = "alembic_version",
        .key = "version_num",
        .select = "SELECT version_num, false, NULL, NULL FROM @ WHERE $1::text IS NULL ORDER BY 1",
        .has_heads = true,
    },
    {
        .tool = "rails",
        .title = "Rails",
        .name = "schema_migrations",
        .key = "version",
        .select = "SELECT version, false, NULL, NULL FROM @ WHERE $1::text IS NULL ORDER BY 1",
        .is_numbered = true,
        .is_rails = true,
    },
    {
        .tool = "dbmate",
        .title = "dbmate",
        .name = "schema_migrations",
        .key = "version",
        .select = "SELECT version, false, NULL, NULL FROM @ WHERE $1::text IS NULL ORDER BY 1",
        .is_numbered = true,
    },
    {
        .tool = "flyway",
        .title = "Flyway",
        .name = "flyway_schema_history",
        /* The last row of a version counts: it may have been undone, or deleted by a repair. */
        .select = "SELECT version, type LIKE '%BASELINE', NULL, NULL "
                  "  FROM (SELECT DISTINCT ON (version) version, type FROM @ "
                  "         WHERE version IS NOT NULL AND success AND $1::text IS NULL "
                  "         ORDER BY version, installed_rank DESC) AS last "
                  " WHERE type NOT LIKE 'UNDO%' AND type <> 'DELETE' ORDER BY 1",
    },
    {
        .tool = "sqitch",
        .title = "Sqitch",
        .name = "sqitch.changes",
        /* One that was reworked later has the name of the tag behind it in the plan. */
        .select = "SELECT c.change, false, c.project, "
                  "       (SELECT c.change || t.tag FROM #.tags t "
                  "          JOIN @ tagged USING (change_id) "
                  "         WHERE t.project = c.project AND tagged.committed_at >= c.committed_at "
                  "         ORDER BY tagged.committed_at, t.planned_at LIMIT 1) "
                  "  FROM @ c WHERE c.project = coalesce($1, c.project) ORDER BY c.committed_at",
    },
};

const PeerTable *
peer_table_of(const char *tool, GError **error)
{
    const Peer *peer;

    for (guint i = 0; i < G_N_ELEMENTS(tables); i++)
        if (strcmp(tables[i].tool, tool) == 0)
            return &tables[i];
    peer = peer_find(tool, error);
    if (peer != NULL) {
        error_set(error, ERROR_USAGE, "%s keeps no table that could be adopted", peer->title);
        error_hint(error, "Say by hand what is applied: `sluice stamp REV`.");
    }
    return NULL;
}

void
peer_relation_free(PeerRelation *relation)
{
    if (relation == NULL)
        return;
    g_free(relation->relation);
    g_free(relation);
}

static PeerRelation *
relation_new(const PeerTable *table, const char *name)
{
    PeerRelation *relation = g_new0(PeerRelation, 1);

    relation->table = table;
    relation->relation = g_strdup(name);
    return relation;
}

/* *@ret_relation NULL: there is none of that name, or it is another kind of table: other tools too
 * call theirs schema_migrations, with a number for a version. *@ret_is_rails: it stands beside
 * Rails' own. */
static bool
find_relation(PgConn *conn, const PeerTable *table, const char *name, PeerRelation **ret_relation,
              bool *ret_is_rails, GError **error)
{
    g_autoptr(PgRows) rows =
        pg_query(conn, error,
                 "SELECT format('%I.%I', n.nspname, c.relname), "
                 "       to_regclass(format('%I.ar_internal_metadata', n.nspname)) IS NOT NULL "
                 "  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                 " WHERE c.oid = to_regclass($1) "
                 "   AND ($2::text IS NULL OR EXISTS (SELECT FROM pg_attribute a JOIN pg_type t "
                 "            ON t.oid = a.atttypid WHERE a.attrelid = c.oid AND a.attname = $2 "
                 "            AND NOT a.attisdropped AND t.typcategory = 'S'))",
                 name, table->key);

    if (rows == NULL)
        return false;
    *ret_relation = pg_rows_count(rows) > 0 ? relation_new(table, pg_text(rows, 0, 0)) : NULL;
    *ret_is_rails = pg_rows_count(rows) > 0 && pg_bool(rows, 0, 1);
    return true;
}

GPtrArray *
peer_relations_find(PgConn *conn, GError **error)
{
    g_autoptr(GPtrArray) found =
        g_ptr_array_new_with_free_func((GDestroyNotify) peer_relation_free);

    for (guint i = 0; i < G_N_ELEMENTS(tables); i++) {
        g_autoptr(PeerRelation) relation = NULL;
        bool is_rails = false;

        if (!find_relation(conn, &tables[i], tables[i].name, &relation, &is_rails, error))
            return NULL;
        if (relation && (!tables[i].is_numbered || is_rails == tables[i].is_rails))
            g_ptr_array_add(found, g_steal_pointer(&relation));
    }
    return g_steal_pointer(&found);
}

PeerRelation *
peer_relation_open(PgConn *conn, const PeerTable *table, const char *name, GError **error)
{
    PeerRelation *relation = NULL;
    bool is_rails;

    if (!find_relation(conn, table, name ? name : table->name, &relation, &is_rails, error))
        return NULL;
    if (relation == NULL) {
        error_set(error, ERROR_STATE, "%s has no table %s as %s keeps it", pg_target(conn),
                  name ? name : table->name, table->title);
        error_hint(error,
                   "Where it has another name, or is not in the search_path: `sluice adopt "
                   "%s --table SCHEMA.NAME`.",
                   table->tool);
    }
    return relation;
}

void
peer_rows_clear(PeerRows *rows)
{
    g_clear_pointer(&rows->rows, revision_set_free);
    g_clear_pointer(&rows->applied, revision_set_free);
    g_clear_pointer(&rows->unknown, g_ptr_array_unref);
}

/* Flyway's order of versions: numbers between dots. */
static int
compare_versions(const char *a, const char *b)
{
    g_auto(GStrv) left = g_strsplit_set(a, "._", -1), right = g_strsplit_set(b, "._", -1);
    const guint n_left = g_strv_length(left), n_right = g_strv_length(right);

    for (guint i = 0; i < MAX(n_left, n_right); i++) {
        const guint64 x = i < n_left ? g_ascii_strtoull(left[i], NULL, 10) : 0;
        const guint64 y = i < n_right ? g_ascii_strtoull(right[i], NULL, 10) : 0;

        if (x != y)
            return x < y ? -1 : 1;
    }
    return 0;
}

/* A baseline says that all up to its version is there, whether there is a file of that version or
 * not. */
static void
add_baseline(PeerRows *rows, const Graph *graph, const char *version)
{
    for (guint i = 0; i < graph_count(graph); i++) {
        const Revision *revision = graph_get(graph, i);

        if (g_ascii_isdigit(revision->id[0]) && compare_versions(revision->id, version) <= 0)
            revision_set_add(rows->rows, revision);
    }
}

static const Revision *
find_revision(const Graph *graph, const char *name)
{
    g_autofree char *id = peer_revision_id(name);

    return graph_find(graph, id);
}

static void
add_row(PeerRows *rows, const Graph *graph, const PgRows *found, int i)
{
    const char *name = pg_text(found, i, 0);
    const Revision *revision = find_revision(graph, pg_text(found, i, 3));

    if (revision == NULL)
        revision = find_revision(graph, name);
    if (pg_bool(found, i, 1))
        add_baseline(rows, graph, name);
    else if (revision)
        revision_set_add(rows->rows, revision);
    else
        g_ptr_array_add(rows->unknown, g_strdup(name));
}

static bool
check_one_project(const PgRows *found, const char *relation, GError **error)
{
    for (int i = 1; i < pg_rows_count(found); i++)
        if (strcmp(pg_text(found, i, 2), pg_text(found, 0, 2)) != 0) {
            error_set(error, ERROR_USAGE, "%s holds several projects, '%s' and '%s' among them",
                      relation, pg_text(found, 0, 2), pg_text(found, i, 2));
            return error_hint(error, "Name the one to adopt: `--project NAME`.");
        }
    return true;
}

static bool
hint_unreadable(const PeerTable *table, const char *relation, GError **error)
{
    g_prefix_error(error, "cannot read %s, the table of %s: ", relation, table->title);
    return error_hint(error,
                      "If the table is gone for good: `sluice adopt %s --no-keep`. If the role may "
                      "not read it: GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO it.",
                      table->tool, relation);
}

static char *
select_from(const PeerTable *table, const char *relation)
{
    g_autoptr(GString) sql = g_string_new(table->select);
    g_autofree char *schema = g_strndup(relation, (gsize) (strrchr(relation, '.') - relation));

    g_string_replace(sql, "@", relation, 0);
    g_string_replace(sql, "#", schema, 0);
    return g_string_free(g_steal_pointer(&sql), FALSE);
}

bool
peer_rows_read(PgConn *conn, const Graph *graph, const PeerTable *table, const char *relation,
               const char *project, PeerRows *ret_rows, GError **error)
{
    g_autofree char *sql = select_from(table, relation);
    g_autoptr(PgRows) found = pg_query(conn, error, sql, project);

    if (found == NULL)
        return hint_unreadable(table, relation, error);
    if (!check_one_project(found, relation, error))
        return false;
    *ret_rows = (PeerRows){
        .rows = revision_set_new(graph),
        .unknown = g_ptr_array_new_with_free_func(g_free),
    };
    for (int i = 0; i < pg_rows_count(found); i++)
        add_row(ret_rows, graph, found, i);
    ret_rows->applied = revision_set_copy(ret_rows->rows);
    if (table->has_heads)
        revision_set_add_ancestors(ret_rows->applied, EDGE_ALL);
    return true;
}

bool
peer_table_can_hold(const PeerTable *table, const Revision *revision)
{
    return !table->is_numbered || strspn(revision->id, "0123456789") == strlen(revision->id);
}
