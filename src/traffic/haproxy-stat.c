#include "traffic/haproxy-stat.h"

#include <stdbool.h>
#include <string.h>

#include "base/error.h"

/* One value; moves @at behind its comma. */
static char *
next_value(const char **at)
{
    g_autoptr(GString) value = g_string_new(NULL);
    const char *p = *at;
    bool quoted = *p == '"';

    if (quoted)
        p++;
    for (; *p != '\0' && (quoted || *p != ','); p++) {
        if (quoted && *p == '"') {
            if (p[1] != '"') {
                quoted = false;
                continue;
            }
            p++;
        }
        g_string_append_c(value, *p);
    }
    *at = *p == ',' ? p + 1 : NULL;
    return g_strdup(value->str);
}

static GStrv
split_csv(const char *line)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

    for (const char *at = line; at != NULL;) {
        g_autofree char *value = next_value(&at);
        g_strv_builder_add(builder, value);
    }
    return g_strv_builder_end(builder);
}

static GStrv
split_words(const char *line)
{
    return g_strsplit(line, " ", -1);
}

static StatTable *
parse(const char *text, GStrv (*split)(const char *), GError **error)
{
    g_autoptr(StatTable) table = g_new0(StatTable, 1);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    char **line = lines;

    while (*line != NULL && !g_str_has_prefix(*line, "# "))
        line++;
    if (*line == NULL) {
        error_set(error, ERROR_CONFIG, "HAProxy answered without a table: %s", text);
        return NULL;
    }
    table->columns = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    table->rows = g_ptr_array_new_with_free_func((GDestroyNotify) g_strfreev);
    {
        g_auto(GStrv) names = split(*line + 2);
        for (guint i = 0; names[i] != NULL; i++)
            g_hash_table_insert(table->columns, g_strdup(names[i]), GUINT_TO_POINTER(i));
    }
    for (line++; *line != NULL; line++)
        if (*g_strstrip(*line) != '\0')
            g_ptr_array_add(table->rows, split(*line));
    return g_steal_pointer(&table);
}

StatTable *
stat_table_parse_csv(const char *text, GError **error)
{
    return parse(text, split_csv, error);
}

StatTable *
stat_table_parse_words(const char *text, GError **error)
{
    return parse(text, split_words, error);
}

void
stat_table_free(StatTable *table)
{
    if (table == NULL)
        return;
    g_clear_pointer(&table->columns, g_hash_table_unref);
    g_clear_pointer(&table->rows, g_ptr_array_unref);
    g_free(table);
}

const char *
stat_table_text(const StatTable *table, guint row, const char *column)
{
    char **values = g_ptr_array_index(table->rows, row);
    gpointer index = NULL;

    if (!g_hash_table_lookup_extended(table->columns, column, NULL, &index) ||
        GPOINTER_TO_UINT(index) >= g_strv_length(values))
        return "";
    return values[GPOINTER_TO_UINT(index)];
}

gint64
stat_table_number(const StatTable *table, guint row, const char *column)
{
    return g_ascii_strtoll(stat_table_text(table, row, column), NULL, 10);
}

gint64
stat_info_number(const char *text, const char *name)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    const size_t length = strlen(name);

    for (char **line = lines; *line != NULL; line++)
        if (strncmp(*line, name, length) == 0 && (*line)[length] == ':')
            return g_ascii_strtoll(*line + length + 1, NULL, 10);
    return 0;
}
