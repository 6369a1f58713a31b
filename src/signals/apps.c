/* Whether apps are at work: no signal that holds, but what the pace of a backfill goes by. */

#include "signals/signal.h"

/* An app that asks now and then is not there all the time; one at any steady rate is. What was done
 * before we came tells nothing: it may be who expanded the table a moment ago. */
#define RECENT "interval '1 s'"

bool
signals_see_apps(Signals *signals, bool *ret_apps, GError **error)
{
    g_autoptr(PgRows) rows =
        pg_query(signals->conn, error,
                 "SELECT EXISTS (SELECT FROM pg_stat_activity a "
                 "JOIN pg_stat_activity me ON me.pid = pg_backend_pid() "
                 "WHERE a.usesysid IS NOT NULL AND a.pid <> me.pid "
                 "  AND a.application_name NOT LIKE 'sluice/%' "
                 "  AND coalesce(a.backend_type, 'client backend') = 'client backend' "
                 "  AND (a.state IS NULL OR a.state NOT LIKE 'idle%' OR a.state_change > "
                 "       greatest(me.backend_start, clock_timestamp() - " RECENT ")))");

    if (rows == NULL)
        return false;
    *ret_apps = pg_bool(rows, 0, 0);
    return true;
}
