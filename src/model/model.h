/*
 * model/model.h - a schema in memory: what the files before this one have made of it.
 *
 * It starts empty, or from a dump (`pg_dump -s`), or from a server; and follows changes
 * (ddl/change.h). It is *complete* if it began with everything that there is: then a table that is
 * not in it does not exist. Otherwise a table that is not in it is just not known, and nothing may
 * be concluded from that.
 *
 * It owns its strings and expressions: scripts may be freed. Names without a schema are looked up
 * along search_path, and made in its first schema.
 */
#pragma once

#include "ddl/expression.h"
#include "pg/conn.h"

typedef struct ModelTable ModelTable;

typedef struct {
    char *name;
    char *type;     /* as ddl_type_label; base of a serial */
    DdlType parsed; /* the same; strings are the column's own */
    char *collation;
    PgQuery__Node *default_expression; /* a copy; NULL: none */
    bool not_null, has_default, is_identity, identity_always, is_generated, is_serial;
    Known default_known; /* KNOWN_MAYBE: the column is known, its default is not */
} ModelColumn;

typedef struct {
    char *name;
    DdlConstraintKind kind;
    GPtrArray *columns;     /* char * */
    ModelTable *referenced; /* NULL if it is not known; referenced_name is always set */
    char *referenced_schema, *referenced_name;
    GPtrArray *referenced_columns; /* char * */
    PgQuery__Node *expression;     /* a copy */
    char *index;                   /* its own name's index: of a key */
    bool valid, deferrable, no_inherit;
    guint since; /* model_step when it was added */
} ModelConstraint;

typedef struct {
    char *schema, *name;
    ModelTable *table;
    GPtrArray *columns; /* char *; NULL in the place of an expression */
    PgQuery__Node *where;
    char *method;
    bool unique, primary, has_expressions, has_custom_collation;
    Known valid;  /* KNOWN_MAYBE: built CONCURRENTLY, nobody looked */
    bool on_only; /* ON ONLY a partitioned table: waits for ATTACH */
    char *parent;
    guint since;
} ModelIndex;

typedef struct {
    char *name, *function;
    bool row, before, enabled;
    GPtrArray *columns; /* char *: UPDATE OF */
} ModelTrigger;

typedef enum {
    MODEL_TABLE,
    MODEL_VIEW,
    MODEL_MATVIEW,
    MODEL_FOREIGN_TABLE,
    MODEL_SEQUENCE
} ModelKind;

struct ModelTable {
    char *schema, *name;
    ModelKind kind;
    bool temporary, unlogged, partitioned, row_security, is_default_partition;
    bool columns_known;       /* all columns are; false for one that was met only in passing */
    GPtrArray *columns;       /* ModelColumn *, in order */
    GPtrArray *constraints;   /* ModelConstraint * */
    GPtrArray *indexes;       /* ModelIndex * */
    GPtrArray *triggers;      /* ModelTrigger * */
    GPtrArray *policies;      /* char * */
    GPtrArray *partition_key; /* char *: columns */
    GPtrArray *reads;         /* ModelTable *: what a view reads */
    char *view_query;         /* as text; NULL: none */
    ModelTable *parent;       /* of a partition, or by inheritance */
    GPtrArray *children;      /* ModelTable * */
    char *owned_by_table, *owned_by_column; /* of a sequence */
    char *replica_identity;
    gint64 rows, bytes; /* -1: not known */
    guint since;        /* model_step when it was made; 0: was there at the start */
    bool rows_loaded;   /* somebody has put rows into it since */
};

typedef struct {
    char *schema, *name, *language, *body; /* body may be NULL */
    DdlVolatility volatility;
    int n_arguments;
} ModelFunction;

typedef enum { MODEL_ENUM, MODEL_DOMAIN, MODEL_COMPOSITE, MODEL_OTHER_TYPE } ModelTypeKind;
typedef struct {
    char *schema, *name;
    ModelTypeKind kind;
    GPtrArray *values;      /* char *: of an enum */
    char *base;             /* of a domain */
    GPtrArray *constraints; /* ModelConstraint * of a domain */
    bool not_null;
    guint since;
} ModelType;

typedef struct Model Model;

Model *model_new(void);
void model_free(Model *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Model, model_free)
/* A deep copy, for what a ROLLBACK undoes. Caller owns. */
Model *model_copy(const Model *model);

/* Fills an empty model; it is complete then. A dump: what cannot be parsed is left out, and
 * *@ret_left_out (may be NULL) counts it. */
bool model_load_dump(Model *model, const char *text, const char *file, guint *ret_left_out,
                     GError **error);
/* The same from a server: sizes, validity, volatility too. */
bool model_load_server(Model *model, PgConn *conn, GError **error);
void model_set_complete(Model *model, bool complete);
bool model_is_complete(const Model *model);
void model_set_server_version(Model *model, int major);
/* 0: not known. */
int model_server_version(const Model *model);

/* Follows @changes, one step further. What it refers to and does not know it makes up as far as the
 * change tells (a table met in passing). Never fails: what the server would refuse changes nothing.
 */
void model_apply(Model *model, const DdlChanges *changes);
/* Counts the statements applied. */
guint model_step(const Model *model);

/* NULL if it is not known. Borrowed. */
const ModelTable *model_table(const Model *model, DdlName name);
const ModelIndex *model_index(const Model *model, DdlName name);
const ModelType *model_type(const Model *model, DdlName name);
const ModelFunction *model_function(const Model *model, DdlName name, int n_arguments);
bool model_has_schema(const Model *model, const char *name);
/* KNOWN_NO only in a complete model. */
Known model_exists(const Model *model, DdlName name);
/* The DdlFunctionLookup for ddl_is_volatile; @data: the model. */
bool model_function_volatility(DdlName name, int n_arguments, DdlVolatility *ret_volatility,
                               const void *data);

const ModelColumn *model_column(const ModelTable *table, const char *name);
const ModelConstraint *model_constraint(const ModelTable *table, const char *name);
/* Is a column proven NOT NULL: by itself, by the primary key, or (@by_check) a valid CHECK? */
Known model_is_not_null(const ModelTable *table, const char *column, bool by_check);
/* A valid index whose first columns are @columns in any order; not partial. NULL: none. */
const ModelIndex *model_covering_index(const ModelTable *table, const GPtrArray *columns);
/* Foreign keys of all tables that reference @table: element-type const ModelConstraint *, and their
 * tables in *@ret_tables (may be NULL), both containers owned by the caller. */
GPtrArray *model_referencing(const Model *model, const ModelTable *table, GPtrArray **ret_tables);
/* Views that read it, functions and triggers whose text names it: "view shop.v". Element-type
 * char *. Caller owns. @column NULL: the table. */
GPtrArray *model_dependents(const Model *model, const ModelTable *table, const char *column);
/* Tables with a column of the domain or type: element-type const ModelTable *. Container owned. */
GPtrArray *model_users_of_type(const Model *model, DdlName type);
/* All tables and their like, in order of creation. Element-type const ModelTable *, borrowed. */
const GPtrArray *model_tables(const Model *model);
/* "shop.users"; without the schema where that is public or not named. Caller owns. */
char *model_table_label(const ModelTable *table);
