/* Schemas, extensions, statistics, publications, and the many kinds that nobody asks more of. */
#include "ddl/build.h"

/* The objects of a CREATE SCHEMA are in it. */
static void
add_schema(DdlChanges *changes, const PgQuery__CreateSchemaStmt *create)
{
    DdlChange *change = build_change(changes, CHANGE_CREATE_SCHEMA, OBJECT(SCHEMA));
    const guint first = changes->list->len;

    change->relation.name = build_text(create->schemaname);
    if (change->relation.name == NULL)
        change->relation.name = build_role(create->authrole);
    change->if_not_exists = create->if_not_exists;
    for (size_t i = 0; i < create->n_schema_elts; i++) {
        changes->node = create->schema_elts[i];
        build_statement(changes, create->schema_elts[i]);
    }
    for (guint i = first; i < changes->list->len; i++) {
        DdlChange *element = changes->list->pdata[i];

        if (element->relation.schema == NULL)
            element->relation.schema = change->relation.name;
        if (element->kind == CHANGE_CREATE_INDEX && element->other.schema == NULL)
            element->other.schema = change->relation.name;
    }
}

static const char *
option_value(DdlChanges *changes, PgQuery__Node *const *options, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (g_str_equal(options[i]->def_elem->defname, name))
            return build_value(changes, options[i]->def_elem->arg);
    return NULL;
}

static void
add_extension(DdlChanges *changes, const PgQuery__CreateExtensionStmt *create)
{
    DdlChange *change = build_change(changes, CHANGE_CREATE_EXTENSION, OBJECT(EXTENSION));

    change->relation.name = create->extname;
    change->if_not_exists = create->if_not_exists;
    change->cascade = build_option_is_on(create->options, create->n_options, "cascade");
    change->new_name = option_value(changes, create->options, create->n_options, "schema");
    change->value = option_value(changes, create->options, create->n_options, "new_version");
}

static void
add_alter_extension(DdlChanges *changes, const PgQuery__AlterExtensionStmt *alter)
{
    DdlChange *change = build_change(changes, CHANGE_ALTER_EXTENSION, OBJECT(EXTENSION));

    change->relation.name = alter->extname;
    change->text = "update";
    change->value = option_value(changes, alter->options, alter->n_options, "new_version");
}

static void
add_extension_contents(DdlChanges *changes, const PgQuery__AlterExtensionContentsStmt *alter)
{
    DdlChange *change = build_change(changes, CHANGE_ALTER_EXTENSION, OBJECT(EXTENSION));

    change->relation.name = alter->extname;
    change->text = alter->action > 0 ? "add" : "drop";
    change->other = build_object(alter->object);
}

static void
add_statistics(DdlChanges *changes, const PgQuery__CreateStatsStmt *create)
{
    DdlChange *change = build_change(changes, CHANGE_CREATE_STATISTICS, OBJECT(STATISTIC_EXT));

    change->relation = build_names(create->defnames, create->n_defnames);
    change->if_not_exists = create->if_not_exists;
    if (create->n_relations > 0)
        change->other = build_object(create->relations[0]);
}

/* A change for each table; @kind_text "add", .. */
static void
add_published(DdlChanges *changes, const char *publication, const char *text,
              PgQuery__Node *const *objects, size_t count, bool in_definition)
{
    for (size_t i = 0; i < count; i++) {
        const PgQuery__PublicationObjSpec *object = objects[i]->publication_obj_spec;
        DdlChange *change = build_change(changes, CHANGE_ALTER_PUBLICATION, OBJECT(PUBLICATION));

        change->relation.name = publication;
        change->text = text;
        change->in_definition = in_definition;
        if (object->pubtable != NULL)
            change->other = build_range(object->pubtable->relation);
        else
            change->value = build_text(object->name);
    }
}

static void
add_publication(DdlChanges *changes, const PgQuery__CreatePublicationStmt *create)
{
    DdlChange *change = build_change(changes, CHANGE_CREATE_PUBLICATION, OBJECT(PUBLICATION));

    change->relation.name = create->pubname;
    change->full = create->for_all_tables;
    add_published(changes, create->pubname, "add", create->pubobjects, create->n_pubobjects, true);
}

static void
add_alter_publication(DdlChanges *changes, const PgQuery__AlterPublicationStmt *alter)
{
    const char *text = "set";
    DdlChange *change;

    if (alter->n_pubobjects == 0) {
        change = build_change(changes, CHANGE_ALTER_PUBLICATION, OBJECT(PUBLICATION));
        change->relation.name = alter->pubname;
        change->text = "options";
        return;
    }
    if (alter->action == PG_QUERY__ALTER_PUBLICATION_ACTION__AP_AddObjects)
        text = "add";
    else if (alter->action == PG_QUERY__ALTER_PUBLICATION_ACTION__AP_DropObjects)
        text = "drop";
    add_published(changes, alter->pubname, text, alter->pubobjects, alter->n_pubobjects, false);
}

/* Kinds of which only the object and its name are told. */
static bool
build_named(DdlChanges *changes, const PgQuery__Node *node)
{
    DdlChangeKind kind = CHANGE_CREATE_OTHER;
    PgQuery__ObjectType object;
    DdlName name = {NULL, NULL};

    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_CREATE_PLANG_STMT:
        object = OBJECT(LANGUAGE);
        name.name = node->create_plang_stmt->plname;
        break;
    case PG_QUERY__NODE__NODE_CREATE_ROLE_STMT:
        object = OBJECT(ROLE);
        name.name = node->create_role_stmt->role;
        break;
    case PG_QUERY__NODE__NODE_CREATE_CONVERSION_STMT:
        object = OBJECT(CONVERSION);
        name = build_names(node->create_conversion_stmt->conversion_name,
                           node->create_conversion_stmt->n_conversion_name);
        break;
    case PG_QUERY__NODE__NODE_CREATE_CAST_STMT:
        object = OBJECT(CAST);
        name = build_names(node->create_cast_stmt->sourcetype->names,
                           node->create_cast_stmt->sourcetype->n_names);
        break;
    case PG_QUERY__NODE__NODE_CREATE_OP_CLASS_STMT:
        object = OBJECT(OPCLASS);
        name = build_names(node->create_op_class_stmt->opclassname,
                           node->create_op_class_stmt->n_opclassname);
        break;
    case PG_QUERY__NODE__NODE_CREATE_OP_FAMILY_STMT:
        object = OBJECT(OPFAMILY);
        name = build_names(node->create_op_family_stmt->opfamilyname,
                           node->create_op_family_stmt->n_opfamilyname);
        break;
    case PG_QUERY__NODE__NODE_CREATE_FDW_STMT:
        object = OBJECT(FDW);
        name.name = node->create_fdw_stmt->fdwname;
        break;
    case PG_QUERY__NODE__NODE_CREATE_FOREIGN_SERVER_STMT:
        object = OBJECT(FOREIGN_SERVER);
        name.name = node->create_foreign_server_stmt->servername;
        break;
    case PG_QUERY__NODE__NODE_CREATE_USER_MAPPING_STMT:
        object = OBJECT(USER_MAPPING);
        name.name = build_role(node->create_user_mapping_stmt->user);
        break;
    case PG_QUERY__NODE__NODE_IMPORT_FOREIGN_SCHEMA_STMT:
        object = OBJECT(FOREIGN_TABLE);
        name.schema = node->import_foreign_schema_stmt->local_schema;
        break;
    case PG_QUERY__NODE__NODE_CREATE_TRANSFORM_STMT:
        object = OBJECT(TRANSFORM);
        break;
    case PG_QUERY__NODE__NODE_CREATE_AM_STMT:
        object = OBJECT(ACCESS_METHOD);
        name.name = node->create_am_stmt->amname;
        break;
    case PG_QUERY__NODE__NODE_CREATE_SUBSCRIPTION_STMT:
        object = OBJECT(SUBSCRIPTION);
        name.name = node->create_subscription_stmt->subname;
        break;
    default:
        return false;
    }
    build_change(changes, kind, object)->relation = name;
    return true;
}

static bool
build_altered(DdlChanges *changes, const PgQuery__Node *node)
{
    PgQuery__ObjectType object;
    DdlName name = {NULL, NULL};

    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_ALTER_ROLE_STMT:
        object = OBJECT(ROLE);
        name.name = build_role(node->alter_role_stmt->role);
        break;
    case PG_QUERY__NODE__NODE_ALTER_TYPE_STMT:
        object = OBJECT(TYPE);
        name = build_names(node->alter_type_stmt->type_name, node->alter_type_stmt->n_type_name);
        break;
    case PG_QUERY__NODE__NODE_ALTER_STATS_STMT:
        object = OBJECT(STATISTIC_EXT);
        name = build_names(node->alter_stats_stmt->defnames, node->alter_stats_stmt->n_defnames);
        break;
    case PG_QUERY__NODE__NODE_ALTER_OP_FAMILY_STMT:
        object = OBJECT(OPFAMILY);
        name = build_names(node->alter_op_family_stmt->opfamilyname,
                           node->alter_op_family_stmt->n_opfamilyname);
        break;
    case PG_QUERY__NODE__NODE_ALTER_OPERATOR_STMT:
        object = OBJECT(OPERATOR);
        name = build_names(node->alter_operator_stmt->opername->objname,
                           node->alter_operator_stmt->opername->n_objname);
        break;
    case PG_QUERY__NODE__NODE_ALTER_TSDICTIONARY_STMT:
        object = OBJECT(TSDICTIONARY);
        name = build_names(node->alter_tsdictionary_stmt->dictname,
                           node->alter_tsdictionary_stmt->n_dictname);
        break;
    case PG_QUERY__NODE__NODE_ALTER_TSCONFIGURATION_STMT:
        object = OBJECT(TSCONFIGURATION);
        name = build_names(node->alter_tsconfiguration_stmt->cfgname,
                           node->alter_tsconfiguration_stmt->n_cfgname);
        break;
    case PG_QUERY__NODE__NODE_ALTER_FDW_STMT:
        object = OBJECT(FDW);
        name.name = node->alter_fdw_stmt->fdwname;
        break;
    case PG_QUERY__NODE__NODE_ALTER_FOREIGN_SERVER_STMT:
        object = OBJECT(FOREIGN_SERVER);
        name.name = node->alter_foreign_server_stmt->servername;
        break;
    case PG_QUERY__NODE__NODE_ALTER_USER_MAPPING_STMT:
        object = OBJECT(USER_MAPPING);
        name.name = build_role(node->alter_user_mapping_stmt->user);
        break;
    case PG_QUERY__NODE__NODE_ALTER_SUBSCRIPTION_STMT:
        object = OBJECT(SUBSCRIPTION);
        name.name = node->alter_subscription_stmt->subname;
        break;
    case PG_QUERY__NODE__NODE_ALTER_COLLATION_STMT:
        object = OBJECT(COLLATION);
        name = build_names(node->alter_collation_stmt->collname,
                           node->alter_collation_stmt->n_collname);
        break;
    case PG_QUERY__NODE__NODE_ALTER_OBJECT_DEPENDS_STMT:
        object = node->alter_object_depends_stmt->object_type;
        name = node->alter_object_depends_stmt->relation != NULL
                   ? build_range(node->alter_object_depends_stmt->relation)
                   : build_object(node->alter_object_depends_stmt->object);
        break;
    default:
        return false;
    }
    build_change(changes, CHANGE_ALTER_OTHER, object)->relation = name;
    return true;
}

bool
build_other(DdlChanges *changes, const PgQuery__Node *node)
{
    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_CREATE_SCHEMA_STMT:
        add_schema(changes, node->create_schema_stmt);
        return true;
    case PG_QUERY__NODE__NODE_CREATE_EXTENSION_STMT:
        add_extension(changes, node->create_extension_stmt);
        return true;
    case PG_QUERY__NODE__NODE_ALTER_EXTENSION_STMT:
        add_alter_extension(changes, node->alter_extension_stmt);
        return true;
    case PG_QUERY__NODE__NODE_ALTER_EXTENSION_CONTENTS_STMT:
        add_extension_contents(changes, node->alter_extension_contents_stmt);
        return true;
    case PG_QUERY__NODE__NODE_CREATE_STATS_STMT:
        add_statistics(changes, node->create_stats_stmt);
        return true;
    case PG_QUERY__NODE__NODE_CREATE_PUBLICATION_STMT:
        add_publication(changes, node->create_publication_stmt);
        return true;
    case PG_QUERY__NODE__NODE_ALTER_PUBLICATION_STMT:
        add_alter_publication(changes, node->alter_publication_stmt);
        return true;
    default:
        return build_named(changes, node) || build_altered(changes, node);
    }
}
