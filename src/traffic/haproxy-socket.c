#include "traffic/haproxy-socket.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/error.h"

enum { TIMEOUT_MS = 2000, REPLY_LIMIT = 16 << 20 };

static bool
fail(GError **error, const char *path, const char *why)
{
    error_set(error, ERROR_CONNECTION, "cannot talk to HAProxy at '%s': %s", path, why);
    return error_hint(error, "Check that HAProxy runs, and that traffic.socket is the path of a "
                             "'stats socket' line of its configuration that you may open.");
}

static bool
connect_to(const char *path, int fd, GError **error)
{
    const struct timeval timeout = {.tv_sec = TIMEOUT_MS / 1000};
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof address.sun_path) {
        error_set(error, ERROR_CONFIG, "traffic.socket '%s' is longer than %zu bytes", path,
                  sizeof address.sun_path - 1);
        return error_hint(error, "Unix sockets allow no longer path: use a shorter one.");
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) != 0 ||
        connect(fd, (const struct sockaddr *) &address, sizeof address) != 0)
        return fail(error, path, g_strerror(errno));
    return true;
}

static bool
send_line(const char *path, int fd, const char *command, GError **error)
{
    g_autofree char *line = g_strconcat(command, "\n", NULL);
    const char *rest = line;

    while (*rest != '\0') {
        const ssize_t n = send(fd, rest, strlen(rest), MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(error, path, g_strerror(errno));
        rest += n;
    }
    return true;
}

char *
haproxy_ask(const char *path, const Clock *clock, const char *command, GError **error)
{
    const gint64 deadline = clock_now_ms(clock) + TIMEOUT_MS;
    g_auto(Descriptor) fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_autoptr(GString) reply = g_string_new(NULL);

    if (!connect_to(path, fd, error) || !send_line(path, fd, command, error))
        return NULL;
    for (;;) {
        const gint64 left = deadline - clock_now_ms(clock);
        struct pollfd poller = {.fd = fd, .events = POLLIN};
        char buffer[16384];
        ssize_t n;

        if (left <= 0 || reply->len > REPLY_LIMIT) {
            fail(error, path, left <= 0 ? "no whole answer within 2 s" : "the answer has no end");
            return NULL;
        }
        if (poll(&poller, 1, (int) left) <= 0)
            continue;
        n = read(fd, buffer, sizeof buffer);
        if (n < 0 && errno != EINTR) {
            fail(error, path, g_strerror(errno));
            return NULL;
        }
        if (n == 0)
            break;
        g_string_append_len(reply, buffer, MAX(n, 0));
    }
    return g_strdup(g_strstrip(reply->str));
}

typedef struct {
    const char *says; /* how HAProxy's sentence contains it */
    const char *hint;
} Refusal;

static const Refusal refusals[] = {
    {"No such backend", "Set traffic.backend to the name of a 'backend' of its configuration."},
    {"No such proxy", "Set traffic.backend to the name of a 'backend' of its configuration."},
    {"Can't find backend", "Set traffic.backend to the name of a 'backend' of its configuration."},
    {"No such server", "Name servers of this backend in traffic.stable and traffic.canary."},
    {"static LB algorithm", "Use 'balance roundrobin', 'leastconn' or 'random', or add 'hash-type "
                            "consistent': others cannot change a weight while they run."},
    {"Permission denied", "Add 'level admin' to the 'stats socket' line of its configuration."},
};

bool
haproxy_check_reply(const char *reply, const char *object, GError **error)
{
    g_auto(GStrv) lines = NULL;

    if (*reply == '\0')
        return true;
    lines = g_strsplit(reply, "\n", 2);
    error_set(error, ERROR_CONFIG, "HAProxy refused, for %s: %s", object, g_strchomp(lines[0]));
    for (guint i = 0; i < G_N_ELEMENTS(refusals); i++)
        if (strstr(reply, refusals[i].says) != NULL)
            return error_hint(error, "%s", refusals[i].hint);
    return false;
}
