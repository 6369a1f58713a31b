/*
 * author/recipe.h - generators of whole revisions: a change named in a few words, its safe recipe
 * as sections.
 *
 * A recipe is a row of recipes.def and a function of its name. All of them ask the database: what
 * hangs on a column, and which names are taken, is not in the files. What cannot be done by
 * statements that block nobody is refused, with the object and the next step.
 */
#pragma once

#include "pg/conn.h"

typedef enum {
    RECIPE_MAY_MAP = 1 << 0,     /* --using and --reverse: one expression each */
    RECIPE_MAPS = 1 << 1,        /* the same, but required, one for each column set */
    RECIPE_MAY_DEFAULT = 1 << 2, /* --default */
    RECIPE_COLUMNS = 1 << 3,     /* several columns, no ':' */
} RecipeTraits;

typedef enum {
#define RECIPE(id, ...) RECIPE_ID_##id,
#include "author/recipes.def"
#undef RECIPE
    RECIPE_N
} RecipeId;

typedef struct {
    const char *option;  /* "type-change" */
    const char *value;   /* "TABLE.COLUMN:TYPE" */
    const char *example; /* "users.id:bigint" */
    unsigned traits;
    const char *help;
} Recipe;

extern const Recipe recipes[RECIPE_N];

typedef struct {
    RecipeId id;
    const char *subject;      /* as written: "users.id:bigint" */
    const GPtrArray *using;   /* char *; NULL: not given */
    const GPtrArray *reverse; /* the same */
    const char *default_sql;  /* NULL: not given */
} RecipeRequest;

typedef struct {
    char *sections;
    char *title;
    bool statement_transactions;
} RecipeText;

/* The body of a complete revision. ERROR_USAGE: a value or option of the wrong form; ERROR_STATE,
 * ERROR_SQL: what stands in the way, by name. */
bool recipe_write(PgConn *conn, const RecipeRequest *request, RecipeText *ret_text, GError **error);
void recipe_text_clear(RecipeText *text);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RecipeText, recipe_text_clear)
