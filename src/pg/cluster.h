/*
 * pg/cluster.h - one data folder of PostgreSQL and the binaries that run it: make, start, stop.
 *
 * Used by pg/server.h alone. PostgreSQL refuses root, so as root everything of it runs as another
 * user, who then owns the files. initdb takes seconds; its result is kept in the user's cache
 * folder, one for each version, and copied.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

typedef struct {
    char *bin;     /* the folder of initdb, pg_ctl, postgres */
    char *version; /* "15.20" */
    char *user;    /* who runs it; NULL: we ourselves */
    uid_t uid;     /* of @user */
    gid_t gid;
} PgInstall;

/* The newest installed, or the newest of @major where that is not 0: SLUICE_PG_BIN alone if set,
 * else /usr/lib/postgresql/<major>/bin, then PATH. ERROR_STATE if there is none. */
bool pg_install_init(PgInstall *install, int major, GError **error);
void pg_install_clear(PgInstall *install);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PgInstall, pg_install_clear)

/* Runs a program of @install's folder. */
bool pg_install_run(const PgInstall *install, const char *const *argv, GError **error);
/* Gives @path to the user who runs the server. */
bool pg_install_own(const PgInstall *install, const char *path, GError **error);

/* A fresh cluster at @data: superuser postgres, C locale, UTF8; socket trusted (its folder is
 * private), TCP by password; reads sluice.conf after postgresql.conf. */
bool cluster_create(const PgInstall *install, const char *data, GError **error);
/* A standby's copy of the server at @host (a socket's folder) and @port; its replication slot @slot
 * exists. Whom it follows is told by cluster_configure. */
bool cluster_create_replica(const PgInstall *install, const char *data, const char *host, int port,
                            const char *slot, GError **error);
/* Writes its sluice.conf; read when it starts. */
bool cluster_configure(const PgInstall *install, const char *data, const char *text,
                       GError **error);
/* Starts it and waits until it answers. ERROR_STATE with the last FATAL line of @log. */
bool cluster_start(const PgInstall *install, const char *data, const char *log, GError **error);
/* @mode "fast", "immediate". Not running is no error. */
bool cluster_stop(const PgInstall *install, const char *data, const char *mode, GError **error);
/* Of the postmaster; 0 if it does not run. */
int cluster_pid(const char *data);
/* Of the data; 0 if there is none. */
int cluster_major(const char *data);
