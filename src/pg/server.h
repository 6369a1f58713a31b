/*
 * pg/server.h - the ephemeral PostgreSQL: a private server in a folder, started in half a second.
 *
 * It outlives the process that started it; whoever knows the folder finds and stops it. A crash of
 * the server loses nothing that it acknowledged; fsync is off, so a crash of the machine may lose
 * all, unless the options say durable. Listens on a unix socket in its
 * folder, which is closed to other users, and on loopback, with a password, if asked.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
    const char *folder;          /* NULL: pg_server_default_folder */
    bool tcp;                    /* listen on 127.0.0.1 too */
    int port;                    /* implies tcp; 0: a free one */
    bool replica;                /* a streaming standby beside it, application_name "replica" */
    bool durable;                /* fsync and full_page_writes on */
    const char *const *settings; /* "name=value", NULL-ended; may be NULL */
} PgServerOptions;

typedef struct {
    char *folder;
    int port;
    bool tcp;
    bool durable;
    bool replica;
    int replica_port;
    char *password;      /* of TCP sessions; NULL without tcp */
    GPtrArray *settings; /* char *: "name=value", NULL-ended */

    char *bin;     /* folder of the server's programs */
    char *version; /* "15.20" */
    char *url;     /* by TCP where it listens there, else by the socket */
    char *socket_url;
    char *log;
    int pid;           /* 0: stopped */
    char *replica_url; /* NULL without a replica */
    int replica_pid;
} PgServer;

/* Below the machine's temporary folder, one a user. Caller owns. */
char *pg_server_default_folder(void);

/* Starts the server of the folder, making it (and its replica) first where there is none. What was
 * started before keeps its data, ports, password and settings; @options adds to them. One that runs
 * is left as it is, but for a replica that may be added. ERROR_STATE: it runs with other options,
 * no binaries, folder is something else's or cannot be reached by
 * the server's user, socket path too long, it does not start (its log's reason). Caller owns. */
PgServer *pg_server_start(const PgServerOptions *options, GError **error);
/* The server of @folder (NULL: default), running or not. ERROR_STATE if there is none. Caller owns.
 */
PgServer *pg_server_find(const char *folder, GError **error);
/* Stops replica and server, if they run; sessions are cut off. @immediate: as if it crashed, the
 * next start recovers. */
bool pg_server_stop(PgServer *server, bool immediate, GError **error);
/* Stops it and removes its folder with all data. */
bool pg_server_remove(PgServer *server, GError **error);
void pg_server_free(PgServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PgServer, pg_server_free)
