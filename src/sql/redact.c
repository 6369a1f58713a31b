/* A query for people's eyes: without the values in it, which may be secrets. */
#include <string.h>

#include "sql/script.h"
#include "sql/tree.h"

static bool
is_literal(PgQuery__Token token)
{
    switch ((int) token) {
    case PG_QUERY__TOKEN__SCONST:
    case PG_QUERY__TOKEN__USCONST:
    case PG_QUERY__TOKEN__BCONST:
    case PG_QUERY__TOKEN__XCONST:
    case PG_QUERY__TOKEN__ICONST:
    case PG_QUERY__TOKEN__FCONST:
        return true;
    default:
        return false;
    }
}

/* The longest beginning of @text that can be scanned: servers cut long queries, mostly inside of a
 * literal. */
static GArray *
scan_beginning(char *text)
{
    GArray *tokens = tree_scan(text);

    while (tokens == NULL) {
        char *quote = strrchr(text, '\'');
        char *dollar = strrchr(text, '$');
        char *name = strrchr(text, '"');
        char *comment = strrchr(text, '/');
        char *last = MAX(MAX(quote, dollar), MAX(name, comment));

        if (last == NULL)
            return NULL;
        *last = '\0';
        tokens = tree_scan(text);
    }
    return tokens;
}

char *
sql_redact(const char *text)
{
    g_autofree char *beginning = g_utf8_make_valid(text, -1);
    g_autoptr(GArray) tokens = scan_beginning(beginning);
    g_autoptr(GString) redacted = g_string_new(NULL);

    for (guint i = 0; tokens != NULL && i < tokens->len; i++) {
        const SqlToken *token = &g_array_index(tokens, SqlToken, i);
        const SqlToken *before = i > 0 ? token - 1 : token;

        if (before->end < token->start && i > 0)
            g_string_append_c(redacted, ' ');
        if (is_literal(token->token))
            g_string_append_c(redacted, '?');
        else
            g_string_append_len(redacted, beginning + token->start, token->end - token->start);
    }
    return g_string_free(g_steal_pointer(&redacted), FALSE);
}
