#include "conf/dotenv.h"

#include <string.h>

#include "base/error.h"
#include "base/file.h"

/* The value that begins at @text, or NULL if a quote is not closed. */
static char *
parse_value(const char *text)
{
    const char quote = *text;
    const char *end;

    if (quote == '"' || quote == '\'') {
        end = ++text;
        while (*end && *end != quote)
            end += end[0] == '\\' && quote == '"' && end[1] ? 2 : 1;
        if (*end != quote)
            return NULL;
        g_autofree char *raw = g_strndup(text, (gsize) (end - text));
        return quote == '"' ? g_strcompress(raw) : g_steal_pointer(&raw);
    }
    end = strstr(text, " #");
    return g_strchomp(end ? g_strndup(text, (gsize) (end - text)) : g_strdup(text));
}

static bool
is_name(const char *name)
{
    if (!g_ascii_isalpha(*name) && *name != '_')
        return false;
    while (g_ascii_isalnum(*name) || *name == '_')
        name++;
    return *name == '\0';
}

static bool
parse_line(const char *line, Place place, GHashTable *values, GError **error)
{
    const char *equals;
    g_autofree char *name = NULL;
    char *value;

    if (g_str_has_prefix(line, "export "))
        line += strlen("export ");
    if (*line == '\0' || *line == '#')
        return true;
    equals = strchr(line, '=');
    name = equals ? g_strstrip(g_strndup(line, (gsize) (equals - line))) : NULL;
    if (name == NULL || !is_name(name))
        return error_set_at(error, ERROR_CONFIG, place, "expected NAME=VALUE");
    value = parse_value(equals + 1 + strspn(equals + 1, " \t"));
    if (value == NULL)
        return error_set_at(error, ERROR_CONFIG, place, "the quote of %s is not closed", name);
    g_hash_table_replace(values, g_steal_pointer(&name), value);
    return true;
}

GHashTable *
dotenv_read(const char *path, GError **error)
{
    g_autoptr(GHashTable) values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        return g_steal_pointer(&values);
    text = file_read(path, error);
    if (text == NULL)
        return NULL;
    lines = g_strsplit(text, "\n", -1);
    for (int i = 0; lines[i]; i++)
        if (!parse_line(g_strstrip(lines[i]), (Place){path, i + 1, 1}, values, error))
            return NULL;
    return g_steal_pointer(&values);
}
