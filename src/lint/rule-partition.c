/* Partitions and inheritance: what a statement on one table does to the others. */
#include <string.h>

#include "lint/gone.h"
#include "lint/recipe-steps.h"

static const ModelTable *
partitioned(const LintContext *context, DdlName name)
{
    const ModelTable *table = model_table(context->model, name);

    return table != NULL && table->partitioned && !session_is_new(context->session, table) ? table
                                                                                           : NULL;
}

static const ModelTable *
default_of(const ModelTable *table)
{
    for (guint i = 0; table != NULL && i < table->children->len; i++) {
        const ModelTable *child = table->children->pdata[i];
        if (child->is_default_partition)
            return child;
    }
    return NULL;
}

static void
index_on_parent(const LintContext *context, const DdlChange *change)
{
    const ModelTable *table;
    g_autofree char *label = NULL;

    if (change->concurrently) { /* refused, whoever uses the table */
        table = model_table(context->model, change->other);
        if (table == NULL || !table->partitioned)
            return;
    } else {
        table = partitioned(context, change->other);
        if (table == NULL || change->only || (table->columns_known && table->children->len == 0))
            return;
    }
    label = model_table_label(table);
    lint_report(context, change,
                change->concurrently
                    ? "CREATE INDEX CONCURRENTLY is refused for partitioned table %s"
                    : "CREATE INDEX blocks writes of %s and of all its partitions until the last "
                      "one has its index",
                label);
    lint_add_locks(context);
    recipe_index_of_partitions(context, change, table);
}

const LintRule lint_rule_index_create_partitioned_parent = {
    .id = "index-create-partitioned-parent",
    .level = LINT_ERROR,
    .title = "CREATE INDEX of a partitioned table blocks writes of all partitions",
    .at_change = index_on_parent,
    .kinds = LINT_KINDS(CHANGE_CREATE_INDEX),
};

static void
create_of(const LintContext *context, const DdlChange *change)
{
    const ModelTable *parent;
    g_autofree char *label = NULL;

    if (change->bound == NULL || facts_is_new(context, change->other))
        return;
    parent = model_table(context->model, change->other);
    label = ddl_name_label(change->other);
    lint_report(context, change, "CREATE TABLE .. PARTITION OF takes ACCESS EXCLUSIVE on %s%s",
                label, default_of(parent) != NULL ? ", and reads its whole DEFAULT partition" : "");
    lint_add_locks(context);
    recipe_partition_apart(context, change, default_of(parent));
}

const LintRule lint_rule_partition_create_of = {
    .id = "partition-create-of",
    .level = LINT_WARNING,
    .title = "CREATE TABLE .. PARTITION OF blocks reads and writes of the parent",
    .at_change = create_of,
    .kinds = LINT_KINDS(CHANGE_CREATE_TABLE),
};

/* The dearest work on rows that are there: a partition that this file has made and not filled has
 * none. */
static const PredictedWork *
attach_work(const LintContext *context, const DdlChange *change)
{
    const ModelTable *child = model_table(context->model, change->other);
    const bool is_empty =
        facts_is_new(context, change->other) && (child == NULL || !child->rows_loaded);
    const PredictedWork *dearest = NULL;

    for (guint i = 0; i < context->prediction->works->len; i++) {
        const PredictedWork *work = context->prediction->works->pdata[i];

        if (work->kind < WORK_SCAN || work->kind == WORK_ROWS ||
            ddl_changes_get(context->changes, work->change) != change ||
            (is_empty && work->table == child))
            continue;
        if (dearest == NULL || work->kind > dearest->kind ||
            (work->kind == dearest->kind && work->certainty == KNOWN_YES &&
             dearest->certainty != KNOWN_YES))
            dearest = work;
    }
    return dearest;
}

/* A key or index of the parent that the partition lacks; NULL: none that is known. */
static const ModelIndex *
missing_index(const ModelTable *table, const ModelTable *parent)
{
    for (guint i = 0; parent != NULL && table != NULL && i < parent->indexes->len; i++) {
        const ModelIndex *wanted = parent->indexes->pdata[i];
        bool found = wanted->has_expressions;

        for (guint k = 0; !found && k < table->indexes->len; k++) {
            const ModelIndex *own = table->indexes->pdata[k];
            found = own->columns->len == wanted->columns->len && own->unique >= wanted->unique;
            for (guint n = 0; found && n < own->columns->len; n++)
                found = g_strcmp0(own->columns->pdata[n], wanted->columns->pdata[n]) == 0;
        }
        if (!found)
            return wanted;
    }
    return NULL;
}

/* What spares it each work that is predicted. */
static void
recommend_before_attach(const LintContext *context, const DdlChange *change)
{
    const ModelTable *parent = model_table(context->model, change->relation);
    const ModelTable *child = model_table(context->model, change->other);
    const ModelTable *rest = default_of(parent);
    RecipeAttach attach = {0};

    for (guint i = 0; i < context->prediction->works->len; i++) {
        const PredictedWork *work = context->prediction->works->pdata[i];

        if (ddl_changes_get(context->changes, work->change) != change || work->kind < WORK_SCAN)
            continue;
        if (work->kind == WORK_BUILD)
            attach.index = missing_index(child, parent);
        else if (rest != NULL && work->table == rest)
            attach.rest = rest;
        else
            attach.proves_child = true;
    }
    recipe_attach(context, change, &attach);
}

static void
attach_scan(const LintContext *context, const DdlChange *change)
{
    const PredictedWork *work = attach_work(context, change);
    g_autofree char *label = NULL;

    if (work == NULL)
        return;
    label = work->table != NULL ? model_table_label(work->table) : ddl_name_label(change->other);
    lint_report(context, change, "ATTACH PARTITION reads all of %s under ACCESS EXCLUSIVE%s: %s",
                label, work->kind == WORK_BUILD ? ", and builds an index" : "", work->why);
    lint_add_locks(context);
    if (work->certainty != KNOWN_YES)
        lint_possible(context, "%s", work->settled_by);
    recommend_before_attach(context, change);
}

const LintRule lint_rule_partition_attach_scan = {
    .id = "partition-attach-scan",
    .level = LINT_WARNING,
    .title = "ATTACH PARTITION reads the table, or builds indexes, under its lock",
    .at_change = attach_scan,
    .kinds = LINT_KINDS(CHANGE_ATTACH_PARTITION),
};

static void
drop_partition(const LintContext *context, const DdlChange *change)
{
    const ModelTable *table;
    bool is_refused;
    g_autofree char *label = NULL, *parent = NULL;

    if (change->object != OBJECT(TABLE))
        return;
    table = model_table(context->model, change->relation);
    if (table == NULL || table->parent == NULL || !table->parent->partitioned ||
        session_is_new(context->session, table->parent))
        return;
    label = model_table_label(table);
    parent = model_table_label(table->parent);
    lint_report(context, change,
                "DROP TABLE of partition %s takes ACCESS EXCLUSIVE on %s: reads and writes of all "
                "partitions wait",
                label, parent);
    lint_add_locks(context);
    is_refused = default_of(table->parent) != NULL;
    lint_recipe(context, "ALTER TABLE %s DETACH PARTITION %s%s; -- alone%s\n%s;", parent, label,
                is_refused ? "" : " CONCURRENTLY",
                is_refused ? ", for CONCURRENTLY is refused where there is a DEFAULT partition"
                           : "",
                sql_statement_text(context->statement));
}

const LintRule lint_rule_partition_drop = {
    .id = "partition-drop",
    .level = LINT_WARNING,
    .title = "DROP TABLE of a partition blocks the whole partitioned table",
    .at_change = drop_partition,
    .kinds = LINT_KINDS(CHANGE_DROP),
};

static void
recommend_detach(const LintContext *context, const char *label, const char *child, bool has_rest)
{
    if (has_rest)
        lint_recipe(context,
                    "BEGIN;\nSET LOCAL lock_timeout = '2s';\nALTER TABLE %s DETACH PARTITION %s;\n"
                    "COMMIT; -- retry; CONCURRENTLY is refused where there is a DEFAULT partition",
                    label, child);
    else
        lint_recipe(context,
                    "ALTER TABLE %s DETACH PARTITION %s CONCURRENTLY; -- alone, outside of a "
                    "transaction; after an interruption with FINALIZE",
                    label, child);
}

static void
detach_blocking(const LintContext *context, const DdlChange *change)
{
    const ModelTable *rest = default_of(model_table(context->model, change->relation));
    g_autofree char *label = NULL, *child = NULL;

    if (change->finalize || context->server_version < 14 ||
        (change->concurrently ? rest == NULL : facts_is_new(context, change->relation)))
        return;
    label = ddl_name_label(change->relation);
    child = ddl_name_label(change->other);
    if (change->concurrently) {
        lint_report(context, change,
                    "the server refuses DETACH PARTITION CONCURRENTLY: %s has a DEFAULT partition",
                    label);
        lint_level(context, LINT_ERROR);
        recommend_detach(context, label, child, true);
        return;
    }
    lint_report(context, change,
                "DETACH PARTITION takes ACCESS EXCLUSIVE on %s and %s%s: reads and writes of all "
                "partitions wait",
                label, child, rest != NULL ? " and the DEFAULT partition" : "");
    lint_add_locks(context);
    if (rest != NULL)
        lint_level(context, LINT_NOTE);
    recommend_detach(context, label, child, rest != NULL);
}

const LintRule lint_rule_partition_detach_blocking = {
    .id = "partition-detach-blocking",
    .level = LINT_WARNING,
    .title = "DETACH PARTITION blocks reads and writes of the partitioned table",
    .at_change = detach_blocking,
    .kinds = LINT_KINDS(CHANGE_DETACH_PARTITION),
};

/* Does it read every row of each partition, and not only their catalog rows? */
static bool
is_dear(const LintContext *context)
{
    const PredictedWork *work = prediction_dearest(context->prediction);

    return work != NULL && work->kind >= WORK_SCAN && work->kind != WORK_ROWS;
}

static void
recommend_steps(const LintContext *context, const DdlChange *change, const char *label)
{
    g_autofree char *rest = NULL, *steps = NULL;

    if (change->kind == CHANGE_SET_NOT_NULL) {
        rest = recipe_rest(context, change);
        steps = recipe_not_null(change->relation, change->column);
    } else if (change->kind == CHANGE_ADD_CONSTRAINT &&
               (change->constraint->kind == CONSTRAINT_CHECK ||
                change->constraint->kind == CONSTRAINT_FOREIGN_KEY)) {
        steps = recipe_constraint(context, change);
    } else {
        lint_recipe_alone(context);
        return;
    }
    lint_recipe(context, "-- what %s has to do with its partitions reads nothing then\n%s%s", label,
                rest ? rest : "", steps);
}

static void
recursion(const LintContext *context, const DdlChange *change)
{
    const ModelTable *table;
    g_autofree char *label = NULL;

    if (change->only || change->in_definition)
        return;
    table = partitioned(context, change->relation);
    if (table == NULL || table->children->len == 0)
        return;
    label = model_table_label(table);
    lint_report(context, change,
                "%s on %s goes on to its %u partitions%s, all locked until the "
                "last is done",
                ddl_change_verb(change), label, table->children->len,
                is_dear(context) ? ", reads or writes all of each" : "");
    if (!is_dear(context))
        lint_level(context, LINT_NOTE);
    lint_add_locks(context);
    if (is_dear(context))
        recommend_steps(context, change, label);
}

const LintRule lint_rule_partition_recursion = {
    .id = "partition-recursion",
    .level = LINT_WARNING,
    .title = "a statement on a partitioned table goes on to all partitions",
    .at_change = recursion,
    .kinds = LINT_KINDS(CHANGE_ADD_COLUMN, CHANGE_COLUMN_TYPE, CHANGE_SET_NOT_NULL,
                        CHANGE_ADD_CONSTRAINT, CHANGE_CREATE_TRIGGER),
};

static void
not_valid_key(const LintContext *context, const DdlChange *change)
{
    const ModelTable *table;
    g_autofree char *label = NULL, *steps = NULL;

    if (change->constraint == NULL || change->constraint->kind != CONSTRAINT_FOREIGN_KEY ||
        !change->constraint->not_valid || context->server_version >= 18)
        return;
    table = model_table(context->model, change->relation);
    if (table == NULL || !table->partitioned)
        return;
    label = model_table_label(table);
    lint_report(context, change,
                "a foreign key of partitioned table %s cannot be NOT VALID before PostgreSQL 18",
                label);
    steps = recipe_constraint(context, change);
    lint_recipe(context, "-- on each partition; then it is attached without a scan\n%s", steps);
}

const LintRule lint_rule_fk_not_valid_partitioned = {
    .id = "fk-not-valid-partitioned",
    .level = LINT_ERROR,
    .title = "a foreign key of a partitioned table cannot be NOT VALID",
    .at_change = not_valid_key,
    .kinds = LINT_KINDS(CHANGE_ADD_CONSTRAINT),
};

static bool
is_of_columns(const DdlChange *change)
{
    return change->kind == CHANGE_DROP_COLUMN || change->kind == CHANGE_COLUMN_TYPE ||
           change->kind == CHANGE_ADD_COLUMN || change->kind == CHANGE_SET_NOT_NULL ||
           (change->kind == CHANGE_ADD_CONSTRAINT && change->constraint != NULL &&
            change->constraint->kind == CONSTRAINT_CHECK && !change->constraint->no_inherit);
}

static void
inherit_recursion(const LintContext *context, const DdlChange *change)
{
    const ModelTable *table;
    g_autofree char *label = NULL;

    if (!is_of_columns(change) || change->only || change->in_definition)
        return;
    table = model_table(context->model, change->relation);
    if (table == NULL || table->partitioned || table->children->len == 0 ||
        session_is_new(context->session, table))
        return;
    label = model_table_label(table);
    lint_report(context, change, "%s of %s is done to the %u tables that inherit from it too",
                ddl_change_verb(change), label, table->children->len);
    lint_add_locks(context);
    recipe_once(context, "the %u tables that inherit are meant too", table->children->len);
}

const LintRule lint_rule_inherit_recursion = {
    .id = "inherit-recursion",
    .level = LINT_NOTE,
    .title = "ALTER TABLE goes on to the tables that inherit",
    .at_change = inherit_recursion,
    .kinds = LINT_KINDS(CHANGE_ADD_COLUMN, CHANGE_DROP_COLUMN, CHANGE_COLUMN_TYPE,
                        CHANGE_SET_NOT_NULL, CHANGE_ADD_CONSTRAINT),
};
