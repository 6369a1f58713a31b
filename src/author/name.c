#include "author/name.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"

static const struct {
    const char *word;
    const char *format; /* of g_date_time_format; NULL: it is given */
} braces[] = {
    {"id", NULL},    {"slug", NULL}, {"date", "%Y%m%d"}, {"time", "%H%M%S"}, {"year", "%Y"},
    {"month", "%m"}, {"day", "%d"},  {"hour", "%H"},     {"minute", "%M"},   {"second", "%S"},
};

char *
name_slug(const char *title, guint length)
{
    GString *slug = g_string_new(NULL);
    g_autofree char *lower = g_utf8_strdown(title, -1);
    guint taken = 0;

    for (const char *at = lower; *at && taken < length; at = g_utf8_next_char(at)) {
        const gunichar letter = g_utf8_get_char(at);
        const bool kept = g_unichar_isalnum(letter) || g_unichar_ismark(letter);

        if (!kept && (slug->len == 0 || slug->str[slug->len - 1] == '_'))
            continue;
        g_string_append_unichar(slug, kept ? letter : '_');
        taken++;
    }
    while (slug->len > 0 && slug->str[slug->len - 1] == '_')
        g_string_truncate(slug, slug->len - 1);
    if (slug->len == 0)
        g_string_assign(slug, "revision");
    return g_string_free(slug, FALSE);
}

static bool
refuse_brace(const char *word, GError **error)
{
    const char *words[G_N_ELEMENTS(braces) + 1] = {NULL};
    const char *nearest;

    for (guint i = 0; i < G_N_ELEMENTS(braces); i++)
        words[i] = braces[i].word;
    nearest = text_nearest(word, words);
    error_set(error, ERROR_CONFIG, "revision.file_template: unknown '{%s}'", word);
    if (nearest)
        return error_hint(error, "Did you mean '{%s}'?", nearest);
    return error_hint(error, "Known are {id}, {slug}, {date}, {time}, {year}, {month}, {day}, "
                             "{hour}, {minute} and {second}.");
}

static bool
append_brace(GString *name, const char *word, const char *id, const char *slug, GDateTime *now,
             GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(braces); i++) {
        g_autofree char *text = NULL;

        if (strcmp(braces[i].word, word) != 0)
            continue;
        if (braces[i].format)
            text = g_date_time_format(now, braces[i].format);
        g_string_append(name, text ? text : strcmp(word, "id") == 0 ? id : slug);
        return true;
    }
    return refuse_brace(word, error);
}

static bool
check_name(const char *name, GError **error)
{
    if (strchr(name, '/') == NULL && name[0] != '.' && g_str_has_suffix(name, ".sql"))
        return true;
    error_set(error, ERROR_CONFIG,
              "revision.file_template makes '%s', which is no name of a "
              "revision's file",
              name);
    return error_hint(error, "It ends with '.sql', holds no '/', and begins with no dot.");
}

char *
name_fill(const char *template, const char *id, const char *slug, GDateTime *now, GError **error)
{
    g_autoptr(GString) name = g_string_new(NULL);

    for (const char *at = template; *at;) {
        const char *end = *at == '{' ? strchr(at, '}') : NULL;
        g_autofree char *word = end ? g_strndup(at + 1, (gsize) (end - at - 1)) : NULL;

        if (word == NULL) {
            g_string_append_c(name, *at++);
            continue;
        }
        if (!append_brace(name, word, id, slug, now, error))
            return NULL;
        at = end + 1;
    }
    if (!check_name(name->str, error))
        return NULL;
    return g_strdup(name->str);
}
