/*
 * sql/template.h - a statement's lock template while it is put together; private to the room.
 */
#pragma once

#include "sql/statement.h"

typedef struct {
    GPtrArray *locks;                 /* SqlLock * */
    const PgQuery__RangeVar *created; /* what the statement itself makes; NULL: nothing */
    LockMode read_mode;               /* of relations that a query reads */
    bool unknown;
} Template;

/* One row more; borrowed from the template. */
SqlLock *template_add(Template *template, const PgQuery__RangeVar *relation, RelationKind kind,
                      LockMode mode, SqlReach reach);
SqlLock *template_add_name(Template *template, const char *schema, const char *name,
                           RelationKind kind, LockMode mode, SqlReach reach);

/* REACH_CHILDREN, unless the relation is named with ONLY. */
SqlReach template_children(const PgQuery__RangeVar *relation);
RelationKind template_kind(PgQuery__ObjectType type);
bool template_is_relation(PgQuery__ObjectType type);

/* What a partition gets from its parent: the other sides of the foreign keys on both ways, and the
 * default partition, which is searched. */
void template_add_new_partition(Template *template, const PgQuery__RangeVar *parent, LockMode mode);

void template_add_alter_table(Template *template, const PgQuery__AlterTableStmt *alter);
/* The other sides of the foreign keys that a column or a constraint defines. */
void template_add_foreign_keys(Template *template, PgQuery__Node *definition);
