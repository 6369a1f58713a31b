#include <string.h>

#include "model/apply.h"
#include "sql/tree.h"

bool
apply_create_schema(Model *model, const DdlChange *change)
{
    if (change->relation.name == NULL || model_has_schema(model, change->relation.name))
        return false;
    g_hash_table_add(model->schemas, (void *) model_intern(model, change->relation.name));
    return true;
}

/* OWNED BY's names; false: the option is not there. */
static bool
owned_by(const DdlChange *change, PgQuery__Node *const **ret_names, size_t *ret_count)
{
    PgQuery__Node *const *options = NULL;
    size_t n_options = 0;

    if (change->node != NULL && change->node->node_case == PG_QUERY__NODE__NODE_CREATE_SEQ_STMT) {
        options = change->node->create_seq_stmt->options;
        n_options = change->node->create_seq_stmt->n_options;
    } else if (change->node != NULL &&
               change->node->node_case == PG_QUERY__NODE__NODE_ALTER_SEQ_STMT) {
        options = change->node->alter_seq_stmt->options;
        n_options = change->node->alter_seq_stmt->n_options;
    }
    for (size_t i = 0; i < n_options; i++) {
        const PgQuery__DefElem *option = options[i]->def_elem;
        if (strcmp(option->defname, "owned_by") != 0 || option->arg == NULL ||
            option->arg->node_case != PG_QUERY__NODE__NODE_LIST)
            continue;
        *ret_names = option->arg->list->items;
        *ret_count = option->arg->list->n_items;
        return true;
    }
    return false;
}

static void
set_owner(Model *model, ModelTable *sequence, const DdlChange *change)
{
    PgQuery__Node *const *names;
    size_t count;
    DdlName table = {0};
    ModelTable *before = sequence->owned_by;
    const char *column = sequence->owned_by_column;

    if (!owned_by(change, &names, &count))
        return;
    sequence->owned_by = NULL;
    if (before != NULL)
        model_settle_serial(model, before, column);
    if (count < 2)
        return;
    table.name = tree_string(names[count - 2]);
    table.schema = count > 2 ? tree_string(names[count - 3]) : NULL;
    sequence->owned_by = model_require_table(model, table);
    sequence->owned_by_column = model_intern(model, tree_string(names[count - 1]));
    if (sequence->owned_by != NULL)
        model_settle_serial(model, sequence->owned_by, sequence->owned_by_column);
}

bool
apply_create_sequence(Model *model, const DdlChange *change)
{
    const char *schema =
        change->temporary ? "pg_temp" : model_schema_of_new(model, change->relation);
    ModelTable *sequence;

    if (change->relation.name == NULL ||
        g_hash_table_contains(model->tables_by_name, &(DdlName){schema, change->relation.name}))
        return false;
    sequence = model_add_table(model, schema, change->relation.name, MODEL_SEQUENCE);
    sequence->temporary = change->temporary;
    sequence->unlogged = change->unlogged;
    set_owner(model, sequence, change);
    return true;
}

bool
apply_alter_sequence(Model *model, const DdlChange *change)
{
    ModelTable *sequence = model_require_table(model, change->relation);

    if (sequence == NULL)
        return false;
    sequence->kind = MODEL_SEQUENCE;
    set_owner(model, sequence, change);
    return true;
}

bool
apply_create_trigger(Model *model, const DdlChange *change)
{
    ModelTable *table = model_require_table(model, change->relation);
    const DdlTrigger *from = change->trigger;
    ModelTrigger *trigger;

    if (table == NULL || from == NULL || change->text == NULL)
        return false;
    trigger = model_find_trigger(table, change->text);
    if (trigger != NULL && !change->or_replace)
        return false;
    if (trigger != NULL)
        g_ptr_array_remove(table->triggers, trigger);
    trigger = model_trigger_new();
    trigger->name = model_intern(model, change->text);
    trigger->function.schema = model_intern(model, from->function.schema);
    trigger->function.name = model_intern(model, from->function.name);
    trigger->row = from->row;
    trigger->before = from->before;
    g_ptr_array_unref(trigger->columns);
    trigger->columns = model_intern_all(model, from->columns);
    g_ptr_array_add(table->triggers, trigger);
    for (guint i = 0; table->partitioned && i < table->children->len; i++)
        model_inherit_trigger(model, g_ptr_array_index(table->children, i), trigger);
    return true;
}

static void
set_trigger_state(ModelTable *table, const DdlChange *change, bool recurse)
{
    bool all = g_strcmp0(change->text, "ALL") == 0 || g_strcmp0(change->text, "USER") == 0;

    for (guint i = 0; i < table->triggers->len; i++) {
        ModelTrigger *trigger = g_ptr_array_index(table->triggers, i);
        if (all || g_strcmp0(trigger->name, change->text) == 0)
            trigger->enabled = !change->removes;
    }
    for (guint i = 0; recurse && table->partitioned && i < table->children->len; i++)
        set_trigger_state(g_ptr_array_index(table->children, i), change, true);
}

bool
apply_trigger_state(Model *model, const DdlChange *change)
{
    ModelTable *table = model_require_table(model, change->relation);

    if (table != NULL)
        set_trigger_state(table, change, !change->only);
    return table != NULL;
}

/* Adds a name to the table's list of them. */
static bool
add_name(Model *model, GPtrArray *names, const char *name)
{
    if (name == NULL || model_has_string(names, name))
        return false;
    g_ptr_array_add(names, (void *) model_intern(model, name));
    return true;
}

bool
apply_create_rule(Model *model, const DdlChange *change)
{
    ModelTable *table = model_require_table(model, change->relation);

    return table != NULL && add_name(model, table->rules, change->text);
}

bool
apply_create_policy(Model *model, const DdlChange *change)
{
    ModelTable *table = model_require_table(model, change->relation);

    return table != NULL && add_name(model, table->policies, change->text);
}

bool
apply_set(Model *model, const DdlChange *change)
{
    if (g_strcmp0(change->text, "search_path") != 0 && g_strcmp0(change->text, "all") != 0)
        return false;
    g_ptr_array_set_size(model->search_path, 0);
    if (change->value == NULL || change->names == NULL) {
        g_ptr_array_add(model->search_path, (void *) model_intern(model, "public"));
        return true;
    }
    for (guint i = 0; i < change->names->len; i++) {
        const char *schema = g_ptr_array_index(change->names, i);
        /* The role's own schema has a name that is not known here; pg_catalog holds none of ours.
         */
        if (strcmp(schema, "$user") != 0 && strcmp(schema, "pg_catalog") != 0 && schema[0] != '\0')
            g_ptr_array_add(model->search_path, (void *) model_intern(model, schema));
    }
    return true;
}
