/* Whether apps are at work: no signal that holds, but what the pace of a backfill goes by. */

#include "signals/signal.h"

/* An app that asks now and then is not there all the time; one at any steady rate is. */
#define RECENT "interval '1 s'"

bool
signals_see_apps(Signals *signals, bool *ret_apps, GError **error)
{
    g_autoptr(PgRows) rows =
        pg_query(signals->conn, error,
                 "SELECT EXISTS (SELECT FROM pg_stat_activity "
                 "WHERE usesysid IS NOT NULL AND pid <> pg_backend_pid() "
                 "  AND application_name NOT LIKE 'sluice/%' "
                 "  AND coalesce(backend_type, 'client backend') = 'client backend' "
                 "  AND (state IS NULL OR state NOT LIKE 'idle%' "
                 "       OR clock_timestamp() - state_change < " RECENT "))");

    if (rows == NULL)
        return false;
    *ret_apps = pg_bool(rows, 0, 0);
    return true;
}
