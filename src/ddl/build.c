#include "ddl/build.h"

#include <string.h>

void *
build_alloc(DdlChanges *changes, gsize size)
{
    return statement_alloc(changes->statement, size);
}

static DdlChanges *
changes_new(const SqlStatement *statement)
{
    DdlChanges *changes = statement_alloc(statement, sizeof *changes);

    changes->statement = statement;
    changes->node = statement->node;
    changes->location = (int) statement->start;
    changes->list = g_ptr_array_new();
    return changes;
}

DdlChanges *
ddl_changes(const SqlStatement *statement)
{
    DdlChanges *changes = changes_new(statement);

    build_statement(changes, statement->node);
    return changes;
}

void
ddl_changes_free(DdlChanges *changes)
{
    if (changes == NULL)
        return;
    g_clear_pointer(&changes->arrays, g_ptr_array_unref);
    g_ptr_array_unref(changes->list);
}

guint
ddl_changes_count(const DdlChanges *changes)
{
    return changes->list->len;
}

const DdlChange *
ddl_changes_get(const DdlChanges *changes, guint index)
{
    g_assert(index < changes->list->len);
    return changes->list->pdata[index];
}

char *
build_take_string(DdlChanges *changes, char *take_text)
{
    const gsize size = strlen(take_text) + 1;
    char *copy = build_alloc(changes, size);

    memcpy(copy, take_text, size);
    g_free(take_text);
    return copy;
}

GPtrArray *
build_array(DdlChanges *changes)
{
    GPtrArray *array = g_ptr_array_new();

    if (changes->arrays == NULL)
        changes->arrays = g_ptr_array_new_with_free_func((GDestroyNotify) g_ptr_array_unref);
    g_ptr_array_add(changes->arrays, array);
    return array;
}

GPtrArray *
build_strings(DdlChanges *changes, PgQuery__Node *const *items, size_t count)
{
    GPtrArray *strings = build_array(changes);

    for (size_t i = 0; i < count; i++)
        g_ptr_array_add(strings, (char *) tree_string(items[i]));
    return strings;
}

DdlChange *
build_change(DdlChanges *changes, DdlChangeKind kind, PgQuery__ObjectType object)
{
    DdlChange *change = BUILD_NEW(changes, DdlChange);

    change->kind = kind;
    change->object = object;
    change->node = changes->node;
    change->location = changes->location;
    g_ptr_array_add(changes->list, change);
    return change;
}

DdlChange *
build_last(const DdlChanges *changes)
{
    return changes->list->pdata[changes->list->len - 1];
}

const char *
build_text(const char *text)
{
    return text != NULL && text[0] != '\0' ? text : NULL;
}

DdlName
build_range(const PgQuery__RangeVar *relation)
{
    if (relation == NULL)
        return (DdlName){NULL, NULL};
    return (DdlName){build_text(relation->schemaname), build_text(relation->relname)};
}

DdlName
build_names(PgQuery__Node *const *items, size_t count)
{
    return (DdlName){count > 1 ? tree_string(items[count - 2]) : NULL,
                     count > 0 ? tree_string(items[count - 1]) : NULL};
}

DdlName
build_object(const PgQuery__Node *node)
{
    DdlName name = {NULL, NULL};

    if (node == NULL)
        return name;
    if (node->node_case == PG_QUERY__NODE__NODE_RANGE_VAR)
        return build_range(node->range_var);
    /* A cast: its source. */
    if (node->node_case == PG_QUERY__NODE__NODE_LIST && node->list->n_items > 0 &&
        node->list->items[0]->node_case == PG_QUERY__NODE__NODE_TYPE_NAME)
        return build_object(node->list->items[0]);
    names_split(node, &name.schema, &name.name);
    return name;
}

DdlName
build_owner(const PgQuery__Node *node, const char **ret_name)
{
    const PgQuery__List *list = node->list;

    *ret_name = NULL;
    if (node->node_case != PG_QUERY__NODE__NODE_LIST || list->n_items == 0)
        return build_object(node);
    *ret_name = tree_string(list->items[list->n_items - 1]);
    if (list->n_items == 2 && list->items[0]->node_case == PG_QUERY__NODE__NODE_TYPE_NAME)
        return build_object(list->items[0]);
    return build_names(list->items, list->n_items - 1);
}

const char *
build_role(const PgQuery__RoleSpec *role)
{
    if (role == NULL)
        return NULL;
    switch ((int) role->roletype) {
    case PG_QUERY__ROLE_SPEC_TYPE__ROLESPEC_PUBLIC:
        return "public";
    case PG_QUERY__ROLE_SPEC_TYPE__ROLESPEC_CURRENT_ROLE:
    case PG_QUERY__ROLE_SPEC_TYPE__ROLESPEC_CURRENT_USER:
        return "current_user";
    case PG_QUERY__ROLE_SPEC_TYPE__ROLESPEC_SESSION_USER:
        return "session_user";
    default:
        return role->rolename;
    }
}

static const char *
constant_value(DdlChanges *changes, const PgQuery__AConst *constant)
{
    switch ((int) constant->val_case) {
    case PG_QUERY__A__CONST__VAL_IVAL:
        return build_take_string(changes, g_strdup_printf("%d", constant->ival->ival));
    case PG_QUERY__A__CONST__VAL_FVAL:
        return constant->fval->fval;
    case PG_QUERY__A__CONST__VAL_BOOLVAL:
        return constant->boolval->boolval ? "true" : "false";
    case PG_QUERY__A__CONST__VAL_SVAL:
        return constant->sval->sval;
    case PG_QUERY__A__CONST__VAL_BSVAL:
        return constant->bsval->bsval;
    default:
        return NULL;
    }
}

const char *
build_value(DdlChanges *changes, const PgQuery__Node *node)
{
    if (node == NULL)
        return NULL;
    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_STRING:
        return node->string->sval;
    case PG_QUERY__NODE__NODE_INTEGER:
        return build_take_string(changes, g_strdup_printf("%d", node->integer->ival));
    case PG_QUERY__NODE__NODE_FLOAT:
        return node->float_->fval;
    case PG_QUERY__NODE__NODE_BOOLEAN:
        return node->boolean->boolval ? "true" : "false";
    case PG_QUERY__NODE__NODE_A_CONST:
        return constant_value(changes, node->a_const);
    case PG_QUERY__NODE__NODE_TYPE_CAST:
        return build_value(changes, node->type_cast->arg);
    case PG_QUERY__NODE__NODE_TYPE_NAME:
    case PG_QUERY__NODE__NODE_LIST:
        return build_object(node).name;
    default:
        return NULL;
    }
}

bool
build_option_is_on(PgQuery__Node *const *options, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        const PgQuery__DefElem *option = options[i]->def_elem;
        const PgQuery__Node *value;
        const char *word;

        if (options[i]->node_case != PG_QUERY__NODE__NODE_DEF_ELEM ||
            !g_str_equal(option->defname, name))
            continue;
        value = option->arg;
        word = tree_string(value);
        if (word != NULL)
            return g_ascii_strcasecmp(word, "false") != 0 && g_ascii_strcasecmp(word, "off") != 0;
        if (value != NULL && value->node_case == PG_QUERY__NODE__NODE_INTEGER)
            return value->integer->ival != 0;
        return value == NULL || value->node_case != PG_QUERY__NODE__NODE_BOOLEAN ||
               value->boolean->boolval;
    }
    return false;
}
