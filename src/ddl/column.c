/* Types, columns and constraints as they are written. */
#include "ddl/build.h"
#include "ddl/expression.h"

static void
resolve_serial(DdlType *type)
{
    static const struct {
        const char *name, *base;
    } serials[] = {
        {"serial", "int4"},  {"serial4", "int4"},     {"bigserial", "int8"},
        {"serial8", "int8"}, {"smallserial", "int2"}, {"serial2", "int2"},
    };

    for (guint i = 0; type->name.schema == NULL && i < G_N_ELEMENTS(serials); i++) {
        if (g_str_equal(type->name.name, serials[i].name)) {
            type->name.name = serials[i].base;
            type->is_serial = true;
            return;
        }
    }
}

static bool
integer_of(const PgQuery__Node *node, int *ret_value)
{
    if (node->node_case != PG_QUERY__NODE__NODE_A_CONST ||
        node->a_const->val_case != PG_QUERY__A__CONST__VAL_IVAL)
        return false;
    *ret_value = node->a_const->ival->ival;
    return true;
}

/* geometry(Point, 4326) */
static const char *
modifier_words(DdlChanges *changes, const PgQuery__TypeName *type)
{
    g_autoptr(GString) words = g_string_new(NULL);

    for (size_t i = 0; i < type->n_typmods; i++) {
        const PgQuery__Node *node = type->typmods[i];
        const char *word = node->node_case == PG_QUERY__NODE__NODE_COLUMN_REF
                               ? tree_bare_column(node)
                               : build_value(changes, node);

        g_string_append_printf(words, "%s%s", i > 0 ? ", " : "", word != NULL ? word : "?");
    }
    return build_take_string(changes, g_string_free(g_steal_pointer(&words), FALSE));
}

/* interval(3) is written with the mask of its fields in front: all of them, here. */
static void
resolve_interval(DdlType *type)
{
    enum { ALL_FIELDS = 0x7FFF };

    if (type->name.schema != NULL || !g_str_equal(type->name.name, "interval") ||
        type->n_modifiers == 0)
        return;
    type->interval_fields = type->modifiers[0] == ALL_FIELDS ? 0 : type->modifiers[0];
    type->modifiers[0] = type->modifiers[1];
    type->modifiers[1] = 0;
    type->n_modifiers--;
}

DdlType
build_type(DdlChanges *changes, const PgQuery__TypeName *from)
{
    DdlType type = {.dimensions = (int) from->n_array_bounds};

    type.name = build_names(from->names, from->n_names);
    if (g_strcmp0(type.name.schema, "pg_catalog") == 0)
        type.name.schema = NULL;
    if (type.name.name == NULL)
        return type;
    for (size_t i = 0; i < from->n_typmods; i++) {
        if (i >= G_N_ELEMENTS(type.modifiers) ||
            !integer_of(from->typmods[i], &type.modifiers[i])) {
            type.words = modifier_words(changes, from);
            type.n_modifiers = 0;
            break;
        }
        type.n_modifiers++;
    }
    resolve_interval(&type);
    resolve_serial(&type);
    return type;
}

static void
apply_column_constraint(DdlColumn *column, const PgQuery__Constraint *constraint)
{
    switch ((int) constraint->contype) {
    case PG_QUERY__CONSTR_TYPE__CONSTR_NOTNULL:
    case PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY:
        column->not_null = true;
        break;
    case PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT:
        column->default_expression = constraint->raw_expr;
        break;
    case PG_QUERY__CONSTR_TYPE__CONSTR_IDENTITY:
        column->identity = constraint->generated_when[0];
        column->not_null = true;
        break;
    case PG_QUERY__CONSTR_TYPE__CONSTR_GENERATED:
        column->generated = constraint->raw_expr;
        break;
    default:
        break;
    }
}

const DdlColumn *
build_column(DdlChanges *changes, const PgQuery__ColumnDef *definition)
{
    DdlColumn *column = BUILD_NEW(changes, DdlColumn);

    column->name = build_text(definition->colname);
    column->location = definition->location;
    if (definition->type_name != NULL)
        column->type = build_type(changes, definition->type_name);
    if (definition->coll_clause != NULL)
        column->collation =
            build_names(definition->coll_clause->collname, definition->coll_clause->n_collname)
                .name;
    column->not_null = column->type.is_serial;
    for (size_t i = 0; i < definition->n_constraints; i++)
        if (definition->constraints[i]->node_case == PG_QUERY__NODE__NODE_CONSTRAINT)
            apply_column_constraint(column, definition->constraints[i]->constraint);
    return column;
}

static bool
constraint_kind(PgQuery__ConstrType type, DdlConstraintKind *ret_kind)
{
    switch ((int) type) {
    case PG_QUERY__CONSTR_TYPE__CONSTR_CHECK:
        *ret_kind = CONSTRAINT_CHECK;
        return true;
    case PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE:
        *ret_kind = CONSTRAINT_UNIQUE;
        return true;
    case PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY:
        *ret_kind = CONSTRAINT_PRIMARY_KEY;
        return true;
    case PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN:
        *ret_kind = CONSTRAINT_FOREIGN_KEY;
        return true;
    case PG_QUERY__CONSTR_TYPE__CONSTR_EXCLUSION:
        *ret_kind = CONSTRAINT_EXCLUSION;
        return true;
    default:
        return false;
    }
}

static void
add_key_columns(DdlConstraint *constraint, const PgQuery__Constraint *from)
{
    for (size_t i = 0; i < from->n_keys; i++)
        g_ptr_array_add(constraint->columns, (char *) tree_string(from->keys[i]));
    for (size_t i = 0; i < from->n_fk_attrs; i++)
        g_ptr_array_add(constraint->columns, (char *) tree_string(from->fk_attrs[i]));
    for (size_t i = 0; i < from->n_exclusions; i++) {
        const PgQuery__IndexElem *element = from->exclusions[i]->list->items[0]->index_elem;

        if (build_text(element->name) != NULL)
            g_ptr_array_add(constraint->columns, element->name);
        else
            ddl_columns_read(element->expr, constraint->columns);
    }
}

const DdlConstraint *
build_constraint(DdlChanges *changes, const PgQuery__Constraint *from, const char *column)
{
    DdlConstraint *constraint;
    DdlConstraintKind kind;

    if (!constraint_kind(from->contype, &kind))
        return NULL;
    constraint = BUILD_NEW(changes, DdlConstraint);
    constraint->kind = kind;
    constraint->name = build_text(from->conname);
    constraint->columns = build_array(changes);
    constraint->referenced = build_range(from->pktable);
    constraint->referenced_columns = build_strings(changes, from->pk_attrs, from->n_pk_attrs);
    constraint->on_delete = from->fk_del_action[0] != '\0' ? from->fk_del_action[0] : 'a';
    constraint->on_update = from->fk_upd_action[0] != '\0' ? from->fk_upd_action[0] : 'a';
    constraint->using_index = build_text(from->indexname);
    constraint->not_valid = from->skip_validation;
    constraint->deferrable = from->deferrable;
    constraint->no_inherit = from->is_no_inherit;
    constraint->nulls_not_distinct = from->nulls_not_distinct;
    if (kind == CONSTRAINT_CHECK) {
        constraint->expression = from->raw_expr;
        ddl_columns_read(from->raw_expr, constraint->columns);
    } else if (column != NULL) {
        g_ptr_array_add(constraint->columns, (char *) column);
    } else {
        add_key_columns(constraint, from);
    }
    return constraint;
}

static DdlChange *
add_constraint(DdlChanges *changes, const PgQuery__Constraint *from, DdlName relation,
               PgQuery__ObjectType object, const char *column)
{
    const DdlConstraint *constraint = build_constraint(changes, from, column);
    DdlChange *change;

    if (constraint == NULL)
        return NULL;
    change = build_change(changes, CHANGE_ADD_CONSTRAINT, object);
    change->relation = relation;
    change->column = column;
    change->constraint_name = constraint->name;
    change->constraint = constraint;
    return change;
}

void
build_table_constraint(DdlChanges *changes, const PgQuery__Constraint *constraint, DdlName relation,
                       bool in_definition)
{
    DdlChange *change = add_constraint(changes, constraint, relation, OBJECT(TABLE), NULL);

    if (change == NULL)
        return;
    change->in_definition = in_definition;
    if (in_definition)
        change->location = constraint->location;
}

void
build_inline_constraints(DdlChanges *changes, PgQuery__Node *const *constraints, size_t count,
                         DdlName relation, PgQuery__ObjectType object, const char *column)
{
    DdlChange *last = NULL;

    for (size_t i = 0; i < count; i++) {
        const PgQuery__Constraint *constraint = constraints[i]->constraint;
        DdlChange *change;

        if (constraints[i]->node_case != PG_QUERY__NODE__NODE_CONSTRAINT)
            continue;
        /* DEFERRABLE stands behind what it is said of. */
        if (last != NULL && (constraint->contype == PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_DEFERRABLE ||
                             constraint->contype == PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_DEFERRED))
            ((DdlConstraint *) last->constraint)->deferrable = true;
        change = add_constraint(changes, constraint, relation, object, column);
        if (change == NULL)
            continue;
        change->in_definition = true;
        change->location = constraint->location;
        last = change;
    }
}
