#include "revision/lexer.h"

#include <string.h>

#include "base/text.h"

static const char *
skip_blanks(const char *c)
{
    while (*c == ' ' || *c == '\t')
        c++;
    return c;
}

const char *
marker_words(const char *text)
{
    const char *c = skip_blanks(text);

    if (strncmp(c, "--", 2) != 0)
        return NULL;
    c = skip_blanks(c + 2);
    if (g_ascii_tolower(*c) != 's' || g_ascii_strncasecmp(c, "sluice:", strlen("sluice:")) != 0)
        return NULL;
    return skip_blanks(c + strlen("sluice:"));
}

static const char *
line_end(const char *c)
{
    return c + strcspn(c, "\n");
}

static bool
is_word(char c)
{
    return g_ascii_isalnum(c) || c == '_' || c == '$' || (unsigned char) c >= 0x80;
}

/* The end of what begins at @c with @quote; a doubled quote is two strings in a row, which comes to
 * the same. NULL if it never ends. */
static const char *
quote_end(const char *c, bool backslashes)
{
    const char quote = *c;

    for (c++; *c && *c != quote; c++) {
        if (backslashes && *c == '\\' && c[1])
            c++;
    }
    return *c ? c + 1 : NULL;
}

/* `$tag$ .. $tag$`; @c itself if it is no dollar quote, NULL if it never ends. */
static const char *
dollar_end(const char *c)
{
    const char *end = c + 1;
    g_autofree char *tag = NULL;

    if (g_ascii_isdigit(*end))
        return c;
    while (is_word(*end) && *end != '$')
        end++;
    if (*end != '$')
        return c;
    tag = g_strndup(c, (gsize) (end + 1 - c));
    end = strstr(end + 1, tag);
    return end ? end + strlen(tag) : NULL;
}

/* C comments nest. */
static const char *
comment_end(const char *c)
{
    int depth = 0;

    for (; *c; c++) {
        if (strncmp(c, "/*", 2) == 0) {
            depth++;
            c++;
        } else if (strncmp(c, "*/", 2) == 0) {
            c++;
            if (--depth == 0)
                return c + 1;
        }
    }
    return NULL;
}

const char *
lexer_skip(const char *text, const char *c, const char **ret_what)
{
    const char before = c > text ? c[-1] : ' ';
    const bool word_before = c > text && is_word(before);

    switch (*c) {
    case '\'':
        *ret_what = "string";
        return quote_end(c, (before == 'e' || before == 'E') && !(c - 1 > text && is_word(c[-2])));
    case '"':
        *ret_what = "quoted name";
        return quote_end(c, false);
    case '$':
        *ret_what = "dollar-quoted string";
        if (word_before)
            return c + 1;
        return dollar_end(c) == c ? c + 1 : dollar_end(c);
    case '/':
        *ret_what = "comment";
        return c[1] == '*' ? comment_end(c) : c + 1;
    case '-':
        /* A carriage return alone ends it too: what follows is run. */
        return c[1] == '-' ? c + strcspn(c, "\r\n") : c + 1;
    default:
        return c + 1;
    }
}

static void
marker_clear(void *marker)
{
    g_free(((Marker *) marker)->words);
}

GArray *
marker_scan(const char *path, const char *text, GError **error)
{
    g_autoptr(GArray) markers = g_array_new(FALSE, FALSE, sizeof(Marker));
    bool at_line_start = true;
    const char *counted = text;
    int line = 1;

    g_array_set_clear_func(markers, marker_clear);
    for (const char *c = text; *c;) {
        const char *words = at_line_start ? marker_words(c) : NULL;
        const char *what = NULL, *next;

        if (words != NULL) {
            const char *end = line_end(c);
            Marker marker = {.start = (size_t) (c - text)};

            for (; counted < c; counted++)
                line += *counted == '\n';
            marker.line = line;
            marker.next = (size_t) (end - text) + (*end ? 1 : 0);
            marker.words = g_strstrip(g_strndup(words, (gsize) (end - words)));
            g_array_append_val(markers, marker);
            c = text + marker.next;
            continue;
        }
        next = lexer_skip(text, c, &what);
        if (next == NULL) {
            Place place = {.file = path};
            text_position(text, (size_t) (c - text), &place.line, &place.column);
            error_set_at(error, ERROR_CONFIG, place, "this %s never ends", what);
            return NULL;
        }
        at_line_start = next == c + 1 && *c == '\n';
        c = next;
    }
    return g_steal_pointer(&markers);
}
