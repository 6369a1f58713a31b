/* A folder of plain SQL files, in the order of their names; also the files of golang-migrate
 * (`.up.sql`, `.down.sql`) and of goose (`-- +goose Up`). */
#include <string.h>

#include "base/file.h"
#include "peers/folder.h"
#include "peers/peers.h"
#include "peers/script.h"
#include "peers/sections.h"

static const SectionWords goose = {
    .up = "+goose Up",
    .down = "+goose Down",
    .no_transaction = "+goose NO TRANSACTION",
};

static void
take_file(History *history, const PeerRevision *revision, const char *path, const char *text,
          PeerSql *ret_sql)
{
    script_take(
        history, revision,
        &(ScriptSource){.place = {.file = path, .line = 1}, .text = text, .in_transaction = true},
        ret_sql);
}

/* The way down of `1_x.up.sql` is `1_x.down.sql`. */
static bool
take_down_file(const char *path, PeerRevision *revision, History *history, GError **error)
{
    g_autofree char *stem = g_strndup(path, strlen(path) - strlen(".up.sql"));
    g_autofree char *down = g_strconcat(stem, ".down.sql", NULL);
    g_autofree char *text = NULL;

    if (!g_file_test(down, G_FILE_TEST_EXISTS))
        return true;
    text = file_read(down, error);
    if (text == NULL)
        return false;
    take_file(history, revision, down, text, &revision->downgrade);
    return true;
}

static bool
import_file(const char *path, History *history, GError **error)
{
    g_autofree char *text = NULL;
    const bool is_up = g_str_has_suffix(path, ".up.sql");
    PeerRevision *revision;

    if (g_str_has_suffix(path, ".down.sql"))
        return true;
    text = file_read(path, error);
    if (text == NULL)
        return false;
    if (sections_has(text, goose.up))
        return sections_import(path, &goose, history, error);
    revision = sections_add_file(history, path, is_up ? ".up.sql" : ".sql");
    take_file(history, revision, path, text, &revision->expand);
    return !is_up || take_down_file(path, revision, history, error);
}

static bool
import_sql(const PeerSource *source, History *history, GError **error)
{
    g_autoptr(GPtrArray) files = folder_list(source->folder, "\\.sql$", false, error);

    if (files == NULL)
        return false;
    history->chain = true;
    for (guint i = 0; i < files->len; i++) {
        if (!import_file(g_ptr_array_index(files, i), history, error))
            return false;
    }
    return true;
}

const Peer peer_sql = {
    .name = "sql",
    .title = "plain SQL",
    .folder = "*.sql in the order of their names, also *.up.sql with *.down.sql, and goose's",
    .import = import_sql,
};
