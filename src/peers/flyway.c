/* Flyway: V<version>__<title>.sql, its undo U<version>__.., and repeatable R__<title>.sql, which
 * comes last, as the one revision that makes what the file says today. */
#include <string.h>

#include "base/file.h"
#include "peers/folder.h"
#include "peers/peers.h"
#include "peers/script.h"

/* `1_2` and `1.2` are the same version. */
static char *
version_of(const char *name)
{
    const char *end = strstr(name, "__");

    return g_strdelimit(g_strndup(name + 1, (gsize) (end - name - 1)), "_", '.');
}

static char *
title_of(const char *name)
{
    const char *title = strstr(name, "__") + 2;
    g_autofree char *stem = g_strndup(title, strlen(title) - strlen(".sql"));

    return folder_title(stem);
}

/* Flyway replaces ${..}; what by, only its configuration knows. */
static void
note_placeholders(History *history, const PeerRevision *revision, const char *path,
                  const char *text, PeerSql *sql)
{
    const char *at = strstr(text, "${");
    int line = 1;

    if (at == NULL)
        return;
    for (const char *c = text; c < at; c++)
        line += *c == '\n';
    history_note(history, revision, (Place){.file = path, .line = line},
                 "Write what Flyway puts in its place, and remove the line `fill in`.",
                 "the script has Flyway's placeholders, ${..}");
    if (sql->missing == NULL)
        sql->missing = g_strdup("the values of Flyway's placeholders, ${..}");
}

/* `V1__x.sql.conf` may say executeInTransaction=false. */
static bool
runs_outside_transaction(const char *path)
{
    g_autofree char *conf = g_strconcat(path, ".conf", NULL);
    g_autofree char *text = NULL;

    return g_file_get_contents(conf, &text, NULL, NULL) &&
           g_regex_match_simple("^\\s*executeInTransaction\\s*=\\s*false", text,
                                G_REGEX_MULTILINE | G_REGEX_CASELESS, 0);
}

static bool
take_file(const char *path, History *history, PeerRevision *revision, PeerSql *sql, GError **error)
{
    g_autofree char *text = file_read(path, error);

    if (text == NULL)
        return false;
    script_take(
        history, revision,
        &(ScriptSource){.place = {.file = path, .line = 1}, .text = text, .in_transaction = true},
        sql);
    note_placeholders(history, revision, path, text, sql);
    if (runs_outside_transaction(path))
        sql->statement_transactions = true;
    return true;
}

static bool
add_versioned(const char *path, History *history, GError **error)
{
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *version = version_of(name);
    PeerRevision *revision = history_find(history, version);

    if (revision != NULL) {
        history_note(history, revision, (Place){.file = path},
                     "Give one of the files another version.",
                     "'%s' has the same version, and is the one taken", revision->source);
        return true;
    }
    revision = history_add(history, version, path);
    revision->title = title_of(name);
    revision->created = folder_version_time(version);
    return take_file(path, history, revision, &revision->expand, error);
}

static bool
add_undo(const char *path, History *history, GError **error)
{
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *version = version_of(name);
    PeerRevision *revision = history_find(history, version);

    if (revision == NULL) {
        history_note(history, NULL, (Place){.file = path}, "Remove the file, or add its migration.",
                     "it undoes version %s, which no file makes", version);
        return true;
    }
    return take_file(path, history, revision, &revision->downgrade, error);
}

static bool
add_repeatable(const char *path, History *history, GError **error)
{
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *stem = g_strndup(name, strlen(name) - strlen(".sql"));
    PeerRevision *revision = history_add(history, stem, path);

    revision->title = title_of(name);
    history_note(history, revision, (Place){.file = path},
                 "Make each later change of it a revision of its own.",
                 "a repeatable migration comes once, as it is today, behind all others");
    return take_file(path, history, revision, &revision->expand, error);
}

static bool
note_baseline(const char *path, History *history, GError **error G_GNUC_UNUSED)
{
    history_note(history, NULL, (Place){.file = path},
                 "Nothing, where the V files are all there. Else rename it to V.. and import "
                 "again.",
                 "a baseline migration stands for the versions up to its own, and is left out");
    return true;
}

static bool
note_java(const char *path, History *history, GError **error G_GNUC_UNUSED)
{
    history_note(history, NULL, (Place){.file = path},
                 "Write what it does as V<version>__<title>.sql, and import again.",
                 "a migration in another language than SQL is left out");
    return true;
}

static const struct {
    const char *pattern;
    bool (*add)(const char *path, History *history, GError **error);
} kinds[] = {
    {"^V[0-9][0-9._]*__.*\\.sql$", add_versioned},
    {"^U[0-9][0-9._]*__.*\\.sql$", add_undo},
    {"^R__.*\\.sql$", add_repeatable},
    {"^B[0-9][0-9._]*__.*\\.sql$", note_baseline},
    {"^[VUR][0-9._]*__.*\\.(java|kt|groovy|class|py)$", note_java},
};

static bool
import_flyway(const PeerSource *source, History *history, GError **error)
{
    history->chain = true;
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autoptr(GPtrArray) files = folder_list(source->folder, kinds[i].pattern, true, error);

        if (files == NULL)
            return false;
        for (guint j = 0; j < files->len; j++) {
            if (!kinds[i].add(g_ptr_array_index(files, j), history, error))
                return false;
        }
    }
    return true;
}

const Peer peer_flyway = {
    .name = "flyway",
    .title = "Flyway",
    .folder = "V<version>__<title>.sql, U.. and R__.., also in folders below",
    .import = import_flyway,
};
