#include <pg_query.h>

#include "sql/script.h"
#include "sql/tree.h"

/* What begins transaction control, or makes a statement one that more must be known of. */
static bool
is_special(PgQuery__Token token)
{
    switch ((int) token) {
    case PG_QUERY__TOKEN__ABORT_P:
    case PG_QUERY__TOKEN__BEGIN_P:
    case PG_QUERY__TOKEN__COMMIT:
    case PG_QUERY__TOKEN__CONCURRENTLY:
    case PG_QUERY__TOKEN__COPY:
    case PG_QUERY__TOKEN__END_P:
    case PG_QUERY__TOKEN__PREPARE:
    case PG_QUERY__TOKEN__RELEASE:
    case PG_QUERY__TOKEN__ROLLBACK:
    case PG_QUERY__TOKEN__SAVEPOINT:
    case PG_QUERY__TOKEN__START:
        return true;
    default:
        return false;
    }
}

bool
sql_is_plain(const char *text)
{
    g_autoptr(GArray) tokens = g_utf8_validate(text, -1, NULL) ? tree_scan(text) : NULL;
    PgQuerySplitResult split;
    bool is_valid;

    if (tokens == NULL || !tree_is_shallow(tokens))
        return false;
    for (guint i = 0; i < tokens->len; i++)
        if (is_special(g_array_index(tokens, SqlToken, i).token))
            return false;
    split = pg_query_split_with_parser(text);
    is_valid = split.error == NULL;
    pg_query_free_split_result(split);
    return is_valid;
}
