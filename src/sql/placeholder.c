/* Names that a tool fills in before the server sees the text: Flyway's ${name}, {{ name }} of
 * templates, psql's :name. */
#include <string.h>

#include "sql/script.h"
#include "sql/skim.h"

static bool
is_word(char c)
{
    return g_ascii_isalnum(c) || c == '_' || (unsigned char) c >= 0x80;
}

/* What PostgreSQL has no other meaning for; a colon is also in "::", ":=" and in slices. */
static bool
may_have(const char *text)
{
    if (strstr(text, "${") != NULL || strstr(text, "{{") != NULL || strstr(text, "{#") != NULL)
        return true;
    for (const char *colon = strchr(text, ':'); colon != NULL; colon = strchr(colon + 1, ':'))
        if (colon[1] == '"' || colon[1] == '\'' ||
            (is_word(colon[1]) && !g_ascii_isdigit(colon[1])))
            return true;
    return false;
}

/* Bytes of the placeholder at @here; 0: there is none. */
static gsize
length_at(const char *here, const char *limit)
{
    const char *closing = here[0] == '$' ? "}" : "}}";
    const char *end;
    gsize length = 1;

    if (g_str_has_prefix(here, "${") || g_str_has_prefix(here, "{{")) {
        end = memmem(here, (size_t) (limit - here), closing, strlen(closing));
        return end != NULL && memchr(here, '\n', (size_t) (end - here)) == NULL
                   ? (gsize) (end - here) + strlen(closing)
                   : 0;
    }
    if (here[0] != ':' || g_ascii_isdigit(here[1]))
        return 0;
    while (here + length < limit && is_word(here[length]))
        length++;
    return length > 1 ? length : 0;
}

/* A name of as many bytes, in the place of [at, at + length). */
static void
fill(char *filled, gsize at, gsize length, GHashTable *names)
{
    char *original = g_strndup(filled + at, length);

    for (gsize i = at; i < at + length; i++)
        if (!is_word(filled[i]))
            filled[i] = '_';
    g_hash_table_replace(names, g_strndup(filled + at, length), original);
}

/* A template's comment, {# .. #}, becomes blank; where it ends; 0: there is none at @at. */
static gsize
blank_comment(char *filled, gsize at)
{
    const char *end = g_str_has_prefix(filled + at, "{#") ? strstr(filled + at, "#}") : NULL;

    if (end == NULL)
        return 0;
    for (end += 2; filled + at < end; at++)
        if (filled[at] != '\n')
            filled[at] = ' ';
    return at;
}

char *
sql_fill_placeholders(const char *text, GHashTable *names)
{
    const gsize length = strlen(text);
    g_autofree char *filled = may_have(text) ? g_strdup(text) : NULL;
    int brackets = 0;

    if (filled == NULL)
        return NULL;
    for (Skim skim = skim_begin(text, 0, length); skim_next(&skim);) {
        const char *here = text + skim.start;
        const bool is_cast = skim.start > 0 && here[0] == ':' && here[-1] == ':';
        gsize taken;

        if (skim.kind == SKIM_WORD && text[skim.end - 1] == '$' && text[skim.end] == '{')
            skim.next = skim.end - 1; /* "x${n}" */
        brackets = MAX(brackets + (here[0] == '[') - (here[0] == ']'), 0);
        if (skim.kind != SKIM_MARK || brackets > 0 || is_cast)
            continue;
        taken = blank_comment(filled, skim.start);
        if (taken > 0) {
            skim.next = taken;
            continue;
        }
        if (here[0] == ':' && (here[1] == '"' || here[1] == '\'')) {
            filled[skim.start] = ' ';
            continue;
        }
        taken = length_at(here, text + length);
        if (taken == 0)
            continue;
        fill(filled, skim.start, taken, names);
        skim.next = skim.start + taken;
    }
    return g_steal_pointer(&filled);
}

/* Not a part of a longer name, as "_name" of ":name" may be. */
static bool
stands_alone(const char *text, const char *at, const char *name, const char *original)
{
    return original[0] != ':' || ((at == text || !is_word(at[-1])) && !is_word(at[strlen(name)]));
}

char *
sql_restore_placeholders(const char *text, GHashTable *names)
{
    GString *restored = g_string_new(text);
    GHashTableIter iter;
    gpointer name, original;

    g_hash_table_iter_init(&iter, names);
    while (g_hash_table_iter_next(&iter, &name, &original)) {
        const char *at = strstr(restored->str, name);

        while (at != NULL) {
            const gsize start = (gsize) (at - restored->str);
            gsize next = start + 1;

            if (stands_alone(restored->str, at, name, original)) {
                g_string_erase(restored, (gssize) start, (gssize) strlen(name));
                g_string_insert(restored, (gssize) start, original);
                next = start + strlen(original);
            }
            at = strstr(restored->str + next, name);
        }
    }
    return g_string_free(restored, FALSE);
}
