/* Rails: db/migrate/<version>_<name>.rb. What the Ruby does is seen by running it: each migration
 * up and down on a private PostgreSQL, with the SQL that ActiveRecord sends written down. */
#include <glib/gstdio.h>
#include <string.h>

#include "peers/embedded.h"
#include "peers/folder.h"
#include "peers/foreign.h"
#include "peers/peers.h"
#include "pg/server.h"

/* Rails counts 001 and 1 as the same version, and so does its table. */
static void
add_file(History *history, const char *path)
{
    g_autofree char *name = g_path_get_basename(path);
    const size_t digits = strspn(name, "0123456789");
    const size_t zeros = MIN(strspn(name, "0"), digits - 1);
    g_autofree char *version = g_strndup(name + zeros, digits - zeros);
    g_autofree char *slug = g_strndup(name + digits + 1, strcspn(name + digits + 1, "."));
    PeerRevision *revision = history_add(history, version, path);

    revision->title = folder_title(slug);
    revision->created = folder_version_time(version);
}

static json_t *
ask_on(const PeerSource *source, const char *migrations, const PgServer *server, GError **error)
{
    g_autofree char *whole = g_canonicalize_filename(migrations, NULL);
    g_autofree char *host = g_strconcat("PGHOST=", server->folder, NULL);
    g_autofree char *port = g_strdup_printf("PGPORT=%d", server->port);
    const char *const arguments[] = {whole, NULL};
    const char *const environment[] = {host, port, "PGUSER=postgres", NULL};

    return foreign_ask(&(ForeignScript){source->interpreter ? source->interpreter : "ruby",
                                        rb_rails_log, arguments, environment},
                       error);
}

/* The private server lives as long as the question. */
static json_t *
ask_rails(const PeerSource *source, const char *migrations, GError **error)
{
    g_autofree char *above = g_dir_make_tmp("sluice-rails-XXXXXX", NULL);
    g_autofree char *folder = above ? g_build_filename(above, "server", NULL) : NULL;
    g_autoptr(PgServer) server = NULL;
    g_autoptr(json_t) result = NULL;

    if (above == NULL || g_chmod(above, 0755) != 0) {
        error_set(error, ERROR_STATE, "cannot make a temporary folder");
        return NULL;
    }
    server = pg_server_start(&(PgServerOptions){.folder = folder}, error);
    if (server != NULL) {
        g_autoptr(GError) unstopped = NULL;

        result = ask_on(source, migrations, server, error);
        if (!pg_server_remove(server, &unstopped))
            report_warning(source->report, "the private server in '%s' is left: %s", folder,
                           unstopped->message);
    }
    (void) g_rmdir(above);
    return g_steal_pointer(&result);
}

static void
take_result(History *history, const json_t *result)
{
    static const char *const functions[2] = {"up", "down"};
    const char *problem = json_string_value(json_object_get(result, "problem"));

    history->version = g_strdup(json_string_value(json_object_get(result, "version")));
    if (problem != NULL)
        foreign_mark_all(history, "Let `rails db:migrate:status` work first, then import again.",
                         problem);
    else
        foreign_take(history, result, functions);
}

static bool
import_rails(const PeerSource *source, History *history, GError **error)
{
    static const char *const below[] = {"db/migrate", "migrate", NULL};
    static const char hint[] = "Run it where they are: `bundle exec sluice import rails .`, or "
                               "--interpreter PATH.";
    g_autofree char *found = folder_find(source->folder, below);
    const char *migrations = found ? found : source->folder;
    g_autoptr(GPtrArray) files = folder_list(migrations, "^[0-9]+_.*\\.rb$", true, error);
    g_autoptr(json_t) result = NULL;
    g_autoptr(GError) cause = NULL;

    if (files == NULL)
        return false;
    if (files->len == 0)
        return true;
    history->chain = true;
    for (guint i = 0; i < files->len; i++)
        add_file(history, g_ptr_array_index(files, i));
    report_step(source->report, "running %u migrations on a private server", files->len);
    result = ask_rails(source, migrations, &cause);
    if (result == NULL && error_is(cause, ERROR_INTERRUPTED)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    if (result == NULL)
        foreign_mark_all(history, hint, cause->message);
    else if (json_is_null(json_object_get(result, "version")))
        foreign_mark_all(history, hint, "ruby has no activerecord and pg");
    else
        take_result(history, result);
    return true;
}

const Peer peer_rails = {
    .name = "rails",
    .title = "Rails",
    .folder = "the app, or its db/migrate with <version>_<name>.rb",
    .import = import_rails,
};
