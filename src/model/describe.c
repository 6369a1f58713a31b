#include <string.h>

#include "model/state.h"

static int
compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

static GPtrArray *
lines_new(void)
{
    return g_ptr_array_new_with_free_func(g_free);
}

static void add(GPtrArray *lines, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void
add(GPtrArray *lines, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_ptr_array_add(lines, g_strdup_vprintf(format, args));
    va_end(args);
}

/* "a, b", sorted where the order says nothing. Caller owns. */
static char *
list(const GPtrArray *strings, bool sorted)
{
    g_autoptr(GPtrArray) copy = g_ptr_array_new();

    for (guint i = 0; i < strings->len; i++) {
        const char *text = g_ptr_array_index(strings, i);
        g_ptr_array_add(copy, (void *) (text != NULL ? text : "()"));
    }
    if (sorted)
        g_ptr_array_sort(copy, compare_lines);
    g_ptr_array_add(copy, NULL);
    return g_strjoinv(", ", (char **) copy->pdata);
}

static const char *
if_so(bool is, const char *text)
{
    return is ? text : "";
}

static char *
label_of(const char *schema, const char *name)
{
    return ddl_name_label((DdlName){schema, name});
}

static const char *
origin_of(bool is_inherited, bool is_local)
{
    if (!is_inherited)
        return "";
    return is_local ? " inherited too" : " inherited";
}

static void
add_columns(GPtrArray *lines, const ModelTable *table)
{
    bool is_table = table->kind == MODEL_TABLE || table->kind == MODEL_FOREIGN_TABLE;

    for (guint i = 0; i < table->columns->len; i++) {
        const ModelColumn *column = g_ptr_array_index(table->columns, i);
        const char *identity = column->identity_always ? " identity always" : " identity";

        if (!is_table) {
            add(lines, "  column %s", column->name);
            continue;
        }
        add(lines, "  column %s %s%s%s%s%s%s%s%s%s", column->name,
            column->type != NULL ? column->type : "?", if_so(column->collation, " collate "),
            if_so(column->collation, column->collation), if_so(column->not_null, " not null"),
            if_so(column->has_default && !column->is_generated, " default"),
            if_so(column->is_identity, identity), if_so(column->is_generated, " generated"),
            if_so(column->is_serial, " serial"), origin_of(column->is_inherited, column->is_local));
    }
}

static char *
proofs_of(const ModelConstraint *check)
{
    g_autoptr(GPtrArray) proven = g_ptr_array_new();
    g_autofree char *names = NULL;

    for (guint i = 0; i < check->columns->len; i++)
        if (ddl_proves_not_null(check->expression, g_ptr_array_index(check->columns, i)))
            g_ptr_array_add(proven, g_ptr_array_index(check->columns, i));
    names = list(proven, true);
    return proven->len > 0 ? g_strdup_printf(" not null: %s", names) : g_strdup("");
}

static void
add_constraint(GPtrArray *lines, const ModelConstraint *constraint)
{
    static const char *const kinds[] = {
        [CONSTRAINT_CHECK] = "check",
        [CONSTRAINT_UNIQUE] = "unique",
        [CONSTRAINT_PRIMARY_KEY] = "primary key",
        [CONSTRAINT_FOREIGN_KEY] = "foreign key",
        [CONSTRAINT_EXCLUSION] = "exclusion",
    };
    bool is_check = constraint->kind == CONSTRAINT_CHECK;
    g_autofree char *columns = list(constraint->columns, is_check);
    g_autofree char *proofs = is_check ? proofs_of(constraint) : g_strdup("");
    g_autofree char *referenced = NULL;

    if (constraint->kind == CONSTRAINT_FOREIGN_KEY) {
        g_autofree char *label =
            label_of(constraint->referenced_schema, constraint->referenced_name);
        g_autofree char *keys = list(constraint->referenced_columns, false);
        referenced = g_strdup_printf(" references %s (%s)", label, keys);
    }
    add(lines, "  %s %s (%s)%s%s%s%s%s%s", kinds[constraint->kind], constraint->name, columns,
        if_so(referenced, referenced), proofs, if_so(!constraint->valid, " not valid"),
        if_so(constraint->deferrable, " deferrable"), if_so(constraint->no_inherit, " no inherit"),
        origin_of(constraint->inherited != NULL, constraint->is_local));
}

static void
add_index(GPtrArray *lines, const ModelIndex *index)
{
    g_autofree char *columns = list(index->columns, false);
    g_autofree char *included = list(index->included, false);
    g_autoptr(GPtrArray) read = g_ptr_array_new();
    g_autofree char *where = NULL;

    if (index->where != NULL)
        ddl_columns_read(index->where, read);
    where = list(read, true);
    add(lines, "  index %s %s (%s)%s%s%s%s%s%s%s%s", index->name, index->method, columns,
        if_so(index->included->len > 0, " include "), included, if_so(index->where, " where "),
        where, if_so(index->unique, " unique"), if_so(index->has_custom_collation, " collation"),
        if_so(index->valid == KNOWN_NO, " invalid"), index->parent != NULL ? " attached" : "");
}

static void
add_reads(GPtrArray *lines, const ModelTable *view)
{
    for (guint i = 0; i < view->reads->len; i++) {
        const ModelRead *read = g_ptr_array_index(view->reads, i);
        g_autofree char *label = label_of(read->table->schema, read->table->name);
        if (read->column != NULL)
            add(lines, "  reads %s.%s", label, read->column);
        else
            add(lines, "  reads %s", label);
    }
}

static void
add_rest(GPtrArray *lines, const ModelTable *table)
{
    for (guint i = 0; i < table->triggers->len; i++) {
        const ModelTrigger *trigger = g_ptr_array_index(table->triggers, i);
        g_autofree char *columns = list(trigger->columns, true);
        add(lines, "  trigger %s %s%s%s%s%s", trigger->name, trigger->function.name,
            if_so(trigger->before, " before"), if_so(trigger->row, " row"),
            if_so(trigger->columns->len > 0, " of "), columns);
        if (!trigger->enabled)
            add(lines, "  trigger %s is disabled", trigger->name);
    }
    for (guint i = 0; i < table->policies->len; i++)
        add(lines, "  policy %s", (const char *) g_ptr_array_index(table->policies, i));
    for (guint i = 0; i < table->rules->len; i++)
        add(lines, "  rule %s", (const char *) g_ptr_array_index(table->rules, i));
    if (table->parent != NULL) {
        g_autofree char *label = label_of(table->parent->schema, table->parent->name);
        add(lines, "  %s %s%s", model_is_partition(table) ? "partition of" : "inherits", label,
            if_so(table->is_default_partition, " default"));
    }
    for (guint i = 0; i < table->other_parents->len; i++) {
        const ModelTable *parent = g_ptr_array_index(table->other_parents, i);
        g_autofree char *label = label_of(parent->schema, parent->name);
        add(lines, "  inherits %s", label);
    }
}

static char *
title_of(const ModelTable *table)
{
    static const char *const kinds[] = {
        [MODEL_TABLE] = "table",
        [MODEL_VIEW] = "view",
        [MODEL_MATVIEW] = "materialized view",
        [MODEL_FOREIGN_TABLE] = "foreign table",
        [MODEL_SEQUENCE] = "sequence",
    };
    g_autofree char *label = label_of(table->schema, table->name);
    g_autofree char *key = list(table->partition_key, false);
    g_autofree char *type =
        table->type != NULL ? label_of(table->type->schema, table->type->name) : NULL;
    g_autofree char *owner = NULL;
    bool has_identity = strcmp(table->replica_identity, "default") != 0;

    if (table->owned_by != NULL) {
        g_autofree char *of = label_of(table->owned_by->schema, table->owned_by->name);
        owner = g_strdup_printf(" of %s.%s", of, table->owned_by_column);
    }
    return g_strdup_printf(
        "%s %s%s%s%s%s%s%s%s%s%s%s%s", kinds[table->kind], label, type != NULL ? " of " : "",
        type != NULL ? type : "",
        if_so(table->unlogged && table->kind != MODEL_SEQUENCE, " unlogged"),
        if_so(table->partitioned, " partitioned by "), key,
        if_so(table->row_security, " row security"), if_so(table->force_row_security, " forced"),
        if_so(has_identity, " replica identity "), if_so(has_identity, table->replica_identity),
        if_so(owner, owner), if_so(!table->columns_known, " in part"));
}

static void
add_object(GPtrArray *objects, const char *title, GPtrArray *lines)
{
    GString *text = g_string_new(title);

    g_ptr_array_sort(lines, compare_lines);
    for (guint i = 0; i < lines->len; i++)
        g_string_append_printf(text, "\n%s", (const char *) g_ptr_array_index(lines, i));
    g_ptr_array_add(objects, g_string_free(text, FALSE));
}

static void
add_table(GPtrArray *objects, const ModelTable *table)
{
    g_autoptr(GPtrArray) lines = lines_new();
    g_autofree char *title = title_of(table);

    add_columns(lines, table);
    for (guint i = 0; i < table->constraints->len; i++)
        add_constraint(lines, g_ptr_array_index(table->constraints, i));
    for (guint i = 0; i < table->indexes->len; i++)
        add_index(lines, g_ptr_array_index(table->indexes, i));
    add_rest(lines, table);
    add_reads(lines, table);
    add_object(objects, title, lines);
}

static void
add_type(GPtrArray *objects, const ModelType *type)
{
    static const char *const kinds[] = {
        [MODEL_ENUM] = "enum",
        [MODEL_DOMAIN] = "domain",
        [MODEL_COMPOSITE] = "composite type",
        [MODEL_OTHER_TYPE] = "type",
    };
    g_autoptr(GPtrArray) lines = lines_new();
    g_autofree char *label = label_of(type->schema, type->name);
    g_autofree char *values = list(type->values, false);
    g_autofree char *title = g_strdup_printf(
        "%s %s%s%s%s%s%s%s", kinds[type->kind], label, if_so(type->kind == MODEL_ENUM, ": "),
        values, if_so(type->base, " "), if_so(type->base, type->base),
        if_so(type->not_null, " not null"), if_so(type->has_default, " default"));

    for (guint i = 0; i < type->constraints->len; i++)
        add_constraint(lines, g_ptr_array_index(type->constraints, i));
    for (guint i = 0; i < type->attributes->len; i++) {
        const ModelColumn *attribute = g_ptr_array_index(type->attributes, i);
        add(lines, "  attribute %s %s", attribute->name, attribute->type);
    }
    add_object(objects, title, lines);
}

static void
add_function(GPtrArray *objects, const ModelFunction *function)
{
    static const char *const volatilities[] = {
        [VOLATILITY_IMMUTABLE] = "immutable",
        [VOLATILITY_STABLE] = "stable",
        [VOLATILITY_VOLATILE] = "volatile",
    };
    g_autofree char *label = label_of(function->schema, function->name);

    add(objects, "function %s (%s) %s %s", label, function->arguments, function->language,
        volatilities[function->volatility]);
}

char *
model_describe(const Model *model)
{
    g_autoptr(GPtrArray) objects = lines_new();
    GString *text = g_string_new(NULL);
    GHashTableIter iter;
    void *schema;

    g_hash_table_iter_init(&iter, model->schemas);
    while (g_hash_table_iter_next(&iter, &schema, NULL))
        add(objects, "schema %s", (const char *) schema);
    for (guint i = 0; i < model->tables->len; i++) {
        const ModelTable *table = g_ptr_array_index(model->tables, i);
        if (!table->temporary)
            add_table(objects, table);
    }
    for (guint i = 0; i < model->types->len; i++)
        add_type(objects, g_ptr_array_index(model->types, i));
    for (guint i = 0; i < model->functions->len; i++)
        add_function(objects, g_ptr_array_index(model->functions, i));
    g_ptr_array_sort(objects, compare_lines);
    for (guint i = 0; i < objects->len; i++)
        g_string_append_printf(text, "%s\n", (const char *) g_ptr_array_index(objects, i));
    return g_string_free(text, FALSE);
}
