#include "sql/whole.h"

const char *
whole_clause(const PgQuery__SelectStmt *select)
{
    const struct {
        bool is_there;
        const char *name;
    } clauses[] = {
        {select->with_clause != NULL, "WITH"},
        {select->op != PG_QUERY__SET_OPERATION__SETOP_NONE, "UNION, INTERSECT or EXCEPT"},
        {select->n_distinct_clause > 0, "DISTINCT"},
        {select->n_group_clause > 0, "GROUP BY"},
        {select->having_clause != NULL, "HAVING"},
        {select->n_window_clause > 0, "WINDOW"},
        {select->limit_count != NULL || select->limit_offset != NULL, "LIMIT or OFFSET"},
        {select->n_sort_clause > 0, "ORDER BY"},
        {select->n_locking_clause > 0, "FOR UPDATE or FOR SHARE"},
        {select->n_values_lists > 0, "VALUES"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(clauses); i++)
        if (clauses[i].is_there)
            return clauses[i].name;
    return NULL;
}
