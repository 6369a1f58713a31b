#include "api/server.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <string.h>

#include "api/notes.h"
#include "api/users.h"
#include "api/version.h"

enum { BODY_MAX = 64 * 1024, STACK_SIZE = 512 * 1024, CONNECTIONS_MAX = 256 };

struct Server {
    struct MHD_Daemon *daemon;
    Pool *pool;
    char *instance;
    gint draining;     /* atomic */
    gint open;         /* atomic: requests in progress, health checks left out */
    gint last_request; /* atomic: ms, modulo 2^31 */
};

typedef struct {
    Server *server;
    const char *method, *path;
    GString *body;
    bool counted;
} Request;

static gint
now_ms(void)
{
    return (gint) ((g_get_monotonic_time() / 1000) & G_MAXINT);
}

static Answer
answer_health(Server *server)
{
    if (g_atomic_int_get(&server->draining))
        return answer_error(503, "draining");
    return answer_json(200, json_pack("{s:s}", "status", "up"));
}

static Answer
answer_ready(Server *server, Session *session)
{
    g_autoptr(PGresult) result = NULL;

    if (g_atomic_int_get(&server->draining))
        return answer_error(503, "draining");
    result = session_run(session, STATEMENT_READY, NULL);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        return answer_error(503, "not ready: %s", PQresultErrorMessage(result));
    if (strcmp(PQgetvalue(result, 0, 0), "t") != 0)
        return answer_error(503, "not ready: the schema does not fit version %s", VERSION_TEXT);
    return answer_json(200, json_pack("{s:s}", "status", "ready"));
}

/* The id in "/users/17", or NULL. */
static const char *
id_after(const char *path, const char *prefix)
{
    const char *id = path + strlen(prefix);

    return *id && strspn(id, "0123456789") == strlen(id) ? id : NULL;
}

static Answer
route_users(Session *session, const Request *request, json_t *input)
{
    const char *id = id_after(request->path, "/users/");

    if (id == NULL && strcmp(request->path, "/users/") != 0)
        return answer_error(404, "there is no %s", request->path);
    if (id && strcmp(request->method, "GET") == 0)
        return users_get(session, id);
    if (!id && strcmp(request->method, "POST") == 0)
        return users_create(session, input);
    if (id && strcmp(request->method, "PATCH") == 0)
        return users_patch(session, id, input);
    return answer_error(405, "%s does not take %s", request->path, request->method);
}

static Answer
route_notes(Session *session, const Request *request, json_t *input,
            struct MHD_Connection *connection)
{
    if (strcmp(request->method, "GET") == 0)
        return notes_list(
            session, MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "user_id"));
    if (strcmp(request->method, "POST") == 0)
        return notes_create(session, input);
    return answer_error(405, "%s does not take %s", request->path, request->method);
}

static Answer
route(const Request *request, Session *session, struct MHD_Connection *connection)
{
    json_t *input = NULL;
    Answer answer;

    if (strcmp(request->path, "/readyz") == 0)
        return answer_ready(request->server, session);
    if (strcmp(request->method, "GET") != 0) {
        json_error_t problem;
        input = json_loadb(request->body->str, request->body->len, 0, &problem);
        if (input == NULL)
            return answer_error(400, "the body is not JSON: %s", problem.text);
    }
    if (g_str_has_prefix(request->path, "/users/"))
        answer = route_users(session, request, input);
    else
        answer = route_notes(session, request, input, connection);
    json_decref(input);
    return answer;
}

static Answer
answer_request(const Request *request, struct MHD_Connection *connection)
{
    Pool *pool = request->server->pool;
    g_autofree char *reason = NULL;
    Session *session;
    Answer answer;

    if (strcmp(request->path, "/healthz") == 0)
        return answer_health(request->server);
    if (!g_str_has_prefix(request->path, "/users/") && strcmp(request->path, "/notes/") != 0 &&
        strcmp(request->path, "/readyz") != 0)
        return answer_error(404, "there is no %s", request->path);
    session = pool_borrow(pool, &reason);
    if (session == NULL)
        return answer_error(503, "no database: %s", reason);
    answer = route(request, session, connection);
    pool_return(pool, session);
    return answer;
}

static enum MHD_Result
send_answer(Server *server, struct MHD_Connection *connection, Answer answer)
{
    char *text = json_dumps(answer.body, JSON_COMPACT);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
    enum MHD_Result result;

    json_decref(answer.body);
    MHD_add_response_header(response, "Content-Type", "application/json");
    MHD_add_response_header(response, "X-Notes-Instance", server->instance);
    if (g_atomic_int_get(&server->draining))
        MHD_add_response_header(response, "Connection", "close");
    result = MHD_queue_response(connection, answer.status, response);
    MHD_destroy_response(response);
    return result;
}

/* libmicrohttpd calls this once for the head, then for each piece of the body, then without data
 * for the answer. */
static enum MHD_Result
on_request(void *data, struct MHD_Connection *connection, const char *path, const char *method,
           const char *version G_GNUC_UNUSED, const char *upload, size_t *upload_size, void **state)
{
    Server *server = data;
    Request *request = *state;

    if (request == NULL) {
        request = g_new0(Request, 1);
        request->server = server;
        request->body = g_string_new(NULL);
        request->counted = strcmp(path, "/healthz") != 0;
        if (request->counted)
            g_atomic_int_inc(&server->open);
        *state = request;
        return MHD_YES;
    }
    if (*upload_size > 0) {
        if (request->body->len + *upload_size > BODY_MAX)
            return MHD_NO;
        g_string_append_len(request->body, upload, (gssize) *upload_size);
        *upload_size = 0;
        return MHD_YES;
    }
    request->path = path;
    request->method = method;
    return send_answer(server, connection, answer_request(request, connection));
}

static void
on_completed(void *data, struct MHD_Connection *connection G_GNUC_UNUSED, void **state,
             enum MHD_RequestTerminationCode code G_GNUC_UNUSED)
{
    Server *server = data;
    Request *request = *state;

    if (request == NULL)
        return;
    if (request->counted) {
        g_atomic_int_set(&server->last_request, now_ms());
        g_atomic_int_add(&server->open, -1);
    }
    g_string_free(request->body, TRUE);
    g_free(request);
    *state = NULL;
}

Server *
server_new(guint16 port, Pool *pool)
{
    g_autoptr(Server) server = g_new0(Server, 1);
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    server->pool = pool;
    server->instance = g_strdup_printf("%s/%u", VERSION_TEXT, (unsigned) port);
    server->last_request = now_ms();
    server->daemon = MHD_start_daemon(
        MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, port, NULL,
        NULL, on_request, server, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, server, MHD_OPTION_THREAD_STACK_SIZE, (size_t) STACK_SIZE,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned) CONNECTIONS_MAX, MHD_OPTION_LISTENING_ADDRESS_REUSE,
        1U, MHD_OPTION_END);
    return server->daemon ? g_steal_pointer(&server) : NULL;
}

bool
server_drain(Server *server, gint64 least_ms, gint64 quiet_ms, gint64 timeout_ms)
{
    const gint64 start = g_get_monotonic_time() / 1000;

    g_atomic_int_set(&server->draining, TRUE);
    for (;;) {
        const gint64 spent = g_get_monotonic_time() / 1000 - start;
        const gint quiet = (now_ms() - g_atomic_int_get(&server->last_request)) & G_MAXINT;
        const bool is_idle = g_atomic_int_get(&server->open) == 0 && quiet >= quiet_ms;

        if (is_idle && spent >= least_ms)
            return true;
        if (spent > timeout_ms)
            return false;
        g_usleep(10 * 1000);
    }
}

void
server_free(Server *server)
{
    if (server == NULL)
        return;
    if (server->daemon)
        MHD_stop_daemon(server->daemon);
    g_free(server->instance);
    g_free(server);
}
