/*
 * author/recipe-task.h - what a recipe gets to work on, and what it asks in common with others.
 * Private to the room.
 */
#pragma once

#include "author/draft.h"
#include "author/recipe.h"
#include "catalog/catalog.h"

typedef struct {
    PgConn *conn;
    const Recipe *recipe;
    const RecipeRequest *request;
    CatalogTable *table;
    GStrv columns; /* in front of ':', unquoted; all of them are there */
    char *target;  /* behind it; NULL if the recipe has none */
    Draft draft;
} RecipeTask;

#define RECIPE(id, ...) bool recipe_##id(RecipeTask *task, GError **error);
#include "author/recipes.def"
#undef RECIPE

/* "users.id" of a value: the table must be there, and the column. ERROR_USAGE, ERROR_STATE.
 * The caller owns both. */
bool recipe_find_column(const RecipeTask *task, const char *text, CatalogTable **ret_table,
                        char **ret_column, GError **error);

/* "<table>_<column>_<column><ending>", cut to what the server takes. ERROR_STATE if a relation of
 * the table's schema or a constraint of the table has that name. Unquoted; caller owns. */
char *recipe_free_name(const RecipeTask *task, const char *ending, GError **error);
/* ERROR_STATE if @table has a column @name, or it is no name for one. */
bool recipe_check_new_column(const RecipeTask *task, const char *name, GError **error);

/* ERROR_STATE if a column that moves to another table fills itself: it would say something of each
 * row that an app inserts without it. */
bool recipe_check_plain(const RecipeTask *task, const CatalogColumn *column, GError **error);

/* contract: the end of the task's columns, and of what is built on them. finish: what takes the
 * place of that over @names, the new columns of the same table (NULL: they are elsewhere); under a
 * comment where only the author knows. */
bool recipe_end_columns(RecipeTask *task, const char *const *names, GError **error);

/* expand: a column (quoted) that is NOT NULL may be left out by a new app, while the old one still
 * reads it; downgrade: the way back, by way of @constraint (quoted), which is proven before
 * anything else is undone. */
void recipe_drop_not_null(RecipeTask *task, const char *quoted, const char *constraint);

/* What goes with column @name: "index", "foreign key", "constraint" or "primary key", its quoted
 * name (an index's with its schema). ERROR_STATE for what has to go first: a view, a foreign key
 * from elsewhere, the primary key, ... Caller owns. */
PgRows *recipe_load_companions(const RecipeTask *task, const char *name, GError **error);
