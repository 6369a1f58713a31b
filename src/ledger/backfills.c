#include "ledger/backfills.h"

#include "base/error.h"
#include "ledger/tenant.h"

static const char *const state_names[] = {
    [LEDGER_BACKFILL_RUNNING] = "running",         [LEDGER_BACKFILL_DONE] = "done",
    [LEDGER_BACKFILL_FAILED] = "failed",           [LEDGER_BACKFILL_CANCELLED] = "cancelled",
    [LEDGER_BACKFILL_QUARANTINED] = "quarantined",
};

static const char *const wanted_names[] = {
    [LEDGER_WANT_RUN] = "run",
    [LEDGER_WANT_PAUSE] = "pause",
    [LEDGER_WANT_CANCEL] = "cancel",
};

const char *
ledger_backfill_state_name(LedgerBackfillState state)
{
    return state_names[state];
}

/* Index of @name; a CHECK of the table forbids any other. */
static guint
parse_name(const char *const *names, guint count, const char *name)
{
    for (guint i = 0; i < count; i++)
        if (g_str_equal(names[i], name))
            return i;
    g_assert_not_reached();
}

static LedgerBackfillState
parse_state(const char *name)
{
    return (LedgerBackfillState) parse_name(state_names, G_N_ELEMENTS(state_names), name);
}

static LedgerWanted
parse_wanted(const char *name)
{
    return (LedgerWanted) parse_name(wanted_names, G_N_ELEMENTS(wanted_names), name);
}

static char *
number(gint64 value)
{
    return g_strdup_printf("%" G_GINT64_FORMAT, value);
}

static char *
optional(const PgRows *rows, int row, int column)
{
    return pg_is_null(rows, row, column) ? NULL : g_strdup(pg_text(rows, row, column));
}

void
ledger_backfill_free(LedgerBackfill *backfill)
{
    if (backfill == NULL)
        return;
    g_free(backfill->revision);
    g_free(backfill->relation);
    g_free(backfill->statement);
    g_free(backfill->key_index);
    g_free(backfill->next_key);
    json_decref(backfill->indexes_before);
    json_decref(backfill->settings);
    g_free(backfill->throttle);
    g_free(backfill->error);
    g_free(backfill->started_at);
    g_free(backfill->finished_at);
    g_free(backfill);
}

/* A column of the type jsonb that holds an object. */
static json_t *
read_object(const PgRows *rows, int row, int column)
{
    json_t *object = json_loads(pg_text(rows, row, column), 0, NULL);

    return json_is_object(object) ? object : json_object();
}

static LedgerBackfill *
read_backfill(const PgConn *conn, const PgRows *rows, int row)
{
    LedgerBackfill *backfill = g_new0(LedgerBackfill, 1);
    int column = 0;

    backfill->id = pg_integer(rows, row, column++);
    backfill->revision = g_strdup(ledger_id(conn, pg_text(rows, row, column++)));
    backfill->ordinal = (int) pg_integer(rows, row, column++);
    backfill->relation = g_strdup(pg_text(rows, row, column++));
    backfill->statement = g_strdup(pg_text(rows, row, column++));
    backfill->state = parse_state(pg_text(rows, row, column++));
    backfill->wanted = parse_wanted(pg_text(rows, row, column++));
    backfill->pass = (int) pg_integer(rows, row, column++);
    backfill->next_page = pg_integer(rows, row, column++);
    backfill->end_page = pg_integer(rows, row, column++);
    backfill->pages_done = pg_integer(rows, row, column++);
    backfill->range_pages = (int) pg_integer(rows, row, column++);
    backfill->parts = (int) pg_integer(rows, row, column++);
    backfill->key_index = optional(rows, row, column++);
    backfill->next_key = optional(rows, row, column++);
    backfill->rows = pg_integer(rows, row, column++);
    backfill->pass_rows = pg_integer(rows, row, column++);
    backfill->last_pass_rows = pg_integer(rows, row, column++);
    backfill->skipped = pg_integer(rows, row, column++);
    backfill->open_ranges = pg_integer(rows, row, column++);
    backfill->again = pg_bool(rows, row, column++);
    backfill->size_before = pg_integer(rows, row, column++);
    backfill->indexes_before = read_object(rows, row, column++);
    backfill->wal_bytes = pg_integer(rows, row, column++);
    backfill->updates = pg_integer(rows, row, column++);
    backfill->hot_updates = pg_integer(rows, row, column++);
    backfill->settings = read_object(rows, row, column++);
    backfill->throttle = optional(rows, row, column++);
    backfill->throttled_ms = pg_integer(rows, row, column++);
    backfill->elapsed_ms = pg_integer(rows, row, column++);
    backfill->error = optional(rows, row, column++);
    backfill->started_at = g_strdup(pg_text(rows, row, column++));
    backfill->finished_at = optional(rows, row, column++);
    return backfill;
}

static const char select_backfills[] =
    "SELECT b.id, b.revision, b.ordinal, b.relation, b.statement, b.state, b.wanted, b.pass, "
    "       b.next_page, b.end_page, b.next_page - c.pages_open, b.range_pages, b.parts, "
    "       b.key_index, array_to_string(b.next_key, ', '), "
    "       b.rows + c.rows, b.pass_rows, coalesce(b.last_pass_rows, -1), b.skipped, c.open, "
    "       b.again, b.size_before, b.indexes_before, "
    "       b.wal_bytes + c.wal_bytes, b.updates + c.updates, b.hot_updates + c.hot_updates, "
    "       b.settings, b.throttle, b.throttled_ms, "
    "       (extract(epoch FROM coalesce(b.finished_at, clock_timestamp()) - b.started_at) * 1000)"
    "           ::bigint, "
    "       b.error, b.started_at, b.finished_at "
    "FROM sluice.backfill b CROSS JOIN LATERAL ("
    "    SELECT count(*) AS open, "
    "           coalesce(sum(rows), 0)::bigint AS rows, "
    "           coalesce(sum(wal_bytes), 0)::bigint AS wal_bytes, "
    "           coalesce(sum(updates), 0)::bigint AS updates, "
    "           coalesce(sum(hot_updates), 0)::bigint AS hot_updates, "
    "           coalesce(sum((end_page - first_page) * (parts - parts_done) / parts), 0)::bigint "
    "               AS pages_open "
    "    FROM sluice.chunk WHERE backfill = b.id AND pass = b.pass) c ";

GPtrArray *
ledger_load_backfills(PgConn *conn, const char *revision, GError **error)
{
    g_autofree char *sql =
        g_strconcat(select_backfills,
                    "JOIN sluice.revision r ON r.id = b.revision "
                    "WHERE r.tenant = $2 AND ($1::text IS NULL OR b.revision = $1) "
                    "ORDER BY r.ordinal, b.ordinal",
                    NULL);
    g_autofree char *key = ledger_key(conn, revision);
    g_autoptr(PgRows) rows = pg_query(conn, error, sql, key, ledger_tenant(conn));
    GPtrArray *backfills = NULL;

    if (rows == NULL)
        return NULL;
    backfills = g_ptr_array_new_with_free_func((GDestroyNotify) ledger_backfill_free);
    for (int i = 0; i < pg_rows_count(rows); i++)
        g_ptr_array_add(backfills, read_backfill(conn, rows, i));
    return backfills;
}

LedgerBackfill *
ledger_load_backfill(PgConn *conn, gint64 id, GError **error)
{
    g_autofree char *sql = g_strconcat(select_backfills, "WHERE b.id = $1", NULL);
    g_autofree char *key = number(id);
    g_autoptr(PgRows) rows = pg_query(conn, error, sql, key);

    if (rows == NULL)
        return NULL;
    if (pg_rows_count(rows) == 1)
        return read_backfill(conn, rows, 0);
    error_set(error, ERROR_STATE, "the ledger does not know this backfill any more");
    error_hint(error, "Its revision was downgraded meanwhile: see `sluice status`.");
    return NULL;
}

bool
ledger_add_backfill(PgConn *conn, const LedgerBackfill *plan, int nth, GError **error)
{
    g_autofree char *end_page = number(plan->end_page);
    g_autofree char *range_pages = number(plan->range_pages);
    g_autofree char *parts = number(plan->parts);
    g_autofree char *size = number(plan->size_before);
    g_autofree char *key = ledger_key(conn, plan->revision);
    g_autofree char *earlier = number(nth);
    const char *const params[] = {key,      plan->relation, plan->statement,
                                  end_page, range_pages,    parts,
                                  size,     earlier,        plan->key_index};

    /* Two processes that add at once meet at the ordinal; the later finds the row on its next look,
     * or tries the next ordinal for another relation. */
    for (;;) {
        g_autoptr(PgRows) found = NULL;

        if (!pg_exec_array(conn,
                           "INSERT INTO sluice.backfill (revision, ordinal, relation, statement, "
                           "    end_page, range_pages, parts, size_before, key_index) "
                           "SELECT $1, coalesce(max(ordinal), 0) + 1, $2, $3, $4, $5, $6, $7, $9 "
                           "FROM sluice.backfill WHERE revision = $1 "
                           "HAVING count(*) FILTER (WHERE relation = $2) = $8 "
                           "ON CONFLICT (revision, ordinal) DO NOTHING",
                           params, G_N_ELEMENTS(params), NULL, error))
            return false;
        found = pg_query(conn, error,
                         "SELECT 1 FROM sluice.backfill WHERE revision = $1 AND relation = $2 "
                         "OFFSET $3",
                         key, plan->relation, earlier);
        if (found == NULL)
            return false;
        if (pg_rows_count(found) > 0)
            return true;
    }
}

bool
ledger_begin_backfill(PgConn *conn, gint64 id, guint32 table, gint64 end_page, gint64 size,
                      GError **error)
{
    g_autofree char *oid = g_strdup_printf("%u", table);
    g_autofree char *key = number(id);
    g_autofree char *end = number(end_page);
    g_autofree char *bytes = number(size);

    return pg_exec(conn, error,
                   "UPDATE sluice.backfill SET end_page = $2, size_before = $3, "
                   "    started_at = clock_timestamp(), "
                   "    indexes_before = (SELECT coalesce(jsonb_object_agg(indexrelid::regclass, "
                   "        pg_relation_size(indexrelid)), '{}') FROM pg_index "
                   "        WHERE indrelid = $4::oid) "
                   "WHERE id = $1 AND pass = 1 AND next_page = 0 AND state = 'running'",
                   key, end, bytes, oid);
}

bool
ledger_restart_backfill(PgConn *conn, gint64 id, GError **error)
{
    g_autofree char *key = number(id);

    return pg_exec(
        conn, error,
        "UPDATE sluice.backfill SET state = 'running', error = NULL, throttle = NULL, "
        "    last_pass_rows = NULL "
        "WHERE id = $1 AND state IN ('failed', 'cancelled', 'quarantined') AND wanted = 'run'",
        key);
}

bool
ledger_reopen_backfill(PgConn *conn, gint64 id, gint64 end_page, GError **error)
{
    g_autofree char *key = number(id);
    g_autofree char *end = number(end_page);

    return pg_exec(conn, error,
                   "UPDATE sluice.backfill SET state = 'running', finished_at = NULL, "
                   "    pass = pass + 1, next_page = 0, next_key = NULL, end_page = $2, parts = 1, "
                   "    last_pass_rows = NULL, pass_rows = 0, skipped = 0, again = false "
                   "WHERE id = $1 AND state = 'done'",
                   key, end);
}

bool
ledger_end_backfill(PgConn *conn, gint64 id, LedgerBackfillState state, const char *error_text,
                    GError **error)
{
    g_autofree char *key = number(id);

    return pg_exec(conn, error,
                   "UPDATE sluice.backfill SET state = $2, error = $3, throttle = NULL, "
                   "    finished_at = CASE WHEN $2 = 'done' THEN clock_timestamp() END "
                   "WHERE id = $1 AND state = 'running'",
                   key, state_names[state], error_text);
}

bool
ledger_want_backfill(PgConn *conn, const char *revision, LedgerWanted wanted, gint64 *ret_count,
                     GError **error)
{
    g_autofree char *key = ledger_key(conn, revision);
    const char *const params[] = {key, wanted_names[wanted]};

    return pg_exec_array(conn,
                         "UPDATE sluice.backfill SET wanted = $2 "
                         "WHERE revision = $1 AND state <> 'done'",
                         params, G_N_ELEMENTS(params), ret_count, error) &&
           pg_exec(conn, error, "NOTIFY " LEDGER_BACKFILL_CHANNEL);
}

bool
ledger_set_backfill(PgConn *conn, const char *revision, const json_t *settings, GError **error)
{
    g_autofree char *key = ledger_key(conn, revision);
    g_autofree char *changes = json_dumps(settings, JSON_COMPACT);

    return pg_exec(conn, error,
                   "UPDATE sluice.backfill SET settings = jsonb_strip_nulls(settings || $2) "
                   "WHERE revision = $1 AND state <> 'done'",
                   key, changes) &&
           pg_exec(conn, error, "NOTIFY " LEDGER_BACKFILL_CHANNEL);
}

void
ledger_chunk_clear(LedgerChunk *chunk)
{
    g_clear_pointer(&chunk->low, g_free);
    g_clear_pointer(&chunk->high, g_free);
}

GArray *
ledger_load_open_chunks(PgConn *conn, gint64 backfill, GError **error)
{
    g_autofree char *key = number(backfill);
    g_autoptr(PgRows) rows = pg_query(conn, error,
                                      "SELECT pass, first_page, end_page, parts, parts_done, "
                                      "       array_to_string(low_key, ', '), "
                                      "       array_to_string(high_key, ', ') "
                                      "FROM sluice.chunk "
                                      "WHERE backfill = $1 AND parts_done < parts "
                                      "ORDER BY pass, first_page",
                                      key);
    GArray *chunks = NULL;

    if (rows == NULL)
        return NULL;
    chunks = g_array_new(FALSE, FALSE, sizeof(LedgerChunk));
    g_array_set_clear_func(chunks, (GDestroyNotify) ledger_chunk_clear);
    for (int i = 0; i < pg_rows_count(rows); i++) {
        const LedgerChunk chunk = {
            .backfill = backfill,
            .pass = (int) pg_integer(rows, i, 0),
            .first_page = pg_integer(rows, i, 1),
            .end_page = pg_integer(rows, i, 2),
            .parts = (int) pg_integer(rows, i, 3),
            .parts_done = (int) pg_integer(rows, i, 4),
            .low = optional(rows, i, 5),
            .high = optional(rows, i, 6),
        };

        g_array_append_val(chunks, chunk);
    }
    return chunks;
}

bool
ledger_begin_chunk(PgConn *conn, LedgerChunk *chunk, bool *ret_open, GError **error)
{
    g_autofree char *key = number(chunk->backfill);
    g_autofree char *pass = number(chunk->pass);
    g_autofree char *first_page = number(chunk->first_page);
    g_autoptr(PgRows) rows =
        pg_query(conn, error,
                 "UPDATE sluice.chunk SET attempts = attempts + 1, error = NULL "
                 "WHERE (backfill, pass, first_page) = ($1, $2, $3) AND parts_done < parts "
                 "RETURNING parts_done",
                 key, pass, first_page);

    if (rows == NULL)
        return false;
    *ret_open = pg_rows_count(rows) == 1;
    if (*ret_open)
        chunk->parts_done = (int) pg_integer(rows, 0, 0);
    return true;
}

char *
ledger_mark_part(guint32 oid)
{
    return g_strdup_printf(
        "SELECT set_config('sluice.part', format('{%%s,%u,%%s,%%s}', "
        "    pg_current_wal_insert_lsn() - '0/0'::pg_lsn, pg_stat_get_xact_tuples_updated(%u), "
        "    pg_stat_get_xact_tuples_hot_updated(%u)), true)",
        oid, oid, oid);
}

bool
ledger_finish_part(PgConn *conn, LedgerChunk *chunk, gint64 rows, gint64 skipped,
                   LedgerPartOutcome *ret_outcome, GError **error)
{
    g_autofree char *key = number(chunk->backfill);
    g_autofree char *pass = number(chunk->pass);
    g_autofree char *first_page = number(chunk->first_page);
    g_autofree char *part = number(chunk->parts_done);
    g_autofree char *more = number(rows);
    g_autofree char *left = number(skipped);
    g_autoptr(PgRows) result = pg_query_prepared(
        conn, error, "sluice-finish-part",
        "WITH mark AS (SELECT nullif(current_setting('sluice.part', true), '')::bigint[] AS at), "
        "  done AS (SELECT "
        "    coalesce(pg_current_wal_insert_lsn() - '0/0'::pg_lsn - at[1], 0)::bigint AS wal, "
        "    coalesce(pg_stat_get_xact_tuples_updated(at[2]::oid) - at[3], 0) AS updates, "
        "    coalesce(pg_stat_get_xact_tuples_hot_updated(at[2]::oid) - at[4], 0) AS hot "
        "    FROM mark) "
        "UPDATE sluice.chunk c SET parts_done = c.parts_done + 1, rows = c.rows + $5, "
        "    skipped = c.skipped + $6, wal_bytes = c.wal_bytes + m.wal, "
        "    updates = c.updates + m.updates, hot_updates = c.hot_updates + m.hot "
        "FROM sluice.backfill b, done m "
        "WHERE (c.backfill, c.pass, c.first_page, c.parts_done) = ($1, $2, $3, $4) "
        "  AND b.id = c.backfill "
        "RETURNING b.wanted, b.state, m.wal",
        key, pass, first_page, part, more, left);

    if (result == NULL)
        return false;
    if (pg_rows_count(result) != 1)
        return error_set(error, ERROR_STATE,
                         "pages %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT
                         " were done by somebody else",
                         chunk->first_page, chunk->end_page);
    ret_outcome->wanted = parse_wanted(pg_text(result, 0, 0));
    ret_outcome->state = parse_state(pg_text(result, 0, 1));
    ret_outcome->wal_bytes = pg_integer(result, 0, 2);
    return true;
}

bool
ledger_count_piece(PgConn *conn, const LedgerChunk *chunk, gint64 rows, GError **error)
{
    g_autofree char *key = number(chunk->backfill);
    g_autofree char *pass = number(chunk->pass);
    g_autofree char *first_page = number(chunk->first_page);
    g_autofree char *more = number(rows);

    return pg_exec(conn, error,
                   "UPDATE sluice.chunk SET rows = rows + $4 "
                   "WHERE (backfill, pass, first_page) = ($1, $2, $3)",
                   key, pass, first_page, more);
}

bool
ledger_fail_chunk(PgConn *conn, const LedgerChunk *chunk, const char *message, GError **error)
{
    g_autofree char *key = number(chunk->backfill);
    g_autofree char *pass = number(chunk->pass);
    g_autofree char *first_page = number(chunk->first_page);

    return pg_exec(conn, error,
                   "UPDATE sluice.chunk SET error = $4 "
                   "WHERE (backfill, pass, first_page) = ($1, $2, $3)",
                   key, pass, first_page, message);
}

bool
ledger_fold_chunks(PgConn *conn, gint64 backfill, GError **error)
{
    g_autofree char *key = number(backfill);

    return pg_exec(conn, error,
                   "WITH done AS (DELETE FROM sluice.chunk "
                   "    WHERE backfill = $1 AND parts_done >= parts RETURNING *), "
                   "  sums AS (SELECT coalesce(sum(rows), 0) AS rows, "
                   "                  coalesce(sum(wal_bytes), 0) AS wal_bytes, "
                   "                  coalesce(sum(updates), 0) AS updates, "
                   "                  coalesce(sum(hot_updates), 0) AS hot_updates, "
                   "                  coalesce(sum(skipped), 0) AS skipped FROM done) "
                   "UPDATE sluice.backfill b SET rows = b.rows + s.rows, "
                   "    pass_rows = b.pass_rows + s.rows, skipped = b.skipped + s.skipped, "
                   "    wal_bytes = b.wal_bytes + s.wal_bytes, updates = b.updates + s.updates, "
                   "    hot_updates = b.hot_updates + s.hot_updates "
                   "FROM sums s WHERE b.id = $1",
                   key);
}

bool
ledger_plan_chunks(PgConn *conn, const LedgerBackfill *backfill, int range_pages, int parts,
                   int count, GError **error)
{
    g_autofree char *key = number(backfill->id);
    g_autofree char *pages = number(range_pages);
    g_autofree char *ranges = number(count);
    g_autofree char *k = number(parts);

    return pg_exec(conn, error,
                   "WITH planned AS (INSERT INTO sluice.chunk "
                   "        (backfill, pass, first_page, end_page, parts) "
                   "    SELECT b.id, b.pass, page, least(page + $2::bigint, b.end_page), $4::int "
                   "    FROM sluice.backfill b, "
                   "         generate_series(b.next_page, b.end_page - 1, $2::bigint) page "
                   "    WHERE b.id = $1 ORDER BY page LIMIT $3 "
                   "    RETURNING end_page) "
                   "UPDATE sluice.backfill b SET range_pages = $2, "
                   "    next_page = (SELECT coalesce(max(end_page), b.next_page) FROM planned) "
                   "WHERE b.id = $1",
                   key, pages, ranges, k);
}

bool
ledger_plan_key_chunk(PgConn *conn, gint64 backfill, int rows, int parts, const char *high,
                      GError **error)
{
    g_autofree char *key = number(backfill);
    g_autofree char *count = number(rows);
    g_autofree char *k = number(parts);

    return pg_exec(conn, error,
                   "WITH planned AS (INSERT INTO sluice.chunk "
                   "        (backfill, pass, first_page, end_page, parts, low_key, high_key) "
                   "    SELECT id, pass, next_page, next_page + $2::bigint, $4::int, next_key, "
                   "           $3::text[] "
                   "    FROM sluice.backfill WHERE id = $1 RETURNING end_page) "
                   "UPDATE sluice.backfill b SET range_pages = $2, next_page = p.end_page, "
                   "    next_key = $3::text[], "
                   "    end_page = CASE WHEN $3::text[] IS NULL THEN p.end_page "
                   "                    ELSE greatest(b.end_page, p.end_page + 1) END "
                   "FROM planned p WHERE b.id = $1",
                   key, count, high, k);
}

bool
ledger_begin_pass(PgConn *conn, gint64 backfill, gint64 end_page, int range_pages, int parts,
                  GError **error)
{
    g_autofree char *key = number(backfill);
    g_autofree char *end = number(end_page);
    g_autofree char *pages = number(range_pages);
    g_autofree char *k = number(parts);

    return pg_exec(conn, error,
                   "UPDATE sluice.backfill SET pass = pass + 1, next_page = 0, next_key = NULL, "
                   "    end_page = $2, "
                   "    range_pages = $3, parts = $4, "
                   "    last_pass_rows = CASE WHEN skipped = 0 THEN pass_rows END, "
                   "    pass_rows = 0, skipped = 0, again = false "
                   "WHERE id = $1",
                   key, end, pages, k);
}
