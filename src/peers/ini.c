#include "peers/ini.h"

#include <string.h>

/* A value without its quotes and without a comment behind it. */
static char *
clean_value(const char *value, const char *here)
{
    g_autofree char *text = g_strstrip(g_strdup(value));
    g_autoptr(GString) out = NULL;
    char *comment;

    if (*text == '"' || *text == '\'') {
        char *end = strchr(text + 1, *text);

        if (end != NULL)
            *end = '\0';
        out = g_string_new(text + 1);
    } else {
        comment = strstr(text, " #") ? strstr(text, " #") : strstr(text, " ;");
        if (comment != NULL)
            *comment = '\0';
        out = g_string_new(g_strchomp(text));
    }
    g_string_replace(out, "%(here)s", here, 0);
    g_string_replace(out, "%%", "%", 0);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

/* Where the '=' of `key = value` is; NULL: the line is none, and goes on with the one before. */
static char *
find_equals(char *line)
{
    char *end = line + strspn(line, " \t");

    while (*end && (g_ascii_isalnum(*end) || *end == '_' || *end == '.' || *end == '-'))
        end++;
    end += strspn(end, " \t");
    return *end == '=' || *end == ':' ? end : NULL;
}

static void
take_line(GHashTable *keys, char *line, char **last_key, const char *here)
{
    char *equals = find_equals(line);

    if (equals == NULL && *last_key != NULL && g_ascii_isspace(*line)) {
        const char *before = g_hash_table_lookup(keys, *last_key);
        g_autofree char *more = clean_value(line, here);

        g_hash_table_insert(keys, g_strdup(*last_key), g_strconcat(before, "\n", more, NULL));
    }
    if (equals == NULL)
        return;
    *equals = '\0';
    g_free(*last_key);
    *last_key = g_strstrip(g_strdup(line));
    g_hash_table_insert(keys, g_strdup(*last_key), clean_value(equals + 1, here));
}

GHashTable *
ini_read(const char *path, const char *section)
{
    GHashTable *keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autofree char *header = g_strdup_printf("[%s]", section);
    g_autofree char *here = g_path_get_dirname(path);
    g_autofree char *last_key = NULL;
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    bool inside = false;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return keys;
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        const char *first = *line + strspn(*line, " \t");

        if (*first == '[') {
            inside = g_str_has_prefix(first, header);
            g_clear_pointer(&last_key, g_free);
        } else if (inside && *first && *first != '#' && *first != ';' && *first != '\r') {
            take_line(keys, *line, &last_key, here);
        }
    }
    return keys;
}
