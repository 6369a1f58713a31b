/*
 * notes-api - a small notes service; the app of the demo, in two versions.
 *
 *   NOTES_DATABASE_URL=postgresql://.. notes-api-2 --port 8081
 */
#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>

#include "api/pool.h"
#include "api/server.h"
#include "api/version.h"

typedef struct {
    int port, sessions, drain_ms;
    char *url;
} Options;

static bool
parse_options(int argc, char **argv, Options *options)
{
    g_autoptr(GOptionContext) context = g_option_context_new("- a small notes service");
    g_autoptr(GError) error = NULL;
    const GOptionEntry entries[] = {
        {"port", 'p', 0, G_OPTION_ARG_INT, &options->port, "Listen on 127.0.0.1:PORT", "PORT"},
        {"sessions", 's', 0, G_OPTION_ARG_INT, &options->sessions, "Database sessions (6)", "N"},
        {"drain", 0, 0, G_OPTION_ARG_INT, &options->drain_ms,
         "Answer at least so long after SIGTERM (1500)", "MS"},
        {"database", 'd', 0, G_OPTION_ARG_STRING, &options->url, "Instead of NOTES_DATABASE_URL",
         "URL"},
        G_OPTION_ENTRY_NULL};

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        g_printerr("notes-api: %s\n", error->message);
        return false;
    }
    if (options->url == NULL)
        options->url = g_strdup(g_getenv("NOTES_DATABASE_URL"));
    if (options->url && options->port > 0 && options->port < 65536 && options->sessions > 0)
        return true;
    g_printerr("notes-api: needs --port and NOTES_DATABASE_URL\n");
    return false;
}

/* SIGTERM and SIGINT are waited for, not handled: blocked before any thread starts. */
static void
block_stop_signals(sigset_t *ret_signals)
{
    sigemptyset(ret_signals);
    sigaddset(ret_signals, SIGTERM);
    sigaddset(ret_signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, ret_signals, NULL);
}

int
main(int argc, char **argv)
{
    enum { QUIET_MS = 300, DRAIN_MAX_MS = 30 * 1000 };
    Options options = {.sessions = 6, .drain_ms = 1500};
    g_autofree char *url = NULL;
    g_autoptr(Pool) pool = NULL;
    g_autoptr(Server) server = NULL;
    sigset_t signals;
    int signal_number;
    bool drained;

    if (!parse_options(argc, argv, &options))
        return 2;
    url = options.url;
    signal(SIGPIPE, SIG_IGN);
    block_stop_signals(&signals);
    pool = pool_new(url, (guint) options.sessions);
    server = server_new((guint16) options.port, pool);
    if (server == NULL) {
        g_printerr("notes-api: cannot listen on port %d: %s\n", options.port, g_strerror(errno));
        return 1;
    }
    g_print("%s serves on 127.0.0.1:%d\n", APPLICATION_NAME, options.port);
    sigwait(&signals, &signal_number);
    g_print("draining\n");
    drained = server_drain(server, options.drain_ms, QUIET_MS, DRAIN_MAX_MS);
    g_print("%s\n", drained ? "drained" : "gave up: requests are still open");
    return drained ? 0 : 1;
}
