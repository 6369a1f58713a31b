/* How a constraint comes to a table that is in use: without a check of the rows, or with an index
 * that was built before. */
#include "lint/recipe-steps.h"
#include "sql/statement.h"

/* NOT VALID on each leaf of a partitioned table (@add), and, with what reads their rows, the table
 * (@prove). */
static void
append_not_valid(const LintContext *context, GString *add, GString *prove, const DdlChange *change,
                 DdlName relation, const char *body)
{
    const ModelTable *table = model_table(context->model, relation);
    const bool is_leaves = table != NULL && table->partitioned && table->children->len > 0 &&
                           change->constraint->kind == CONSTRAINT_FOREIGN_KEY &&
                           context->server_version < 18;
    g_autofree char *label = ddl_name_label(relation);
    g_autofree char *name = cost_constraint_name(change);

    for (guint i = 0; is_leaves && i < table->children->len; i++) {
        const ModelTable *child = table->children->pdata[i];
        append_not_valid(context, add, prove, change, (DdlName){child->schema, child->name}, body);
    }
    g_string_append_printf(
        is_leaves ? prove : add, "ALTER TABLE %s ADD CONSTRAINT %s %s%s;\n", label, name, body,
        is_leaves ? " -- as the partitions have it: no row is read" : " NOT VALID");
    if (!is_leaves)
        g_string_append_printf(prove, "ALTER TABLE %s VALIDATE CONSTRAINT %s;\n", label, name);
}

static bool
is_key(const PgQuery__Node *node)
{
    return node->node_case == PG_QUERY__NODE__NODE_CONSTRAINT &&
           node->constraint->contype == PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN;
}

/* Leaves those that are no foreign keys; how many. */
static size_t
keep_others(PgQuery__Node **nodes, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++)
        if (!is_key(nodes[i]))
            nodes[kept++] = nodes[i];
    return kept;
}

char *
recipe_without_keys(const SqlStatement *statement)
{
    SqlBlock *blocks = NULL;
    PgQuery__Node *copy;
    PgQuery__CreateStmt *create;
    char *text;

    if (statement->node->node_case != PG_QUERY__NODE__NODE_CREATE_STMT)
        return g_strdup(sql_statement_text(statement));
    copy = tree_copy(statement->node, &blocks);
    create = copy->create_stmt;
    create->n_table_elts = keep_others(create->table_elts, create->n_table_elts);
    for (size_t i = 0; i < create->n_table_elts; i++) {
        PgQuery__ColumnDef *column = create->table_elts[i]->column_def;

        if (create->table_elts[i]->node_case == PG_QUERY__NODE__NODE_COLUMN_DEF)
            column->n_constraints = keep_others(column->constraints, column->n_constraints);
    }
    text = ddl_statement_text(copy);
    blocks_free(blocks);
    return text;
}

/* The index that a DELETE of the referenced table wants, unless there is one. */
static void
append_index_of_key(const LintContext *context, GString *steps, const DdlChange *change)
{
    const ModelTable *table = model_table(context->model, change->relation);
    g_autofree char *index = NULL;

    if (change->constraint->kind != CONSTRAINT_FOREIGN_KEY || table == NULL ||
        !table->columns_known || model_covering_index(table, change->constraint->columns) != NULL)
        return;
    index = recipe_index_of_columns(context, change->relation, change->constraint->columns);
    g_string_append_printf(steps, "%s\n", index);
}

/* The columns of a primary key become NOT NULL, which is a scan unless they are proven to be. */
static void
append_not_null(const LintContext *context, GString *steps, const DdlChange *change)
{
    const ModelTable *table = model_table(context->model, change->relation);

    for (guint i = 0; i < change->constraint->columns->len; i++) {
        const char *column = change->constraint->columns->pdata[i];
        g_autofree char *not_null = NULL;

        if (table != NULL && model_is_not_null(table, column, false) == KNOWN_YES)
            continue;
        not_null = recipe_not_null(change->relation, column);
        g_string_append_printf(steps, "%s\n", not_null);
    }
}

static void
append_key(const LintContext *context, GString *steps, const DdlChange *change)
{
    const DdlConstraint *key = change->constraint;
    const bool is_primary = key->kind == CONSTRAINT_PRIMARY_KEY;
    g_autofree char *label = ddl_name_label(change->relation);
    g_autofree char *name = cost_constraint_name(change);
    g_autofree char *columns = cost_columns(key->columns);

    if (is_primary)
        append_not_null(context, steps, change);
    g_string_append_printf(
        steps,
        "CREATE UNIQUE INDEX CONCURRENTLY %s ON %s (%s)%s;\n"
        "ALTER TABLE %s ADD CONSTRAINT %s %s USING INDEX %s%s;\n",
        name, label, columns, key->nulls_not_distinct ? " NULLS NOT DISTINCT" : "", label, name,
        is_primary ? "PRIMARY KEY" : "UNIQUE", name, key->deferrable ? " DEFERRABLE" : "");
}

static char *
steps_of(const LintContext *context, const DdlChange *change, bool with_index)
{
    const DdlConstraintKind kind = change->constraint->kind;
    g_autofree char *body = recipe_constraint_body(context, change);
    g_autofree char *rest = recipe_without_constraint(context, change);
    g_autoptr(GString) prove = g_string_new(NULL);
    GString *steps = g_string_new(NULL);

    g_string_append(steps, rest);
    if (kind == CONSTRAINT_UNIQUE || kind == CONSTRAINT_PRIMARY_KEY) {
        append_key(context, steps, change);
    } else {
        if (with_index)
            append_index_of_key(context, steps, change);
        append_not_valid(context, steps, prove, change, change->relation, body ? body : "");
        g_string_append_printf(
            steps, "-- rows that violate it are put right; then, in a transaction of its own\n%s",
            prove->str);
    }
    g_string_truncate(steps, steps->len - 1); /* the last newline */
    return g_string_free(steps, FALSE);
}

char *
recipe_constraint(const LintContext *context, const DdlChange *change)
{
    return steps_of(context, change, true);
}

char *
recipe_constraint_alike(const LintContext *context, const DdlChange *change)
{
    return steps_of(context, change, false);
}

/* A primary key makes its columns NOT NULL, which an old app need not survive. */
static bool
is_not_null_already(const LintContext *context, const DdlChange *change)
{
    g_autoptr(GString) steps = g_string_new(NULL);

    if (change->constraint->kind == CONSTRAINT_PRIMARY_KEY)
        append_not_null(context, steps, change);
    return steps->len == 0;
}

bool
recipe_constraint_life(const LintContext *context, const DdlChange *change, RecipeLife *life)
{
    const SectionKind own = context->unit->section;
    g_autofree char *body = recipe_constraint_body(context, change);
    g_autofree char *rest = recipe_without_constraint(context, change);

    if (!is_not_null_already(context, change))
        return false;
    recipe_life_add(life, own, "%s", rest);
    if (change->constraint->kind == CONSTRAINT_UNIQUE ||
        change->constraint->kind == CONSTRAINT_PRIMARY_KEY)
        append_key(context, life->in[own], change);
    else
        append_not_valid(context, life->in[own], life->in[SECTION_FINISH], change, change->relation,
                         body ? body : "");
    return true;
}

void
recipe_recommend_constraint(const LintContext *context, const DdlChange *change)
{
    g_autofree char *steps = recipe_constraint(context, change);
    g_auto(RecipeLife) life;

    recipe_life_init(&life);
    if (recipe_has_life(context) && recipe_constraint_life(context, change, &life))
        recipe_of_life(context, &life);
    else
        lint_recipe(context, "%s", steps);
}
