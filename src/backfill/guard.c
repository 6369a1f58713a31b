#include "backfill/guard.h"

#include <string.h>

#include "base/json.h"

enum {
    SCAN_PAGES_MAX = 1024,  /* 8 MB for every part is nothing to mind */
    SORT_ROWS_MAX = 100000, /* so is sorting what fits into work_mem */
};

static bool
measure_pages(PgConn *conn, const char *schema, const char *name, gint64 *ret_pages, GError **error)
{
    g_autoptr(PgRows) rows =
        pg_query(conn, error,
                 "SELECT pg_relation_size(format('%I.%I', $1::text, $2::text)::regclass) "
                 "       / current_setting('block_size')::int",
                 schema, name);

    if (rows == NULL)
        return false;
    *ret_pages = pg_integer(rows, 0, 0);
    return true;
}

/* *@ret_line: the node, if it is one that no part should have. */
static bool
judge(PgConn *conn, json_t *node, char **ret_line, GError **error)
{
    const char *type = "", *schema = "", *name = "";
    double plan_rows = 0;
    gint64 pages = 0;

    json_unpack(node, "{s:s, s?s, s?s, s?F}", "Node Type", &type, "Schema", &schema,
                "Relation Name", &name, "Plan Rows", &plan_rows);
    if (g_str_equal(type, "Seq Scan")) {
        if (!measure_pages(conn, schema, name, &pages, error))
            return false;
        if (pages > SCAN_PAGES_MAX)
            *ret_line = g_strdup_printf("%s on %s.%s, %" G_GINT64_FORMAT " pages", type, schema,
                                        name, pages);
    } else if (g_str_has_suffix(type, "Sort") && plan_rows > SORT_ROWS_MAX) {
        *ret_line = g_strdup_printf("%s of %.0f rows", type, plan_rows);
    }
    return true;
}

static bool
search(PgConn *conn, json_t *node, char **ret_line, GError **error)
{
    json_t *child;
    size_t i;

    if (!judge(conn, node, ret_line, error))
        return false;
    json_array_foreach(json_object_get(node, "Plans"), i,
                       child) if (*ret_line == NULL &&
                                  !search(conn, child, ret_line, error)) return false;
    return true;
}

/* As the part itself would be planned; nothing is done. */
static json_t *
explain(PgConn *conn, const BackfillTask *task, const LedgerChunk *chunk, GError **error)
{
    g_autofree char *part = part_sql(task, chunk, PART_BRISK);
    g_autofree char *sql = g_strdup_printf("EXPLAIN (FORMAT JSON, VERBOSE) %s", part);
    g_autoptr(PgRows) rows = part_begin(conn, task, error) ? pg_query(conn, error, sql) : NULL;

    pg_rollback(conn);
    return rows ? json_loads(pg_text(rows, 0, 0), 0, NULL) : NULL;
}

bool
guard_check(PgConn *conn, const BackfillTask *task, const LedgerChunk *chunk, GError **error)
{
    g_autoptr(json_t) plan = explain(conn, task, chunk, error);
    g_autofree char *line = NULL;

    if (plan == NULL)
        return false;
    if (!search(conn, json_object_get(json_array_get(plan, 0), "Plan"), &line, error))
        return false;
    if (line == NULL)
        return true;
    error_set(error, ERROR_STATE,
              "each part of the backfill of %s would read more than its part: %s",
              task->table->quoted, line);
    return error_hint(error, "Add the index that the join or the condition needs, ANALYZE, or name "
                             "that table with `-- sluice: driving table <name>`; "
                             "backfill.plan_guard: no lets it run so.");
}
