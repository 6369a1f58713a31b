#include "ledger/ledger.h"

#include "base/error.h"
#include "base/fault.h"
#include "ledger/embedded.h"
#include "pg/lock.h"

enum { WAIT_MS = 60000 };

/* The way from each version to the next. */
static const char *const upgrades[LEDGER_VERSION] = {
    sql_ledger_1, sql_ledger_2, sql_ledger_3, sql_ledger_4, sql_ledger_5,
};

const char *
ledger_ddl(int version)
{
    g_assert(version >= 1 && version <= LEDGER_VERSION);
    /* cppcheck-suppress [arrayIndexOutOfBoundsCond, negativeIndex] ; it is asserted */
    return upgrades[version - 1];
}

char *
ledger_actor(void)
{
    const char *actor = g_getenv("SLUICE_ACTOR");

    if (actor && *actor)
        return g_strdup(actor);
    return g_strdup_printf("%s@%s", g_get_user_name(), g_get_host_name());
}

bool
ledger_is_absent(const GError *error)
{
    return error_is_sqlstate(error, "3F000") || error_is_sqlstate(error, "42P01") ||
           error_is_sqlstate(error, "42703");
}

bool
ledger_check_version(PgConn *conn, int version, GError **error)
{
    if (version <= LEDGER_VERSION)
        return true;
    error_set(error, ERROR_STATE,
              "the ledger of %s has version %d, and this sluice knows %d at most", pg_target(conn),
              version, LEDGER_VERSION);
    return error_hint(error, "Use the newer sluice that upgraded it.");
}

bool
ledger_check_upgraded(PgConn *conn, int version, GError **error)
{
    if (version >= LEDGER_VERSION)
        return true;
    error_set(error, ERROR_STATE, "the ledger of %s has version %d, and this sluice needs %d",
              pg_target(conn), version, LEDGER_VERSION);
    return error_hint(error, "Run `sluice ensure-version`, which upgrades it. Older sluices cannot "
                             "write it from then on.");
}

/* "role" and "database" of the session, quoted, for a GRANT. */
static bool
names(PgConn *conn, char **ret_role, char **ret_database)
{
    g_autoptr(PgRows) rows =
        pg_query(conn, NULL, "SELECT quote_ident(current_user), quote_ident(current_database())");

    if (rows == NULL)
        return false;
    *ret_role = g_strdup(pg_text(rows, 0, 0));
    *ret_database = g_strdup(pg_text(rows, 0, 1));
    return true;
}

bool
ledger_hint_rights(PgConn *conn, GError **error)
{
    g_autofree char *role = NULL, *database = NULL;

    if (error == NULL || !error_is_sqlstate(*error, "42501") || !names(conn, &role, &database))
        return false;
    return error_hint(error,
                      "The ledger belongs to the role that migrates. To read it: GRANT USAGE ON "
                      "SCHEMA sluice TO %s; GRANT SELECT ON ALL TABLES IN SCHEMA sluice TO %s; to "
                      "write it, connect as its owner or a member of that role.",
                      role, role);
}

bool
ledger_find(PgConn *conn, int *ret_version, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(PgRows) rows = pg_query(conn, &cause, "SELECT max(version) FROM sluice.ledger");
    int version = 0;

    if (rows != NULL) {
        version = (int) pg_integer(rows, 0, 0);
    } else if (!ledger_is_absent(cause)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return ledger_hint_rights(conn, error);
    }
    if (!ledger_check_version(conn, version, error))
        return false;
    *ret_version = version;
    return true;
}

/* The schema may have been made by an administrator, for a role that may not create one; it must
 * be the role's own, for it grants rights on it. */
static bool
ensure_schema(PgConn *conn, GError **error)
{
    g_autofree char *role = NULL, *database = NULL;
    g_autoptr(PgRows) rows =
        pg_query(conn, error,
                 "SELECT n.oid IS NOT NULL, coalesce(pg_has_role(n.nspowner, 'USAGE'), false), "
                 "       has_database_privilege(current_database(), 'CREATE') "
                 "FROM (SELECT 1) AS one LEFT JOIN pg_namespace n ON n.nspname = 'sluice'");

    if (rows == NULL || !names(conn, &role, &database))
        return false;
    if (pg_bool(rows, 0, 0) && pg_bool(rows, 0, 1))
        return true;
    if (pg_bool(rows, 0, 0)) {
        error_set(error, ERROR_SQL, "schema \"sluice\" of %s belongs to another role than %s",
                  pg_target(conn), role);
        return error_hint(error,
                          "As its owner: ALTER SCHEMA sluice OWNER TO %s; or connect as a "
                          "member of the role that owns it.",
                          role);
    }
    if (!pg_bool(rows, 0, 2)) {
        error_set(error, ERROR_SQL, "role %s may not create schema \"sluice\" in %s", role,
                  pg_target(conn));
        return error_hint(error,
                          "As an administrator: GRANT CREATE ON DATABASE %s TO %s; or: CREATE "
                          "SCHEMA sluice AUTHORIZATION %s;",
                          database, role, role);
    }
    return pg_exec_script(conn, "CREATE SCHEMA sluice", error);
}

static bool
record_version(PgConn *conn, int version, GError **error)
{
    g_autofree char *number = g_strdup_printf("%d", version);
    g_autofree char *actor = ledger_actor();

    return pg_exec(conn, error,
                   "INSERT INTO sluice.ledger (version, tool, upgraded_by) VALUES ($1, $2, $3)",
                   number, "sluice " SLUICE_VERSION, actor);
}

/* In a transaction of its own, all or nothing. */
static bool
upgrade_from(PgConn *conn, int version, GError **error)
{
    if (!pg_begin(conn, error))
        return false;
    if (!ensure_schema(conn, error))
        return false;
    for (int next = version + 1; next <= LEDGER_VERSION; next++)
        if (!pg_exec_script(conn, ledger_ddl(next), error) || !record_version(conn, next, error))
            return false;
    FAULT_POINT("ledger-ensure-written");
    return pg_commit(conn, error);
}

bool
ledger_ensure(PgConn *conn, const Clock *clock, GError **error)
{
    const gint64 key = pg_lock_key(PG_LOCK_LEDGER, 0, 0);
    g_autoptr(GError) cause = NULL;
    int version = 0;
    bool upgraded;

    if (!ledger_find(conn, &version, &cause)) {
        /* Who may not read it does not own it either: that says more. */
        if (error_is_sqlstate(cause, "42501") && !ensure_schema(conn, error))
            return false;
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    if (version == LEDGER_VERSION)
        return true;
    if (!pg_poll_lock(conn, key, clock, WAIT_MS, NULL, NULL, error))
        return false;
    FAULT_POINT("ledger-ensure-locked");
    /* Another one may have done it while we waited. */
    upgraded = ledger_find(conn, &version, error) &&
               (version == LEDGER_VERSION || upgrade_from(conn, version, error));
    pg_rollback(conn);
    FAULT_POINT("ledger-ensure-committed");
    return pg_unlock(conn, key, upgraded ? error : NULL) && upgraded;
}
