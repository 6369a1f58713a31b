/* ALTER TABLE (INDEX, VIEW, SEQUENCE, TYPE, ..): a change for each subcommand. */
#include "ddl/build.h"

/* Subcommands that say no more than a kind and perhaps a word. */
typedef struct {
    PgQuery__AlterTableType subtype;
    DdlChangeKind kind;
    const char *text, *value; /* @text NULL: the name that the subcommand holds */
    bool removes, forced;
} PlainSubcommand;

#define SUBTYPE(name) PG_QUERY__ALTER_TABLE_TYPE__AT_##name

static const PlainSubcommand *
plain_subcommand(PgQuery__AlterTableType subtype)
{
    static const PlainSubcommand rows[] = {
        {SUBTYPE(ClusterOn), CHANGE_RELATION_OPTIONS, "cluster", NULL, false, false},
        {SUBTYPE(DropCluster), CHANGE_RELATION_OPTIONS, "cluster", NULL, true, false},
        {SUBTYPE(DropOids), CHANGE_RELATION_OPTIONS, "oids", NULL, true, false},
        {SUBTYPE(SetLogged), CHANGE_PERSISTENCE, NULL, NULL, false, false},
        {SUBTYPE(SetUnLogged), CHANGE_PERSISTENCE, NULL, NULL, true, false},
        {SUBTYPE(SetAccessMethod), CHANGE_ACCESS_METHOD, NULL, NULL, false, false},
        {SUBTYPE(SetTableSpace), CHANGE_TABLESPACE, NULL, NULL, false, false},
        {SUBTYPE(EnableTrig), CHANGE_TRIGGER_STATE, NULL, NULL, false, false},
        {SUBTYPE(EnableAlwaysTrig), CHANGE_TRIGGER_STATE, NULL, "always", false, false},
        {SUBTYPE(EnableReplicaTrig), CHANGE_TRIGGER_STATE, NULL, "replica", false, false},
        {SUBTYPE(DisableTrig), CHANGE_TRIGGER_STATE, NULL, NULL, true, false},
        {SUBTYPE(EnableTrigAll), CHANGE_TRIGGER_STATE, "ALL", NULL, false, false},
        {SUBTYPE(DisableTrigAll), CHANGE_TRIGGER_STATE, "ALL", NULL, true, false},
        {SUBTYPE(EnableTrigUser), CHANGE_TRIGGER_STATE, "USER", NULL, false, false},
        {SUBTYPE(DisableTrigUser), CHANGE_TRIGGER_STATE, "USER", NULL, true, false},
        {SUBTYPE(EnableRule), CHANGE_RULE_STATE, NULL, NULL, false, false},
        {SUBTYPE(EnableAlwaysRule), CHANGE_RULE_STATE, NULL, "always", false, false},
        {SUBTYPE(EnableReplicaRule), CHANGE_RULE_STATE, NULL, "replica", false, false},
        {SUBTYPE(DisableRule), CHANGE_RULE_STATE, NULL, NULL, true, false},
        {SUBTYPE(EnableRowSecurity), CHANGE_ROW_SECURITY, NULL, NULL, false, false},
        {SUBTYPE(DisableRowSecurity), CHANGE_ROW_SECURITY, NULL, NULL, true, false},
        {SUBTYPE(ForceRowSecurity), CHANGE_ROW_SECURITY, NULL, NULL, false, true},
        {SUBTYPE(NoForceRowSecurity), CHANGE_ROW_SECURITY, NULL, NULL, true, true},
        {SUBTYPE(GenericOptions), CHANGE_RELATION_OPTIONS, "options", NULL, false, false},
        {SUBTYPE(AddOf), CHANGE_ALTER_OTHER, "of", NULL, false, false},
        {SUBTYPE(DropOf), CHANGE_ALTER_OTHER, "of", NULL, true, false},
        {SUBTYPE(ValidateConstraint), CHANGE_VALIDATE_CONSTRAINT, NULL, NULL, false, false},
        {SUBTYPE(DropConstraint), CHANGE_DROP_CONSTRAINT, NULL, NULL, false, false},
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
        if (rows[i].subtype == subtype)
            return &rows[i];
    return NULL;
}

/* The same of a column. */
static DdlChangeKind
column_subcommand(PgQuery__AlterTableType subtype, const char **ret_text)
{
    *ret_text = NULL;
    switch ((int) subtype) {
    case SUBTYPE(DropNotNull):
        return CHANGE_DROP_NOT_NULL;
    case SUBTYPE(SetNotNull):
        return CHANGE_SET_NOT_NULL;
    case SUBTYPE(DropExpression):
        return CHANGE_DROP_EXPRESSION;
    case SUBTYPE(DropIdentity):
        return CHANGE_DROP_IDENTITY;
    case SUBTYPE(SetStatistics):
        *ret_text = "statistics";
        return CHANGE_COLUMN_OPTIONS;
    case SUBTYPE(SetOptions):
    case SUBTYPE(ResetOptions):
    case SUBTYPE(AlterColumnGenericOptions):
        *ret_text = "options";
        return CHANGE_COLUMN_OPTIONS;
    case SUBTYPE(SetStorage):
        *ret_text = "storage";
        return CHANGE_COLUMN_OPTIONS;
    case SUBTYPE(SetCompression):
        *ret_text = "compression";
        return CHANGE_COLUMN_OPTIONS;
    default:
        return CHANGE_UNKNOWN;
    }
}

typedef struct {
    DdlChanges *changes;
    const PgQuery__AlterTableStmt *alter;
    const PgQuery__AlterTableCmd *command;
} Subcommand;

static DdlChange *
add(const Subcommand *at, DdlChangeKind kind)
{
    DdlChange *change = build_change(at->changes, kind, at->alter->objtype);

    change->relation = build_range(at->alter->relation);
    change->only = !at->alter->relation->inh;
    change->if_exists = at->command->missing_ok;
    change->cascade = at->command->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
    return change;
}

static DdlChange *
add_of_column(const Subcommand *at, DdlChangeKind kind)
{
    DdlChange *change = add(at, kind);

    change->column = build_text(at->command->name);
    return change;
}

static void
add_column(const Subcommand *at)
{
    const PgQuery__ColumnDef *definition = at->command->def->column_def;
    const bool is_type = at->alter->objtype == OBJECT(TYPE);
    DdlChange *change = add(at, is_type ? CHANGE_ADD_ATTRIBUTE : CHANGE_ADD_COLUMN);

    change->column = definition->colname;
    change->definition = build_column(at->changes, definition);
    change->if_not_exists = at->command->missing_ok;
    change->if_exists = false;
    build_inline_constraints(at->changes, definition->constraints, definition->n_constraints,
                             change->relation, at->alter->objtype, change->column);
}

static void
change_type(const Subcommand *at)
{
    const bool is_type = at->alter->objtype == OBJECT(TYPE);
    DdlChange *change = add_of_column(at, is_type ? CHANGE_ATTRIBUTE_TYPE : CHANGE_COLUMN_TYPE);

    change->definition = build_column(at->changes, at->command->def->column_def);
    change->expression = at->command->def->column_def->raw_default;
}

/* One change an option: (fillfactor = 70, autovacuum_enabled = off). */
static void
set_options(const Subcommand *at, bool removes)
{
    const PgQuery__List *options = at->command->def->list;

    for (size_t i = 0; i < options->n_items; i++) {
        const PgQuery__DefElem *option = options->items[i]->def_elem;
        DdlChange *change = add(at, CHANGE_RELATION_OPTIONS);

        change->text = option->defname;
        if (build_text(option->defnamespace) != NULL)
            change->text = build_take_string(
                at->changes, g_strdup_printf("%s.%s", option->defnamespace, option->defname));
        change->value = build_value(at->changes, option->arg);
        change->removes = removes;
    }
}

static void
add_identity(const Subcommand *at)
{
    DdlChange *change = add_of_column(at, CHANGE_ADD_IDENTITY);
    DdlColumn *column = BUILD_NEW(at->changes, DdlColumn);

    column->name = change->column;
    column->identity = at->command->def->constraint->generated_when[0];
    column->not_null = true;
    change->definition = column;
}

static void
set_identity(const Subcommand *at)
{
    const PgQuery__List *options = at->command->def->list;

    for (size_t i = 0; i < options->n_items; i++) {
        const PgQuery__DefElem *option = options->items[i]->def_elem;
        DdlChange *change = add_of_column(at, CHANGE_SET_IDENTITY);

        change->text = option->defname;
        if (g_str_equal(option->defname, "generated"))
            change->text = option->arg->integer->ival == 'a' ? "always" : "by default";
        else
            change->value = build_value(at->changes, option->arg);
    }
}

static void
attach_or_detach(const Subcommand *at)
{
    const PgQuery__PartitionCmd *partition = at->command->def->partition_cmd;
    DdlChange *change;

    if (at->command->subtype != SUBTYPE(AttachPartition))
        change = add(at, CHANGE_DETACH_PARTITION);
    else if (at->alter->objtype == OBJECT(INDEX))
        change = add(at, CHANGE_ATTACH_INDEX);
    else
        change = add(at, CHANGE_ATTACH_PARTITION);
    change->other = build_range(partition->name);
    change->bound = partition->bound;
    change->is_default = partition->bound != NULL && partition->bound->is_default;
    change->concurrently = partition->concurrent;
    change->finalize = at->command->subtype == SUBTYPE(DetachPartitionFinalize);
}

static void
set_replica_identity(const Subcommand *at)
{
    const PgQuery__ReplicaIdentityStmt *identity = at->command->def->replica_identity_stmt;
    DdlChange *change = add(at, CHANGE_REPLICA_IDENTITY);

    switch (identity->identity_type[0]) {
    case 'f':
        change->text = "full";
        break;
    case 'n':
        change->text = "nothing";
        break;
    case 'i':
        change->text = "index";
        change->other.name = build_text(identity->name);
        break;
    default:
        change->text = "default";
        break;
    }
}

static void
inherit(const Subcommand *at)
{
    DdlChange *change = add(at, CHANGE_INHERIT);

    change->other = build_range(at->command->def->range_var);
    change->removes = at->command->subtype == SUBTYPE(DropInherit);
}

static void
alter_constraint(const Subcommand *at)
{
    DdlChange *change = add(at, CHANGE_ALTER_CONSTRAINT);

    change->constraint_name = build_text(at->command->def->constraint->conname);
    change->removes = !at->command->def->constraint->deferrable;
}

static void
set_default(const Subcommand *at)
{
    const bool drops = at->command->def == NULL;
    DdlChange *change = add_of_column(at, drops ? CHANGE_DROP_DEFAULT : CHANGE_SET_DEFAULT);

    change->expression = at->command->def;
}

static void
add_plain(const Subcommand *at, const PlainSubcommand *row)
{
    DdlChange *change = add(at, row->kind);

    change->text = row->text;
    change->value = row->value;
    change->removes = row->removes;
    change->forced = row->forced;
    if (row->kind == CHANGE_VALIDATE_CONSTRAINT || row->kind == CHANGE_DROP_CONSTRAINT)
        change->constraint_name = build_text(at->command->name);
    else if (row->kind == CHANGE_TABLESPACE || row->kind == CHANGE_ACCESS_METHOD)
        change->new_name = build_text(at->command->name);
    else if (at->command->subtype == SUBTYPE(AddOf))
        change->of_type = build_type(at->changes, at->command->def->type_name).name;
    else if (row->text == NULL)
        change->text = build_text(at->command->name);
}

static void
add_rest(const Subcommand *at)
{
    const PlainSubcommand *plain = plain_subcommand(at->command->subtype);
    const char *text;
    const DdlChangeKind kind = column_subcommand(at->command->subtype, &text);

    if (plain != NULL)
        add_plain(at, plain);
    else
        add_of_column(at, kind)->text = text;
}

static void
add_subcommand(const Subcommand *at)
{
    switch ((int) at->command->subtype) {
    case SUBTYPE(AddColumn):
        add_column(at);
        break;
    case SUBTYPE(DropColumn):
        add_of_column(at, at->alter->objtype == OBJECT(TYPE) ? CHANGE_DROP_ATTRIBUTE
                                                             : CHANGE_DROP_COLUMN);
        break;
    case SUBTYPE(AlterColumnType):
        change_type(at);
        break;
    case SUBTYPE(ColumnDefault):
        set_default(at);
        break;
    case SUBTYPE(AddConstraint):
        build_table_constraint(at->changes, at->command->def->constraint,
                               build_range(at->alter->relation), false);
        build_last(at->changes)->only = !at->alter->relation->inh;
        break;
    case SUBTYPE(AlterConstraint):
        alter_constraint(at);
        break;
    case SUBTYPE(SetRelOptions):
    case SUBTYPE(ResetRelOptions):
        set_options(at, at->command->subtype == SUBTYPE(ResetRelOptions));
        break;
    case SUBTYPE(AddIdentity):
        add_identity(at);
        break;
    case SUBTYPE(SetIdentity):
        set_identity(at);
        break;
    case SUBTYPE(AttachPartition):
    case SUBTYPE(DetachPartition):
    case SUBTYPE(DetachPartitionFinalize):
        attach_or_detach(at);
        break;
    case SUBTYPE(ReplicaIdentity):
        set_replica_identity(at);
        break;
    case SUBTYPE(AddInherit):
    case SUBTYPE(DropInherit):
        inherit(at);
        break;
    case SUBTYPE(ChangeOwner):
        add(at, CHANGE_OWNER)->new_name = build_role(at->command->newowner);
        break;
    default:
        add_rest(at);
        break;
    }
}

bool
build_alter_table(DdlChanges *changes, const PgQuery__Node *node)
{
    Subcommand at = {changes, node->alter_table_stmt, NULL};
    g_autoptr(GArray) parts = NULL;

    if (node->node_case != PG_QUERY__NODE__NODE_ALTER_TABLE_STMT)
        return false;
    if (at.alter->n_cmds > 1)
        parts = statement_parts(changes->statement);
    for (size_t i = 0; i < at.alter->n_cmds; i++) {
        const guint first = changes->list->len;

        at.command = at.alter->cmds[i]->alter_table_cmd;
        changes->node = at.alter->cmds[i];
        if (parts != NULL && i < parts->len)
            changes->location = g_array_index(parts, int, i);
        add_subcommand(&at);
        /* ALTER TABLE IF EXISTS: of each of them. */
        for (guint k = first; at.alter->missing_ok && k < changes->list->len; k++)
            ((DdlChange *) changes->list->pdata[k])->if_exists = true;
    }
    return true;
}
