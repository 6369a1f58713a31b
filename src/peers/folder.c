#include "peers/folder.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

static size_t
digits(const char *text)
{
    return strspn(text, "0123456789");
}

int
folder_compare_versions(const char *a, const char *b)
{
    while (*a && *b) {
        const size_t zeros_a = digits(a) ? strspn(a, "0") : 0;
        const size_t zeros_b = digits(b) ? strspn(b, "0") : 0;
        const size_t length_a = digits(a) - zeros_a, length_b = digits(b) - zeros_b;
        int order;

        if (digits(a) == 0 || digits(b) == 0) {
            const char letter_a = *a == '_' ? '.' : *a, letter_b = *b == '_' ? '.' : *b;

            if (letter_a != letter_b)
                return letter_a < letter_b ? -1 : 1;
            a++;
            b++;
            continue;
        }
        order = length_a != length_b ? (length_a < length_b ? -1 : 1)
                                     : strncmp(a + zeros_a, b + zeros_b, length_a);
        if (order != 0)
            return order < 0 ? -1 : 1;
        a += zeros_a + length_a;
        b += zeros_b + length_b;
    }
    return *a ? 1 : *b ? -1 : 0;
}

static int
compare_paths(gconstpointer a, gconstpointer b)
{
    const char *path_a = *(char *const *) a, *path_b = *(char *const *) b;
    g_autofree char *name_a = g_path_get_basename(path_a);
    g_autofree char *name_b = g_path_get_basename(path_b);
    const int order = folder_compare_versions(name_a, name_b);

    return order != 0 ? order : strcmp(path_a, path_b);
}

static bool
add_files(GPtrArray *files, const char *folder, const GRegex *pattern, bool recursive,
          GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, &cause);
    const char *name;

    if (dir == NULL) {
        error_set(error, ERROR_CONFIG, "cannot read the folder '%s': %s", folder, cause->message);
        return error_hint(error, "Name the folder that holds the other tool's files.");
    }
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
            if (recursive && name[0] != '.' && !g_file_test(path, G_FILE_TEST_IS_SYMLINK) &&
                !add_files(files, path, pattern, true, error))
                return false;
        } else if (g_regex_match(pattern, name, 0, NULL)) {
            g_ptr_array_add(files, g_steal_pointer(&path));
        }
    }
    return true;
}

GPtrArray *
folder_list(const char *folder, const char *pattern, bool recursive, GError **error)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GRegex) regex = g_regex_new(pattern, 0, 0, NULL);

    g_assert(regex != NULL);
    if (!add_files(files, folder, regex, recursive, error))
        return NULL;
    g_ptr_array_sort(files, compare_paths);
    return g_steal_pointer(&files);
}

char *
folder_find(const char *folder, const char *const *names)
{
    for (; *names; names++) {
        g_autofree char *path = g_build_filename(folder, *names, NULL);

        if (g_file_test(path, G_FILE_TEST_EXISTS))
            return g_steal_pointer(&path);
    }
    return NULL;
}

char *
folder_version_time(const char *version)
{
    int part[6] = {0};
    g_autoptr(GDateTime) time = NULL;

    if (digits(version) != 14 || version[14] != '\0' ||
        sscanf(version, "%4d%2d%2d%2d%2d%2d", &part[0], &part[1], &part[2], &part[3], &part[4],
               &part[5]) != 6)
        return NULL;
    time = g_date_time_new_utc(part[0], part[1], part[2], part[3], part[4], part[5]);
    return time ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ") : NULL;
}

char *
folder_title(const char *slug)
{
    return g_strstrip(g_strdelimit(g_strdup(slug), "_-", ' '));
}
