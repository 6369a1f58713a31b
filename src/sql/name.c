/* Names as people write them: quoted, qualified, folded; and others put in their place. */
#include <string.h>

#include "sql/script.h"
#include "sql/tree.h"

/* The token as a name, or NULL if it is none. */
static char *
name_of(const char *text, const SqlToken *token)
{
    const char *start = text + token->start;
    const gsize length = (gsize) (token->end - token->start);
    g_autofree char *inner = NULL;
    g_auto(GStrv) parts = NULL;

    if (start[0] != '"') {
        const bool is_word = token->token == PG_QUERY__TOKEN__IDENT ||
                             token->keyword != PG_QUERY__KEYWORD_KIND__NO_KEYWORD;
        return is_word ? g_ascii_strdown(start, (gssize) length) : NULL;
    }
    inner = g_strndup(start + 1, length - 2);
    parts = g_strsplit(inner, "\"\"", -1);
    return g_strjoinv("\"", parts);
}

bool
sql_name_parse(const char *text, Place place, char **ret_schema, char **ret_name, GError **error)
{
    g_autoptr(GArray) tokens = tree_scan(text);
    const guint count = tokens != NULL ? tokens->len : 0;
    g_autofree char *schema = NULL, *name = NULL;

    if (count == 3 && g_array_index(tokens, SqlToken, 1).token == PG_QUERY__TOKEN__ASCII_46)
        schema = name_of(text, &g_array_index(tokens, SqlToken, 0));
    if (count == 1 || schema != NULL)
        name = name_of(text, &g_array_index(tokens, SqlToken, count - 1));
    if (name == NULL)
        return error_set_at(error, ERROR_SQL, place, "'%s' is not the name of a table", text);
    *ret_schema = g_steal_pointer(&schema);
    *ret_name = g_steal_pointer(&name);
    return true;
}

/* Is the token at @at a column's name where it stands? Not behind a dot, a cast or COLLATE, and not
 * before an argument list or a dot. */
static bool
may_be_column(const GArray *tokens, guint at)
{
    const SqlToken *token = &g_array_index(tokens, SqlToken, at);
    const SqlToken *before = at > 0 ? token - 1 : NULL;
    const SqlToken *after = at + 1 < tokens->len ? token + 1 : NULL;

    if (token->token != PG_QUERY__TOKEN__IDENT &&
        token->keyword == PG_QUERY__KEYWORD_KIND__NO_KEYWORD)
        return false;
    if (before &&
        (before->token == PG_QUERY__TOKEN__ASCII_46 || before->token == PG_QUERY__TOKEN__TYPECAST ||
         before->token == PG_QUERY__TOKEN__COLLATE))
        return false;
    return after == NULL ||
           (after->token != PG_QUERY__TOKEN__ASCII_40 && after->token != PG_QUERY__TOKEN__ASCII_46);
}

char *
sql_rename_columns(const char *text, GHashTable *names)
{
    g_autoptr(GArray) tokens = tree_scan(text);
    GString *out = g_string_new(NULL);
    int done = 0;

    for (guint i = 0; tokens != NULL && i < tokens->len; i++) {
        const SqlToken *token = &g_array_index(tokens, SqlToken, i);
        g_autofree char *name = may_be_column(tokens, i) ? name_of(text, token) : NULL;
        const char *other = name ? g_hash_table_lookup(names, name) : NULL;
        g_autofree char *quoted = other ? tree_quote(other) : NULL;

        if (quoted == NULL)
            continue;
        g_string_append_len(out, text + done, token->start - done);
        g_string_append(out, quoted);
        done = token->end;
    }
    g_string_append(out, text + done);
    return g_string_free(out, FALSE);
}
