/* Rows that are changed or deleted in parts. */
#include "lint/recipe-steps.h"

/* One table's rows, some pages a transaction: what is changed moves behind the pages to come, and
 * is passed over there, for @left is not true of it any more. */
static void
append_pages(GString *text, const char *label, const char *head, const char *left)
{
    g_auto(GStrv) quotes = g_strsplit(label, "'", -1);
    g_autofree char *literal = g_strjoinv("''", quotes);

    g_string_append_printf(
        text,
        "%sDO $fill$\nDECLARE\n    page bigint := 0;\nBEGIN\n"
        "    WHILE page <= pg_relation_size('%s') / current_setting('block_size')::int LOOP\n"
        "        %s\n"
        "         WHERE ctid >= format('(%%s,0)', page)::tid\n"
        "           AND ctid < format('(%%s,0)', page + 500)::tid%s%s;\n"
        "        COMMIT;\n        page := page + 500;\n    END LOOP;\nEND $fill$;",
        text->len > 0 ? "\n" : "", literal, head, left ? "\n           AND " : "",
        left ? left : "");
}

/* The rows of a partitioned table are its partitions'. */
static void
append_leaves(const LintContext *context, GString *text, DdlName relation, const char *set,
              const char *left)
{
    const ModelTable *table = model_table(context->model, relation);
    g_autofree char *label = ddl_name_label(relation);
    g_autofree char *head = set ? g_strdup_printf("UPDATE %s SET %s", label, set)
                                : g_strdup_printf("DELETE FROM %s", label);

    if (table == NULL || table->children->len == 0 || !table->partitioned)
        append_pages(text, label, head, left);
    for (guint i = 0; table != NULL && table->partitioned && i < table->children->len; i++) {
        const ModelTable *child = table->children->pdata[i];
        append_leaves(context, text, (DdlName){child->schema, child->name}, set, left);
    }
}

char *
recipe_fill(const LintContext *context, DdlName table, const char *set, const char *left)
{
    GString *text = g_string_new(NULL);

    append_leaves(context, text, table, set, left);
    return g_string_free(text, FALSE);
}

char *
recipe_delete(const LintContext *context, DdlName table, const char *left)
{
    GString *text = g_string_new(NULL);

    append_leaves(context, text, table, NULL, left);
    return g_string_free(text, FALSE);
}

/* The values that the UPDATE gives are not read from what it sets, so that a row that has them
 * already need not be looked at again: "a IS DISTINCT FROM (b)"; NULL: they are. Caller owns. */
static char *
rows_left(const PgQuery__UpdateStmt *update)
{
    g_autoptr(GPtrArray) read = g_ptr_array_new();
    g_autoptr(GString) left = g_string_new(NULL);

    for (size_t i = 0; i < update->n_target_list; i++) {
        const PgQuery__ResTarget *target = update->target_list[i]->res_target;
        g_autofree char *name = ddl_name_label((DdlName){NULL, target->name});
        g_autofree char *value = NULL;

        if (target->val->node_case == PG_QUERY__NODE__NODE_MULTI_ASSIGN_REF ||
            target->n_indirection > 0 || ddl_is_volatile(target->val, NULL, NULL, NULL) != KNOWN_NO)
            return NULL;
        ddl_columns_read(target->val, read);
        value = ddl_expression_text(target->val);
        g_string_append_printf(left, "%s%s IS DISTINCT FROM (%s)", i > 0 ? " OR " : "", name,
                               value);
    }
    for (size_t i = 0; i < update->n_target_list; i++)
        if (g_ptr_array_find_with_equal_func(read, update->target_list[i]->res_target->name,
                                             g_str_equal, NULL))
            return NULL;
    return g_string_free(g_steal_pointer(&left), FALSE);
}

/* "a = b, c = d" as it is written. */
static char *
set_text(const LintContext *context)
{
    const SqlToken *set =
        recipe_token(context, PG_QUERY__TOKEN__SET, (int) context->statement->start);
    const SqlToken *where = recipe_token(context, PG_QUERY__TOKEN__WHERE, set->end);
    const int end = where ? where->start : (int) context->statement->end;

    return g_strstrip(
        g_strndup(context->statement->tree->text + set->end, (gsize) (end - set->end)));
}

/* UPDATE of one table by its own columns; NULL: it is no such thing. */
static char *
update_in_parts(const LintContext *context, const DdlChange *change)
{
    const PgQuery__Node *node = context->statement->node;
    const PgQuery__UpdateStmt *update = node->update_stmt;
    g_autofree char *left = NULL, *set = NULL, *where = NULL, *both = NULL;

    if (node->node_case != PG_QUERY__NODE__NODE_UPDATE_STMT || update->n_from_clause > 0 ||
        update->with_clause != NULL || update->relation->alias != NULL)
        return NULL;
    left = rows_left(update);
    if (left == NULL)
        return NULL;
    set = set_text(context);
    where = update->where_clause ? ddl_expression_text(update->where_clause) : NULL;
    both = where ? g_strdup_printf("(%s)\n           AND (%s)", where, left)
                 : g_strdup_printf("(%s)", left);
    return recipe_fill(context, change->relation, set, both);
}

static char *
delete_in_parts(const LintContext *context, const DdlChange *change)
{
    const PgQuery__Node *node = context->statement->node;
    const PgQuery__DeleteStmt *delete = node->delete_stmt;
    g_autofree char *where = NULL, *left = NULL;

    if (node->node_case != PG_QUERY__NODE__NODE_DELETE_STMT || delete->n_using_clause > 0 ||
        delete->with_clause != NULL || delete->relation->alias != NULL)
        return NULL;
    where = delete->where_clause ? ddl_expression_text(delete->where_clause) : NULL;
    left = where ? g_strdup_printf("(%s)", where) : NULL;
    return recipe_delete(context, change->relation, left);
}

void
recipe_in_parts(const LintContext *context, const DdlChange *change)
{
    const char *text = sql_statement_text(context->statement);
    g_autofree char *parts = NULL;

    if (facts_by_sluice(context)) {
        recipe_life_backfill(context, change);
        return;
    }
    parts = change->kind == CHANGE_UPDATE ? update_in_parts(context, change)
                                          : delete_in_parts(context, change);
    if (parts != NULL)
        lint_recipe(context, "-- when what locks is committed, some pages a transaction\n%s",
                    parts);
    else if (g_str_has_prefix(lint_reporting(context), "backfill-"))
        lint_recipe(context, "-- when what locks is committed, in a transaction of its own\n%s;",
                    text);
    else
        lint_recipe(context, "-- sluice: allow %s because it touches few rows\n%s;",
                    lint_reporting(context), text);
}
