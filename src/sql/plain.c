#include <pg_query.h>
#include <string.h>

#include "sql/script.h"
#include "sql/skim.h"
#include "sql/tree.h"

/* What begins transaction control, or makes a statement one that more must be known of. */
static bool
is_special(const Skim *skim)
{
    static const char *const words[] = {"abort",    "begin",     "commit",  "concurrently",
                                        "copy",     "end",       "prepare", "release",
                                        "rollback", "savepoint", "start"};

    for (guint i = 0; skim->kind == SKIM_WORD && i < G_N_ELEMENTS(words); i++)
        if (skim_is(skim, words[i]))
            return true;
    return false;
}

bool
sql_is_plain(const char *text)
{
    PgQuerySplitResult split;
    bool is_valid;

    if (!g_utf8_validate(text, -1, NULL) || !tree_is_shallow(text))
        return false;
    for (Skim skim = skim_begin(text, 0, strlen(text)); skim_next(&skim);)
        if (is_special(&skim))
            return false;
    split = pg_query_split_with_parser(text);
    is_valid = split.error == NULL;
    pg_query_free_split_result(split);
    return is_valid;
}
