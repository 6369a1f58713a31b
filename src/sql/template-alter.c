/* The lock template of ALTER TABLE, and of the foreign keys in any definition. */
#include "sql/template.h"

static void
add_foreign_key(Template *template, const PgQuery__Constraint *constraint)
{
    const PgQuery__RangeVar *other = constraint->pktable;

    if (constraint->contype != PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN || other == NULL)
        return;
    if (template->created != NULL && g_str_equal(other->relname, template->created->relname) &&
        g_str_equal(other->schemaname, template->created->schemaname))
        return;
    template_add(template, other, RELATION_TABLE, LOCK_SHARE_ROW_EXCLUSIVE, REACH_PARTITIONS);
}

static bool
visit_foreign_key(ProtobufCMessage *message, void *data)
{
    const PgQuery__Constraint *constraint = TREE_AS(message, Constraint, constraint);

    if (constraint != NULL)
        add_foreign_key(data, constraint);
    return true;
}

void
template_add_foreign_keys(Template *template, PgQuery__Node *definition)
{
    TREE_WALK(definition, visit_foreign_key, template);
}

void
template_add_new_partition(Template *template, const PgQuery__RangeVar *parent, LockMode mode)
{
    template_add(template, parent, RELATION_TABLE, mode, REACH_DEFAULT);
    template_add(template, parent, RELATION_TABLE, LOCK_SHARE_ROW_EXCLUSIVE,
                 REACH_OTHERS | REACH_REFERENCED | REACH_REFERENCING);
}

/* The mode of a subcommand for the table itself. What is not listed takes the strongest. */
static LockMode
subcommand_mode(const PgQuery__AlterTableCmd *command, PgQuery__ObjectType type)
{
    switch ((int) command->subtype) {
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetStatistics:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetOptions:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ResetOptions:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ClusterOn:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropCluster:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ValidateConstraint:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AttachPartition:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DetachPartitionFinalize:
        return LOCK_SHARE_UPDATE_EXCLUSIVE;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DetachPartition:
        return command->def->partition_cmd->concurrent ? LOCK_SHARE_UPDATE_EXCLUSIVE
                                                       : LOCK_ACCESS_EXCLUSIVE;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetRelOptions:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ResetRelOptions:
        return type == PG_QUERY__OBJECT_TYPE__OBJECT_VIEW ? LOCK_ACCESS_EXCLUSIVE
                                                          : LOCK_SHARE_UPDATE_EXCLUSIVE;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableTrig:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableAlwaysTrig:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableReplicaTrig:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableTrigAll:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableTrigUser:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DisableTrig:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DisableTrigAll:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DisableTrigUser:
        return LOCK_SHARE_ROW_EXCLUSIVE;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AddConstraint:
        return command->def->constraint->contype == PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN
                   ? LOCK_SHARE_ROW_EXCLUSIVE
                   : LOCK_ACCESS_EXCLUSIVE;
    default:
        return LOCK_ACCESS_EXCLUSIVE;
    }
}

/* Does ALTER TABLE carry the subcommand out on the children too? */
static bool
subcommand_recurses(const PgQuery__AlterTableCmd *command)
{
    switch ((int) command->subtype) {
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AddConstraint:
        /* A unique one makes indexes on the partitions, under a lock of its own. */
        return command->def->constraint->contype != PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE &&
               !command->def->constraint->is_no_inherit;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AttachPartition:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DetachPartition:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DetachPartitionFinalize:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AddInherit:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropInherit:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ChangeOwner:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetRelOptions:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ResetRelOptions:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetTableSpace:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ReplicaIdentity:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableRowSecurity:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DisableRowSecurity:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ForceRowSecurity:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_NoForceRowSecurity:
        return false;
    default:
        return true;
    }
}

/* Relations beside the altered one that a subcommand locks. */
static void
add_subcommand_others(Template *template, const PgQuery__AlterTableStmt *alter,
                      PgQuery__AlterTableCmd *command)
{
    const PgQuery__RangeVar *table = alter->relation;

    switch ((int) command->subtype) {
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AddConstraint:
        if (command->def->constraint->contype == PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE)
            template_add(template, table, RELATION_TABLE, LOCK_SHARE, REACH_PARTITIONS);
        template_add_foreign_keys(template, command->def);
        break;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AddColumn:
        template_add_foreign_keys(template, command->def);
        break;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AttachPartition:
        template_add(template, command->def->partition_cmd->name, template_kind(alter->objtype),
                     LOCK_ACCESS_EXCLUSIVE, REACH_CHILDREN);
        if (alter->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_TABLE) {
            template_add_new_partition(template, table, LOCK_SHARE_UPDATE_EXCLUSIVE);
        } else {
            template_add(template, table, RELATION_INDEX, LOCK_ACCESS_SHARE, REACH_INDEXED_TABLE);
            template_add(template, command->def->partition_cmd->name, RELATION_INDEX,
                         LOCK_ACCESS_SHARE, REACH_INDEXED_TABLE);
        }
        break;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DetachPartition:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DetachPartitionFinalize:
        template_add(template, command->def->partition_cmd->name, RELATION_TABLE,
                     LOCK_ACCESS_EXCLUSIVE, REACH_CHILDREN);
        template_add(template, table, RELATION_TABLE, LOCK_SHARE_UPDATE_EXCLUSIVE, REACH_DEFAULT);
        template_add(template, table, RELATION_TABLE, LOCK_SHARE_ROW_EXCLUSIVE,
                     REACH_OTHERS | REACH_REFERENCED);
        template_add(template, table, RELATION_TABLE, LOCK_ACCESS_EXCLUSIVE,
                     REACH_OTHERS | REACH_REFERENCING);
        break;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AddInherit:
        template_add(template, command->def->range_var, RELATION_TABLE, LOCK_SHARE_UPDATE_EXCLUSIVE,
                     REACH_ITSELF);
        break;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropInherit:
        template_add(template, command->def->range_var, RELATION_TABLE, LOCK_ACCESS_SHARE,
                     REACH_ITSELF);
        break;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropConstraint:
        template_add(template, table, RELATION_TABLE, LOCK_ACCESS_EXCLUSIVE, REACH_CONSTRAINT)
            ->detail = g_strdup(command->name);
        break;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropColumn:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AlterColumnType:
        template_add(template, table, RELATION_TABLE, LOCK_ACCESS_EXCLUSIVE, REACH_COLUMN)->detail =
            g_strdup(command->name);
        break;
    default:
        break;
    }
}

void
template_add_alter_table(Template *template, const PgQuery__AlterTableStmt *alter)
{
    LockMode mode = LOCK_ACCESS_SHARE;
    bool recurses = false;

    if (alter->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_TYPE)
        template_add(template, alter->relation, RELATION_OTHER, LOCK_ACCESS_EXCLUSIVE,
                     REACH_ITSELF);
    if (!template_is_relation(alter->objtype))
        return;
    for (size_t i = 0; i < alter->n_cmds; i++) {
        PgQuery__AlterTableCmd *command = alter->cmds[i]->alter_table_cmd;

        mode = MAX(mode, subcommand_mode(command, alter->objtype));
        recurses |= subcommand_recurses(command);
        add_subcommand_others(template, alter, command);
    }
    template_add(template, alter->relation, template_kind(alter->objtype), mode,
                 recurses ? template_children(alter->relation) : REACH_ITSELF);
}
