/* Columns: what it costs to add one, to change its type, to make it NOT NULL. */
#include "locks/predictor.h"

static const ModelTable *
table_of(const Predictor *predictor, const DdlChange *change)
{
    return model_table(predictor->model, change->relation);
}

/* A volatile function in language sql may be inlined to something that is not: it counts as not
 * known. */
static bool
look_up_function(DdlName name, int n_arguments, DdlVolatility *ret_volatility, const void *data)
{
    const ModelFunction *function = model_function(data, name, n_arguments);

    return model_function_volatility(name, n_arguments, ret_volatility, data) &&
           (function == NULL || *ret_volatility != VOLATILITY_VOLATILE ||
            g_strcmp0(function->language, "sql") != 0);
}

/* A default that each row has another value of must be written into each of them. */
static void
add_default(Predictor *predictor, const ModelTable *table, const DdlColumn *column)
{
    const char *function = NULL;
    const Known known =
        ddl_is_volatile(column->default_expression, look_up_function, predictor->model, &function);
    g_autofree char *settles = NULL;
    g_autofree char *why = NULL;

    if (known == KNOWN_NO)
        return;
    if (known == KNOWN_MAYBE)
        settles = g_strdup_printf("the volatility of %s()", function);
    why = known == KNOWN_YES
              ? g_strdup_printf("the default calls %s(), which is volatile", function)
              : g_strdup_printf("the default calls %s()", function);
    predictor_work_children(predictor, WORK_REWRITE, table, why, settles);
}

/* Values of a domain are checked one by one, a NULL too. */
static void
add_domain(Predictor *predictor, const ModelTable *table, const DdlColumn *column)
{
    const Known checks = predictor_domain_checks(predictor->model, &column->type);
    g_autofree char *type = ddl_type_label(&column->type);
    g_autofree char *why = g_strdup_printf("type %s is a domain with a constraint", type);
    g_autofree char *settles =
        checks == KNOWN_MAYBE ? g_strdup_printf("whether %s is a domain with a constraint", type)
                              : NULL;

    if (checks != KNOWN_NO)
        predictor_work_children(predictor, WORK_REWRITE, table, why, settles);
}

void
predictor_add_column(Predictor *predictor, const DdlChange *change)
{
    const ModelTable *table = table_of(predictor, change);
    const DdlColumn *column = change->definition;
    const bool filled =
        column->default_expression != NULL && !ddl_is_null_constant(column->default_expression);

    if (change->if_not_exists && table != NULL && model_column(table, change->column) != NULL)
        return;
    if (column->type.is_serial || column->identity != 0) {
        predictor_work_children(predictor, WORK_REWRITE, table,
                                "each row takes a number from the column's sequence", NULL);
        return;
    }
    if (column->generated != NULL) {
        predictor_work_children(predictor, WORK_REWRITE, table,
                                "the generated value of each row is stored", NULL);
        return;
    }
    if (filled)
        add_default(predictor, table, column);
    add_domain(predictor, table, column);
    if (column->not_null && !filled)
        predictor_work_children(predictor, WORK_SCAN, table,
                                "the column is NOT NULL without a default", NULL);
}

/* Is the CHECK that proves it dropped by the same statement? Dropping comes first. */
static bool
is_dropped(const Predictor *predictor, const ModelConstraint *constraint)
{
    const guint count = ddl_changes_count(predictor->changes);

    for (guint i = 0; i < count; i++) {
        const DdlChange *change = ddl_changes_get(predictor->changes, i);
        if (change->kind == CHANGE_DROP_CONSTRAINT &&
            g_strcmp0(change->constraint_name, constraint->name) == 0)
            return true;
    }
    return false;
}

/* Does the server know, without a look at the rows, that the column has no NULL? */
static Known
is_proven(const Predictor *predictor, const ModelTable *table, const char *column)
{
    const Known known = model_is_not_null(table, column, false);

    if (known == KNOWN_YES)
        return known;
    for (guint i = 0; i < table->constraints->len; i++) {
        const ModelConstraint *check = table->constraints->pdata[i];
        if (check->kind == CONSTRAINT_CHECK && check->valid && !is_dropped(predictor, check) &&
            model_proves_not_null(table, check->expression, column))
            return KNOWN_YES;
    }
    return table->columns_known ? KNOWN_NO : KNOWN_MAYBE;
}

static void
set_not_null(Predictor *predictor, const ModelTable *table, const char *column)
{
    const Known proven = is_proven(predictor, table, column);

    if (!table->partitioned && proven != KNOWN_YES)
        predictor_work(predictor, WORK_SCAN, table,
                       g_strdup("no valid CHECK proves that the column has no NULL"),
                       proven == KNOWN_MAYBE
                           ? g_strdup("whether a valid CHECK (column IS NOT NULL) is there")
                           : NULL);
    for (guint i = 0; i < table->children->len; i++)
        set_not_null(predictor, table->children->pdata[i], column);
}

void
predictor_set_not_null(Predictor *predictor, const DdlChange *change)
{
    const ModelTable *table = table_of(predictor, change);

    if (table != NULL)
        set_not_null(predictor, table, change->column);
    else
        predictor_work(predictor, WORK_SCAN, NULL,
                       g_strdup("no valid CHECK is known that proves that the column has no NULL"),
                       g_strdup("whether a valid CHECK (column IS NOT NULL) is there"));
}

/* The server refuses to change the type of a column that these hang on. */
static void
refuse_type(Predictor *predictor, const ModelTable *table, const char *column)
{
    if (predictor_has_name(table->partition_key, column))
        predictor_fail(predictor, "column \"%s\" is part of the partition key of \"%s\"", column,
                       table->name);
    for (guint i = 0; i < table->read_by->len; i++) {
        const ModelTable *view = table->read_by->pdata[i];
        for (guint k = 0; k < view->reads->len; k++) {
            const ModelRead *read = view->reads->pdata[k];
            if (read->table == table && g_strcmp0(read->column, column) == 0)
                predictor_fail(predictor, "view \"%s\" reads column \"%s\" of \"%s\"", view->name,
                               column, table->name);
        }
    }
    for (guint i = 0; i < table->columns->len; i++) {
        const ModelColumn *generated = table->columns->pdata[i];
        g_autoptr(GPtrArray) read = g_ptr_array_new();

        if (!generated->is_generated || generated->default_expression == NULL)
            continue;
        ddl_columns_read(generated->default_expression, read);
        if (predictor_has_name(read, column))
            predictor_fail(predictor, "generated column \"%s\" reads column \"%s\" of \"%s\"",
                           generated->name, column, table->name);
    }
    for (guint i = 0; i < table->triggers->len; i++) {
        const ModelTrigger *trigger = table->triggers->pdata[i];
        if (trigger->columns != NULL && predictor_has_name(trigger->columns, column))
            predictor_fail(predictor, "trigger \"%s\" of \"%s\" names column \"%s\"", trigger->name,
                           table->name, column);
    }
}

/* A foreign key over a column of a new type is verified again: its table is read. */
static void
revalidate_keys(Predictor *predictor, const ModelTable *table, const char *column)
{
    for (guint i = 0; i < table->constraints->len; i++) {
        const ModelConstraint *key = table->constraints->pdata[i];
        if (key->kind == CONSTRAINT_FOREIGN_KEY && key->valid &&
            predictor_has_name(key->columns, column))
            predictor_work(predictor, WORK_SCAN, table,
                           g_strdup_printf("foreign key %s is verified again", key->name), NULL);
    }
    for (guint i = 0; i < table->referenced_by->len; i++) {
        const ModelConstraint *key = table->referenced_by->pdata[i];
        if (key->valid && predictor_has_name(key->referenced_columns, column))
            predictor_work(predictor, WORK_SCAN, key->table,
                           g_strdup_printf("foreign key %s is verified again", key->name), NULL);
    }
}

static void
change_type(Predictor *predictor, const DdlChange *change, const ModelTable *table)
{
    Known certainty;
    g_autofree char *why = NULL;
    const WorkKind kind =
        locks_type_change(predictor->model, table, model_column(table, change->column),
                          change->definition, change->expression, &certainty, &why);

    refuse_type(predictor, table, change->column);
    if (kind > WORK_METADATA && !table->partitioned)
        predictor_work(predictor, kind, table,
                       g_strdup(certainty == KNOWN_MAYBE ? "the type changes" : why),
                       certainty == KNOWN_MAYBE ? g_strdup(why) : NULL);
    if (kind == WORK_REWRITE)
        revalidate_keys(predictor, table, change->column);
    for (guint i = 0; i < table->children->len; i++)
        change_type(predictor, change, table->children->pdata[i]);
}

void
predictor_column_type(Predictor *predictor, const DdlChange *change)
{
    const ModelTable *table = table_of(predictor, change);
    Known certainty;
    g_autofree char *why = NULL;
    WorkKind kind;

    if (table != NULL) {
        change_type(predictor, change, table);
        return;
    }
    kind = locks_type_change(predictor->model, NULL, NULL, change->definition, change->expression,
                             &certainty, &why);
    if (kind > WORK_METADATA)
        predictor_work(predictor, kind, NULL,
                       g_strdup(certainty == KNOWN_MAYBE ? "the type changes" : why),
                       certainty == KNOWN_MAYBE ? g_strdup(why) : NULL);
}
