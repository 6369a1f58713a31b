#include "pg/conn.h"

#include <poll.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "pg/session.h"

enum {
    OLDEST_SERVER = 140000,
    ENTERED_COLUMN = 10, /* of check_session's row */
};

static void
discard_notice(void *data G_GNUC_UNUSED, const PGresult *result G_GNUC_UNUSED)
{
}

/* What stands between the user and the last '@': the password, whatever else a mistake in it made
 * of it. NULL if there is none. Caller owns. */
static char *
secret_of(const char *url)
{
    const char *user = strstr(url, "://");
    const char *colon = user ? strchr(user + strlen("://"), ':') : NULL;
    const char *end = strrchr(url, '@');

    return colon && end && colon < end ? g_strndup(colon + 1, (gsize) (end - colon - 1)) : NULL;
}

/* libpq quotes what it could not read, and that may be a part of the password. */
static char *
hide_secret(const char *message, const char *url)
{
    g_autofree char *secret = secret_of(url);
    g_auto(GStrv) parts = g_strsplit(message, "\"", -1);

    for (guint i = 1; secret && i < g_strv_length(parts); i += 2) {
        /* A host name with '@': the end of a password that has one. */
        const char *at = strrchr(parts[i], '@');
        char *shown;

        if (at == NULL && (*parts[i] == '\0' || strstr(secret, parts[i]) == NULL))
            continue;
        shown = g_strconcat("***", at, NULL);
        g_free(parts[i]);
        parts[i] = shown;
    }
    return g_strjoinv("\"", parts);
}

/* Before anybody is called: a URL that cannot be read is a mistake in the settings. */
static bool
check_url(const char *url, GError **error)
{
    char *reason = NULL;
    PQconninfoOption *options = PQconninfoParse(url, &reason);
    g_autofree char *line = reason ? pg_one_line(reason) : NULL;
    g_autofree char *message = line ? hide_secret(line, url) : NULL;

    PQfreemem(reason);
    if (options) {
        PQconninfoFree(options);
        return true;
    }
    error_set(error, ERROR_CONFIG, "the database URL cannot be read: %s",
              message ? message : "out of memory");
    return error_hint(error, "Write postgresql://user:password@host:5432/database, in the password "
                             "%%40 for @, %%3A for :, %%2F for / and %%25 for %%.");
}

static bool
fail_connect(PgConn *conn, GError **error)
{
    g_autofree char *line = pg_one_line(PQerrorMessage(conn->pg));
    g_autofree char *message = hide_secret(line, conn->url);

    error_set(error, ERROR_CONNECTION, "cannot connect to the database: %s", message);
    return error_hint(error, "Check database.url in sluice.yaml, or DATABASE_URL.");
}

static void
remember_target(PgConn *conn)
{
    const char *host = PQhost(conn->pg), *port = PQport(conn->pg), *name = PQdb(conn->pg);

    g_free(conn->target);
    conn->target =
        g_strdup_printf("%s:%s/%s%s%s", host ? host : "", port ? port : "", name ? name : "",
                        conn->schema ? ", schema " : "", conn->schema ? conn->schema : "");
}

/* $1: the schema, or NULL. Its row tells whether it is there. */
#define ENTER_SCHEMA                                                                               \
    "$1::text IS NULL OR EXISTS (SELECT FROM pg_namespace WHERE nspname = $1), "                   \
    "CASE WHEN $1 IS NOT NULL "                                                                    \
    "     THEN set_config('search_path', quote_ident($1) || ', public', false) END"

static bool
check_schema(const PgConn *conn, const PgRows *rows, int column, GError **error)
{
    g_autofree char *quoted = NULL;

    if (pg_bool(rows, 0, column))
        return true;
    quoted = pg_quote_identifier(conn->schema);
    error_set(error, ERROR_STATE, "there is no such schema: %s", conn->target);
    return error_hint(error, "For a new tenant: CREATE SCHEMA %s; then run the command again.",
                      quoted);
}

/* One query: whether the session is what it seems, and its settings. A transaction-pooling proxy
 * answers with a backend that is not the one it announced. */
static bool
check_session(PgConn *conn, GError **error)
{
    g_autoptr(PgRows) rows =
        pg_query(conn, error,
                 "SELECT pg_backend_pid(), pg_is_in_recovery(), "
                 "       current_setting('default_transaction_read_only') = 'on', "
                 "       set_config('idle_in_transaction_session_timeout', '30s', false), "
                 "       set_config('lock_timeout', '0', false), "
                 "       set_config('statement_timeout', '0', false), "
                 "       set_config('jit', 'off', false), "
                 "       set_config('DateStyle', 'ISO', false), "
                 "       set_config('IntervalStyle', 'postgres', false), "
                 "       set_config('extra_float_digits', '3', false), " ENTER_SCHEMA,
                 conn->schema);

    if (rows == NULL)
        return false;
    if (!conn->allow_pooler && pg_integer(rows, 0, 0) != PQbackendPID(conn->pg)) {
        error_set(error, ERROR_CONNECTION,
                  "%s is a pooler in transaction mode: backend %" G_GINT64_FORMAT
                  " answered where %d was announced, so session locks would protect nothing",
                  conn->target, pg_integer(rows, 0, 0), PQbackendPID(conn->pg));
        return error_hint(error,
                          "Give sluice the server's own address, or a pool in session mode.");
    }
    if (!check_schema(conn, rows, ENTERED_COLUMN, error))
        return false;
    if (conn->allow_standby)
        return true;
    if (pg_bool(rows, 0, 1)) {
        error_set(error, ERROR_CONNECTION, "%s is a read-only replica", conn->target);
        return error_hint(error, "Point database.url at the primary, or add "
                                 "target_session_attrs=read-write to it.");
    }
    if (pg_bool(rows, 0, 2)) {
        error_set(error, ERROR_CONNECTION, "%s is read-only (default_transaction_read_only is on)",
                  conn->target);
        return error_hint(error, "Switch it off for the migrating role.");
    }
    return true;
}

bool
pg_check_deferred(PgConn *conn, GError **error)
{
    if (!conn->is_checked)
        conn->is_checked = check_session(conn, error);
    return conn->is_checked;
}

static bool
check_server(PgConn *conn, GError **error)
{
    conn->is_checked = false;
    if (PQserverVersion(conn->pg) >= OLDEST_SERVER)
        return (conn->defer_checks && conn->schema == NULL) || pg_check_deferred(conn, error);
    error_set(error, ERROR_CONNECTION,
              "%s runs PostgreSQL %d, which is too old: 14 or newer is needed", conn->target,
              PQserverVersion(conn->pg) / 10000);
    return error_hint(error, "Upgrade the server; TID range scans came with version 14.");
}

static bool
open_session(PgConn *conn, GError **error)
{
    g_autofree char *name = g_strdup_printf("sluice/%s", conn->purpose);
    g_autofree char *timeout =
        g_strdup_printf("%d", (int) MAX((conn->connect_timeout_ms + 999) / 1000, 2));
    const char *const keys[] = {"dbname",           "application_name",    "connect_timeout",
                                "keepalives_idle",  "keepalives_interval", "keepalives_count",
                                "tcp_user_timeout", "client_encoding",     NULL};
    const char *const values[] = {conn->url, name, timeout, "10", "5", "3", "20000", "UTF8", NULL};

    if (conn->pg)
        PQfinish(conn->pg);
    g_hash_table_remove_all(conn->prepared);
    g_array_set_size(conn->sent, 0);
    conn->pg = PQconnectdbParams(keys, values, 1);
    if (PQstatus(conn->pg) != CONNECTION_OK)
        return fail_connect(conn, error);
    PQsetNoticeReceiver(conn->pg, discard_notice, NULL);
    remember_target(conn);
    return check_server(conn, error);
}

PgConn *
pg_connect(const char *url, const PgConnOptions *options, GError **error)
{
    g_autoptr(PgConn) conn = NULL;
    static const PgConnOptions none;
    const PgConnOptions *o = options ? options : &none;

    if (!check_url(url, error))
        return NULL;
    conn = g_new0(PgConn, 1);
    conn->url = g_strdup(url);
    conn->purpose = g_strdup(o->purpose ? o->purpose : "session");
    conn->connect_timeout_ms = o->connect_timeout_ms ? o->connect_timeout_ms : 10000;
    conn->allow_standby = o->allow_standby;
    conn->allow_pooler = o->allow_pooler;
    conn->defer_checks = o->defer_checks;
    conn->schema = g_strdup(o->schema);
    conn->prepared = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    conn->sent = g_array_new(FALSE, FALSE, sizeof(guint));
    return open_session(conn, error) ? g_steal_pointer(&conn) : NULL;
}

void
pg_disconnect(PgConn *conn)
{
    if (conn == NULL)
        return;
    PQfinish(conn->pg);
    g_free(conn->url);
    g_free(conn->purpose);
    g_free(conn->target);
    g_free(conn->schema);
    g_hash_table_unref(conn->prepared);
    g_array_unref(conn->sent);
    g_free(conn);
}

bool
pg_reconnect(PgConn *conn, GError **error)
{
    return open_session(conn, error);
}

bool
pg_enter_schema(PgConn *conn, const char *schema, GError **error)
{
    g_autoptr(PgRows) rows = pg_query(conn, error, "SELECT " ENTER_SCHEMA, schema);

    if (rows == NULL)
        return false;
    g_free(conn->schema);
    conn->schema = g_strdup(schema);
    remember_target(conn);
    return check_schema(conn, rows, 0, error);
}

const char *
pg_schema(const PgConn *conn)
{
    return conn->schema;
}

bool
pg_is_connected(const PgConn *conn)
{
    return PQstatus(conn->pg) == CONNECTION_OK;
}

int
pg_backend_pid(const PgConn *conn)
{
    return PQbackendPID(conn->pg);
}

int
pg_server_version(const PgConn *conn)
{
    return PQserverVersion(conn->pg);
}

const char *
pg_target(const PgConn *conn)
{
    return conn->target;
}

/* Lower-case letters, digits and underscores need no quotes unless the word is a key word; we
 * cannot know all servers' key words, so everything that could be one is quoted but the plainest
 * forms. */
static bool
is_plain(const char *name)
{
    if (!(g_ascii_islower(name[0]) || name[0] == '_'))
        return false;
    for (const char *c = name; *c; c++)
        if (!(g_ascii_islower(*c) || g_ascii_isdigit(*c) || *c == '_'))
            return false;
    return strchr(name, '_') != NULL;
}

char *
pg_quote_identifier(const char *name)
{
    g_autoptr(GString) quoted = NULL;

    if (is_plain(name))
        return g_strdup(name);
    quoted = g_string_new(name);
    g_string_replace(quoted, "\"", "\"\"", 0);
    g_string_prepend_c(quoted, '"');
    g_string_append_c(quoted, '"');
    return g_string_free(g_steal_pointer(&quoted), FALSE);
}

char *
pg_quote_qualified(const char *schema, const char *name)
{
    g_autofree char *a = pg_quote_identifier(schema);
    g_autofree char *b = pg_quote_identifier(name);

    return g_strdup_printf("%s.%s", a, b);
}

char *
pg_quote_literal(const char *value)
{
    GString *quoted = g_string_new(value);

    g_string_replace(quoted, "'", "''", 0);
    if (strchr(value, '\\')) {
        g_string_replace(quoted, "\\", "\\\\", 0);
        g_string_prepend(quoted, "E'");
    } else {
        g_string_prepend_c(quoted, '\'');
    }
    g_string_append_c(quoted, '\'');
    return g_string_free(quoted, FALSE);
}

bool
pg_wait_notify(PgConn *conn, gint64 timeout_ms)
{
    struct pollfd poller = {.fd = PQsocket(conn->pg), .events = POLLIN};
    bool came = false;

    if (poll(&poller, 1, (int) timeout_ms) > 0)
        PQconsumeInput(conn->pg);
    for (PGnotify *notify; (notify = PQnotifies(conn->pg)) != NULL; came = true)
        PQfreemem(notify);
    return came;
}
