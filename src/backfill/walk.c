#include "backfill/walk.h"

#include "backfill/part.h"

enum {
    ROWS_PER_PAGE = 50, /* where statistics do not tell */
    ROWS_PER_PAGE_MAX = 250,
    SMALL_PAGES = 64, /* may as well double */
};

/* What bench/backfill found best. Each part but the first finds the room that the one before left,
 * so only one row in K leaves its page: the table grows by about 1/K. Every part is one more visit
 * to each page, which is cheap beside the index entries that it saves: with secondary indexes more
 * parts are faster, not slower. With the key alone less is saved, and fewer visits are best. At 8
 * parts what an index gets at a time fits into the room that its pages have, and it does not grow
 * at all. */
enum { PARTS_KEY_ALONE = 4, PARTS_INDEXED = 8 };

int
walk_rows_per_page(const CatalogTable *table)
{
    if (table->rows <= 0 || table->pages <= 0)
        return ROWS_PER_PAGE;
    return (int) CLAMP(table->rows / table->pages, 1, ROWS_PER_PAGE_MAX);
}

/* Only new versions of the rows that are gone through need room on their pages. */
static bool
is_scattered(const BackfillTask *task)
{
    return task->statement->kind == BACKFILL_UPDATE && task->statement->drives_target;
}

static bool
count_indexes(PgConn *conn, const CatalogTable *table, gint64 *ret_count, GError **error)
{
    g_autofree char *oid = g_strdup_printf("%u", table->oid);
    g_autoptr(PgRows) rows =
        pg_query(conn, error, "SELECT count(*) FROM pg_index WHERE indrelid = $1::oid", oid);

    if (rows == NULL)
        return false;
    *ret_count = pg_integer(rows, 0, 0);
    return true;
}

static bool
choose_parts(PgConn *conn, const BackfillTask *task, int *ret_parts, GError **error)
{
    gint64 indexes = 0;

    if (task->table->pages < SMALL_PAGES) {
        *ret_parts = 1;
        return true;
    }
    if (!count_indexes(conn, task->table, &indexes, error))
        return false;
    /* More parts than rows on a page would be visits for nothing. */
    *ret_parts =
        MIN(indexes > 1 ? PARTS_INDEXED : PARTS_KEY_ALONE, MAX(2, walk_rows_per_page(task->table)));
    return true;
}

bool
walk_measure(PgConn *conn, const BackfillContext *context, const BackfillTask *task, int *ret_parts,
             int *ret_range_pages, GError **error)
{
    const int wanted = context->settings->backfill_parts;
    int parts = 1, slices = 1, pages = 0;

    if (is_scattered(task)) {
        parts = wanted;
        if (parts == 0 && !choose_parts(conn, task, &parts, error))
            return false;
    }
    if (parts > 1 && task->key == NULL)
        slices = PART_SLICES;
    /* A part should be about as much work, whatever their number. */
    pages =
        MAX(1, context->settings->backfill_range_pages * parts / (wanted ? wanted : PARTS_INDEXED));
    *ret_parts = parts * slices;
    *ret_range_pages = task->key ? pages * walk_rows_per_page(task->table) : pages * slices;
    return true;
}

bool
walk_choose(PgConn *conn, const BackfillContext *context, const Revision *revision,
            BackfillTask *task, GError **error)
{
    const SqlBackfill *statement = task->statement;
    const Section *section = revision_section(revision, SECTION_BACKFILL, NULL);
    const bool by_settings =
        statement->walk == WALK_DEFAULT && g_str_equal(context->settings->backfill_walk, "key");

    if (statement->walk != WALK_KEY && !by_settings)
        return true;
    if (!key_find(conn, task->table, statement->driving.alias, statement->walk_index, &task->key,
                  error))
        return false;
    if (task->key || by_settings)
        return true;
    error_set_at(error, ERROR_STATE, section->place, "%s has no %s%s that could be walked along",
                 task->table->quoted, statement->walk_index ? "index " : "key",
                 statement->walk_index ? statement->walk_index : "");
    return error_hint(error, "It takes a unique btree index over NOT NULL columns, neither partial "
                             "nor deferrable; or write `-- sluice: walk pages`.");
}

bool
walk_adopt(PgConn *conn, BackfillTask *task, const LedgerBackfill *row, GError **error)
{
    g_clear_pointer(&task->key, key_free);
    if (row->key_index == NULL)
        return true;
    if (!key_find(conn, task->table, task->statement->driving.alias, row->key_index, &task->key,
                  error))
        return false;
    if (task->key)
        return true;
    error_set(error, ERROR_STATE, "%s is walked along %s, which is gone or fits no more",
              task->table->quoted, row->key_index);
    return error_hint(error, "Create the index again.");
}
