/*
 * ddl/change.h - what a statement does to a schema: a list of elementary changes.
 *
 * ALTER TABLE with three subcommands is three changes; a column with an inline CHECK is two, the
 * second marked `in_definition`; CREATE TABLE is itself, its columns, and a change for each
 * constraint. Whoever wants to know what a statement does (the model that follows a schema through
 * its files, the locks it takes, the rules of lint) reads changes, and the parser's tree only for
 * expressions.
 *
 * Pure syntax: nothing here knows what exists. All strings and nodes are borrowed from the script;
 * names are as the server folds them.
 */
#pragma once

#include <pg_query/pg_query.pb-c.h>

#include "sql/script.h"

typedef enum {
    /* tables and their like */
    CHANGE_CREATE_TABLE,    /* columns; other: the parent of PARTITION OF, with its bound; + its
                               constraints, LIKE and INHERITS */
    CHANGE_CREATE_TABLE_AS, /* and SELECT INTO, CREATE MATERIALIZED VIEW (object tells) */
    CHANGE_DROP,            /* any object: object, relation; one change a name. Of a trigger, rule,
                               policy: relation is the table, text the name */
    CHANGE_RENAME,          /* any object but columns and constraints: new_name; text as there */
    CHANGE_SET_SCHEMA,      /* any object: new_name is the schema */
    CHANGE_OWNER,           /* any object: new_name; of REASSIGN OWNED: object ROLE */
    CHANGE_TRUNCATE,        /* one a table; cascade, restart_identity */
    CHANGE_CLUSTER,
    CHANGE_VACUUM,           /* full tells VACUUM FULL; one a table, or one without a relation */
    CHANGE_ANALYZE,          /* alone, or of a VACUUM ANALYZE */
    CHANGE_LOCK,             /* LOCK TABLE: mode, nowait */
    CHANGE_INHERIT,          /* INHERIT, NO INHERIT (removes): other is the parent */
    CHANGE_LIKE,             /* of a CREATE TABLE: other is copied; names: INCLUDING what,
                                "defaults", "constraints", "indexes", "identity", "generated" */
    CHANGE_ATTACH_PARTITION, /* other: the partition; bound, is_default */
    CHANGE_DETACH_PARTITION, /* other: the partition; concurrently; finalize */
    CHANGE_PERSISTENCE,      /* SET LOGGED, SET UNLOGGED (removes) */
    CHANGE_ACCESS_METHOD,
    CHANGE_TABLESPACE,
    CHANGE_RELATION_OPTIONS, /* SET (..), RESET (..): text is the first option's name */
    CHANGE_REPLICA_IDENTITY, /* text: "default", "full", "nothing", "index"; other: the index */
    CHANGE_ROW_SECURITY,     /* ENABLE, FORCE; DISABLE, NO FORCE (removes); forced */

    /* columns: relation is the table, column the name */
    CHANGE_ADD_COLUMN,    /* definition; if_not_exists */
    CHANGE_DROP_COLUMN,   /* if_exists, cascade */
    CHANGE_RENAME_COLUMN, /* new_name; of a composite type too: object */
    CHANGE_COLUMN_TYPE,   /* definition (type, collation); expression: USING */
    CHANGE_SET_DEFAULT,   /* expression */
    CHANGE_DROP_DEFAULT,
    CHANGE_SET_NOT_NULL,
    CHANGE_DROP_NOT_NULL,
    CHANGE_ADD_IDENTITY, /* definition: identity */
    CHANGE_SET_IDENTITY, /* text: "always", "by default", "restart", .. */
    CHANGE_DROP_IDENTITY,
    CHANGE_DROP_EXPRESSION,
    CHANGE_COLUMN_OPTIONS, /* SET STATISTICS, STORAGE, COMPRESSION, (..): text */

    /* constraints: relation is the table (or domain: object) */
    CHANGE_ADD_CONSTRAINT,  /* constraint */
    CHANGE_DROP_CONSTRAINT, /* name in column's place: `constraint_name`; if_exists, cascade */
    CHANGE_VALIDATE_CONSTRAINT,
    CHANGE_ALTER_CONSTRAINT,  /* DEFERRABLE; NOT DEFERRABLE (removes) */
    CHANGE_RENAME_CONSTRAINT, /* new_name */

    /* indexes: relation is the index, other its table where the statement names it */
    CHANGE_CREATE_INDEX, /* index */
    CHANGE_REINDEX,      /* object tells: index, table, schema, database; concurrently */
    CHANGE_ATTACH_INDEX, /* ALTER INDEX relation ATTACH PARTITION other */

    /* triggers, rules, policies: relation is the table, text the name */
    CHANGE_CREATE_TRIGGER, /* trigger */
    CHANGE_TRIGGER_STATE,  /* ENABLE, ALWAYS, REPLICA; DISABLE (removes); text "ALL", "USER" */
    CHANGE_CREATE_RULE,
    CHANGE_RULE_STATE,
    CHANGE_CREATE_POLICY,
    CHANGE_ALTER_POLICY,

    /* views, functions, types, sequences: relation is the object */
    CHANGE_CREATE_VIEW,     /* or_replace; columns where named; query */
    CHANGE_REFRESH,         /* concurrently, no_data */
    CHANGE_CREATE_FUNCTION, /* function; or_replace */
    CHANGE_ALTER_FUNCTION,
    CHANGE_CREATE_ENUM,   /* values */
    CHANGE_ADD_VALUE,     /* text: the value; if_not_exists; new_name: its neighbour, or NULL */
    CHANGE_RENAME_VALUE,  /* text -> new_name */
    CHANGE_CREATE_DOMAIN, /* definition; + its constraints */
    CHANGE_ALTER_DOMAIN,  /* SET/DROP NOT NULL (text "not null"; removes), SET/DROP DEFAULT
                             ("default") */
    CHANGE_CREATE_TYPE,   /* composite (columns), range, base */
    CHANGE_ADD_ATTRIBUTE, /* column, definition; cascade */
    CHANGE_DROP_ATTRIBUTE,
    CHANGE_ATTRIBUTE_TYPE,
    CHANGE_CREATE_SEQUENCE, /* if_not_exists; other: OWNED BY's table, column */
    CHANGE_ALTER_SEQUENCE,  /* text: the first option, "restart", "as", "cycle", .. */
    CHANGE_CREATE_SCHEMA,
    CHANGE_CREATE_EXTENSION,
    CHANGE_ALTER_EXTENSION, /* text: "update", "add", "drop" */
    CHANGE_CREATE_STATISTICS,
    CHANGE_CREATE_PUBLICATION, /* full: FOR ALL TABLES; else names: its tables */
    CHANGE_ALTER_PUBLICATION,  /* text: "add", "set", "drop", "options" */
    CHANGE_CREATE_EVENT_TRIGGER,
    CHANGE_CREATE_OTHER, /* casts, operators, languages, text search, roles, servers, .. */
    CHANGE_ALTER_OTHER,  /* the same, and options of types, statistics, subscriptions, .. */
    CHANGE_COMMENT,
    CHANGE_GRANT, /* removes: REVOKE */

    /* rows; those of data-modifying CTEs come first */
    CHANGE_INSERT, /* names: the columns, where named; query: VALUES or SELECT */
    CHANGE_UPDATE, /* names: the columns that are set; where: may be NULL */
    CHANGE_DELETE,
    CHANGE_MERGE,
    CHANGE_COPY,   /* removes: TO */
    CHANGE_SELECT, /* query; set_config('x', 'y', ..) in it is a CHANGE_SET too */

    /* the session and the server */
    CHANGE_SET, /* text: name, "all" of RESET ALL and DISCARD ALL; value: "5s", "a, b" (names: each
                   of them), NULL: DEFAULT or RESET; local */
    CHANGE_TRANSACTION, /* text: "begin", "commit", "rollback", "savepoint", "rollback to",
                           "release", "prepare", "commit prepared", "rollback prepared" */
    CHANGE_DO,          /* text: the body; value: the language */
    CHANGE_CALL,        /* relation: the procedure */
    CHANGE_SESSION,     /* PREPARE, EXECUTE, LISTEN, DISCARD, FETCH, SHOW, ..: nothing that stays */
    CHANGE_SERVER,  /* ALTER SYSTEM, ALTER DATABASE/ROLE .. SET, CREATE/DROP DATABASE, TABLESPACE;
                       value: as of CHANGE_SET */
    CHANGE_UNKNOWN, /* verb of the statement says what */
    CHANGE_N
} DdlChangeKind;

/* schema NULL: not named. name NULL: no such thing. */
typedef struct {
    const char *schema;
    const char *name;
} DdlName;

/* A type as written, its aliases resolved as the grammar does: "int4", "varchar", "timestamptz". */
typedef struct {
    DdlName name; /* schema NULL also for pg_catalog */
    int modifiers[2];
    int n_modifiers;     /* varchar(20): 1; numeric(12,2): 2; interval's range is not counted */
    int interval_fields; /* the parser's mask of `interval year to month`; 0: all */
    const char *words;   /* modifiers that are not all numbers: "point, 4326"; else NULL */
    int dimensions;      /* of an array; 0: none */
    bool is_serial;      /* smallserial, serial, bigserial: name is int2, int4, int8 then */
} DdlType;

typedef struct {
    const char *name;
    DdlType type;
    const char *collation;                   /* NULL: the default */
    const PgQuery__Node *default_expression; /* NULL: none; `DEFAULT NULL` is a constant NULL */
    const PgQuery__Node *generated;          /* STORED expression; NULL: none */
    char identity;                           /* 'a' always, 'd' by default, 0 none */
    bool not_null;                           /* written, or by PRIMARY KEY, an identity, serial */
    int location;
} DdlColumn;

typedef enum {
    CONSTRAINT_CHECK,
    CONSTRAINT_UNIQUE,
    CONSTRAINT_PRIMARY_KEY,
    CONSTRAINT_FOREIGN_KEY,
    CONSTRAINT_EXCLUSION,
} DdlConstraintKind;

typedef struct {
    DdlConstraintKind kind;
    const char *name;   /* NULL: the server makes one */
    GPtrArray *columns; /* const char *: of a key; of a CHECK those that it reads */
    DdlName referenced;
    GPtrArray *referenced_columns; /* empty: the primary key */
    char on_delete, on_update;     /* 'a' no action, 'r', 'c' cascade, 'n' set null, 'd' */
    const char *using_index;
    const PgQuery__Node *expression; /* of a CHECK */
    bool not_valid, deferrable, no_inherit, nulls_not_distinct;
} DdlConstraint;

typedef struct {
    GPtrArray *columns;     /* const char *; NULL in the place of an expression */
    GPtrArray *expressions; /* const PgQuery__Node *: those, in order */
    GPtrArray *included;    /* const char * */
    const PgQuery__Node *where;
    const char *method; /* "btree", .. */
    bool unique, nulls_not_distinct;
    bool custom_collation; /* a column's own COLLATE */
} DdlIndex;

typedef struct {
    bool before, instead, row, on_insert, on_update, on_delete, on_truncate;
    bool is_constraint;
    GPtrArray *columns; /* const char *: UPDATE OF */
    DdlName function;
} DdlTrigger;

typedef enum { VOLATILITY_IMMUTABLE, VOLATILITY_STABLE, VOLATILITY_VOLATILE } DdlVolatility;

typedef struct {
    const char *language; /* lower case */
    const char *body;     /* as text; NULL: a SQL-standard body */
    DdlVolatility volatility;
    DdlType returns;
    int n_arguments; /* of the call: not OUT */
    bool security_definer, sets_search_path, returns_trigger, is_procedure;
} DdlFunction;

typedef struct {
    DdlChangeKind kind;
    PgQuery__ObjectType object; /* what relation names: TABLE, INDEX, VIEW, TYPE, .. */
    const PgQuery__Node *node;  /* the statement, or the ALTER TABLE's subcommand */
    int location;               /* byte of the script's text where the change begins: the
                                   subcommand, the column, the constraint */
    DdlName relation;
    DdlName other;
    DdlName of_type; /* CREATE TABLE .. OF, ALTER TABLE .. OF */
    const char *column;
    const char *constraint_name;
    const char *new_name;
    const char *text;
    const char *value;
    const PgQuery__Node *expression; /* DEFAULT, USING */
    const PgQuery__Node *where;      /* of UPDATE, DELETE */
    const PgQuery__Node *query;      /* a view's, CREATE TABLE AS's, INSERT's, MERGE's source */
    const PgQuery__PartitionBoundSpec *bound;
    GPtrArray *columns; /* DdlColumn *: of CREATE TABLE; else NULL */
    GPtrArray *names;   /* const char *: a view's columns, an enum's values, SET's .. */
    const DdlColumn *definition;
    const DdlConstraint *constraint;
    const DdlIndex *index;
    const DdlTrigger *trigger;
    const DdlFunction *function;
    LockMode mode;
    bool if_exists, if_not_exists, or_replace, cascade, concurrently, only, temporary, unlogged;
    bool in_definition; /* belongs to the CREATE TABLE or ADD COLUMN before it */
    bool removes;       /* the kind's opposite: see there */
    bool local, nowait, full, finalize, no_data, restart_identity, forced;
    bool partitioned; /* CREATE TABLE .. PARTITION BY; partition_key in names */
    bool is_default;  /* a partition FOR the rest: PARTITION OF/ATTACH .. DEFAULT */
} DdlChange;

typedef struct DdlChanges DdlChanges;

/* Never fails: what is not known is CHANGE_UNKNOWN. @statement must outlive it. Caller owns. */
DdlChanges *ddl_changes(const SqlStatement *statement);
void ddl_changes_free(DdlChanges *changes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DdlChanges, ddl_changes_free)
guint ddl_changes_count(const DdlChanges *changes);
const DdlChange *ddl_changes_get(const DdlChanges *changes, guint index);

/* "shop.users", quoted where needed. Caller owns. */
char *ddl_name_label(DdlName name);
/* As people write it: "bigint", "varchar(20)[]", "timestamptz", "shop.mood". Caller owns. */
char *ddl_type_label(const DdlType *type);
/* The same type? Aliases and the modifiers count, is_serial does not. */
bool ddl_type_equal(const DdlType *a, const DdlType *b);
/* A copy with strings of its own, for ddl_type_clear. */
DdlType ddl_type_copy(const DdlType *type);
void ddl_type_clear(DdlType *type);
/* "ADD COLUMN", "SET NOT NULL", .. for messages. */
const char *ddl_change_verb(const DdlChange *change);
