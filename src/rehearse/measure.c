/* What a statement does: the locks of its session, files, scans, WAL, and what was foretold. */
#include "rehearse/measure.h"

#include <string.h>

#include "base/error.h"

/* Relations that were there before the statement. */
static const char relations_sql[] =
    "SELECT c.oid, c.oid::regclass::text, c.relkind, coalesce(pg_relation_filenode(c.oid), 0),"
    "       coalesce(pg_stat_get_xact_numscans(c.oid), 0), coalesce(i.indrelid, 0)"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " LEFT JOIN pg_index i ON i.indexrelid = c.oid"
    " WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'sluice')"
    "   AND c.relkind <> 'c'";
static const char locks_sql[] =
    "SELECT relation, max(array_position(ARRAY['AccessShareLock', 'RowShareLock',"
    " 'RowExclusiveLock', 'ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock',"
    " 'ExclusiveLock', 'AccessExclusiveLock'], mode))"
    " FROM pg_locks WHERE pid = $1::int AND locktype = 'relation' AND granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " GROUP BY relation";
static const char place_sql[] =
    "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint,"
    "       pg_database_size(current_database())";

typedef struct {
    char *name;
    char kind;
    gint64 file, scans;
    guint32 table; /* of an index; else 0 */
    LockMode taken;
} Seen;

static void
seen_free(Seen *seen)
{
    g_free(seen->name);
    g_free(seen);
}

void
rehearsed_lock_free(RehearsedLock *lock)
{
    g_free(lock->relation);
    g_free(lock);
}

void
rehearsed_statement_free(RehearsedStatement *statement)
{
    if (statement == NULL)
        return;
    g_free(statement->revision);
    g_free(statement->phase);
    g_free(statement->statement);
    g_free(statement->label);
    g_free(statement->stall);
    g_ptr_array_unref(statement->locks);
    g_ptr_array_unref(statement->rewritten);
    g_ptr_array_unref(statement->scanned);
    g_ptr_array_unref(statement->differences);
    g_free(statement);
}

/* By oid; NULL with an error. */
static GHashTable *
look(PgConn *conn, GError **error)
{
    g_autoptr(PgRows) rows = pg_query(conn, error, relations_sql);
    GHashTable *all;

    if (rows == NULL)
        return NULL;
    all = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, (GDestroyNotify) seen_free);
    for (int i = 0; i < pg_rows_count(rows); i++) {
        Seen *seen = g_new0(Seen, 1);

        *seen = (Seen){.name = g_strdup(pg_text(rows, i, 1)),
                       .kind = pg_text(rows, i, 2)[0],
                       .file = pg_integer(rows, i, 3),
                       .scans = pg_integer(rows, i, 4),
                       .table = (guint32) pg_integer(rows, i, 5)};
        g_hash_table_insert(all, GUINT_TO_POINTER((guint32) pg_integer(rows, i, 0)), seen);
    }
    return all;
}

/* The locks of session @pid, asked in @conn, into @before. */
static bool
look_at_locks(PgConn *conn, int pid, GHashTable *before, GError **error)
{
    g_autofree char *text = g_strdup_printf("%d", pid);
    g_autoptr(PgRows) rows = pg_query(conn, error, locks_sql, text);

    for (int i = 0; rows != NULL && i < pg_rows_count(rows); i++) {
        Seen *seen =
            g_hash_table_lookup(before, GUINT_TO_POINTER((guint32) pg_integer(rows, i, 0)));
        if (seen != NULL)
            seen->taken = MAX(seen->taken, (LockMode) pg_integer(rows, i, 1));
    }
    return rows != NULL;
}

static bool
look_at_place(PgConn *conn, gint64 *ret_wal, gint64 *ret_size, GError **error)
{
    g_autoptr(PgRows) rows = pg_query(conn, error, place_sql);

    if (rows == NULL)
        return false;
    *ret_wal = pg_integer(rows, 0, 0);
    *ret_size = pg_integer(rows, 0, 1);
    return true;
}

static RehearsedLock *
lock_on(RehearsedStatement *statement, const char *relation)
{
    RehearsedLock *lock;

    for (guint i = 0; i < statement->locks->len; i++) {
        lock = statement->locks->pdata[i];
        if (g_str_equal(lock->relation, relation))
            return lock;
    }
    lock = g_new0(RehearsedLock, 1);
    lock->relation = g_strdup(relation);
    g_ptr_array_add(statement->locks, lock);
    return lock;
}

static bool
has_name(const GPtrArray *names, const char *name)
{
    return g_ptr_array_find_with_equal_func((GPtrArray *) names, name, g_str_equal, NULL);
}

/* An index under an equal lock of its table says no more. One that is gone behind the statement no
 * query could use any more, where that was not under a lock of the table: DROP INDEX CONCURRENTLY,
 * which locks it for a moment at its end. */
static bool
is_covered(GHashTable *all, const Seen *seen, bool is_gone)
{
    const Seen *table =
        seen->table != 0 ? g_hash_table_lookup(all, GUINT_TO_POINTER(seen->table)) : NULL;

    return table != NULL && (is_gone || table->taken >= seen->taken);
}

static gint
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static gint
compare_locks(gconstpointer a, gconstpointer b)
{
    return strcmp((*(const RehearsedLock *const *) a)->relation,
                  (*(const RehearsedLock *const *) b)->relation);
}

/* So that two reports of the same differ only in what they measured. */
static void
sort_by_name(RehearsedStatement *statement)
{
    g_ptr_array_sort(statement->locks, compare_locks);
    g_ptr_array_sort(statement->rewritten, compare_names);
    g_ptr_array_sort(statement->scanned, compare_names);
}

/* What changed between @before and @after. */
static void
note_seen(RehearsedStatement *statement, GHashTable *before, GHashTable *after)
{
    GHashTableIter iter;
    gpointer oid, value;

    g_hash_table_iter_init(&iter, before);
    while (g_hash_table_iter_next(&iter, &oid, &value)) {
        const Seen *seen = value, *now = g_hash_table_lookup(after, oid);

        if (seen->taken != 0 && !is_covered(before, seen, now == NULL))
            lock_on(statement, seen->name)->taken = seen->taken;
        if (now == NULL || (seen->kind != 'r' && seen->kind != 'm'))
            continue;
        if (now->file != seen->file)
            g_ptr_array_add(statement->rewritten, g_strdup(seen->name));
        if (now->scans > seen->scans)
            g_ptr_array_add(statement->scanned, g_strdup(seen->name));
    }
    sort_by_name(statement);
}

static void
note_difference(RehearsedStatement *statement, const RehearsedLock *lock)
{
    const char *took = lock->taken != 0 ? lock_mode_name(lock->taken) : "no lock";
    const char *told = lock->foretold != 0 ? lock_mode_name(lock->foretold) : "none";

    /* What no app waits for is not worth a word; nor what is gone before anybody can look. */
    if (lock->taken == lock->foretold || MAX(lock->taken, lock->foretold) <= LOCK_ROW_EXCLUSIVE ||
        (!statement->transactional && lock->taken < lock->foretold))
        return;
    g_ptr_array_add(statement->differences,
                    g_strdup_printf("%s: took %s, foretold %s", lock->relation, took, told));
}

/* What was foretold, but for the locks. */
typedef struct {
    bool unknown;
    GPtrArray *certain, *possible; /* char *: tables that are rewritten */
} Foretold;

static void
foretold_clear(Foretold *foretold)
{
    g_clear_pointer(&foretold->certain, g_ptr_array_unref);
    g_clear_pointer(&foretold->possible, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Foretold, foretold_clear)

/* As regclass writes it. */
static char *
bare_label(DdlName name)
{
    const bool is_public = g_strcmp0(name.schema, "public") == 0;

    return ddl_name_label((DdlName){is_public ? NULL : name.schema, name.name});
}

/* As is_covered says it of what was seen. */
static bool
is_told_by_table(const Model *model, const Prediction *prediction, const PredictedLock *lock)
{
    const ModelIndex *index = lock->kind == RELATION_INDEX ? model_index(model, lock->name) : NULL;

    for (guint i = 0; index != NULL && i < prediction->locks->len; i++) {
        const PredictedLock *other = prediction->locks->pdata[i];
        if (other->table == index->table)
            return other->mode >= lock->mode;
    }
    return false;
}

static void
note_foretold(RehearsedStatement *statement, const Model *model, const Prediction *prediction,
              Foretold *foretold)
{
    for (guint i = 0; i < prediction->locks->len; i++) {
        const PredictedLock *lock = prediction->locks->pdata[i];
        g_autofree char *label = bare_label(lock->name);
        RehearsedLock *seen;

        if (lock->is_new || is_told_by_table(model, prediction, lock))
            continue;
        seen = lock_on(statement, label);
        seen->foretold = MAX(seen->foretold, lock->mode);
    }
    for (guint i = 0; i < prediction->works->len; i++) {
        const PredictedWork *work = prediction->works->pdata[i];

        if (work->kind == WORK_REWRITE && !work->is_new)
            g_ptr_array_add(work->certainty == KNOWN_YES ? foretold->certain : foretold->possible,
                            bare_label(work->relation));
    }
}

/* What is foretold of each statement of @sql, from the schema as it is now. */
static bool
foretell(PgConn *conn, const char *sql, RehearsedStatement *statement, Foretold *foretold,
         GError **error)
{
    g_autoptr(Model) model = model_new();
    g_autoptr(SqlScript) script = sql_parse(sql, (Place){0}, NULL);
    guint since;

    foretold->unknown = script == NULL;
    foretold->certain = g_ptr_array_new_with_free_func(g_free);
    foretold->possible = g_ptr_array_new_with_free_func(g_free);
    if (!model_load_server(model, conn, error))
        return false;
    since = model_step(model);
    for (guint i = 0; script != NULL && i < sql_script_count(script); i++) {
        const SqlStatement *one = sql_script_get(script, i);
        g_autoptr(DdlChanges) changes = ddl_changes(one);
        g_autoptr(Prediction) prediction = locks_predict(model, one, changes, since);

        foretold->unknown |= prediction->unknown;
        note_foretold(statement, model, prediction, foretold);
        model_apply(model, changes);
    }
    return true;
}

static void
compare(RehearsedStatement *statement, const Foretold *foretold)
{
    if (foretold->unknown)
        return;
    for (guint i = 0; i < statement->locks->len; i++)
        note_difference(statement, statement->locks->pdata[i]);
    for (guint i = 0; i < foretold->certain->len; i++) {
        const char *table = foretold->certain->pdata[i];
        if (!has_name(statement->rewritten, table))
            g_ptr_array_add(statement->differences,
                            g_strdup_printf("%s: foretold to be rewritten, and was not", table));
    }
    for (guint i = 0; i < statement->rewritten->len; i++) {
        const char *table = statement->rewritten->pdata[i];
        if (!has_name(foretold->certain, table) && !has_name(foretold->possible, table) &&
            g_ascii_strncasecmp(statement->statement, "TRUNCATE", strlen("TRUNCATE")) != 0)
            g_ptr_array_add(statement->differences,
                            g_strdup_printf("%s: was rewritten, which was not foretold", table));
    }
}

/* Looks at a session's locks while its statement runs. */
typedef struct {
    PgConn *conn;
    int pid;
    GHashTable *before;
    gint done; /* atomic */
} Watch;

enum {
    POLL_US = 1000,
    TRIES = 3,
    QUICK_US = 5000,   /* below, no other try is needed */
    LONG_US = 1000000, /* above, none would change it */
};

static gpointer
watch_locks(gpointer data)
{
    Watch *watch = data;

    while (!g_atomic_int_get(&watch->done)) {
        if (!look_at_locks(watch->conn, watch->pid, watch->before, NULL))
            break;
        g_usleep(POLL_US);
    }
    return NULL;
}

static bool
run_timed(PgConn *conn, RehearsedStatement *statement, GError **error)
{
    const gint64 start = g_get_monotonic_time();
    const bool ok = pg_exec_script(conn, statement->statement, error);

    statement->took_us = g_get_monotonic_time() - start;
    return ok;
}

static bool
run_watched(PgConn *conn, RehearsedStatement *statement, GHashTable *before, const char *url,
            GError **error)
{
    Watch watch = {.conn = pg_connect(url, &(PgConnOptions){.purpose = "rehearse"}, error),
                   .pid = pg_backend_pid(conn),
                   .before = before};
    GThread *thread;
    bool ok;

    /* Asked once before, so that the first look is as quick as the others. */
    if (watch.conn == NULL || !look_at_locks(watch.conn, watch.pid, before, error)) {
        pg_disconnect(watch.conn);
        return false;
    }
    thread = g_thread_new("locks", watch_locks, &watch);
    ok = run_timed(conn, statement, error);
    g_atomic_int_set(&watch.done, 1);
    g_thread_join(thread);
    pg_disconnect(watch.conn);
    /* cppcheck-suppress memleak ; who joins a thread frees it */
    return ok;
}

static bool
run_in_transaction(PgConn *conn, RehearsedStatement *statement, GHashTable *before,
                   GHashTable **ret_after, GError **error)
{
    if (!run_timed(conn, statement, error) ||
        !look_at_locks(conn, pg_backend_pid(conn), before, error))
        return false;
    *ret_after = look(conn, error);
    return *ret_after != NULL;
}

static RehearsedStatement *
statement_new(const char *sql, bool transactional)
{
    RehearsedStatement *statement = g_new0(RehearsedStatement, 1);

    statement->statement = g_strstrip(g_strdup(sql));
    statement->transactional = transactional;
    statement->locks = g_ptr_array_new_with_free_func((GDestroyNotify) rehearsed_lock_free);
    statement->rewritten = g_ptr_array_new_with_free_func(g_free);
    statement->scanned = g_ptr_array_new_with_free_func(g_free);
    statement->differences = g_ptr_array_new_with_free_func(g_free);
    return statement;
}

/* @last false: rolled back, and *@ret_again true, where another try may tell that it is quicker. */
static bool
try_transaction(PgConn *conn, RehearsedStatement *statement, bool last, bool *ret_again,
                GError **error)
{
    g_autoptr(GHashTable) before = look(conn, error), after = NULL;

    if (before == NULL)
        return false;
    if (!pg_begin(conn, error) || !run_in_transaction(conn, statement, before, &after, error)) {
        pg_rollback(conn);
        return false;
    }
    *ret_again = !last && statement->took_us > QUICK_US && statement->took_us < LONG_US;
    if (*ret_again) {
        pg_rollback(conn);
        return true;
    }
    note_seen(statement, before, after);
    return pg_commit(conn, error);
}

static bool
run_apart(PgConn *conn, const char *url, RehearsedStatement *statement, GError **error)
{
    g_autoptr(GHashTable) before = look(conn, error), after = NULL;

    if (before == NULL || !run_watched(conn, statement, before, url, error))
        return false;
    after = look(conn, error);
    if (after == NULL)
        return false;
    note_seen(statement, before, after);
    return true;
}

/* What another process does on the machine makes a statement seem slow: the quickest of some tries
 * counts. In production it would be rolled back and tried again, too. */
static bool
run_and_look(PgConn *conn, const char *url, RehearsedStatement *statement, GError **error)
{
    gint64 quickest_us = G_MAXINT64, wal, size;
    bool again = true;

    for (int left = TRIES; again; left--) {
        again = false;
        if (!look_at_place(conn, &wal, &size, error) ||
            !(statement->transactional ? try_transaction(conn, statement, left == 1, &again, error)
                                       : run_apart(conn, url, statement, error)))
            return false;
        quickest_us = MIN(quickest_us, statement->took_us);
    }
    statement->took_us = quickest_us;
    if (!look_at_place(conn, &statement->wal_bytes, &statement->size_bytes, error))
        return false;
    statement->wal_bytes -= wal;
    statement->size_bytes -= size;
    return true;
}

RehearsedStatement *
measure_statement(PgConn *conn, const char *url, const char *sql, bool transactional,
                  GError **error)
{
    g_autoptr(RehearsedStatement) statement = statement_new(sql, transactional);
    g_auto(Foretold) foretold = {0};

    if (!foretell(conn, sql, statement, &foretold, error) ||
        !run_and_look(conn, url, statement, error))
        return NULL;
    compare(statement, &foretold);
    return g_steal_pointer(&statement);
}
