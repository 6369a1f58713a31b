/*
 * model/apply.h - what each kind of change does to a model. Private to the room.
 *
 * Each returns whether it took effect: the constraints that are part of a definition that did not
 * are left out too. A DROP takes along what depends on it: one without CASCADE that the server
 * refuses gets no further than model_apply.
 */
#pragma once

#include "model/state.h"

typedef bool (*ApplyFunction)(Model *model, const DdlChange *change);

/* apply-table.c */
bool apply_create_table(Model *model, const DdlChange *change);
bool apply_like(Model *model, const DdlChange *change);
bool apply_inherit(Model *model, const DdlChange *change);
bool apply_alter_other(Model *model, const DdlChange *change);
bool apply_attach_partition(Model *model, const DdlChange *change);
bool apply_detach_partition(Model *model, const DdlChange *change);
bool apply_persistence(Model *model, const DdlChange *change);
bool apply_replica_identity(Model *model, const DdlChange *change);
bool apply_row_security(Model *model, const DdlChange *change);
bool apply_rows(Model *model, const DdlChange *change);

/* inherit.c */
void model_inherit_columns(Model *model, ModelTable *child, ModelTable *parent);
void model_inherit_checks(Model *model, ModelTable *child, ModelTable *parent);
/* Keys, indexes, foreign keys and row triggers of a partitioned table: those of @child that are the
 * same are attached, the others made. */
void model_inherit_rest(Model *model, ModelTable *child, ModelTable *parent);
void model_inherit_check(Model *model, ModelTable *child, const ModelConstraint *check);
/* The same CHECK, as the table's own. */
void model_copy_check(Model *model, ModelTable *table, const ModelConstraint *check);
void model_inherit_index(Model *model, ModelTable *child, const ModelIndex *index);
void model_inherit_foreign_key(Model *model, ModelTable *child, const ModelConstraint *key);
void model_inherit_trigger(Model *model, ModelTable *child, const ModelTrigger *trigger);
/* A copy on another table, with a name that the server makes. */
ModelIndex *model_clone_index(Model *model, const ModelIndex *index, ModelTable *table);
/* The opposite: what came from @parent is the child's own from now on. */
void model_disinherit(Model *model, ModelTable *child, ModelTable *parent);
/* Is a partitioned table's index complete, now that one more is attached? */
void model_settle_index(ModelIndex *index);

/* apply-column.c */
ModelColumn *model_new_column(Model *model, ModelTable *table, const DdlColumn *definition);
/* With the name's schema, where the model knows the type. */
void model_set_type(Model *model, ModelColumn *column, const DdlType *type);
void model_add_identity_sequence(Model *model, ModelTable *table, const char *column);
void model_set_not_null(ModelTable *table, const char *column, bool recurse);
bool apply_add_column(Model *model, const DdlChange *change);
bool apply_column_type(Model *model, const DdlChange *change);
bool apply_default(Model *model, const DdlChange *change);
bool apply_not_null(Model *model, const DdlChange *change);
bool apply_identity(Model *model, const DdlChange *change);
bool apply_drop_expression(Model *model, const DdlChange *change);
void model_set_default(Model *model, ModelColumn *column, const PgQuery__Node *expression);
/* A column whose default is nextval() of the sequence that it owns is a serial one. */
void model_settle_serial(Model *model, ModelTable *table, const char *column);

/* apply-constraint.c */
bool apply_add_constraint(Model *model, const DdlChange *change);
bool apply_drop_constraint(Model *model, const DdlChange *change);
bool apply_validate_constraint(Model *model, const DdlChange *change);
bool apply_rename_constraint(Model *model, const DdlChange *change);
bool apply_alter_constraint(Model *model, const DdlChange *change);
/* The CHECK of a domain. */
ModelConstraint *model_new_check(Model *model, const DdlConstraint *from, const char *name);

/* apply-index.c */
bool apply_create_index(Model *model, const DdlChange *change);
bool apply_attach_index(Model *model, const DdlChange *change);
bool apply_reindex(Model *model, const DdlChange *change);
/* Its column names as the server puts them into an index's. Of the store. */
const char *model_join_index(Model *model, const ModelIndex *index);
void model_rename_index(Model *model, ModelIndex *index, const char *name);

/* query.c */
bool apply_create_view(Model *model, const DdlChange *change);
bool apply_create_table_as(Model *model, const DdlChange *change);

/* apply-type.c */
bool apply_create_enum(Model *model, const DdlChange *change);
bool apply_add_value(Model *model, const DdlChange *change);
bool apply_rename_value(Model *model, const DdlChange *change);
bool apply_create_domain(Model *model, const DdlChange *change);
bool apply_alter_domain(Model *model, const DdlChange *change);
bool apply_create_type(Model *model, const DdlChange *change);
bool apply_add_attribute(Model *model, const DdlChange *change);
bool apply_rename_attribute(Model *model, const DdlChange *change);
bool apply_drop_attribute(Model *model, const DdlChange *change);
bool apply_attribute_type(Model *model, const DdlChange *change);

/* apply-object.c */
bool apply_create_schema(Model *model, const DdlChange *change);
bool apply_create_sequence(Model *model, const DdlChange *change);
bool apply_alter_sequence(Model *model, const DdlChange *change);
bool apply_create_trigger(Model *model, const DdlChange *change);
bool apply_trigger_state(Model *model, const DdlChange *change);
bool apply_create_rule(Model *model, const DdlChange *change);
bool apply_create_policy(Model *model, const DdlChange *change);
bool apply_set(Model *model, const DdlChange *change);

/* apply-function.c */
bool apply_create_function(Model *model, const DdlChange *change);
bool apply_alter_function(Model *model, const DdlChange *change);
/* The overload that ALTER, DROP, RENAME name. */
ModelFunction *model_find_function(const Model *model, const DdlChange *change);

/* apply-rename.c */
bool apply_rename(Model *model, const DdlChange *change);
bool apply_rename_column(Model *model, const DdlChange *change);
bool apply_set_schema(Model *model, const DdlChange *change);

/* apply-drop.c */
bool apply_drop(Model *model, const DdlChange *change);
bool apply_drop_column(Model *model, const DdlChange *change);
void model_drop_table(Model *model, ModelTable *table);
void model_drop_constraint(Model *model, ModelConstraint *constraint);
void model_drop_index(Model *model, ModelIndex *index);
/* The sequences that a column, or (NULL) any of the table, owns. */
void model_drop_owned(Model *model, ModelTable *table, const char *column);
