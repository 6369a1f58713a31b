/*
 * ddl/build.h - a statement's changes while they are put together; private to the room.
 *
 * They live as long as the statement's script, which they and their structs are part of; the lists
 * are GPtrArrays that they own. Strings are the parser's.
 */
#pragma once

#include "ddl/change.h"
#include "sql/statement.h"

#define OBJECT(name) PG_QUERY__OBJECT_TYPE__OBJECT_##name

struct DdlChanges {
    const SqlStatement *statement;
    GPtrArray *list; /* DdlChange * */
    GPtrArray *arrays;
    const PgQuery__Node *node; /* the statement, or the subcommand */
    int location;              /* where it begins */
};

/* Zeroed. */
void *build_alloc(DdlChanges *changes, gsize size);
#define BUILD_NEW(changes, type) ((type *) build_alloc((changes), sizeof(type)))
char *build_take_string(DdlChanges *changes, char *take_text);
GPtrArray *build_array(DdlChanges *changes);
/* The strings of a list of String nodes. */
GPtrArray *build_strings(DdlChanges *changes, PgQuery__Node *const *items, size_t count);

/* One change more, of the node at hand. */
DdlChange *build_change(DdlChanges *changes, DdlChangeKind kind, PgQuery__ObjectType object);

DdlChange *build_last(const DdlChanges *changes);

/* The parser's "" as NULL. */
const char *build_text(const char *text);
DdlName build_range(const PgQuery__RangeVar *relation);
/* The last two of a list of names. */
DdlName build_names(PgQuery__Node *const *items, size_t count);
/* What a DROP, COMMENT, .. names: a List, a String, a TypeName, an ObjectWithArgs, a RangeVar. */
DdlName build_object(const PgQuery__Node *node);
/* [schema,] table, thing: the table; the thing's name in *@ret_name. */
DdlName build_owner(const PgQuery__Node *node, const char **ret_name);
const char *build_role(const PgQuery__RoleSpec *role);

/* An option as text: "5", "on", a name; NULL: none. In @changes. */
const char *build_value(DdlChanges *changes, const PgQuery__Node *node);
/* Is an option on, as the server reads it? `(FULL)`, `(FULL true)`, `(FULL 1)`. */
bool build_option_is_on(PgQuery__Node *const *options, size_t count, const char *name);

DdlType build_type(DdlChanges *changes, const PgQuery__TypeName *from);
const DdlColumn *build_column(DdlChanges *changes, const PgQuery__ColumnDef *definition);
const DdlConstraint *build_constraint(DdlChanges *changes, const PgQuery__Constraint *from,
                                      const char *column);
/* CHANGE_ADD_CONSTRAINT for each constraint in the list that is one: not NOT NULL and its like. */
void build_inline_constraints(DdlChanges *changes, PgQuery__Node *const *constraints, size_t count,
                              DdlName relation, PgQuery__ObjectType object, const char *column);
void build_table_constraint(DdlChanges *changes, const PgQuery__Constraint *constraint,
                            DdlName relation, bool in_definition);
void build_set(DdlChange *change, DdlChanges *changes, const PgQuery__VariableSetStmt *set);

/* The changes of one node, if it is of the module's kinds. */
void build_statement(DdlChanges *changes, const PgQuery__Node *node);
bool build_table(DdlChanges *changes, const PgQuery__Node *node);
bool build_alter_table(DdlChanges *changes, const PgQuery__Node *node);
bool build_index(DdlChanges *changes, const PgQuery__Node *node);
bool build_any_object(DdlChanges *changes, const PgQuery__Node *node);
bool build_routine(DdlChanges *changes, const PgQuery__Node *node);
bool build_type_like(DdlChanges *changes, const PgQuery__Node *node);
bool build_other(DdlChanges *changes, const PgQuery__Node *node);
bool build_rows(DdlChanges *changes, const PgQuery__Node *node);
bool build_session(DdlChanges *changes, const PgQuery__Node *node);
