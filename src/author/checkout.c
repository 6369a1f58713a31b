#include "author/checkout.h"

#include <string.h>

#include "base/file.h"

static const char link_word[] = "gitdir: ";

/* A worktree has a file that names the place of its state. */
static char *
follow_link(char *take_path)
{
    g_autofree char *path = take_path;
    g_autofree char *text = NULL, *folder = NULL;

    if (!g_file_test(path, G_FILE_TEST_IS_REGULAR))
        return g_steal_pointer(&path);
    text = file_read(path, NULL);
    if (text == NULL || !g_str_has_prefix(text, link_word))
        return g_steal_pointer(&path);
    g_strchomp(text);
    folder = g_path_get_dirname(path);
    return g_canonicalize_filename(text + strlen(link_word), folder);
}

/* The folder of git's state for @folder or the nearest above it; NULL if there is none. */
static char *
find_state(const char *folder)
{
    g_autofree char *at = g_canonicalize_filename(folder, NULL);

    for (;;) {
        g_autofree char *state = g_build_filename(at, ".git", NULL);
        char *above;

        if (g_file_test(state, G_FILE_TEST_EXISTS))
            return follow_link(g_steal_pointer(&state));
        above = g_path_get_dirname(at);
        if (strcmp(above, at) == 0) {
            g_free(above);
            return NULL;
        }
        g_free(at);
        at = above;
    }
}

bool
checkout_is_replaying(const char *folder)
{
    static const char *const signs[] = {"rebase-merge", "rebase-apply", "CHERRY_PICK_HEAD"};
    g_autofree char *state = find_state(folder);

    for (guint i = 0; state && i < G_N_ELEMENTS(signs); i++) {
        g_autofree char *path = g_build_filename(state, signs[i], NULL);
        if (g_file_test(path, G_FILE_TEST_EXISTS))
            return true;
    }
    return false;
}
