#include "sql/driving.h"

#include <string.h>

const char *
relation_alias(const PgQuery__RangeVar *relation)
{
    return relation->alias != NULL ? relation->alias->aliasname : relation->relname;
}

guint
driving_name_end(const SqlTree *tree, guint name, guint end)
{
    guint i = name + 1;

    while (i + 1 < end && tree_token(tree, i)->token == PG_QUERY__TOKEN__ASCII_46)
        i += 2;
    if (i < end && tree_token(tree, i)->token == PG_QUERY__TOKEN__ASCII_42)
        i++;
    return i;
}

typedef struct {
    const PgQuery__RangeVar *relation;
    const char *flaw; /* why it cannot drive; NULL: it can */
} Candidate;

static void
gather(const PgQuery__Node *item, const char *flaw, GArray *candidates)
{
    static const char missing[] = "may be missing from a row of its outer join";

    if (item->node_case == PG_QUERY__NODE__NODE_RANGE_VAR) {
        const PgQuery__RangeVar *relation = item->range_var;
        Candidate candidate = {relation, flaw};

        if (!relation->inh)
            candidate.flaw = "says ONLY: it is gone through partition by partition";
        if (relation->alias != NULL && relation->alias->n_colnames > 0)
            candidate.flaw = "has other names for its columns";
        g_array_append_val(candidates, candidate);
    } else if (item->node_case == PG_QUERY__NODE__NODE_JOIN_EXPR) {
        const PgQuery__JoinExpr *join = item->join_expr;
        const PgQuery__JoinType type = join->jointype;

        if (join->alias != NULL)
            return;
        gather(join->larg,
               type == PG_QUERY__JOIN_TYPE__JOIN_RIGHT || type == PG_QUERY__JOIN_TYPE__JOIN_FULL
                   ? missing
                   : flaw,
               candidates);
        gather(join->rarg,
               type == PG_QUERY__JOIN_TYPE__JOIN_LEFT || type == PG_QUERY__JOIN_TYPE__JOIN_FULL
                   ? missing
                   : flaw,
               candidates);
    }
}

static bool
is_named(const PgQuery__RangeVar *relation, const char *name)
{
    g_autofree char *alias = tree_quote(relation_alias(relation));
    g_autofree char *table = tree_quote(relation->relname);
    g_autofree char *schema = relation->schemaname[0] ? tree_quote(relation->schemaname) : NULL;
    g_autofree char *qualified = schema ? g_strdup_printf("%s.%s", schema, table) : NULL;

    return g_str_equal(name, alias) || g_str_equal(name, table) ||
           g_strcmp0(name, qualified) == 0 || g_str_equal(name, relation_alias(relation));
}

static const PgQuery__RangeVar *
find_named(const DrivingChoice *choice, const GArray *candidates, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);

    for (guint i = 0; i < candidates->len; i++) {
        const Candidate *candidate = &g_array_index(candidates, Candidate, i);

        if (is_named(candidate->relation, choice->named)) {
            if (candidate->flaw == NULL)
                return candidate->relation;
            error_set_at(error, ERROR_SQL, choice->named_place,
                         "'%s' cannot be the driving table: it %s", choice->named, candidate->flaw);
            error_hint(error, "Name another table of the statement.");
            return NULL;
        }
        g_string_append_printf(names, "%s%s", i > 0 ? ", " : "",
                               relation_alias(candidate->relation));
    }
    error_set_at(error, ERROR_SQL, choice->named_place,
                 "the statement has no table '%s' that could be driven through", choice->named);
    error_hint(error, "It can be one of: %s.", names->str);
    return NULL;
}

const PgQuery__RangeVar *
driving_choose(const DrivingChoice *choice, GError **error)
{
    g_autoptr(GArray) candidates = g_array_new(FALSE, FALSE, sizeof(Candidate));

    if (choice->target != NULL)
        g_array_append_val(candidates, ((Candidate){choice->target, NULL}));
    for (size_t i = 0; i < choice->n_items; i++)
        gather(choice->items[i], NULL, candidates);
    if (choice->named != NULL)
        return find_named(choice, candidates, error);
    for (guint i = 0; i < candidates->len; i++) {
        const Candidate *candidate = &g_array_index(candidates, Candidate, i);

        if (candidate->flaw == NULL)
            return candidate->relation;
    }
    error_set_at(error, ERROR_SQL, tree_place(choice->tree, 0),
                 "the INSERT selects from no table whose rows could be gone through");
    error_hint(error, "Select from a table, on the side of its joins that is always there.");
    return NULL;
}

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
