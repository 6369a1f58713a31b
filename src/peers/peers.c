#include "peers/peers.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"

const Peer *const peers[] = {&peer_alembic, &peer_rails, &peer_dbmate, &peer_flyway,
                             &peer_sqitch,  &peer_sql,   NULL};

const Peer *
peer_find(const char *name, GError **error)
{
    const char *names[G_N_ELEMENTS(peers)] = {NULL};
    const char *nearest;

    for (guint i = 0; peers[i] != NULL; i++) {
        if (strcmp(peers[i]->name, name) == 0)
            return peers[i];
        names[i] = peers[i]->name;
    }
    nearest = text_nearest(name, names);
    error_set(error, ERROR_USAGE, "unknown tool '%s'", name);
    if (nearest != NULL)
        error_hint(error, "Did you mean '%s'?", nearest);
    else
        error_hint(error, "Known are alembic, rails, dbmate, flyway, sqitch, and sql for a folder "
                          "of plain SQL files.");
    return NULL;
}

char *
peer_revision_id(const char *name)
{
    static const char *const words[] = {"head", "heads", "base", "current", NULL};
    char *id = g_strdelimit(g_strdup(name), " \t\r\n@:+,/\\", '_');
    g_autofree char *bare = id;

    if (g_strv_contains(words, id) || strchr("-(", id[0]) != NULL)
        return g_strconcat("_", id, NULL);
    return g_steal_pointer(&bare);
}
