#include "http/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct HttpClient {
    guint16 port;
    gint64 timeout_ms;
    int fd; /* -1: not connected */
    GString *input;
};

HttpClient *
http_client_new(guint16 port, gint64 timeout_ms)
{
    HttpClient *client = g_new0(HttpClient, 1);

    client->port = port;
    client->timeout_ms = timeout_ms;
    client->fd = -1;
    client->input = g_string_new(NULL);
    return client;
}

static void
hang_up(HttpClient *client)
{
    if (client->fd >= 0)
        close(client->fd);
    client->fd = -1;
}

void
http_client_free(HttpClient *client)
{
    if (client == NULL)
        return;
    hang_up(client);
    g_string_free(client->input, TRUE);
    g_free(client);
}

/* The other side may close a connection that is idle: seen before anything is sent, that is no
 * failure. */
static bool
is_still_open(int fd)
{
    struct pollfd poller = {.fd = fd, .events = POLLIN};

    return fd >= 0 && poll(&poller, 1, 0) == 0;
}

static bool
ensure_connected(HttpClient *client)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(client->port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int one = 1;

    if (is_still_open(client->fd))
        return true;
    hang_up(client);
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->fd < 0)
        return false;
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(client->fd, (const struct sockaddr *) &address, sizeof address) == 0)
        return true;
    hang_up(client);
    return false;
}

static bool
send_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        const ssize_t n = send(fd, data, size, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        data += n;
        size -= (size_t) n;
    }
    return true;
}

/* One more piece of input, before @deadline_us. */
static bool
receive_more(HttpClient *client, gint64 deadline_us, const char **ret_reason)
{
    struct pollfd poller = {.fd = client->fd, .events = POLLIN};
    const gint64 left_ms = (deadline_us - g_get_monotonic_time()) / 1000;
    char buffer[8192];
    ssize_t n;

    if (left_ms <= 0 || poll(&poller, 1, (int) left_ms) <= 0) {
        *ret_reason = "no answer in time";
        return false;
    }
    n = recv(client->fd, buffer, sizeof buffer, 0);
    if (n <= 0) {
        *ret_reason = n == 0 ? "connection closed without an answer" : "connection reset";
        return false;
    }
    g_string_append_len(client->input, buffer, n);
    return true;
}

/* The value of header @name in the head that ends at @end, or NULL; not NUL-terminated. */
static const char *
find_header(const char *head, const char *end, const char *name)
{
    const size_t length = strlen(name);

    for (const char *line = strstr(head, "\r\n"); line && line < end;
         line = strstr(line + 2, "\r\n"))
        if (g_ascii_strncasecmp(line + 2, name, length) == 0 && line[2 + length] == ':')
            return line + 2 + length + 1 + strspn(line + 2 + length + 1, " ");
    return NULL;
}

static bool
read_answer(HttpClient *client, HttpResponse *response, const char **ret_reason)
{
    const gint64 deadline = g_get_monotonic_time() + client->timeout_ms * 1000;
    const char *end, *length_text, *instance, *connection;
    gsize head_size, body_size;

    g_string_truncate(client->input, 0);
    while ((end = strstr(client->input->str, "\r\n\r\n")) == NULL)
        if (!receive_more(client, deadline, ret_reason))
            return false;
    head_size = (gsize) (end - client->input->str) + 4;
    length_text = find_header(client->input->str, end, "content-length");
    if (length_text == NULL ||
        sscanf(client->input->str, "HTTP/1.%*d %d", &response->status) != 1) {
        *ret_reason = "malformed answer";
        return false;
    }
    body_size = strtoul(length_text, NULL, 10);
    while (client->input->len < head_size + body_size)
        if (!receive_more(client, deadline, ret_reason))
            return false;
    end = client->input->str + head_size - 4;
    response->body = client->input->str + head_size;
    response->instance[0] = '\0';
    instance = find_header(client->input->str, end, "x-notes-instance");
    if (instance)
        sscanf(instance, "%31[^\r]", response->instance);
    connection = find_header(client->input->str, end, "connection");
    if (connection && g_ascii_strncasecmp(connection, "close", 5) == 0)
        hang_up(client);
    return true;
}

bool
http_client_request(HttpClient *client, const char *method, const char *path, const char *body,
                    HttpResponse *ret_response, const char **ret_reason)
{
    g_autofree char *text = NULL;

    if (!ensure_connected(client)) {
        *ret_reason = "connection refused";
        return false;
    }
    if (body)
        text = g_strdup_printf("%s %s HTTP/1.1\r\nHost: notes\r\nContent-Type: application/json\r\n"
                               "Content-Length: %zu\r\n\r\n%s",
                               method, path, strlen(body), body);
    else
        text = g_strdup_printf("%s %s HTTP/1.1\r\nHost: notes\r\n\r\n", method, path);
    if (!send_all(client->fd, text, strlen(text))) {
        *ret_reason = "connection closed while sending";
        hang_up(client);
        return false;
    }
    if (read_answer(client, ret_response, ret_reason))
        return true;
    hang_up(client);
    return false;
}

int
http_probe(guint16 port, const char *path, gint64 timeout_ms)
{
    g_autoptr(HttpClient) client = http_client_new(port, timeout_ms);
    HttpResponse response = {0};
    const char *reason;

    return http_client_request(client, "GET", path, NULL, &response, &reason) ? response.status : 0;
}
