#include <string.h>

#include "pg/conn.h"

/* `$12` at @at: its number, and in *@ret_end what comes behind; 0: none. */
static guint
parameter_at(const char *at, const char **ret_end)
{
    char *end = NULL;
    guint64 number;

    if (*at != '$' || !g_ascii_isdigit(at[1]))
        return 0;
    number = g_ascii_strtoull(at + 1, &end, 10);
    *ret_end = end;
    return (guint) number;
}

/* Behind a comment that begins at @at; @at where none does. */
static const char *
skip_comment(const char *at)
{
    const char *end;

    if (!g_str_has_prefix(at, "--"))
        return at;
    end = strchr(at, '\n');
    return end ? end + 1 : at + strlen(at);
}

/* Comments are left out: they tell of parameters. */
char *
pg_bind(const char *sql, const char *const *params, guint n_params)
{
    GString *bound = g_string_new(NULL);
    bool quoted = false;

    for (const char *at = sql; *at;) {
        const char *end = NULL;
        const guint number = quoted ? 0 : parameter_at(at, &end);
        g_autofree char *literal = NULL;

        if (!quoted && skip_comment(at) != at) {
            at = skip_comment(at);
            continue;
        }
        if (number == 0 || number > n_params) {
            quoted ^= *at == '\'';
            g_string_append_c(bound, *at++);
            continue;
        }
        literal = params[number - 1] ? pg_quote_literal(params[number - 1]) : g_strdup("NULL");
        g_string_append(bound, literal);
        at = end;
    }
    return g_string_free(bound, FALSE);
}
