/* Other names for columns, in the SQL that the server writes of its objects. */
#include <string.h>

#include "sql/script.h"
#include "sql/tree.h"

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

static char *
unquoted(const char *text, const SqlToken *token)
{
    g_autofree char *raw = g_strndup(text + token->start, (gsize) (token->end - token->start));
    g_autofree char *schema = NULL;
    char *name = NULL;

    return sql_name_parse(raw, (Place){0}, &schema, &name, NULL) ? name : NULL;
}

char *
sql_rename_columns(const char *text, GHashTable *names)
{
    g_autoptr(GArray) tokens = tree_scan(text);
    GString *out = g_string_new(NULL);
    int done = 0;

    for (guint i = 0; tokens != NULL && i < tokens->len; i++) {
        const SqlToken *token = &g_array_index(tokens, SqlToken, i);
        g_autofree char *name = may_be_column(tokens, i) ? unquoted(text, token) : NULL;
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
