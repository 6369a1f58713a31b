/*
 * lint/recipe-steps.h - the SQL that recipes are made of: the steps that several rules name, with
 * the names, types and expressions of the statement itself and of the model.
 *
 * A recipe is a file: pasted in the place of the statement, run outside of a transaction, it does
 * what was meant. What somebody must do between two statements stands in comments, and so does what
 * belongs into a file of a later release. Lint has nothing against a recipe, and the server runs
 * it: the tests hold both for each.
 */
#pragma once

#include "lint/cost.h"
#include "sql/statement.h"

/* The parts with _ between them as one name, cut to what the server keeps, quoted where needed.
 * Caller owns. */
char *recipe_name(const char *first, ...) G_GNUC_NULL_TERMINATED;

/* The finding's recipe is the statement itself, when @condition has come true, which lint cannot
 * see: it is said in the comment that accepts the finding. */
void recipe_once(const LintContext *context, const char *condition, ...) G_GNUC_PRINTF(2, 3);
/* The same of what takes something away: in a revision it goes into contract. */
void recipe_contract(const LintContext *context, const char *condition, ...) G_GNUC_PRINTF(2, 3);
/* The statement by itself, in a transaction whose wait for locks is bounded. */
void recipe_alone(const LintContext *context);

/* Two ALTER TABLE of one table as one. Caller owns. */
char *recipe_merged(const SqlStatement *first, const SqlStatement *then);
/* The byte of the tree at which the first subcommand of an ALTER TABLE begins. */
int recipe_first_subcommand(const SqlStatement *statement);
/* The words behind which IF [NOT] EXISTS stands: DROP TABLE, MATERIALIZED VIEW, .. of a DROP; ADD
 * COLUMN, DROP CONSTRAINT, .. of the change's subcommand. */
const SqlToken *recipe_kind_token(const LintContext *context);
const SqlToken *recipe_subcommand_token(const LintContext *context, const DdlChange *change);
/* The finding's recipe is also its fix: it ends where the statement would have, and what stands in
 * between are its comments. Not in a transaction, and not where comments within the statement would
 * go; in a revision only in contract and downgrade, which take any statement. */
void recipe_is_fix(const LintContext *context);
/* The same of steps that any section of a revision takes as it took the statement. */
void recipe_is_fix_everywhere(const LintContext *context);
/* The statement leaves the transaction that the file has opened around it; not where that would
 * undo a savepoint, or what ends with the transaction. */
void recipe_fix_leave_transaction(const LintContext *context);

/*
 * What the statement of a revision becomes over the revision's life, by section; each text is
 * whole lines of SQL. That of the statement's own section takes its place ("": the statement goes),
 * the others come before what their sections hold already: what they are about ran earlier until
 * now.
 */
typedef struct {
    GString *in[SECTION_N];
} RecipeLife;
void recipe_life_init(RecipeLife *life);
void recipe_life_clear(RecipeLife *life);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RecipeLife, recipe_life_clear)
void recipe_life_add(RecipeLife *life, SectionKind section, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
/* Has the statement a life: is it one of an expand or finish, behind which others come? */
bool recipe_has_life(const LintContext *context);
/* The finding's recipe is that, section by section. */
void recipe_of_life(const LintContext *context, const RecipeLife *life);
/* It is its fix too. Not where comments within the statement would go, in imported history, or
 * where something between here and there takes away or renames what the statement is about. */
void recipe_life_is_fix(const LintContext *context, const RecipeLife *life);
/* SET NOT NULL of the column by way of a CHECK: its proof, and in contract the rest. */
void recipe_life_add_not_null(RecipeLife *life, DdlName table, const char *column);
/* The finding's recipe and fix of a SET NOT NULL is that; @rest: the other parts of the ALTER.
 * False: it has no life. */
bool recipe_life_not_null(const LintContext *context, const DdlChange *change, const char *rest);
/* Can sluice run the statement in parts? */
bool recipe_is_backfill(const char *sql);
/* The finding's recipe, and its fix where that can be told, is the statement in another section:
 * what destroys in contract, what changes rows in backfill. */
void recipe_life_contract(const LintContext *context);
void recipe_life_backfill(const LintContext *context, const DdlChange *change);

/* May a recipe take the statement's place as it is, whatever the session? */
bool recipe_is_replaceable(const LintContext *context);
/* @steps, SQL whose last statement ends with the statement's own semicolon, in its place. */
void recipe_fix_statement(const LintContext *context, const char *steps);
/* Is it the name that the server would give the constraint, and free? */
bool recipe_has_sure_name(const LintContext *context, const DdlChange *change);
/* The ALTER TABLE without the subcommand of @change, or (@column) without all of its column, and a
 * newline; "": it has no other. Caller owns. */
char *recipe_rest(const LintContext *context, const DdlChange *change);
char *recipe_rest_of_column(const LintContext *context, const DdlChange *change);
/* The same of a constraint, which may also be a part of ADD COLUMN. Caller owns. */
char *recipe_without_constraint(const LintContext *context, const DdlChange *change);
/* The statement, a newline behind it, without the parts of ADD COLUMN that @goes says true of; the
 * column is the one that @change is about, or lies in. Caller owns. */
typedef bool (*RecipeGoes)(const PgQuery__Constraint *part, const DdlChange *change);
char *recipe_without(const LintContext *context, const DdlChange *change, RecipeGoes goes);
/* The constraint that ALTER TABLE adds, as it stands there, without its name; NULL: it is no ALTER
 * TABLE. Caller owns. */
char *recipe_constraint_body(const LintContext *context, const DdlChange *change);
/* The steps that add the constraint without stopping anybody, those of the statement's other parts
 * before them. Caller owns. */
char *recipe_constraint(const LintContext *context, const DdlChange *change);
/* The same without the index that a foreign key should have. Caller owns. */
char *recipe_constraint_alike(const LintContext *context, const DdlChange *change);
/* The finding's recipe is that; in a revision what reads the rows is in its finish. */
void recipe_recommend_constraint(const LintContext *context, const DdlChange *change);
/* False: it makes columns NOT NULL, which wants more than a life. */
bool recipe_constraint_life(const LintContext *context, const DdlChange *change, RecipeLife *life);
/* The finding's fix is that, where it ends in the same schema for sure. */
void recipe_fix_constraint(const LintContext *context, const DdlChange *change);
/* A CREATE TABLE without its foreign keys; other statements as they are. Caller owns. */
char *recipe_without_keys(const SqlStatement *statement);
/* @sql as comment lines, for a later file. Caller owns. */
char *recipe_later(const char *sql);

/* The statement with other text in the place of its bytes [start,end), locations of the tree; @end
 * 0: of the token that begins at @start. Caller owns. */
char *recipe_replacing(const LintContext *context, int start, int end, const char *text);
/* The token @token of the statement, the first at or behind byte @from; NULL: there is none. */
const SqlToken *recipe_token(const LintContext *context, PgQuery__Token token, int from);
/* The token behind @token; NULL: the statement ends there. */
const SqlToken *recipe_next(const LintContext *context, const SqlToken *token);
/* The statement where the column that is defined at @location, a byte of the tree, has @type.
 * Caller owns. */
char *recipe_with_type(const LintContext *context, int location, const char *type);
/* CREATE INDEX as CREATE INDEX CONCURRENTLY, without IF NOT EXISTS; @name (NULL: its own). Caller
 * owns. */
char *recipe_index(const SqlStatement *statement, const char *name);
/* The finding's recipe is CREATE INDEX CONCURRENTLY IF NOT EXISTS so that what a failed build has
 * left is built again. */
void recipe_index_again(const LintContext *context, const DdlChange *change);

/* CREATE INDEX CONCURRENTLY of the columns, on a partitioned table by way of its partitions. Caller
 * owns. */
char *recipe_index_of_columns(const LintContext *context, DdlName relation,
                              const GPtrArray *columns);
/* An index of each partition CONCURRENTLY, attached to that of the partitioned table. */
void recipe_index_of_partitions(const LintContext *context, const DdlChange *change,
                                const ModelTable *table);
/* CREATE TABLE .. PARTITION OF as a table by itself that is attached; @rest: the DEFAULT partition,
 * NULL: there is none. */
void recipe_partition_apart(const LintContext *context, const DdlChange *change,
                            const ModelTable *rest);
typedef struct {
    const ModelIndex *index; /* the parent's, which the partition lacks; NULL: none */
    bool proves_child;       /* a CHECK is to say that the partition's rows fit */
    const ModelTable *rest;  /* the DEFAULT partition, of which one says that none does; NULL */
} RecipeAttach;
/* ATTACH PARTITION, and what spares it its scans and builds. */
void recipe_attach(const LintContext *context, const DdlChange *change, const RecipeAttach *attach);

/* SET NOT NULL by way of a CHECK that is validated, and goes again. Caller owns. */
char *recipe_not_null(DdlName table, const char *column);
/* `UPDATE table SET @set` of the rows of which @left is true, in transactions of some pages.
 * Caller owns. */
char *recipe_fill(const LintContext *context, DdlName table, const char *set, const char *left);
/* `DELETE FROM table` of the rows of which @left is true (NULL: all), in the same way. Caller owns.
 */
char *recipe_delete(const LintContext *context, DdlName table, const char *left);

/* The finding's recipe is the UPDATE or DELETE in transactions of some pages; in a revision it is
 * the statement itself in its backfill, which sluice bounds. */
void recipe_in_parts(const LintContext *context, const DdlChange *change);

typedef struct {
    DdlName table;
    const char *from, *to; /* columns */
    const char *type;      /* of the new one, and what else ADD COLUMN says */
    const char *using;     /* its value, as an expression over the old row; NULL: the same */
} RecipeColumn;
/* The type that a new column can have without a look at each row: of a domain with a constraint
 * what it is over. Caller owns. */
char *recipe_type_of_new(const LintContext *context, const DdlType *type);
/* What takes the place of a rename of column @from: a new column beside it. */
void recipe_rename_column(const LintContext *context, DdlName relation, const char *from,
                          const char *to);
/* A column beside another that takes its place, a trigger that keeps both the same, and the old
 * rows. Caller owns. */
char *recipe_column_beside(const LintContext *context, const RecipeColumn *column);
