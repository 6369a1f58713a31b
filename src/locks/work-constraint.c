/* Constraints: which of them make the server read the table or build an index. */
#include "locks/predictor.h"

/* The column that the constraint was defined with, in the same ADD COLUMN; NULL: none. */
static const DdlChange *
column_of(const Predictor *predictor, const DdlChange *change)
{
    for (guint i = predictor->change; change->in_definition && i-- > 0;) {
        const DdlChange *earlier = ddl_changes_get(predictor->changes, i);
        if (!earlier->in_definition)
            return earlier->kind == CHANGE_ADD_COLUMN ? earlier : NULL;
    }
    return NULL;
}

/* A new column that is NULL everywhere needs no look at the other table. */
static bool
is_all_null(const Predictor *predictor, const DdlChange *change)
{
    const DdlChange *column = column_of(predictor, change);
    const PgQuery__Node *value = column != NULL ? column->definition->default_expression : NULL;

    return column != NULL && (value == NULL || ddl_is_null_constant(value)) &&
           column->definition->generated == NULL && column->definition->identity == 0 &&
           !column->definition->type.is_serial;
}

static bool
same_columns(const GPtrArray *a, const GPtrArray *b)
{
    if (a->len != b->len)
        return false;
    for (guint i = 0; i < a->len; i++) {
        if (g_strcmp0(a->pdata[i], b->pdata[i]) != 0)
            return false;
    }
    return true;
}

bool
predictor_has_key(const ModelTable *leaf, const DdlConstraint *constraint)
{
    for (guint i = 0; i < leaf->constraints->len; i++) {
        const ModelConstraint *key = leaf->constraints->pdata[i];
        if (key->kind == CONSTRAINT_FOREIGN_KEY && key->valid &&
            same_columns(key->columns, constraint->columns) &&
            g_strcmp0(key->referenced_name, constraint->referenced.name) == 0)
            return true;
    }
    return false;
}

static void
scan_key(Predictor *predictor, const DdlConstraint *constraint, const ModelTable *table)
{
    if (table == NULL || !table->partitioned) {
        if (table == NULL || !predictor_has_key(table, constraint))
            predictor_work(predictor, WORK_SCAN, table,
                           g_strdup("each row is looked up in the referenced table"), NULL);
        return;
    }
    for (guint i = 0; i < table->children->len; i++)
        scan_key(predictor, constraint, table->children->pdata[i]);
}

static void
add_foreign_key(Predictor *predictor, const DdlChange *change, const ModelTable *table)
{
    if (change->constraint->not_valid) {
        if (table != NULL && table->partitioned && predictor->major < 18)
            predictor_fail(predictor,
                           "cannot add NOT VALID foreign key on partitioned table \"%s\"",
                           table->name);
        return;
    }
    if (!is_all_null(predictor, change))
        scan_key(predictor, change->constraint, table);
}

static void
add_check(Predictor *predictor, const DdlChange *change, const ModelTable *table)
{
    static const char why[] = "the CHECK is verified against every row";

    if (change->constraint->not_valid)
        return;
    if (change->constraint->no_inherit || change->only)
        predictor_work(predictor, WORK_SCAN, table, g_strdup(why), NULL);
    else
        predictor_work_children(predictor, WORK_SCAN, table, why, NULL);
}

/* The columns of a key, by name; those of USING INDEX where the model knows it; else NULL. */
static const GPtrArray *
key_columns(const Predictor *predictor, const DdlConstraint *constraint, const ModelTable *table)
{
    const ModelIndex *index;

    if (constraint->using_index == NULL)
        return constraint->columns;
    index = model_index(predictor->model,
                        (DdlName){table != NULL ? table->schema : NULL, constraint->using_index});
    return index != NULL ? index->columns : NULL;
}

/* Which of the key's columns may hold a NULL, as far as the server knows? */
static Known
is_nullable(const ModelTable *table, const GPtrArray *columns)
{
    Known nullable = KNOWN_NO;

    if (table == NULL || columns == NULL)
        return KNOWN_MAYBE;
    for (guint i = 0; i < columns->len; i++) {
        const Known proven = columns->pdata[i] != NULL
                                 ? model_is_not_null(table, columns->pdata[i], true)
                                 : KNOWN_MAYBE;
        if (proven == KNOWN_NO)
            return KNOWN_YES;
        if (proven == KNOWN_MAYBE)
            nullable = KNOWN_MAYBE;
    }
    return nullable;
}

/* A primary key makes its columns NOT NULL, and that is verified. */
static void
verify_primary_key(Predictor *predictor, const DdlConstraint *constraint, const ModelTable *table)
{
    const Known nullable = is_nullable(table, key_columns(predictor, constraint, table));

    if (nullable != KNOWN_NO)
        predictor_work(
            predictor, WORK_SCAN, table, g_strdup("the columns of the primary key become NOT NULL"),
            nullable == KNOWN_MAYBE ? g_strdup("whether its columns are NOT NULL") : NULL);
}

static bool
has_like_unique(const ModelTable *leaf, const GPtrArray *columns)
{
    for (guint i = 0; i < leaf->indexes->len; i++) {
        const ModelIndex *index = leaf->indexes->pdata[i];
        if (index->unique && index->where == NULL && index->is_constraint &&
            same_columns(index->columns, columns))
            return true;
    }
    return false;
}

static void
build_key(Predictor *predictor, const DdlConstraint *constraint, const ModelTable *table)
{
    if (table == NULL || !table->partitioned) {
        if (table == NULL || !has_like_unique(table, constraint->columns))
            predictor_work(predictor, WORK_BUILD, table, g_strdup("builds the index of the key"),
                           NULL);
        return;
    }
    for (guint i = 0; i < table->children->len; i++)
        build_key(predictor, constraint, table->children->pdata[i]);
}

static void
add_key(Predictor *predictor, const DdlChange *change, const ModelTable *table)
{
    if (change->constraint->using_index == NULL)
        build_key(predictor, change->constraint, table);
    if (change->constraint->kind == CONSTRAINT_PRIMARY_KEY && column_of(predictor, change) == NULL)
        verify_primary_key(predictor, change->constraint, table);
}

void
predictor_add_constraint(Predictor *predictor, const DdlChange *change)
{
    const ModelTable *table = model_table(predictor->model, change->relation);

    switch (change->constraint->kind) {
    case CONSTRAINT_CHECK:
        add_check(predictor, change, table);
        break;
    case CONSTRAINT_FOREIGN_KEY:
        add_foreign_key(predictor, change, table);
        break;
    case CONSTRAINT_UNIQUE:
    case CONSTRAINT_PRIMARY_KEY:
        add_key(predictor, change, table);
        break;
    case CONSTRAINT_EXCLUSION:
        predictor_work(predictor, WORK_BUILD, table, g_strdup("builds the index of the constraint"),
                       NULL);
        break;
    }
}

void
predictor_validate_constraint(Predictor *predictor, const DdlChange *change)
{
    const ModelTable *table = model_table(predictor->model, change->relation);
    const ModelConstraint *constraint =
        table != NULL ? model_constraint(table, change->constraint_name) : NULL;

    if (constraint == NULL || !constraint->valid)
        predictor_work_children(predictor, WORK_SCAN, table,
                                "the constraint is verified against every row", NULL);
}
