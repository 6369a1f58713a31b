#include "model/apply.h"

static const ApplyFunction appliers[CHANGE_N] = {
    [CHANGE_CREATE_TABLE] = apply_create_table,
    [CHANGE_CREATE_TABLE_AS] = apply_create_table_as,
    [CHANGE_DROP] = apply_drop,
    [CHANGE_RENAME] = apply_rename,
    [CHANGE_SET_SCHEMA] = apply_set_schema,
    [CHANGE_INHERIT] = apply_inherit,
    [CHANGE_ALTER_OTHER] = apply_alter_other,
    [CHANGE_LIKE] = apply_like,
    [CHANGE_ATTACH_PARTITION] = apply_attach_partition,
    [CHANGE_DETACH_PARTITION] = apply_detach_partition,
    [CHANGE_PERSISTENCE] = apply_persistence,
    [CHANGE_REPLICA_IDENTITY] = apply_replica_identity,
    [CHANGE_ROW_SECURITY] = apply_row_security,
    [CHANGE_ADD_COLUMN] = apply_add_column,
    [CHANGE_DROP_COLUMN] = apply_drop_column,
    [CHANGE_RENAME_COLUMN] = apply_rename_column,
    [CHANGE_COLUMN_TYPE] = apply_column_type,
    [CHANGE_SET_DEFAULT] = apply_default,
    [CHANGE_DROP_DEFAULT] = apply_default,
    [CHANGE_SET_NOT_NULL] = apply_not_null,
    [CHANGE_DROP_NOT_NULL] = apply_not_null,
    [CHANGE_ADD_IDENTITY] = apply_identity,
    [CHANGE_SET_IDENTITY] = apply_identity,
    [CHANGE_DROP_IDENTITY] = apply_identity,
    [CHANGE_DROP_EXPRESSION] = apply_drop_expression,
    [CHANGE_ADD_CONSTRAINT] = apply_add_constraint,
    [CHANGE_DROP_CONSTRAINT] = apply_drop_constraint,
    [CHANGE_VALIDATE_CONSTRAINT] = apply_validate_constraint,
    [CHANGE_ALTER_CONSTRAINT] = apply_alter_constraint,
    [CHANGE_RENAME_CONSTRAINT] = apply_rename_constraint,
    [CHANGE_CREATE_INDEX] = apply_create_index,
    [CHANGE_REINDEX] = apply_reindex,
    [CHANGE_ATTACH_INDEX] = apply_attach_index,
    [CHANGE_CREATE_TRIGGER] = apply_create_trigger,
    [CHANGE_TRIGGER_STATE] = apply_trigger_state,
    [CHANGE_CREATE_RULE] = apply_create_rule,
    [CHANGE_CREATE_POLICY] = apply_create_policy,
    [CHANGE_CREATE_VIEW] = apply_create_view,
    [CHANGE_CREATE_FUNCTION] = apply_create_function,
    [CHANGE_ALTER_FUNCTION] = apply_alter_function,
    [CHANGE_CREATE_ENUM] = apply_create_enum,
    [CHANGE_ADD_VALUE] = apply_add_value,
    [CHANGE_RENAME_VALUE] = apply_rename_value,
    [CHANGE_CREATE_DOMAIN] = apply_create_domain,
    [CHANGE_ALTER_DOMAIN] = apply_alter_domain,
    [CHANGE_CREATE_TYPE] = apply_create_type,
    [CHANGE_ADD_ATTRIBUTE] = apply_add_attribute,
    [CHANGE_DROP_ATTRIBUTE] = apply_drop_attribute,
    [CHANGE_ATTRIBUTE_TYPE] = apply_attribute_type,
    [CHANGE_CREATE_SEQUENCE] = apply_create_sequence,
    [CHANGE_ALTER_SEQUENCE] = apply_alter_sequence,
    [CHANGE_CREATE_SCHEMA] = apply_create_schema,
    [CHANGE_INSERT] = apply_rows,
    [CHANGE_MERGE] = apply_rows,
    [CHANGE_COPY] = apply_rows,
    [CHANGE_SET] = apply_set,
};

/* The server runs the subcommands of ALTER TABLE in passes: what goes, goes first. */
typedef enum {
    PASS_DEFINITION,
    PASS_DROP,
    PASS_TYPE,
    PASS_ADD_COLUMN,
    PASS_ATTRIBUTES,
    PASS_LIKE,
    PASS_INDEX,
    PASS_CONSTRAINT,
    PASS_REST,
    PASS_N
} Pass;

static Pass
constraint_pass(const DdlChange *change)
{
    if (change->constraint->kind == CONSTRAINT_CHECK)
        return PASS_ATTRIBUTES;
    return change->constraint->kind == CONSTRAINT_FOREIGN_KEY ? PASS_CONSTRAINT : PASS_INDEX;
}

static Pass
pass_of(const DdlChange *change)
{
    switch ((int) change->kind) {
    case CHANGE_CREATE_TABLE:
    case CHANGE_CREATE_DOMAIN:
        return PASS_DEFINITION;
    case CHANGE_DROP_COLUMN:
    case CHANGE_DROP_CONSTRAINT:
    case CHANGE_DROP_NOT_NULL:
    case CHANGE_DROP_DEFAULT:
        return PASS_DROP;
    case CHANGE_COLUMN_TYPE:
        return PASS_TYPE;
    case CHANGE_ADD_COLUMN:
        return PASS_ADD_COLUMN;
    case CHANGE_SET_NOT_NULL:
    case CHANGE_SET_DEFAULT:
    case CHANGE_ADD_IDENTITY:
        return PASS_ATTRIBUTES;
    case CHANGE_LIKE:
        return PASS_LIKE;
    case CHANGE_ADD_CONSTRAINT:
        return constraint_pass(change);
    default:
        return PASS_REST;
    }
}

/* Applies those of @pass (PASS_N: all). @done: what took effect, a row a change. */
static void
apply_pass(Model *model, const DdlChanges *changes, Pass pass, bool *done)
{
    guint owner = 0;

    for (guint i = 0; i < ddl_changes_count(changes); i++) {
        const DdlChange *change = ddl_changes_get(changes, i);

        if (!change->in_definition)
            owner = i;
        if ((pass != PASS_N && pass_of(change) != pass) || appliers[change->kind] == NULL)
            continue;
        if (owner == i || done[owner])
            done[i] = appliers[change->kind](model, change);
    }
}

/* The elements of a CREATE SCHEMA are made in it, one after the other. */
static void
apply_schema(Model *model, const DdlChanges *changes, bool *done)
{
    const char *schema = ddl_changes_get(changes, 0)->relation.name;

    g_ptr_array_insert(model->search_path, 0, (void *) model_intern(model, schema));
    apply_pass(model, changes, PASS_N, done);
    g_ptr_array_remove_index(model->search_path, 0);
}

void
model_apply(Model *model, const DdlChanges *changes)
{
    g_autofree bool *done = g_new0(bool, ddl_changes_count(changes) + 1);
    const DdlChange *refused;
    g_autofree char *reason = NULL;

    model->step++;
    if (ddl_changes_count(changes) == 0)
        return;
    reason = model_refuses_drop(model, changes, &refused);
    if (reason != NULL)
        return;
    if (ddl_changes_get(changes, 0)->kind == CHANGE_CREATE_SCHEMA) {
        apply_schema(model, changes, done);
        return;
    }
    for (int pass = 0; pass < PASS_N; pass++)
        apply_pass(model, changes, (Pass) pass, done);
}
