#include "demo/proxy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"

static int
dial(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    if (fd >= 0 && connect(fd, (const struct sockaddr *) &address, sizeof address) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* The reply to one line; NULL with @error set. Caller owns. */
static char *
ask(const char *path, const char *command, GError **error)
{
    g_autoptr(GString) reply = g_string_new(NULL);
    g_autofree char *line = g_strconcat(command, "\n", NULL);
    char buffer[8192];
    ssize_t n;
    const int fd = dial(path);

    if (fd < 0 || write(fd, line, strlen(line)) < 0) {
        error_set(error, ERROR_CONNECTION, "HAProxy does not answer on '%s': %s", path,
                  g_strerror(errno));
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    while ((n = read(fd, buffer, sizeof buffer)) > 0)
        g_string_append_len(reply, buffer, n);
    close(fd);
    return g_string_free(g_steal_pointer(&reply), FALSE);
}

static int
column_of(char **header, const char *name)
{
    for (int i = 0; header[i]; i++)
        if (strcmp(header[i], name) == 0)
            return i;
    return -1;
}

bool
proxy_read(const char *socket_path, ProxyState *ret_state, GError **error)
{
    g_autofree char *reply = ask(socket_path, "show stat notes 4 -1", error);
    g_auto(GStrv) lines = reply ? g_strsplit(reply, "\n", -1) : NULL;
    g_auto(GStrv) header = lines && lines[0] ? g_strsplit(lines[0], ",", -1) : NULL;
    const int name = header ? column_of(header, "svname") : -1;
    const int status = header ? column_of(header, "status") : -1;
    const int weight = header ? column_of(header, "weight") : -1;
    int weights[2] = {0, 0};

    if (reply == NULL)
        return false;
    if (name < 0 || status < 0 || weight < 0)
        return error_set(error, ERROR_CONNECTION, "HAProxy's statistics cannot be read");
    *ret_state = (ProxyState){0};
    for (int i = 1; lines[i] && *lines[i]; i++) {
        g_auto(GStrv) fields = g_strsplit(lines[i], ",", -1);
        const bool is_new = g_str_has_prefix(fields[name], "new");
        if (!g_str_has_prefix(fields[status], "UP"))
            continue;
        *(is_new ? &ret_state->new_up : &ret_state->old_up) += 1;
        weights[is_new] += atoi(fields[weight]);
    }
    if (weights[0] + weights[1] > 0)
        ret_state->new_share = (double) weights[1] / (weights[0] + weights[1]);
    return true;
}

bool
proxy_tell(const char *socket_path, const char *command, GError **error)
{
    g_autofree char *reply = ask(socket_path, command, error);

    if (reply == NULL)
        return false;
    if (*g_strstrip(reply) == '\0')
        return true;
    return error_set(error, ERROR_STATE, "HAProxy to '%s': %s", command, reply);
}
