#include <string.h>

#include "model/state.h"

static bool
is_word(char c)
{
    return g_ascii_isalnum(c) || c == '_' || (guchar) c >= 0x80;
}

/* Is it there as a word, in any case? */
static bool
mentions(const char *text, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = text; text != NULL && *at != '\0'; at++) {
        if (g_ascii_strncasecmp(at, word, length) == 0 && (at == text || !is_word(at[-1])) &&
            !is_word(at[length]))
            return true;
    }
    return false;
}

static void
add(GPtrArray *dependents, const char *kind, const char *schema, const char *name)
{
    bool is_public = g_strcmp0(schema, "public") == 0;
    g_autofree char *label = ddl_name_label((DdlName){is_public ? NULL : schema, name});

    g_ptr_array_add(dependents, g_strdup_printf("%s %s", kind, label));
}

static bool
view_reads(const ModelTable *view, const ModelTable *table, const char *column)
{
    for (guint i = 0; i < view->reads->len; i++) {
        const ModelRead *read = g_ptr_array_index(view->reads, i);
        if (read->table == table && (column == NULL || g_strcmp0(read->column, column) == 0))
            return true;
    }
    return false;
}

static void
add_views(GPtrArray *dependents, const ModelTable *table, const char *column)
{
    for (guint i = 0; i < table->read_by->len; i++) {
        const ModelTable *view = g_ptr_array_index(table->read_by, i);
        if (view_reads(view, table, column))
            add(dependents, view->kind == MODEL_VIEW ? "view" : "materialized view", view->schema,
                view->name);
    }
}

static bool
has_trigger_function(const Model *model, const ModelTable *table, const ModelFunction *function)
{
    for (guint i = 0; i < table->triggers->len; i++) {
        const ModelTrigger *trigger = g_ptr_array_index(table->triggers, i);
        if (model_function(model, trigger->function, 0) == function)
            return true;
    }
    return false;
}

/* A body names the column and the table; a function of a trigger on it need not name the table. */
static void
add_functions(GPtrArray *dependents, const Model *model, const ModelTable *table,
              const char *column)
{
    for (guint i = 0; i < model->functions->len; i++) {
        const ModelFunction *function = g_ptr_array_index(model->functions, i);
        bool names_it = mentions(function->body, table->name);

        if (column != NULL)
            names_it = mentions(function->body, column) &&
                       (names_it || has_trigger_function(model, table, function));
        if (names_it)
            add(dependents, "function", function->schema, function->name);
    }
}

static void
add_triggers(GPtrArray *dependents, const ModelTable *table, const char *column)
{
    for (guint i = 0; column != NULL && i < table->triggers->len; i++) {
        const ModelTrigger *trigger = g_ptr_array_index(table->triggers, i);
        if (model_has_string(trigger->columns, column))
            add(dependents, "trigger", NULL, trigger->name);
    }
}

static void
add_generated(GPtrArray *dependents, const ModelTable *table, const char *column)
{
    for (guint i = 0; column != NULL && i < table->columns->len; i++) {
        const ModelColumn *other = g_ptr_array_index(table->columns, i);
        g_autoptr(GPtrArray) columns = g_ptr_array_new();

        if (!other->is_generated || other->default_expression == NULL)
            continue;
        ddl_columns_read(other->default_expression, columns);
        if (model_has_string(columns, column))
            add(dependents, "generated column", NULL, other->name);
    }
}

static void
add_references(GPtrArray *dependents, const ModelTable *table, const char *column)
{
    for (guint i = 0; i < table->referenced_by->len; i++) {
        const ModelConstraint *key = g_ptr_array_index(table->referenced_by, i);
        g_autofree char *from = NULL, *name = NULL;

        if (key->table == table ||
            (column != NULL && !model_has_string(key->referenced_columns, column)))
            continue;
        from = model_table_label(key->table);
        name = ddl_name_label((DdlName){NULL, key->name});
        g_ptr_array_add(dependents, g_strdup_printf("foreign key %s of %s", name, from));
    }
}

GPtrArray *
model_dependents(const Model *model, const ModelTable *table, const char *column)
{
    GPtrArray *dependents = g_ptr_array_new_with_free_func(g_free);

    add_views(dependents, table, column);
    add_references(dependents, table, column);
    add_generated(dependents, table, column);
    add_triggers(dependents, table, column);
    add_functions(dependents, model, table, column);
    return dependents;
}

GPtrArray *
model_users_of_type(const Model *model, DdlName type)
{
    GPtrArray *users = g_ptr_array_new();
    const ModelType *known = model_type(model, type);
    const char *schema = known != NULL ? known->schema : type.schema;

    for (guint i = 0; i < model->tables->len; i++) {
        ModelTable *table = g_ptr_array_index(model->tables, i);
        for (guint k = 0; k < table->columns->len; k++) {
            const ModelColumn *column = g_ptr_array_index(table->columns, k);
            const char *own = column->parsed.name.schema;

            if (g_strcmp0(column->parsed.name.name, type.name) != 0 ||
                (schema != NULL && !g_str_equal(own != NULL ? own : "public", schema)))
                continue;
            g_ptr_array_add(users, table);
            break;
        }
    }
    return users;
}
