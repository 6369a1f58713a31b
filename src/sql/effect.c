/* What a statement adds, drops, and takes away from an app that does not know of it. */
#include <string.h>

#include "sql/statement.h"

char *
relation_label(const PgQuery__RangeVar *relation)
{
    if (relation->schemaname != NULL && relation->schemaname[0])
        return g_strdup_printf("%s.%s", relation->schemaname, relation->relname);
    return g_strdup(relation->relname);
}

static PgQuery__Node *const *
names_of(const PgQuery__Node *node, size_t *ret_count)
{
    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_LIST:
        *ret_count = node->list->n_items;
        return node->list->items;
    case PG_QUERY__NODE__NODE_TYPE_NAME:
        *ret_count = node->type_name->n_names;
        return node->type_name->names;
    case PG_QUERY__NODE__NODE_OBJECT_WITH_ARGS:
        *ret_count = node->object_with_args->n_objname;
        return node->object_with_args->objname;
    default:
        *ret_count = 0;
        return NULL;
    }
}

char *
names_label(const PgQuery__Node *node)
{
    g_autoptr(GString) label = g_string_new(tree_string(node));
    size_t count;
    PgQuery__Node *const *names = names_of(node, &count);

    for (size_t i = 0; i < count; i++)
        g_string_append_printf(label, "%s%s", i > 0 ? "." : "", tree_string(names[i]));
    return g_string_free(g_steal_pointer(&label), FALSE);
}

void
names_split(const PgQuery__Node *node, const char **ret_schema, const char **ret_name)
{
    size_t count;
    PgQuery__Node *const *names = names_of(node, &count);

    *ret_schema = count > 1 ? tree_string(names[count - 2]) : NULL;
    *ret_name = count > 0 ? tree_string(names[count - 1]) : tree_string(node);
}

/* The kinds of objects that an app may name. What is not here (an index, a policy, a trigger, ..)
 * can go without an app's query failing. */
static const char *
object_word(PgQuery__ObjectType type)
{
    static const struct {
        PgQuery__ObjectType type;
        const char *word;
    } words[] = {
        {PG_QUERY__OBJECT_TYPE__OBJECT_TABLE, "table"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_VIEW, "view"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW, "materialized view"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_FOREIGN_TABLE, "foreign table"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE, "sequence"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_FUNCTION, "function"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_PROCEDURE, "procedure"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_ROUTINE, "routine"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_AGGREGATE, "aggregate"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_TYPE, "type"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_DOMAIN, "domain"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA, "schema"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_EXTENSION, "extension"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_OPERATOR, "operator"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_CAST, "cast"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_COLLATION, "collation"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_ROLE, "role"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_DATABASE, "database"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_COLUMN, "column"},
        {PG_QUERY__OBJECT_TYPE__OBJECT_ATTRIBUTE, "attribute"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
        if (words[i].type == type)
            return words[i].word;
    }
    return NULL;
}

static char *
destroyed_by_drop(const PgQuery__DropStmt *drop)
{
    const char *word = object_word(drop->remove_type);
    g_autofree char *label = NULL;

    if (word == NULL || drop->n_objects == 0)
        return NULL;
    label = names_label(drop->objects[0]);
    return g_strdup_printf("drops %s %s", word, label);
}

static char *
destroyed_by_rename(const PgQuery__RenameStmt *rename)
{
    const char *word = object_word(rename->rename_type);
    g_autofree char *label = NULL;

    if (word == NULL)
        return NULL;
    label = rename->relation ? relation_label(rename->relation)
            : rename->object ? names_label(rename->object)
                             : g_strdup(rename->subname);
    if (rename->rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_COLUMN ||
        rename->rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_ATTRIBUTE)
        return g_strdup_printf("renames %s %s of %s", word, rename->subname, label);
    return g_strdup_printf("renames %s %s", word, label);
}

static bool
has_constraint(const PgQuery__ColumnDef *column, PgQuery__ConstrType type)
{
    for (size_t i = 0; i < column->n_constraints; i++) {
        if (column->constraints[i]->constraint->contype == type)
            return true;
    }
    return false;
}

static bool
is_serial(const PgQuery__TypeName *type)
{
    static const char *const names[] = {"serial",  "bigserial", "smallserial", "serial2",
                                        "serial4", "serial8",   NULL};

    return type != NULL && type->n_names == 1 &&
           g_strv_contains(names, tree_string(type->names[0]));
}

/* NOT NULL, and nothing that fills it when an old app's INSERT leaves it out. */
static bool
must_be_given(const PgQuery__ColumnDef *column)
{
    return (has_constraint(column, PG_QUERY__CONSTR_TYPE__CONSTR_NOTNULL) ||
            has_constraint(column, PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY)) &&
           !has_constraint(column, PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT) &&
           !has_constraint(column, PG_QUERY__CONSTR_TYPE__CONSTR_IDENTITY) &&
           !has_constraint(column, PG_QUERY__CONSTR_TYPE__CONSTR_GENERATED) &&
           !is_serial(column->type_name);
}

static char *
destroyed_by_subcommand(const PgQuery__AlterTableCmd *command, const char *table)
{
    switch ((int) command->subtype) {
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropColumn:
        return g_strdup_printf("drops column %s of %s", command->name, table);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AlterColumnType:
        return g_strdup_printf("changes the type of column %s of %s", command->name, table);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetNotNull:
        return g_strdup_printf("makes column %s of %s NOT NULL", command->name, table);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ColumnDefault:
        return command->def == NULL
                   ? g_strdup_printf("drops the default of column %s of %s", command->name, table)
                   : NULL;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DetachPartition:
        return g_strdup_printf("detaches partition %s of %s",
                               command->def->partition_cmd->name->relname, table);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableRowSecurity:
        return g_strdup_printf("turns on row security of %s", table);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropIdentity:
        return g_strdup_printf("drops the identity of column %s of %s", command->name, table);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AddColumn:
        return must_be_given(command->def->column_def)
                   ? g_strdup_printf("adds column %s of %s as NOT NULL without a default",
                                     command->def->column_def->colname, table)
                   : NULL;
    default:
        return NULL;
    }
}

static char *
destroyed_by_alter(const PgQuery__AlterTableStmt *alter)
{
    g_autofree char *table = relation_label(alter->relation);

    for (size_t i = 0; i < alter->n_cmds; i++) {
        char *reason = destroyed_by_subcommand(alter->cmds[i]->alter_table_cmd, table);
        if (reason != NULL)
            return reason;
    }
    return NULL;
}

static char *
destroyed_by_set_schema(const PgQuery__AlterObjectSchemaStmt *alter)
{
    const char *word = object_word(alter->object_type);
    g_autofree char *label = NULL;

    if (word == NULL)
        return NULL;
    label = alter->relation ? relation_label(alter->relation) : names_label(alter->object);
    return g_strdup_printf("moves %s %s to another schema", word, label);
}

char *
sql_statement_destroys(const SqlStatement *statement)
{
    const PgQuery__Node *node = statement->node;
    g_autofree char *label = NULL;

    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_DROP_STMT:
        return destroyed_by_drop(node->drop_stmt);
    case PG_QUERY__NODE__NODE_RENAME_STMT:
        return destroyed_by_rename(node->rename_stmt);
    case PG_QUERY__NODE__NODE_ALTER_TABLE_STMT:
        return destroyed_by_alter(node->alter_table_stmt);
    case PG_QUERY__NODE__NODE_ALTER_OBJECT_SCHEMA_STMT:
        return destroyed_by_set_schema(node->alter_object_schema_stmt);
    case PG_QUERY__NODE__NODE_ALTER_ENUM_STMT:
        return node->alter_enum_stmt->old_val[0] ? g_strdup_printf("renames value '%s' of an enum",
                                                                   node->alter_enum_stmt->old_val)
                                                 : NULL;
    case PG_QUERY__NODE__NODE_TRUNCATE_STMT:
        label = relation_label(node->truncate_stmt->relations[0]->range_var);
        return g_strdup_printf("empties table %s", label);
    case PG_QUERY__NODE__NODE_GRANT_STMT:
        return node->grant_stmt->is_grant ? NULL : g_strdup("revokes a right");
    case PG_QUERY__NODE__NODE_GRANT_ROLE_STMT:
        return node->grant_role_stmt->is_grant ? NULL : g_strdup("revokes a role");
    case PG_QUERY__NODE__NODE_DROP_OWNED_STMT:
        return g_strdup("drops everything that a role owns");
    case PG_QUERY__NODE__NODE_DROPDB_STMT:
        return g_strdup_printf("drops database %s", node->dropdb_stmt->dbname);
    case PG_QUERY__NODE__NODE_DROP_ROLE_STMT:
        return g_strdup("drops a role");
    default:
        return NULL;
    }
}

char *
sql_statement_creates(const SqlStatement *statement)
{
    const PgQuery__Node *node = statement->node;

    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_CREATE_STMT:
        /* With IF NOT EXISTS it may be an old one. */
        return node->create_stmt->if_not_exists ? NULL
                                                : relation_label(node->create_stmt->relation);
    case PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT:
        return node->create_table_as_stmt->if_not_exists
                   ? NULL
                   : relation_label(node->create_table_as_stmt->into->rel);
    case PG_QUERY__NODE__NODE_VIEW_STMT:
        return node->view_stmt->replace ? NULL : relation_label(node->view_stmt->view);
    default:
        return NULL;
    }
}

char *
sql_statement_alters(const SqlStatement *statement)
{
    const PgQuery__Node *node = statement->node;

    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_ALTER_TABLE_STMT:
        return relation_label(node->alter_table_stmt->relation);
    case PG_QUERY__NODE__NODE_RENAME_STMT:
        return node->rename_stmt->relation ? relation_label(node->rename_stmt->relation) : NULL;
    case PG_QUERY__NODE__NODE_ALTER_OBJECT_SCHEMA_STMT:
        return node->alter_object_schema_stmt->relation
                   ? relation_label(node->alter_object_schema_stmt->relation)
                   : NULL;
    case PG_QUERY__NODE__NODE_TRUNCATE_STMT:
        return node->truncate_stmt->n_relations == 1
                   ? relation_label(node->truncate_stmt->relations[0]->range_var)
                   : NULL;
    case PG_QUERY__NODE__NODE_DROP_STMT:
        return node->drop_stmt->n_objects == 1 &&
                       node->drop_stmt->behavior != PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE
                   ? names_label(node->drop_stmt->objects[0])
                   : NULL;
    default:
        return NULL;
    }
}

static bool
is_filled(const PgQuery__ColumnDef *column)
{
    return has_constraint(column, PG_QUERY__CONSTR_TYPE__CONSTR_NOTNULL) ||
           has_constraint(column, PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY) ||
           has_constraint(column, PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT) ||
           has_constraint(column, PG_QUERY__CONSTR_TYPE__CONSTR_IDENTITY) ||
           has_constraint(column, PG_QUERY__CONSTR_TYPE__CONSTR_GENERATED) ||
           is_serial(column->type_name);
}

static GPtrArray *
added_columns(const SqlStatement *statement, bool only_filled)
{
    GPtrArray *added = g_ptr_array_new_with_free_func(g_free);
    const PgQuery__AlterTableStmt *alter = statement->node->alter_table_stmt;
    g_autofree char *table = NULL;

    if (statement->node->node_case != PG_QUERY__NODE__NODE_ALTER_TABLE_STMT)
        return added;
    table = relation_label(alter->relation);
    for (size_t i = 0; i < alter->n_cmds; i++) {
        const PgQuery__AlterTableCmd *command = alter->cmds[i]->alter_table_cmd;
        if (command->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_AddColumn &&
            (!only_filled || is_filled(command->def->column_def)))
            g_ptr_array_add(added,
                            g_strdup_printf("%s.%s", table, command->def->column_def->colname));
    }
    return added;
}

GPtrArray *
sql_statement_adds_columns(const SqlStatement *statement)
{
    return added_columns(statement, false);
}

GPtrArray *
sql_statement_adds_filled_columns(const SqlStatement *statement)
{
    return added_columns(statement, true);
}

GPtrArray *
sql_statement_drops(const SqlStatement *statement)
{
    GPtrArray *dropped = g_ptr_array_new_with_free_func(g_free);
    const PgQuery__Node *node = statement->node;

    if (node->node_case == PG_QUERY__NODE__NODE_DROP_STMT &&
        node->drop_stmt->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_TABLE) {
        for (size_t i = 0; i < node->drop_stmt->n_objects; i++)
            g_ptr_array_add(dropped, names_label(node->drop_stmt->objects[i]));
    } else if (node->node_case == PG_QUERY__NODE__NODE_ALTER_TABLE_STMT) {
        g_autofree char *table = relation_label(node->alter_table_stmt->relation);
        for (size_t i = 0; i < node->alter_table_stmt->n_cmds; i++) {
            const PgQuery__AlterTableCmd *command =
                node->alter_table_stmt->cmds[i]->alter_table_cmd;
            if (command->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_DropColumn)
                g_ptr_array_add(dropped, g_strdup_printf("%s.%s", table, command->name));
        }
    }
    return dropped;
}

static void
add_dropped_constraints(GPtrArray *dropped, const PgQuery__AlterTableStmt *alter)
{
    g_autofree char *table = relation_label(alter->relation);

    for (size_t i = 0; i < alter->n_cmds; i++) {
        const PgQuery__AlterTableCmd *command = alter->cmds[i]->alter_table_cmd;

        if (command->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_DropConstraint)
            g_ptr_array_add(dropped, g_strdup_printf("%s on %s", command->name, table));
    }
}

GPtrArray *
sql_statement_drops_derived(const SqlStatement *statement)
{
    GPtrArray *dropped = g_ptr_array_new_with_free_func(g_free);
    const PgQuery__DropStmt *drop = statement->node->drop_stmt;

    if (statement->node->node_case == PG_QUERY__NODE__NODE_ALTER_TABLE_STMT)
        add_dropped_constraints(dropped, statement->node->alter_table_stmt);

    if (statement->node->node_case != PG_QUERY__NODE__NODE_DROP_STMT ||
        (drop->remove_type != PG_QUERY__OBJECT_TYPE__OBJECT_INDEX &&
         drop->remove_type != PG_QUERY__OBJECT_TYPE__OBJECT_VIEW &&
         drop->remove_type != PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW))
        return dropped;
    for (size_t i = 0; i < drop->n_objects; i++)
        g_ptr_array_add(dropped, names_label(drop->objects[i]));
    return dropped;
}

bool
sql_statement_renames_column(const SqlStatement *statement, char **ret_table, char **ret_from,
                             char **ret_to)
{
    const PgQuery__RenameStmt *rename = statement->node->rename_stmt;

    if (statement->node->node_case != PG_QUERY__NODE__NODE_RENAME_STMT ||
        rename->rename_type != PG_QUERY__OBJECT_TYPE__OBJECT_COLUMN || rename->relation == NULL)
        return false;
    *ret_table = relation_label(rename->relation);
    *ret_from = g_strdup(rename->subname);
    *ret_to = g_strdup(rename->newname);
    return true;
}

bool
sql_statement_creates_index(const SqlStatement *statement, char **ret_schema, char **ret_index,
                            char **ret_table, bool *ret_concurrently)
{
    const PgQuery__IndexStmt *index = statement->node->index_stmt;
    const char *schema;

    if (statement->node->node_case != PG_QUERY__NODE__NODE_INDEX_STMT || index->idxname == NULL ||
        index->idxname[0] == '\0')
        return false;
    schema = index->relation->schemaname;
    if (ret_schema != NULL)
        *ret_schema = schema != NULL && schema[0] ? g_strdup(schema) : NULL;
    if (ret_index != NULL)
        *ret_index = g_strdup(index->idxname);
    if (ret_table != NULL)
        *ret_table = g_strdup(index->relation->relname);
    if (ret_concurrently != NULL)
        *ret_concurrently = index->concurrent;
    return true;
}
