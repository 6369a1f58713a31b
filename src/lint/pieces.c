#include "lint/pieces.h"

#include <stdbool.h>
#include <string.h>

#include "revision/lexer.h"

static const char *
end_of_line(const char *c)
{
    const char *end = strchr(c, '\n');

    return end ? end + 1 : c + strlen(c);
}

/* Past blanks and comments. NULL: a comment that never ends. */
static const char *
skip_space(const char *text, const char *c)
{
    const char *what;

    while (c != NULL && *c) {
        if (g_ascii_isspace(*c))
            c++;
        else if (g_str_has_prefix(c, "--") || g_str_has_prefix(c, "/*"))
            c = lexer_skip(text, c, &what);
        else if (*c == '\\' && (c == text || c[-1] == '\n'))
            c = end_of_line(c);
        else
            break;
    }
    return c;
}

/* BEGIN ATOMIC .. END holds semicolons: the body of a SQL-standard function. */
static bool
begins_word(const char *text, const char *c, const char *word)
{
    const gsize length = strlen(word);

    return (c == text || !(g_ascii_isalnum(c[-1]) || c[-1] == '_')) &&
           g_ascii_strncasecmp(c, word, length) == 0 &&
           !(g_ascii_isalnum(c[length]) || c[length] == '_');
}

/* The semicolon that ends the statement at @c, or the end of the text. */
static const char *
find_end(const char *text, const char *c)
{
    const char *what;
    int depth = 0, atomic = 0;

    while (*c != '\0' && !(*c == ';' && depth <= 0 && atomic == 0)) {
        const char *next;

        if (begins_word(text, c, "atomic"))
            atomic = 1;
        else if (atomic > 0 && begins_word(text, c, "case"))
            atomic++;
        else if (atomic > 0 && begins_word(text, c, "end"))
            atomic--;
        if (*c == '(')
            depth++;
        else if (*c == ')')
            depth--;
        next = lexer_skip(text, c, &what);
        if (next == NULL)
            return text + strlen(text);
        c = next;
    }
    return c;
}

static bool
copies_from_client(const char *start, gsize length)
{
    g_autofree char *lower = g_ascii_strdown(start, (gssize) length);

    return g_str_has_prefix(lower, "copy") && strstr(lower, "from stdin") != NULL;
}

/* Behind the line `\.` that ends the rows. */
static const char *
skip_rows(const char *c)
{
    const char *end;

    c = end_of_line(c);
    end = g_str_has_prefix(c, "\\.\n") ? c - 1 : strstr(c, "\n\\.");
    return end ? end_of_line(end + 1) : c + strlen(c);
}

GArray *
pieces_cut(const char *text)
{
    GArray *pieces = g_array_new(FALSE, FALSE, sizeof(Piece));
    const char *c = skip_space(text, text);

    while (c != NULL && *c) {
        const char *end = find_end(text, c);
        Piece piece = {(gsize) (c - text), (gsize) (end - text)};

        while (piece.end > piece.start && g_ascii_isspace(text[piece.end - 1]))
            piece.end--;
        if (piece.end > piece.start)
            g_array_append_val(pieces, piece);
        if (*end == ';')
            end++;
        if (copies_from_client(text + piece.start, piece.end - piece.start))
            end = skip_rows(end);
        c = skip_space(text, end);
    }
    return pieces;
}

char *
pieces_problem(const char *sql, const GError *error)
{
    static const struct {
        const char *words;
        int since;
    } newer[] = {
        {"not enforced", 18},
        {"generated always as (.*) virtual", 18},
        {"without overlaps", 18},
        {"not null [a-z_\"]+ not valid", 18},
        {"set expression", 17},
        {"json_table", 17},
        {"merge partitions", 19},
        {"split partition", 19},
        {"merge into .* returning", 17},
        {"alter column .* set storage default", 16},
        {"repack ", 19},
        {"on_error", 17},
    };
    g_autofree char *lower = g_ascii_strdown(sql, -1);
    const char *message = strstr(error->message, ": ");

    g_strdelimit(lower, "\n\r\t", ' ');
    for (guint i = 0; i < G_N_ELEMENTS(newer); i++)
        if (g_regex_match_simple(newer[i].words, lower, 0, 0))
            return g_strdup_printf("newer than the grammar (PostgreSQL 15): this looks like syntax "
                                   "of PostgreSQL %d",
                                   newer[i].since);
    return g_strdup(message ? message + 2 : error->message);
}
