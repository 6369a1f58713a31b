/* Types, domains, sequences. */
#include "ddl/build.h"

static void
add_domain(DdlChanges *changes, const PgQuery__CreateDomainStmt *create)
{
    /* A domain is written like a column. */
    const PgQuery__ColumnDef definition = {.colname = (char *) "",
                                           .type_name = create->type_name,
                                           .coll_clause = create->coll_clause,
                                           .n_constraints = create->n_constraints,
                                           .constraints = create->constraints};
    DdlChange *change = build_change(changes, CHANGE_CREATE_DOMAIN, OBJECT(DOMAIN));

    change->relation = build_names(create->domainname, create->n_domainname);
    change->definition = build_column(changes, &definition);
    build_inline_constraints(changes, create->constraints, create->n_constraints, change->relation,
                             OBJECT(DOMAIN), NULL);
}

static void
add_domain_constraint(DdlChange *change, DdlChanges *changes, const PgQuery__AlterDomainStmt *alter)
{
    change->kind = CHANGE_ADD_CONSTRAINT;
    change->constraint = build_constraint(changes, alter->def->constraint, NULL);
    change->constraint_name = change->constraint != NULL ? change->constraint->name : NULL;
}

static void
add_alter_domain(DdlChanges *changes, const PgQuery__AlterDomainStmt *alter)
{
    DdlChange *change = build_change(changes, CHANGE_ALTER_DOMAIN, OBJECT(DOMAIN));

    change->relation = build_names(alter->type_name, alter->n_type_name);
    change->if_exists = alter->missing_ok;
    change->cascade = alter->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
    switch (alter->subtype[0]) {
    case 'T':
        change->text = "default";
        change->expression = alter->def;
        change->removes = alter->def == NULL;
        break;
    case 'N':
    case 'O':
        change->text = "not null";
        change->removes = alter->subtype[0] == 'N';
        break;
    case 'C':
        add_domain_constraint(change, changes, alter);
        break;
    case 'X':
        change->kind = CHANGE_DROP_CONSTRAINT;
        change->constraint_name = alter->name;
        break;
    default:
        change->kind = CHANGE_VALIDATE_CONSTRAINT;
        change->constraint_name = alter->name;
        break;
    }
}

static void
add_enum(DdlChanges *changes, const PgQuery__CreateEnumStmt *create)
{
    DdlChange *change = build_change(changes, CHANGE_CREATE_ENUM, OBJECT(TYPE));

    change->relation = build_names(create->type_name, create->n_type_name);
    change->names = build_strings(changes, create->vals, create->n_vals);
}

static void
add_alter_enum(DdlChanges *changes, const PgQuery__AlterEnumStmt *alter)
{
    const bool renames = build_text(alter->old_val) != NULL;
    DdlChange *change =
        build_change(changes, renames ? CHANGE_RENAME_VALUE : CHANGE_ADD_VALUE, OBJECT(TYPE));

    change->relation = build_names(alter->type_name, alter->n_type_name);
    change->text = renames ? alter->old_val : alter->new_val;
    change->new_name = renames ? alter->new_val : build_text(alter->new_val_neighbor);
    if (!renames && change->new_name != NULL)
        change->value = alter->new_val_is_after ? "after" : "before";
    change->if_not_exists = alter->skip_if_new_val_exists;
}

static void
add_composite(DdlChanges *changes, const PgQuery__CompositeTypeStmt *create)
{
    DdlChange *change = build_change(changes, CHANGE_CREATE_TYPE, OBJECT(TYPE));

    change->relation = build_range(create->typevar);
    change->columns = build_array(changes);
    for (size_t i = 0; i < create->n_coldeflist; i++)
        g_ptr_array_add(change->columns,
                        (DdlColumn *) build_column(changes, create->coldeflist[i]->column_def));
}

static void
add_defined(DdlChanges *changes, const PgQuery__DefineStmt *define)
{
    DdlChange *change = build_change(
        changes, define->kind == OBJECT(TYPE) ? CHANGE_CREATE_TYPE : CHANGE_CREATE_OTHER,
        define->kind);

    change->relation = build_names(define->defnames, define->n_defnames);
    change->if_not_exists = define->if_not_exists;
    change->or_replace = define->replace;
}

static void
add_range_type(DdlChanges *changes, const PgQuery__CreateRangeStmt *create)
{
    build_change(changes, CHANGE_CREATE_TYPE, OBJECT(TYPE))->relation =
        build_names(create->type_name, create->n_type_name);
}

/* OWNED BY t.c: the table and the column; NONE is neither. */
static void
set_owner_column(DdlChange *change, const PgQuery__Node *owner)
{
    if (owner != NULL && owner->node_case == PG_QUERY__NODE__NODE_LIST && owner->list->n_items > 1)
        change->other = build_owner(owner, &change->column);
}

static void
add_sequence(DdlChanges *changes, const PgQuery__CreateSeqStmt *create)
{
    DdlChange *change = build_change(changes, CHANGE_CREATE_SEQUENCE, OBJECT(SEQUENCE));

    change->relation = build_range(create->sequence);
    change->if_not_exists = create->if_not_exists;
    change->temporary = create->sequence->relpersistence[0] == 't';
    for (size_t i = 0; i < create->n_options; i++) {
        const PgQuery__DefElem *option = create->options[i]->def_elem;

        if (g_str_equal(option->defname, "owned_by"))
            set_owner_column(change, option->arg);
        else if (g_str_equal(option->defname, "as"))
            change->value = build_value(changes, option->arg);
    }
}

/* One change an option. */
static void
add_alter_sequence(DdlChanges *changes, const PgQuery__AlterSeqStmt *alter)
{
    for (size_t i = 0; i < alter->n_options; i++) {
        const PgQuery__DefElem *option = alter->options[i]->def_elem;
        DdlChange *change = build_change(changes, CHANGE_ALTER_SEQUENCE, OBJECT(SEQUENCE));

        change->relation = build_range(alter->sequence);
        change->if_exists = alter->missing_ok;
        change->text = option->defname;
        if (g_str_equal(option->defname, "owned_by"))
            set_owner_column(change, option->arg);
        else
            change->value = build_value(changes, option->arg);
    }
}

bool
build_type_like(DdlChanges *changes, const PgQuery__Node *node)
{
    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_CREATE_DOMAIN_STMT:
        add_domain(changes, node->create_domain_stmt);
        return true;
    case PG_QUERY__NODE__NODE_ALTER_DOMAIN_STMT:
        add_alter_domain(changes, node->alter_domain_stmt);
        return true;
    case PG_QUERY__NODE__NODE_CREATE_ENUM_STMT:
        add_enum(changes, node->create_enum_stmt);
        return true;
    case PG_QUERY__NODE__NODE_ALTER_ENUM_STMT:
        add_alter_enum(changes, node->alter_enum_stmt);
        return true;
    case PG_QUERY__NODE__NODE_COMPOSITE_TYPE_STMT:
        add_composite(changes, node->composite_type_stmt);
        return true;
    case PG_QUERY__NODE__NODE_CREATE_RANGE_STMT:
        add_range_type(changes, node->create_range_stmt);
        return true;
    case PG_QUERY__NODE__NODE_DEFINE_STMT:
        add_defined(changes, node->define_stmt);
        return true;
    case PG_QUERY__NODE__NODE_CREATE_SEQ_STMT:
        add_sequence(changes, node->create_seq_stmt);
        return true;
    case PG_QUERY__NODE__NODE_ALTER_SEQ_STMT:
        add_alter_sequence(changes, node->alter_seq_stmt);
        return true;
    default:
        return false;
    }
}
