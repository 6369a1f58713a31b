/* What can be done to an object of any kind: dropped, renamed, moved, given away, described. */
#include "ddl/build.h"

static bool
belongs_to_relation(PgQuery__ObjectType object)
{
    switch ((int) object) {
    case OBJECT(TRIGGER):
    case OBJECT(RULE):
    case OBJECT(POLICY):
    case OBJECT(COLUMN):
    case OBJECT(TABCONSTRAINT):
    case OBJECT(DOMCONSTRAINT):
        return true;
    default:
        return false;
    }
}

/* What @node names; a trigger by its table and its name. */
static void
set_object(DdlChange *change, const PgQuery__Node *node)
{
    const char *name;

    if (node == NULL)
        return;
    if (change->object == OBJECT(OPCLASS) || change->object == OBJECT(OPFAMILY)) {
        /* The access method comes first. */
        change->relation = build_names(node->list->items + 1, node->list->n_items - 1);
        return;
    }
    if (!belongs_to_relation(change->object)) {
        change->relation = build_object(node);
        return;
    }
    change->relation = build_owner(node, &name);
    if (change->object == OBJECT(COLUMN))
        change->column = name;
    else if (change->object == OBJECT(TABCONSTRAINT) || change->object == OBJECT(DOMCONSTRAINT))
        change->constraint_name = name;
    else
        change->text = name;
}

static void
add_drop(DdlChanges *changes, const PgQuery__DropStmt *drop)
{
    for (size_t i = 0; i < drop->n_objects; i++) {
        DdlChange *change = build_change(changes, CHANGE_DROP, drop->remove_type);

        set_object(change, drop->objects[i]);
        change->if_exists = drop->missing_ok;
        change->cascade = drop->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
        change->concurrently = drop->concurrent;
    }
}

static DdlChange *
add_drop_named(DdlChanges *changes, PgQuery__ObjectType object, const char *name, bool if_exists)
{
    DdlChange *change = build_change(changes, CHANGE_DROP, object);

    change->relation.name = name;
    change->if_exists = if_exists;
    return change;
}

static void
add_drop_roles(DdlChanges *changes, PgQuery__Node *const *roles, size_t count, bool if_exists,
               const char *text)
{
    for (size_t i = 0; i < count; i++)
        add_drop_named(changes, OBJECT(ROLE), build_role(roles[i]->role_spec), if_exists)->text =
            text;
}

static void
add_rename(DdlChanges *changes, const PgQuery__RenameStmt *rename)
{
    DdlChange *change = build_change(changes, CHANGE_RENAME, rename->rename_type);

    change->new_name = rename->newname;
    change->if_exists = rename->missing_ok;
    change->cascade = rename->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
    if (rename->relation != NULL) {
        change->relation = build_range(rename->relation);
        change->only = !rename->relation->inh;
    } else if (rename->object != NULL) {
        change->relation = build_object(rename->object);
    } else {
        change->relation.name = build_text(rename->subname);
    }
    switch ((int) rename->rename_type) {
    case OBJECT(COLUMN):
        change->kind = CHANGE_RENAME_COLUMN;
        change->object = rename->relation_type;
        change->column = rename->subname;
        break;
    case OBJECT(ATTRIBUTE):
        change->kind = CHANGE_RENAME_COLUMN;
        change->object = OBJECT(TYPE);
        change->column = rename->subname;
        break;
    case OBJECT(TABCONSTRAINT):
    case OBJECT(DOMCONSTRAINT):
        change->kind = CHANGE_RENAME_CONSTRAINT;
        change->object =
            rename->rename_type == OBJECT(TABCONSTRAINT) ? OBJECT(TABLE) : OBJECT(DOMAIN);
        change->constraint_name = rename->subname;
        break;
    default:
        change->text =
            change->relation.name != rename->subname ? build_text(rename->subname) : NULL;
        break;
    }
}

static void
add_set_schema(DdlChanges *changes, const PgQuery__AlterObjectSchemaStmt *alter)
{
    DdlChange *change = build_change(changes, CHANGE_SET_SCHEMA, alter->object_type);

    change->relation =
        alter->relation != NULL ? build_range(alter->relation) : build_object(alter->object);
    change->new_name = alter->newschema;
    change->if_exists = alter->missing_ok;
}

static void
add_owner(DdlChanges *changes, const PgQuery__AlterOwnerStmt *alter)
{
    DdlChange *change = build_change(changes, CHANGE_OWNER, alter->object_type);

    change->relation =
        alter->relation != NULL ? build_range(alter->relation) : build_object(alter->object);
    change->new_name = build_role(alter->newowner);
}

static void
add_reassign(DdlChanges *changes, const PgQuery__ReassignOwnedStmt *reassign)
{
    for (size_t i = 0; i < reassign->n_roles; i++) {
        DdlChange *change = build_change(changes, CHANGE_OWNER, OBJECT(ROLE));

        change->relation.name = build_role(reassign->roles[i]->role_spec);
        change->new_name = build_role(reassign->newrole);
    }
}

static void
add_comment(DdlChanges *changes, PgQuery__ObjectType object, const PgQuery__Node *node,
            const char *comment)
{
    DdlChange *change = build_change(changes, CHANGE_COMMENT, object);

    set_object(change, node);
    change->value = build_text(comment);
}

static GPtrArray *
privileges_of(DdlChanges *changes, PgQuery__Node *const *privileges, size_t count)
{
    GPtrArray *names = build_array(changes);

    for (size_t i = 0; i < count; i++)
        g_ptr_array_add(names, privileges[i]->access_priv->priv_name);
    if (count == 0)
        g_ptr_array_add(names, (char *) "all");
    return names;
}

static const char *
roles_of(DdlChanges *changes, PgQuery__Node *const *roles, size_t count)
{
    g_autoptr(GString) joined = g_string_new(NULL);

    for (size_t i = 0; i < count; i++)
        g_string_append_printf(joined, "%s%s", i > 0 ? ", " : "", build_role(roles[i]->role_spec));
    return build_take_string(changes, g_string_free(g_steal_pointer(&joined), FALSE));
}

/* One change an object; @object DEFACL: the default privileges. */
static void
add_grant(DdlChanges *changes, const PgQuery__GrantStmt *grant, PgQuery__ObjectType object)
{
    GPtrArray *privileges = privileges_of(changes, grant->privileges, grant->n_privileges);
    const char *roles = roles_of(changes, grant->grantees, grant->n_grantees);

    for (size_t i = 0; i < MAX(grant->n_objects, 1u); i++) {
        DdlChange *change = build_change(changes, CHANGE_GRANT, object);

        if (grant->n_objects > 0)
            change->relation = build_object(grant->objects[i]);
        change->names = privileges;
        change->value = roles;
        change->removes = !grant->is_grant;
        change->cascade = grant->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
        change->full = grant->targtype == PG_QUERY__GRANT_TARGET_TYPE__ACL_TARGET_ALL_IN_SCHEMA;
    }
}

static void
add_grant_role(DdlChanges *changes, const PgQuery__GrantRoleStmt *grant)
{
    DdlChange *change = build_change(changes, CHANGE_GRANT, OBJECT(ROLE));

    change->names = privileges_of(changes, grant->granted_roles, grant->n_granted_roles);
    change->value = roles_of(changes, grant->grantee_roles, grant->n_grantee_roles);
    change->removes = !grant->is_grant;
}

static bool
build_drop(DdlChanges *changes, const PgQuery__Node *node)
{
    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_DROP_STMT:
        add_drop(changes, node->drop_stmt);
        return true;
    case PG_QUERY__NODE__NODE_DROP_ROLE_STMT:
        add_drop_roles(changes, node->drop_role_stmt->roles, node->drop_role_stmt->n_roles,
                       node->drop_role_stmt->missing_ok, NULL);
        return true;
    case PG_QUERY__NODE__NODE_DROP_OWNED_STMT:
        add_drop_roles(changes, node->drop_owned_stmt->roles, node->drop_owned_stmt->n_roles, false,
                       "owned");
        return true;
    case PG_QUERY__NODE__NODE_DROP_SUBSCRIPTION_STMT:
        add_drop_named(changes, OBJECT(SUBSCRIPTION), node->drop_subscription_stmt->subname,
                       node->drop_subscription_stmt->missing_ok);
        return true;
    case PG_QUERY__NODE__NODE_DROP_USER_MAPPING_STMT:
        add_drop_named(changes, OBJECT(USER_MAPPING),
                       build_role(node->drop_user_mapping_stmt->user),
                       node->drop_user_mapping_stmt->missing_ok);
        return true;
    default:
        return false;
    }
}

bool
build_any_object(DdlChanges *changes, const PgQuery__Node *node)
{
    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_RENAME_STMT:
        add_rename(changes, node->rename_stmt);
        return true;
    case PG_QUERY__NODE__NODE_ALTER_OBJECT_SCHEMA_STMT:
        add_set_schema(changes, node->alter_object_schema_stmt);
        return true;
    case PG_QUERY__NODE__NODE_ALTER_OWNER_STMT:
        add_owner(changes, node->alter_owner_stmt);
        return true;
    case PG_QUERY__NODE__NODE_REASSIGN_OWNED_STMT:
        add_reassign(changes, node->reassign_owned_stmt);
        return true;
    case PG_QUERY__NODE__NODE_COMMENT_STMT:
        add_comment(changes, node->comment_stmt->objtype, node->comment_stmt->object,
                    node->comment_stmt->comment);
        return true;
    case PG_QUERY__NODE__NODE_SEC_LABEL_STMT:
        add_comment(changes, node->sec_label_stmt->objtype, node->sec_label_stmt->object,
                    node->sec_label_stmt->label);
        return true;
    case PG_QUERY__NODE__NODE_GRANT_STMT:
        add_grant(changes, node->grant_stmt, node->grant_stmt->objtype);
        return true;
    case PG_QUERY__NODE__NODE_GRANT_ROLE_STMT:
        add_grant_role(changes, node->grant_role_stmt);
        return true;
    case PG_QUERY__NODE__NODE_ALTER_DEFAULT_PRIVILEGES_STMT:
        add_grant(changes, node->alter_default_privileges_stmt->action, OBJECT(DEFACL));
        return true;
    default:
        return build_drop(changes, node);
    }
}
