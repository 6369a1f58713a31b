/*
 * model/model.h - a schema in memory: what the files before this one have made of it.
 *
 * It starts empty, or from a dump (`pg_dump -s`), or from a server; and follows changes
 * (ddl/change.h). It is *complete* if it began with everything that there is: then a table that is
 * not in it does not exist. Otherwise a table that is not in it is just not known, and nothing may
 * be concluded from that.
 *
 * It owns its strings and expressions, shared by its copies: scripts may be freed, and what is
 * borrowed from it lives as long as the last of them, but for the structs. Names without a schema
 * are looked up along search_path, and made in its first schema.
 */
#pragma once

#include "ddl/expression.h"
#include "pg/conn.h"

typedef struct ModelType ModelType;
typedef struct ModelTable ModelTable;

typedef struct {
    const char *name;
    const char *type; /* as ddl_type_label, a user's type with its schema but for public; base of a
                       * serial; NULL: it is not known (of a query's column) */
    DdlType parsed;   /* the same */
    const char *collation;
    const PgQuery__Node *default_expression; /* NULL: none, or it is not known; generated: that */
    const ModelTable *default_sequence;      /* whose next value is its default; NULL: none */
    bool not_null, has_default, is_identity, identity_always, is_generated, is_serial;
    bool is_row;       /* of a composite type: IS NOT NULL asks for each of its fields */
    bool is_inherited; /* from a parent or partitioned table; is_local too where both define it */
    bool is_local;
    Known default_known; /* KNOWN_MAYBE: the column is known, its default is not */
} ModelColumn;

typedef struct {
    const char *name;
    DdlConstraintKind kind;
    ModelTable *table;      /* NULL: of a domain */
    GPtrArray *columns;     /* const char *: as in DdlConstraint */
    ModelTable *referenced; /* of a foreign key always: made up where it was not known */
    const char *referenced_schema, *referenced_name;
    GPtrArray *referenced_columns; /* const char *; empty: not known */
    const PgQuery__Node *expression;
    const char *index;     /* its own name's index: of a key */
    const char *inherited; /* the parent's constraint that it belongs to; NULL: none */
    bool valid, deferrable, no_inherit, is_local;
    guint since; /* model_step when it was added */
} ModelConstraint;

typedef struct {
    const char *schema, *name;
    ModelTable *table;
    GPtrArray *columns;     /* const char *; NULL in the place of an expression */
    GPtrArray *expressions; /* const PgQuery__Node *: those */
    GPtrArray *included;    /* const char * */
    const PgQuery__Node *where;
    const char *method;
    const char *joined; /* its columns as they were called then: copies of it are called so */
    bool unique, primary, exclusion, has_expressions, has_custom_collation;
    bool is_constraint; /* of the constraint of its name */
    Known valid;        /* KNOWN_MAYBE: built CONCURRENTLY, nobody looked */
    bool on_only;       /* ON ONLY a partitioned table: waits for ATTACH */
    const char *parent; /* the partitioned table's index that it is attached to */
    guint since;
} ModelIndex;

typedef struct {
    const char *name;
    DdlName function;
    bool row, before, enabled;
    bool is_inherited;  /* the partitioned table's, cloned */
    GPtrArray *columns; /* const char *: UPDATE OF */
} ModelTrigger;

typedef enum {
    MODEL_TABLE,
    MODEL_VIEW,
    MODEL_MATVIEW,
    MODEL_FOREIGN_TABLE,
    MODEL_SEQUENCE
} ModelKind;

/* A view reads a column; column NULL: the relation only. */
typedef struct {
    ModelTable *table;
    const char *column;
} ModelRead;

struct ModelTable {
    const char *schema, *name;
    ModelKind kind;
    bool temporary, unlogged, partitioned, row_security, force_row_security, is_default_partition;
    bool columns_known;       /* all of it is known; false for one that was met only in passing */
    GPtrArray *columns;       /* ModelColumn *, in order */
    GPtrArray *constraints;   /* ModelConstraint * */
    GPtrArray *indexes;       /* ModelIndex * */
    GPtrArray *triggers;      /* ModelTrigger * */
    GPtrArray *policies;      /* const char * */
    GPtrArray *rules;         /* const char * */
    GPtrArray *partition_key; /* const char *: columns */
    GPtrArray *reads;         /* ModelRead *: what a view reads */
    GPtrArray *read_by;       /* ModelTable *: views that read it */
    GPtrArray *referenced_by; /* ModelConstraint *: foreign keys on it, its own too */
    const char *view_query;   /* as text; NULL: none */
    const ModelType *type;    /* CREATE TABLE .. OF; NULL: none */
    ModelTable *parent;       /* of a partition, or by inheritance: the first */
    GPtrArray *other_parents; /* ModelTable *: by multiple inheritance */
    GPtrArray *children;      /* ModelTable * */
    ModelTable *owned_by;     /* of a sequence; NULL: nobody */
    const char *owned_by_column;
    bool owns_sequence;           /* of a table: some sequence is or was owned by it */
    bool is_identity;             /* a sequence of an identity column */
    const char *replica_identity; /* "default", "full", "nothing", or an index's name */
    gint64 rows, bytes;           /* -1: not known */
    guint since;                  /* model_step when it was made; 0: was there at the start */
    bool rows_loaded;             /* somebody has put rows into it since */
};

typedef struct {
    const char *schema, *name, *language, *body; /* body may be NULL */
    DdlVolatility volatility;
    int n_arguments;
    const char *arguments; /* "integer, text[]": tells overloads apart */
    bool returns_trigger;
} ModelFunction;

typedef enum { MODEL_ENUM, MODEL_DOMAIN, MODEL_COMPOSITE, MODEL_OTHER_TYPE } ModelTypeKind;
struct ModelType {
    const char *schema, *name;
    ModelTypeKind kind;
    GPtrArray *values;      /* const char *: of an enum */
    const char *base;       /* of a domain */
    DdlType base_type;      /* the same */
    GPtrArray *constraints; /* ModelConstraint * of a domain */
    GPtrArray *attributes;  /* ModelColumn * of a composite type */
    bool not_null, has_default;
    guint since;
};

typedef struct Model Model;

Model *model_new(void);
void model_free(Model *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Model, model_free)
/* A copy, for what a ROLLBACK undoes: it costs as much as the model is large, so look whether one
 * follows. Strings and expressions are shared. Caller owns. */
Model *model_copy(const Model *model);
/* The same, for another thread: what the copy is told later is its own, while @model, which may not
 * change meanwhile, is shared with others. Caller owns. */
Model *model_fork(const Model *model);

/* Fills an empty model; it is complete then, and its step is 0. A dump: what cannot be parsed is
 * left out, *@ret_left_out (may be NULL) counts it, and the model is not complete. */
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
/* Why the server drops nothing of @changes without CASCADE: "view shop.v depends on it", and what
 * *@ret_change is about; NULL: nothing that is known. Caller owns. */
char *model_refuses_drop(const Model *model, const DdlChanges *changes,
                         const DdlChange **ret_change);
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
/* Does the CHECK's @expression prove it to the server? Never of a composite column. */
bool model_proves_not_null(const ModelTable *table, const PgQuery__Node *expression,
                           const char *column);
/* A valid index whose first columns are @columns in any order; not partial. NULL: none. */
const ModelIndex *model_covering_index(const ModelTable *table, const GPtrArray *columns);
/* Foreign keys of all tables that reference @table: element-type const ModelConstraint *, and their
 * tables in *@ret_tables (may be NULL), both containers owned by the caller. */
GPtrArray *model_referencing(const Model *model, const ModelTable *table, GPtrArray **ret_tables);
/* Views that read it, functions and triggers whose text names it: "view shop.v". Element-type
 * char *. Caller owns. @column NULL: the table. */
GPtrArray *model_dependents(const Model *model, const ModelTable *table, const char *column);
/* Tables that are made OF it: element-type const ModelTable *. Container owned. */
GPtrArray *model_tables_of_type(const Model *model, DdlName type);
/* Tables with a column of the domain or type: element-type const ModelTable *. Container owned. */
GPtrArray *model_users_of_type(const Model *model, DdlName type);
/* The names of the columns that a query gives; @names (const char *; may be NULL) stand for its
 * first ones. Empty: it is not known. Element-type const char *. Container owned. */
GPtrArray *model_query_names(const Model *model, const PgQuery__Node *query,
                             const GPtrArray *names);
/* All tables and their like, in order of creation. Element-type const ModelTable *, borrowed. */
const GPtrArray *model_tables(const Model *model);
/* "shop.users"; without the schema where that is public or not named. Caller owns. */
char *model_table_label(const ModelTable *table);
/* The schema as a canonical text, an object a line and what belongs to it below: two models that
 * say the same have the same. Expressions are told by what they read. Caller owns. */
char *model_describe(const Model *model);
