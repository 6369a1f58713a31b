/*
 * model/state.h - what a model holds, and the steps by which its modules change it. Private to the
 * room.
 *
 * Whatever refers to something is told to both: add and remove constraints, reads and parents by
 * the functions here alone.
 */
#pragma once

#include "model/model.h"
#include "sql/tree.h"

/* Strings and expressions never change: copies of a model share them. */
typedef struct ModelStore {
    int users;               /* by several threads, where it is a base */
    struct ModelStore *base; /* which the model that was forked keeps to; NULL: none */
    GStringChunk *strings;
    SqlBlock *blocks;
} ModelStore;

struct Model {
    ModelStore *store;
    GPtrArray *tables;             /* ModelTable *, owned, in order of creation */
    GPtrArray *types;              /* ModelType *, owned */
    GPtrArray *functions;          /* ModelFunction *, owned */
    GHashTable *tables_by_name;    /* DdlName * -> ModelTable * */
    GHashTable *indexes_by_name;   /* DdlName * -> ModelIndex * */
    GHashTable *types_by_name;     /* DdlName * -> ModelType * */
    GHashTable *constraint_names;  /* DdlName * of schema and name -> how many */
    GHashTable *functions_by_name; /* DdlName * -> GPtrArray of ModelFunction * */
    GHashTable *schemas;           /* const char * */
    GPtrArray *search_path;        /* const char * */
    bool complete;
    int server_version;
    guint step;
};

/* model.c */
/* A hash of DdlName *, keys owned, with @free for values. */
GHashTable *model_names_new(GDestroyNotify free_value);
void model_names_put(GHashTable *names, const char *schema, const char *name, void *value);
const char *model_intern(Model *model, const char *text);
/* The strings of @from, interned; NULL stays. Caller owns the array. */
GPtrArray *model_intern_all(Model *model, const GPtrArray *from);
const PgQuery__Node *model_keep(Model *model, const PgQuery__Node *node);
/* Without a schema. */
Model *model_new_in(ModelStore *take_store);
ModelStore *model_store_ref(ModelStore *store);
/* An empty one; @take_base, which may be NULL, lives as long. */
ModelStore *model_store_new(ModelStore *take_base);

ModelTable *model_add_table(Model *model, const char *schema, const char *name, ModelKind kind);
/* Out of the tables and off all that refers to it; frees it. */
void model_remove_table(Model *model, ModelTable *table);
void model_add_index(Model *model, ModelIndex *index);
void model_remove_index(Model *model, ModelIndex *index);
void model_add_constraint(Model *model, ModelTable *table, ModelConstraint *constraint);
/* Its index stays. */
void model_remove_constraint(Model *model, ModelConstraint *constraint);
/* Notes @by names more, or fewer, of the constraint's in its table's schema. */
void model_count_constraint(Model *model, const ModelConstraint *constraint, int by);
/* @name: of the store. */
void model_rename_constraint(Model *model, ModelConstraint *constraint, const char *name);
void model_add_read(ModelTable *view, ModelTable *table, const char *column);
void model_forget_reads(ModelTable *view);
void model_add_parent(ModelTable *child, ModelTable *parent);
void model_remove_parent(ModelTable *child, ModelTable *parent);
ModelType *model_add_type(Model *model, const char *schema, const char *name, ModelTypeKind kind);
void model_remove_type(Model *model, ModelType *type);
ModelFunction *model_add_function(Model *model, const char *schema, const char *name);
void model_remove_function(Model *model, ModelFunction *function);

ModelConstraint *model_constraint_new(void);
ModelIndex *model_index_new(void);
ModelTrigger *model_trigger_new(void);
void model_trigger_free(ModelTrigger *trigger);
void model_constraint_free(ModelConstraint *constraint);
void model_index_free(ModelIndex *index);

/* lookup.c: for change */
ModelTable *model_find_table(const Model *model, DdlName name);
ModelIndex *model_find_index(const Model *model, DdlName name);
ModelType *model_find_type(const Model *model, DdlName name);
ModelColumn *model_find_column(const ModelTable *table, const char *name);
ModelConstraint *model_find_constraint(const ModelTable *table, const char *name);
ModelIndex *model_table_index(const ModelTable *table, const char *name);
ModelTrigger *model_find_trigger(const ModelTable *table, const char *name);
/* The index into an array of strings, or -1. */
int model_string_at(const GPtrArray *strings, const char *text);
bool model_has_string(const GPtrArray *strings, const char *text);
/* Where something new of this name comes to be. */
const char *model_schema_of_new(const Model *model, DdlName name);
/* The table that a statement means. One that is not known is made up in a model that is not
 * complete: "met in passing". NULL: the server would refuse. */
ModelTable *model_require_table(Model *model, DdlName name);
/* The column; made up where the table is only known in passing. */
ModelColumn *model_require_column(Model *model, ModelTable *table, const char *name);
bool model_is_partition(const ModelTable *table);

/* name.c: names that the server makes. Borrowed from the store. */
const char *model_choose_relation(Model *model, const char *schema, const char *name1,
                                  const char *name2, const char *label, bool is_constraint);
const char *model_choose_constraint(Model *model, const char *schema, const char *name1,
                                    const char *name2, const char *label);
/* "a_b", from column names; NULL in the place of an expression: "expr". */
const char *model_join_columns(Model *model, const GPtrArray *columns);
