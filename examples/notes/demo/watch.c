#include "demo/watch.h"

#include <stdlib.h>

#include "demo/db.h"

struct Watch {
    char *url;
    PGconn *conn;
};

static const char query[] =
    "SELECT r.state, coalesce(s.ordinal, -1), s.kind, coalesce(s.argument->>'name', s.kind), "
    "       s.state "
    "FROM sluice.rollout r LEFT JOIN LATERAL ("
    "  SELECT * FROM sluice.rollout_step WHERE rollout = r.id AND state IN ('running', 'waiting') "
    "  ORDER BY ordinal DESC LIMIT 1) s ON true "
    "WHERE r.app = 'notes-api' ORDER BY r.id DESC LIMIT 1";

Watch *
watch_new(const char *url)
{
    Watch *watch = g_new0(Watch, 1);

    watch->url = g_strdup(url);
    return watch;
}

void
watch_free(Watch *watch)
{
    if (watch == NULL)
        return;
    g_clear_pointer(&watch->conn, PQfinish);
    g_free(watch->url);
    g_free(watch);
}

bool
watch_look(Watch *watch, RolloutView *ret_view)
{
    g_autoptr(PGresult) result = NULL;

    *ret_view = (RolloutView){.step = -1};
    if (watch->conn == NULL)
        watch->conn = db_open(watch->url, "demo/watch", NULL);
    if (watch->conn == NULL)
        return false;
    result = db_query(watch->conn, query, NULL);
    if (result == NULL) {
        g_clear_pointer(&watch->conn, PQfinish);
        return false;
    }
    if (PQntuples(result) == 0)
        return true;
    ret_view->exists = true;
    g_strlcpy(ret_view->state, PQgetvalue(result, 0, 0), sizeof ret_view->state);
    ret_view->step = atoi(PQgetvalue(result, 0, 1));
    g_strlcpy(ret_view->kind, PQgetvalue(result, 0, 2), sizeof ret_view->kind);
    g_strlcpy(ret_view->name, PQgetvalue(result, 0, 3), sizeof ret_view->name);
    g_strlcpy(ret_view->step_state, PQgetvalue(result, 0, 4), sizeof ret_view->step_state);
    return true;
}
