/*
 * sql/script.h - SQL text as statements: where each stands, what kind it is, what it locks.
 *
 * libpg_query stays behind this room. Parsing runs in a thread with a large stack, for deep
 * expressions overflow the usual one. Places are 1-based lines and columns (characters) of the file
 * that the text was cut from.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/error.h"

/* Does it parse, without a word of transaction control, COPY or CONCURRENTLY in it? That makes no
 * tree, and costs a fifth of sql_parse: false says only that sql_parse must be asked. */
bool sql_is_plain(const char *text);

typedef struct SqlScript SqlScript;
typedef struct SqlStatement SqlStatement;

/* Parses @text, whose first character stands at @origin. ERROR_SQL with the place of a syntax
 * error. Statements without a keyword are errors, never dropped. Caller owns. */
SqlScript *sql_parse(const char *text, Place origin, GError **error);

/* A piece of a text that does not parse. */
typedef struct {
    gsize start, end; /* its bytes, without blanks and comments around it */
    Place place;      /* of the error, or of its start */
    char *message;
} SqlProblem;
void sql_problem_free(SqlProblem *problem);

/* The same statement by statement where the whole does not parse: one that fails does not hide the
 * others, each makes a row of *@ret_problems (element-type SqlProblem *, in order); behind
 * 50,000 of them the rest is one more. Meta-commands
 * of psql and the data of COPY .. FROM stdin, as dumps hold them, are passed over. Statements stand
 * where they stood. Never NULL; caller owns both. */
SqlScript *sql_parse_lenient(const char *text, Place origin, GPtrArray **ret_problems);
/* How many bytes of @text, whole statements, are parsed in bearable memory: a tree takes many times
 * its text, a short statement with all that is said of it some kB. */
gsize sql_bearable(const char *text);
/* Placeholders that a tool would fill in outside of quotes, ${name}, {{ name }} and :name, each
 * made a name of as many bytes (and {# .. #}, a template's comment, made blank); added to @names
 * (name -> placeholder; owns both). NULL: there is none. Caller owns. */
char *sql_fill_placeholders(const char *text, GHashTable *names);
/* @text with the placeholders again where those names stand. Caller owns. */
char *sql_restore_placeholders(const char *text, GHashTable *names);
/* One owner more, in the same thread: each of them frees it. */
SqlScript *sql_script_ref(SqlScript *script);
void sql_script_free(SqlScript *script);
guint sql_script_count(const SqlScript *script);
const SqlStatement *sql_script_get(const SqlScript *script, guint index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SqlScript, sql_script_free)

/* Its text, without the semicolon and without comments around it. Borrowed. */
const char *sql_statement_text(const SqlStatement *statement);
Place sql_statement_place(const SqlStatement *statement);
/* "ALTER TABLE", "CREATE INDEX CONCURRENTLY", "UPDATE", .. for messages. Borrowed. */
const char *sql_statement_verb(const SqlStatement *statement);

/* False for what PostgreSQL refuses in a transaction block: CONCURRENTLY, VACUUM, ALTER SYSTEM,
 * CREATE DATABASE, ... */
bool sql_statement_is_transactional(const SqlStatement *statement);
/* ALTER TABLE that does nothing but VALIDATE CONSTRAINT: it may read a whole table, under a lock
 * that nobody waits for. */
bool sql_statement_validates(const SqlStatement *statement);
/* BEGIN, COMMIT, SAVEPOINT, ..: never allowed in a revision, sluice owns the transactions. */
bool sql_statement_is_transaction_control(const SqlStatement *statement);
/* COPY from or to the client: a revision has no data to send. */
bool sql_statement_is_client_copy(const SqlStatement *statement);
/* If an old app does not survive it, the reason for people ("drops column full_name of users");
 * else NULL. DROP TABLE/COLUMN/VIEW/FUNCTION/TYPE/SCHEMA, RENAME of anything an app names, ALTER
 * TYPE of a column, SET NOT NULL, TRUNCATE, REVOKE, SET SCHEMA, DROP DEFAULT, ADD COLUMN NOT NULL
 * without a default, DETACH PARTITION, ENABLE ROW LEVEL SECURITY. Caller owns. */
char *sql_statement_destroys(const SqlStatement *statement);

/* The table, view or matview that it makes, as written ("s.t"); NULL: none. Caller owns. */
char *sql_statement_creates(const SqlStatement *statement);
/* The one relation that it alters, drops or empties, as written; NULL if it is about none, or about
 * several. Caller owns. */
char *sql_statement_alters(const SqlStatement *statement);

/* PostgreSQL's table lock modes, weakest first. */
typedef enum {
    LOCK_ACCESS_SHARE = 1,
    LOCK_ROW_SHARE,
    LOCK_ROW_EXCLUSIVE,
    LOCK_SHARE_UPDATE_EXCLUSIVE,
    LOCK_SHARE,
    LOCK_SHARE_ROW_EXCLUSIVE,
    LOCK_EXCLUSIVE,
    LOCK_ACCESS_EXCLUSIVE,
} LockMode;
/* "ACCESS EXCLUSIVE", as LOCK TABLE takes it. */
const char *lock_mode_name(LockMode mode);

typedef enum {
    RELATION_TABLE,
    RELATION_INDEX,
    RELATION_SEQUENCE,
    RELATION_VIEW,
    RELATION_OTHER
} RelationKind;

/* Whom else a lock reaches, in the same mode, once the catalog is asked. */
typedef enum {
    REACH_ITSELF = 0,
    REACH_PARTITIONS = 1 << 0,    /* of a partitioned table */
    REACH_CHILDREN = 1 << 1,      /* partitions and inheritance children */
    REACH_PARENT = 1 << 2,        /* the table that it is a partition of */
    REACH_DEFAULT = 1 << 3,       /* its default partition */
    REACH_REFERENCED = 1 << 4,    /* the tables that its foreign keys name */
    REACH_REFERENCING = 1 << 5,   /* the tables whose foreign keys name it */
    REACH_CONSTRAINT = 1 << 6,    /* other sides of the foreign keys that use constraint @detail */
    REACH_COLUMN = 1 << 7,        /* other sides of the foreign keys that use column @detail */
    REACH_INDEXED_TABLE = 1 << 8, /* an index: its table */
    REACH_OTHERS = 1 << 9,        /* only those, and not the relation itself */
    REACH_INHERITED = 1 << 10     /* its children, where they inherit constraint @detail: a CHECK */
} SqlReach;

/* One row of a lock template: what the statement names, before the catalog is asked. */
typedef struct {
    char *schema; /* NULL: search_path */
    char *name;
    RelationKind kind;
    LockMode mode;
    SqlReach reach;
    char *detail; /* a constraint's or a column's name; else NULL */
} SqlLock;

/* Element-type SqlLock *, a relation may come several times; facts of PostgreSQL 15, and ACCESS
 * EXCLUSIVE for what is not known of ALTER TABLE. Relations created by the statement are left out.
 * *@ret_unknown: the locks cannot be known (DO, CALL, SELECT of a function). Caller owns. */
GPtrArray *sql_statement_locks(const SqlStatement *statement, bool *ret_unknown);

/* Names of the columns that ALTER TABLE .. ADD COLUMN adds, as "schema.table.column" or
 * "table.column" as written; empty if none. Element-type char *. Caller owns. */
GPtrArray *sql_statement_adds_columns(const SqlStatement *statement);
/* Those of them that hold something other than NULL in old rows, or must: NOT NULL, a default, an
 * identity, a generated or serial column. The target of a mapping may be none. Caller owns. */
GPtrArray *sql_statement_adds_filled_columns(const SqlStatement *statement);
/* The same for DROP COLUMN, and "table" for DROP TABLE. */
GPtrArray *sql_statement_drops(const SqlStatement *statement);
/* DROP INDEX, VIEW, MATERIALIZED VIEW: names as written; ALTER TABLE .. DROP CONSTRAINT:
 * "constraint on table". Element-type char *. Caller owns. */
GPtrArray *sql_statement_drops_derived(const SqlStatement *statement);
/* ALTER TABLE .. RENAME COLUMN: the table as written, the column's names before and after; false
 * for any other statement. Caller owns. */
bool sql_statement_renames_column(const SqlStatement *statement, char **ret_table, char **ret_from,
                                  char **ret_to);

/* CREATE INDEX [CONCURRENTLY]: the index's and its table's name; false for any other statement, or
 * an index without a name. CREATE .. CONCURRENTLY must name it. Outputs may be NULL; caller owns.
 */
bool sql_statement_creates_index(const SqlStatement *statement, char **ret_schema, char **ret_index,
                                 char **ret_table, bool *ret_concurrently);

/* "users", "public.users", "\"My Table\"" as schema (NULL if not given) and name, unquoted and
 * folded as the server does. ERROR_SQL if @text is no name. Caller owns both. */
bool sql_name_parse(const char *text, Place place, char **ret_schema, char **ret_name,
                    GError **error);

/* The body of an index's or a CHECK's definition, as the server writes it, with other names for its
 * columns (@names: name -> new name): "(lower(email), id DESC) WHERE (id > 0)". A name is taken for
 * a column unless it is called, qualified, a type of a cast or a collation. Caller owns. */
char *sql_rename_columns(const char *text, GHashTable *names);

/* sql_canonical of the whole text, and of one statement. Caller owns. */
char *sql_script_canonical(const SqlScript *script);
char *sql_statement_canonical(const SqlStatement *statement);
/* The text with comments and runs of blanks folded: two texts with the same canonical form mean the
 * same to the server. For checksums. Never fails: what cannot be scanned is returned as it is. */
char *sql_canonical(const char *text);

/* The statement's words and marks, each a blank apart: stays as it is when only the layout or a
 * comment changes. To know a statement again, not for what it means: operators come in pieces, and
 * the case of words is kept. Caller owns. */
char *sql_statement_words(const SqlStatement *statement);

/* The text in one line with each literal as ?, for messages: a value may be a secret. Text that is
 * cut off inside of a literal ends before it. Caller owns. */
char *sql_redact(const char *text);
