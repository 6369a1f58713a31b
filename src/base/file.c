#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/error.h"

enum { FILE_LIMIT = 64 << 20 };

static bool
fail_errno(GError **error, const char *what, const char *path)
{
    const int number = errno;
    return error_set(error, number == EEXIST ? ERROR_STATE : ERROR_CONFIG, "%s '%s': %s", what,
                     path, g_strerror(number));
}

/* The whole file, whatever its bytes; NULL with an error. */
static char *
read_bytes(const char *path, gsize *ret_length, GError **error)
{
    g_autoptr(GError) cause = NULL;
    struct stat about;
    char *text = NULL;

    if (g_stat(path, &about) == 0 && about.st_size > FILE_LIMIT) {
        error_set(error, ERROR_CONFIG, "cannot read '%s': larger than 64 MB", path);
        return NULL;
    }
    if (g_file_get_contents(path, &text, ret_length, &cause))
        return text;
    error_set(error, ERROR_CONFIG, "cannot read '%s': %s", path,
              g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_NOENT) ? "no such file"
                                                                       : cause->message);
    return NULL;
}

/* Its name, by the mark that it begins with; NULL: none. */
static const char *
utf16_of(const char *text, gsize length)
{
    if (length < 2)
        return NULL;
    return memcmp(text, "\xFF\xFE", 2) == 0   ? "UTF-16LE"
           : memcmp(text, "\xFE\xFF", 2) == 0 ? "UTF-16BE"
                                              : NULL;
}

static bool
check_text(const char *path, const char *text, gsize length, GError **error)
{
    if (utf16_of(text, length) != NULL) {
        error_set(error, ERROR_CONFIG, "cannot read '%s': it is UTF-16", path);
        return error_hint(error, "Save it as UTF-8: `iconv -f UTF-16 -t UTF-8 FILE`.");
    }
    return memchr(text, '\0', length) == NULL ||
           error_set(error, ERROR_CONFIG, "cannot read '%s': it is not text (it holds a NUL byte)",
                     path);
}

char *
file_read_converted(const char *path, bool *ret_converted, GError **error)
{
    gsize length = 0, text_length = 0;
    g_autofree char *bytes = read_bytes(path, &length, error), *text = NULL;
    const char *encoding = bytes ? utf16_of(bytes, length) : NULL;

    *ret_converted = encoding != NULL;
    if (encoding == NULL)
        return bytes && check_text(path, bytes, length, error) ? g_steal_pointer(&bytes) : NULL;
    text = g_convert(bytes, (gssize) length, "UTF-8", encoding, NULL, &text_length, NULL);
    if (text == NULL || strlen(text) != text_length) {
        error_set(error, ERROR_CONFIG, "cannot read '%s': it begins as UTF-16 and is not", path);
        error_hint(error, "Save it as UTF-8.");
        return NULL;
    }
    return g_steal_pointer(&text);
}

char *
file_read(const char *path, GError **error)
{
    gsize length = 0;
    g_autofree char *text = read_bytes(path, &length, error);

    return text && check_text(path, text, length, error) ? g_steal_pointer(&text) : NULL;
}

bool
file_make_folder(const char *path, int mode, GError **error)
{
    if (g_mkdir_with_parents(path, mode) != 0)
        return fail_errno(error, "cannot make folder", path);
    return true;
}

static bool
make_parent(const char *path, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);

    return file_make_folder(folder, 0700, error);
}

static bool
write_all(int fd, const char *text, const char *path, GError **error)
{
    size_t left = strlen(text);

    while (left > 0) {
        const ssize_t n = write(fd, text, left);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_errno(error, "cannot write", path);
        text += n;
        left -= (size_t) n;
    }
    if (fsync(fd) != 0)
        return fail_errno(error, "cannot sync", path);
    return true;
}

static bool
sync_parent(const char *path, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_auto(Descriptor) fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fsync(fd) != 0)
        return fail_errno(error, "cannot sync folder", folder);
    return true;
}

bool
file_replace(const char *path, const char *text, GError **error)
{
    g_autofree char *temporary = g_strdup_printf("%s.new", path);
    struct stat about;
    const bool is_there = g_stat(path, &about) == 0;

    if (!make_parent(path, error))
        return false;
    {
        g_auto(Descriptor) fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0)
            return fail_errno(error, "cannot write", temporary);
        if (is_there && fchmod(fd, about.st_mode & 07777) != 0)
            return fail_errno(error, "cannot set the mode of", temporary);
        if (!write_all(fd, text, temporary, error)) {
            g_unlink(temporary);
            return false;
        }
    }
    if (g_rename(temporary, path) != 0)
        return fail_errno(error, "cannot replace", path);
    return sync_parent(path, error);
}

bool
file_create(const char *path, const char *text, GError **error)
{
    g_auto(Descriptor) fd = -1;

    if (!make_parent(path, error))
        return false;
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return fail_errno(error, "cannot create", path);
    return write_all(fd, text, path, error) && sync_parent(path, error);
}

bool
file_append_line(const char *path, const char *line, GError **error)
{
    g_autofree char *whole = g_strconcat(line, "\n", NULL);
    const bool is_new = !g_file_test(path, G_FILE_TEST_EXISTS);
    g_auto(Descriptor) fd = -1;

    if (!make_parent(path, error))
        return false;
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail_errno(error, "cannot write", path);
    return write_all(fd, whole, path, error) && (!is_new || sync_parent(path, error));
}
