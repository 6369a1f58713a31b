/* Partitions that come, and indexes of those that are there, while apps use the others. */
#include "lint/recipe-steps.h"

/* The text behind the name of the table: "USING btree (at) WHERE ..". */
static const char *
behind_table(const LintContext *context, int *ret_length)
{
    const SqlTree *tree = context->statement->tree;
    const PgQuery__RangeVar *relation = context->statement->node->index_stmt->relation;
    guint i = tree_token_at(tree, relation->location) + 1;

    while (tree_token(tree, i)->token == PG_QUERY__TOKEN__ASCII_46) /* a dot */
        i += 2;
    *ret_length = (int) context->statement->end - tree_token(tree, i)->start;
    return tree->text + tree_token(tree, i)->start;
}

/* "child_name": schema-qualified, as ALTER INDEX names it. */
static char *
index_label(const char *schema, const char *name)
{
    g_autofree char *quoted = schema != NULL && !g_str_equal(schema, "public")
                                  ? ddl_name_label((DdlName){NULL, schema})
                                  : NULL;

    return quoted ? g_strdup_printf("%s.%s", quoted, name) : g_strdup(name);
}

typedef struct {
    bool unique;
    const char *suffix; /* of the partitions' indexes */
    const char *rest;   /* what stands behind the table */
} IndexParts;

static void
append_partitions(GString *steps, const ModelTable *table, const char *parent,
                  const IndexParts *index)
{
    for (guint i = 0; i < table->children->len; i++) {
        const ModelTable *child = table->children->pdata[i];
        g_autofree char *label = model_table_label(child);
        g_autofree char *name = recipe_name(child->name, index->suffix, NULL);
        g_autofree char *own = index_label(child->schema, name);

        g_string_append_printf(steps, "\nCREATE %sINDEX %s%s ON %s%s %s;",
                               index->unique ? "UNIQUE " : "",
                               child->partitioned ? "" : "CONCURRENTLY ", name,
                               child->partitioned ? "ONLY " : "", label, index->rest);
        if (child->partitioned)
            append_partitions(steps, child, own, index);
        g_string_append_printf(steps, "\nALTER INDEX %s ATTACH PARTITION %s;", parent, own);
    }
}

static char *
partitions_text(const ModelTable *table, const char *name, const IndexParts *index)
{
    g_autofree char *label = model_table_label(table);
    g_autofree char *parent = index_label(table->schema, name);
    GString *steps = g_string_new(NULL);

    g_string_append_printf(steps, "CREATE %sINDEX %s ON ONLY %s %s;",
                           index->unique ? "UNIQUE " : "", name, label, index->rest);
    append_partitions(steps, table, parent, index);
    return g_string_free(steps, FALSE);
}

void
recipe_index_of_partitions(const LintContext *context, const DdlChange *change,
                           const ModelTable *table)
{
    int length;
    const char *text = behind_table(context, &length);
    const char *first = change->index->columns->len > 0 ? change->index->columns->pdata[0] : NULL;
    g_autofree char *rest = g_strndup(text, (gsize) length);
    g_autofree char *suffix = g_strdup_printf("%s_idx", first ? first : "expr");
    g_autofree char *name = change->relation.name
                                ? ddl_name_label((DdlName){NULL, change->relation.name})
                                : recipe_name(table->name, suffix, NULL);
    g_autofree char *steps = partitions_text(
        table, name,
        &(IndexParts){.unique = change->index->unique, .suffix = suffix, .rest = rest});

    lint_recipe(context, "%s", steps);
}

char *
recipe_index_of_columns(const LintContext *context, DdlName relation, const GPtrArray *columns)
{
    const ModelTable *table = model_table(context->model, relation);
    g_autofree char *label = ddl_name_label(relation);
    g_autofree char *list = cost_columns(columns);
    g_autofree char *rest = NULL, *suffix = NULL, *name = NULL;

    if (table == NULL || !table->partitioned)
        return g_strdup_printf("CREATE INDEX CONCURRENTLY ON %s (%s);", label, list);
    rest = g_strdup_printf("(%s)", list);
    suffix = g_strdup_printf("%s_idx", columns->len > 0 ? (char *) columns->pdata[0] : "key");
    name = recipe_name(table->name, suffix, NULL);
    return partitions_text(table, name, &(IndexParts){.suffix = suffix, .rest = rest});
}

/* The bound as it is written, from FOR VALUES or DEFAULT to its last parenthesis; and where that
 * ends. */
static char *
bound_text(const LintContext *context, const DdlChange *change, int *ret_end)
{
    const SqlTree *tree = context->statement->tree;
    const SqlToken *first =
        change->bound->is_default
            ? recipe_token(context, PG_QUERY__TOKEN__DEFAULT, change->bound->location)
            : recipe_token(context, PG_QUERY__TOKEN__VALUES, (int) context->statement->start);
    int groups = g_str_equal(change->bound->strategy, "r") ? 2 : 1, depth = 0;
    const SqlToken *last = first;

    for (guint i = tree_token_at(tree, first->end); !change->bound->is_default && groups > 0; i++) {
        last = tree_token(tree, i);
        depth +=
            (last->token == PG_QUERY__TOKEN__ASCII_40) - (last->token == PG_QUERY__TOKEN__ASCII_41);
        groups -= depth == 0 && last->token == PG_QUERY__TOKEN__ASCII_41;
    }
    *ret_end = last->end;
    return g_strdup_printf("%s%.*s", change->bound->is_default ? "" : "FOR ",
                           last->end - first->start, tree->text + first->start);
}

/* One end of a range: " AND at >= '2025-01-01'"; MINVALUE and MAXVALUE are none. */
static void
append_end(GString *condition, const char *column, const char *op, const PgQuery__Node *datum)
{
    const PgQuery__PartitionRangeDatum *range = datum->partition_range_datum;
    g_autofree char *value = NULL;

    if (datum->node_case == PG_QUERY__NODE__NODE_PARTITION_RANGE_DATUM) {
        if (range->kind != PG_QUERY__PARTITION_RANGE_DATUM_KIND__PARTITION_RANGE_DATUM_VALUE)
            return;
        value = ddl_expression_text(range->value);
    } else if (datum->node_case == PG_QUERY__NODE__NODE_COLUMN_REF) {
        return; /* MINVALUE, MAXVALUE */
    } else {
        value = ddl_expression_text(datum);
    }
    g_string_append_printf(condition, " AND %s %s %s", column, op, value);
}

/* Which rows belong into the partition, for a key of one column; NULL: it cannot be said. Caller
 * owns. */
static char *
bound_condition(const ModelTable *parent, const PgQuery__PartitionBoundSpec *bound)
{
    g_autofree char *column = NULL;
    GString *condition;

    if (parent == NULL || parent->partition_key->len != 1 ||
        parent->partition_key->pdata[0] == NULL || bound->is_default ||
        g_str_equal(bound->strategy, "h"))
        return NULL;
    column = ddl_name_label((DdlName){NULL, parent->partition_key->pdata[0]});
    condition = g_string_new(NULL);
    g_string_append_printf(condition, "%s IS NOT NULL", column);
    if (bound->n_lowerdatums == 1 && bound->n_upperdatums == 1) {
        append_end(condition, column, ">=", bound->lowerdatums[0]);
        append_end(condition, column, "<", bound->upperdatums[0]);
    }
    if (bound->n_listdatums == 1)
        append_end(condition, column, "=", bound->listdatums[0]);
    for (size_t i = 0; bound->n_listdatums > 1 && i < bound->n_listdatums; i++) {
        g_autofree char *value = ddl_expression_text(bound->listdatums[i]);
        g_string_append_printf(condition, i == 0 ? " AND %s IN (" : ", ", column);
        g_string_append_printf(condition, "%s%s", value, i + 1 < bound->n_listdatums ? "" : ")");
    }
    return g_string_free(condition, FALSE);
}

/* "ALTER TABLE t ADD CONSTRAINT c CHECK (..) NOT VALID" and its VALIDATE. */
static void
append_proof(GString *steps, const char *table, const char *name, const char *condition)
{
    g_string_append_printf(steps,
                           "ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s) NOT VALID;\n"
                           "ALTER TABLE %s VALIDATE CONSTRAINT %s;\n",
                           table, name, condition, table, name);
}

/* The DEFAULT partition says that it has none of the new one's rows; what says so, or NULL. */
static char *
append_proof_of_rest(GString *steps, const ModelTable *rest, const char *child,
                     const char *condition)
{
    g_autofree char *label = rest != NULL ? model_table_label(rest) : NULL;
    g_autofree char *none = condition ? g_strdup_printf("NOT (%s)", condition) : NULL;
    char *name;

    if (rest == NULL || condition == NULL)
        return NULL;
    name = recipe_name(rest->name, child, "none", NULL);
    append_proof(steps, label, name, none);
    return name;
}

static void
append_drop(GString *steps, const char *table, const char *name)
{
    if (name != NULL)
        g_string_append_printf(steps, "\nALTER TABLE %s DROP CONSTRAINT %s;", table, name);
}

void
recipe_partition_apart(const LintContext *context, const DdlChange *change, const ModelTable *rest)
{
    const ModelTable *parent = model_table(context->model, change->other);
    g_autofree char *label = ddl_name_label(change->other);
    g_autofree char *child = ddl_name_label(change->relation);
    g_autofree char *condition = bound_condition(parent, change->bound);
    g_autofree char *rest_label = rest != NULL ? model_table_label(rest) : NULL;
    g_autofree char *bound = NULL, *proof = NULL;
    g_autoptr(GString) steps = g_string_new(NULL);
    int end;

    bound = bound_text(context, change, &end);
    g_string_append_printf(steps, "CREATE TABLE %s (LIKE %s INCLUDING ALL)%.*s;\n", child, label,
                           (int) context->statement->end - end,
                           context->statement->tree->text + end);
    proof = append_proof_of_rest(steps, rest, change->relation.name, condition);
    g_string_append_printf(steps, "ALTER TABLE %s ATTACH PARTITION %s %s; -- by itself", label,
                           child, bound);
    append_drop(steps, rest_label, proof);
    lint_recipe(context, "%s", steps->str);
}

/* The parent's index, or key, on the partition. */
static void
append_index(GString *steps, const ModelIndex *index, DdlName relation)
{
    g_autofree char *label = ddl_name_label(relation);
    g_autofree char *columns = cost_columns(index->columns);
    g_autofree char *name = recipe_name(relation.name, index->name, NULL);

    g_string_append_printf(steps, "CREATE %sINDEX CONCURRENTLY %s ON %s (%s);\n",
                           index->unique ? "UNIQUE " : "", name, label, columns);
    if (index->is_constraint)
        g_string_append_printf(steps, "ALTER TABLE %s ADD CONSTRAINT %s %s USING INDEX %s;\n",
                               label, name, index->primary ? "PRIMARY KEY" : "UNIQUE", name);
}

void
recipe_attach(const LintContext *context, const DdlChange *change, const RecipeAttach *attach)
{
    const ModelTable *parent = model_table(context->model, change->relation);
    g_autofree char *child = ddl_name_label(change->other);
    g_autofree char *condition = bound_condition(parent, change->bound);
    g_autofree char *rest_label = attach->rest ? model_table_label(attach->rest) : NULL;
    g_autofree char *fits = recipe_name(change->other.name, "fits", NULL);
    g_autofree char *proof = NULL;
    g_autoptr(GString) steps = g_string_new(NULL);

    if (attach->index != NULL)
        append_index(steps, attach->index, change->other);
    if (attach->proves_child && condition != NULL)
        append_proof(steps, child, fits, condition);
    proof = append_proof_of_rest(steps, attach->rest, change->other.name, condition);
    if (condition == NULL && (attach->proves_child || attach->rest != NULL))
        g_string_append(steps,
                        "-- first, on what would be read, a CHECK of the partition's bounds and "
                        "of IS NOT NULL: NOT VALID, then VALIDATE\n");
    g_string_append_printf(steps, "%s;", sql_statement_text(context->statement));
    if (attach->proves_child && condition != NULL)
        append_drop(steps, child, fits);
    append_drop(steps, rest_label, proof);
    lint_recipe(context, "%s", steps->str);
}
