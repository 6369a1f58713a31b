#include "rehearse/clone.h"

#include "base/error.h"
#include "base/stop.h"
#include "base/text.h"

/* Two keys of an advisory lock that say "sluice rehearse works in this server". */
#define RESERVE_SQL "SELECT pg_try_advisory_lock(1936487797, 1919249512)"
enum { RESERVE_TRIES = 50, RESERVE_PAUSE_MS = 200 };

/* A copy of the files has the system identifier and the oids of its original: whether two sessions
 * are in one server is asked with a lock that only that server can know of. */
static const char lock_sql[] = "SELECT pg_advisory_lock($1::int, $2::int)";
static const char unlock_sql[] = "SELECT pg_advisory_unlock($1::int, $2::int)";
static const char see_sql[] =
    "SELECT d.oid IS NOT NULL FROM pg_locks l LEFT JOIN pg_database d"
    "   ON d.oid = l.database AND d.datname = current_database()"
    " WHERE l.locktype = 'advisory' AND l.classid = $1::oid AND l.objid = $2::oid"
    "   AND l.objsubid = 2 AND l.granted";

/* Background workers have no user. */
static const char sessions_sql[] =
    "SELECT count(*), string_agg(DISTINCT coalesce(nullif(application_name, ''), usename::text,"
    "   'pid ' || pid), ', ') FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid() AND usesysid IS NOT NULL";
static const char about_sql[] = "SELECT current_database(), pg_database_size(current_database())";

typedef enum { SERVERS_DIFFER, SERVER_SHARED, DATABASE_SHARED } Sharing;

static bool
find_sharing(PgConn *clone, const RehearseOptions *options, Sharing *ret_sharing, GError **error)
{
    const Clock *clock = options->clock;
    g_autofree char *first = g_strdup_printf("%d", (int) (clock->random(clock->data) * G_MAXINT));
    g_autofree char *second = g_strdup_printf("%d", (int) (clock->random(clock->data) * G_MAXINT));
    g_autoptr(PgRows) seen = NULL;

    if (!pg_exec(options->production, error, lock_sql, first, second))
        return false;
    seen = pg_query(clone, error, see_sql, first, second);
    if (seen == NULL || !pg_exec(options->production, error, unlock_sql, first, second))
        return false;
    *ret_sharing = pg_rows_count(seen) == 0 ? SERVERS_DIFFER
                   : pg_bool(seen, 0, 0)    ? DATABASE_SHARED
                                            : SERVER_SHARED;
    return true;
}

static bool
check_not_production(PgConn *clone, const RehearseOptions *options, Rehearsal *result,
                     GError **error)
{
    Sharing sharing = SERVERS_DIFFER;

    if (options->production == NULL) {
        rehearsal_add_note(result, "no database is configured: that the clone is not production "
                                   "could not be asked there");
        return true;
    }
    if (!find_sharing(clone, options, &sharing, error))
        return false;
    if (sharing == DATABASE_SHARED) {
        error_set(error, ERROR_STATE, "%s is the configured database, no clone of it",
                  pg_target(clone));
        return error_hint(error, "Restore a snapshot or branch the database, and name that with "
                                 "--clone; without it, a private server is used.");
    }
    if (sharing == SERVER_SHARED) {
        report_warning(options->report, "the clone lies on the configured database's server: its "
                                        "apps feel the load");
        rehearsal_add_note(result, "the clone lies on the configured database's server");
    }
    return true;
}

static bool
check_alone(PgConn *clone, GError **error)
{
    g_autoptr(PgRows) others = pg_query(clone, error, sessions_sql);

    if (others == NULL)
        return false;
    if (pg_integer(others, 0, 0) == 0)
        return true;
    error_set(error, ERROR_STATE, "%s is in use by others: %s", pg_target(clone),
              pg_text(others, 0, 1));
    return error_hint(error, "A clone for a rehearsal is nobody else's. If it is one, end these "
                             "sessions.");
}

char *
clone_inspect(const RehearseOptions *options, Rehearsal *result, GError **error)
{
    g_autoptr(PgConn) clone =
        pg_connect(options->clone_url, &(PgConnOptions){.purpose = "rehearse"}, error);
    g_autoptr(PgRows) about = NULL;
    g_autofree char *size = NULL;

    if (clone == NULL || !check_not_production(clone, options, result, error) ||
        !check_alone(clone, error))
        return NULL;
    about = pg_query(clone, error, about_sql);
    if (about == NULL)
        return NULL;
    size = text_format_size(pg_integer(about, 0, 1));
    report_step(options->report, "the clone %s, %s, is copied up to %d times at once",
                pg_target(clone), size, options->once ? 2 : 4);
    return g_strdup(pg_text(about, 0, 0));
}

bool
clone_reserve(PgConn *conn, const Clock *clock, GError **error)
{
    /* The session of a rehearsal that was killed first ends what it was at. */
    for (guint i = 0; i < RESERVE_TRIES; i++) {
        g_autoptr(PgRows) rows = pg_query(conn, error, RESERVE_SQL);

        if (rows == NULL || pg_bool(rows, 0, 0))
            return rows != NULL;
        if (!stop_check(error))
            return false;
        clock_sleep_ms(clock, RESERVE_PAUSE_MS);
    }
    return error_set(error, ERROR_OWNER, "another rehearsal works in the server of %s",
                     pg_target(conn));
}

bool
clone_check_ledger(PgConn *conn, const RehearseOptions *options, GError **error)
{
    g_autoptr(LedgerRevisions) have = ledger_load_revisions(conn, error);

    if (have == NULL)
        return false;
    if (have->list->len == 0 && options->rows->list->len > 0) {
        error_set(error, ERROR_STATE,
                  "the clone has no ledger of sluice, and the configured database has");
        return error_hint(error, "Name a clone of that database.");
    }
    for (guint i = 0; i < have->list->len; i++) {
        const LedgerRevision *row = have->list->pdata[i];
        const LedgerRevision *there = ledger_find_revision(options->rows, row->id);

        if (there != NULL && there->state >= row->state)
            continue;
        error_set(error, ERROR_STATE, "revision %s is %s in the clone, and %s in production",
                  row->id, revision_state_name(row->state),
                  there != NULL ? revision_state_name(there->state) : "not there");
        return error_hint(error, "It is no copy of the configured database as it is now: make a "
                                 "new one.");
    }
    return true;
}
