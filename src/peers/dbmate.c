/* dbmate: `<version>_<name>.sql` with `-- migrate:up` and `-- migrate:down`, in pairs. */
#include <string.h>

#include "base/file.h"
#include "peers/folder.h"
#include "peers/peers.h"
#include "peers/sections.h"

static const SectionWords words = {
    .up = "migrate:up",
    .down = "migrate:down",
    .no_transaction = "transaction:false",
};

static bool
import_dbmate(const PeerSource *source, History *history, GError **error)
{
    static const char *const below[] = {"db/migrations", NULL};
    g_autofree char *migrations = folder_find(source->folder, below);
    g_autoptr(GPtrArray) files =
        folder_list(migrations ? migrations : source->folder, "^[0-9]+.*\\.sql$", false, error);

    if (files == NULL)
        return false;
    history->chain = true;
    for (guint i = 0; i < files->len; i++) {
        const char *path = g_ptr_array_index(files, i);

        if (!sections_import(path, &words, history, error))
            return false;
    }
    return true;
}

const Peer peer_dbmate = {
    .name = "dbmate",
    .title = "dbmate",
    .folder = "db/migrations with <version>_<name>.sql",
    .import = import_dbmate,
};
