/* Types of columns: changed, or chosen. */
#include <string.h>

#include "lint/recipe-steps.h"

#define OBJECT(name) PG_QUERY__OBJECT_TYPE__OBJECT_##name

static bool
changes_type(const DdlChange *change)
{
    return change->kind == CHANGE_COLUMN_TYPE && change->object == OBJECT(TABLE);
}

/* USING that says no more than a cast of the column does. */
static bool
is_plain_cast(const PgQuery__Node *using, const char *column)
{
    while (using != NULL && using->node_case == PG_QUERY__NODE__NODE_TYPE_CAST)
        using = using->type_cast->arg;
    return using != NULL && g_strcmp0(tree_bare_column(using), column) == 0;
}

/* A column of the new type, which takes the old one's place. */
static void
recommend_beside(const LintContext *context, const DdlChange *change)
{
    const char *collation = change->definition->collation;
    g_autofree char *bare = ddl_type_label(&change->definition->type);
    g_autofree char *light = recipe_type_of_new(context, &change->definition->type);
    g_autofree char *type =
        collation ? g_strdup_printf("%s COLLATE \"%s\"", light, collation) : g_strdup(light);
    g_autofree char *table = ddl_name_label(change->relation);
    g_autofree char *to = g_strdup_printf("%s_new", change->column);
    g_autofree char *using =
        change->expression == NULL || is_plain_cast(change->expression, change->column)
            ? NULL
            : ddl_expression_text(change->expression);
    g_autofree char *rest = recipe_rest_of_column(context, change);
    g_autofree char *steps = NULL;

    if (facts_by_sluice(context)) {
        lint_recipe(context,
                    "-- writes a revision with the new column, a mapping that keeps both the same, "
                    "and the swap:\n--   sluice revision --type-change '%s.%s:%s'",
                    table, change->column, bare);
        return;
    }
    steps = recipe_column_beside(context, &(RecipeColumn){.table = change->relation,
                                                          .from = change->column,
                                                          .to = to,
                                                          .type = type,
                                                          .using = using});
    lint_recipe(context, "%s-- or, with sluice: sluice revision --type-change '%s.%s:%s'\n%s", rest,
                table, change->column, bare, steps);
}

static void
type_rewrite(const LintContext *context, const DdlChange *change)
{
    const PredictedWork *work =
        changes_type(change) ? cost_of(context, change, WORK_REWRITE) : NULL;
    g_autofree char *label = NULL, *column = NULL, *type = NULL;

    if (work == NULL)
        return;
    label = cost_label(context, work->relation);
    column = ddl_name_label((DdlName){NULL, change->column});
    type = ddl_type_label(&change->definition->type);
    lint_report(context, change,
                "%s and all its indexes are written anew under ACCESS EXCLUSIVE for %s to become "
                "%s%s%s",
                label, column, type, work->certainty == KNOWN_YES ? ": " : "",
                work->certainty == KNOWN_YES ? work->why : "");
    cost_add(context, work);
    lint_breaks(context, "each statement prepared before that returns %s", column);
    recommend_beside(context, change);
}

const LintRule lint_rule_column_type_rewrite = {
    .id = "column-type-rewrite",
    .level = LINT_ERROR,
    .title = "a change of type rewrites the table",
    .at_change = type_rewrite,
    .kinds = LINT_KINDS(CHANGE_COLUMN_TYPE),
};

static void
report_refusal(const LintContext *context, const DdlChange *change)
{
    g_autofree char *column = ddl_name_label((DdlName){NULL, change->column});

    lint_report(context, change, "the server refuses to change the type of %s: %s", column,
                context->prediction->failure);
    recommend_beside(context, change);
}

/* What is read for is a CHECK: it goes, and comes back NOT VALID. */
static bool
recommend_check_apart(const LintContext *context, const DdlChange *change)
{
    const ModelTable *table = model_table(context->model, change->relation);
    g_autofree char *label = ddl_name_label(change->relation);
    g_autoptr(GString) before = g_string_new(NULL), behind = g_string_new(NULL);
    g_autoptr(GString) validate = g_string_new(NULL);

    for (guint i = 0; table != NULL && i < table->constraints->len; i++) {
        const ModelConstraint *check = table->constraints->pdata[i];
        g_autofree char *name = NULL, *text = NULL;

        if (check->kind != CONSTRAINT_CHECK || !check->valid || check->name == NULL ||
            !g_ptr_array_find_with_equal_func(check->columns, change->column, g_str_equal, NULL))
            continue;
        name = ddl_name_label((DdlName){NULL, check->name});
        text = ddl_expression_text(check->expression);
        g_string_append_printf(before, "ALTER TABLE %s DROP CONSTRAINT %s;\n", label, name);
        g_string_append_printf(behind, "ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s) NOT VALID;\n",
                               label, name, text);
        g_string_append_printf(validate, "\nALTER TABLE %s VALIDATE CONSTRAINT %s;", label, name);
    }
    for (guint i = 0; table != NULL && i < table->indexes->len; i++) {
        const ModelIndex *index = table->indexes->pdata[i];
        if (index->has_expressions || index->where != NULL)
            return false;
    }
    if (before->len > 0)
        lint_recipe(context, "BEGIN;\nSET LOCAL lock_timeout = '2s';\n%s%s;\n%sCOMMIT;%s",
                    before->str, sql_statement_text(context->statement), behind->str,
                    validate->str);
    return before->len > 0;
}

static void
type_not_free(const LintContext *context, const DdlChange *change)
{
    const PredictedWork *work;
    g_autofree char *label = NULL, *column = NULL;

    if (!changes_type(change) || facts_is_new(context, change->relation) ||
        cost_is_missing(context, change))
        return;
    if (context->prediction->failure != NULL && ddl_changes_count(context->changes) == 1) {
        report_refusal(context, change);
        return;
    }
    work = cost_of(context, change, WORK_SCAN);
    if (work == NULL || work->kind == WORK_REWRITE)
        return;
    label = cost_label(context, work->relation);
    column = ddl_name_label((DdlName){NULL, change->column});
    lint_report(context, change,
                "the new type of %s needs no rewrite, and yet %s is read under ACCESS EXCLUSIVE: "
                "%s",
                column, label, work->why);
    cost_add(context, work);
    if (!recommend_check_apart(context, change))
        recommend_beside(context, change);
}

const LintRule lint_rule_column_type_free_but_not_free = {
    .id = "column-type-free-but-not-free",
    .level = LINT_ERROR,
    .title = "a change of type that is free but for what hangs on the column",
    .at_change = type_not_free,
    .kinds = LINT_KINDS(CHANGE_COLUMN_TYPE),
};

static bool
changes_same(const LintContext *context, const SessionStatement *statement G_GNUC_UNUSED,
             const DdlChange *change, const void *data)
{
    const DdlChange *not_null = data;

    return changes_type(change) && g_strcmp0(change->column, not_null->column) == 0 &&
           facts_same(context, change->relation, not_null->relation);
}

static void
type_plus_not_null(const LintContext *context, const DdlChange *change)
{
    bool together = false;
    g_autofree char *column = NULL, *rest = NULL, *steps = NULL;

    if (facts_is_new(context, change->relation))
        return;
    for (guint i = 0; i < ddl_changes_count(context->changes); i++)
        together =
            together || changes_same(context, NULL, ddl_changes_get(context->changes, i), change);
    if (!together && facts_before(context, true, CHANGE_N, changes_same, change) == NULL)
        return;
    column = ddl_name_label((DdlName){NULL, change->column});
    lint_report(context, change,
                "the type of %s and NOT NULL change under one lock, which is held for both",
                column);
    lint_add_locks(context);
    rest = recipe_rest(context, change);
    steps = recipe_not_null(change->relation, change->column);
    lint_recipe(context, "%s-- when the type is committed\n%s", rest, steps);
    if (together && !change->if_exists)
        recipe_is_fix(context);
}

const LintRule lint_rule_column_type_plus_not_null = {
    .id = "column-type-plus-not-null",
    .level = LINT_WARNING,
    .title = "type and NOT NULL of a column change in one step",
    .at_change = type_plus_not_null,
    .kinds = LINT_KINDS(CHANGE_SET_NOT_NULL),
};

/* Called with each column that the change gives a type. */
typedef void (*EachColumn)(const LintContext *context, const DdlChange *change,
                           const DdlColumn *column);

static void
each_column(const LintContext *context, const DdlChange *change, EachColumn each)
{
    if (change->kind == CHANGE_ADD_COLUMN || changes_type(change))
        each(context, change, change->definition);
    for (guint i = 0; change->kind == CHANGE_CREATE_TABLE && i < change->columns->len; i++)
        each(context, change, change->columns->pdata[i]);
}

static const char *
name_of(const DdlChange *change, const DdlColumn *column)
{
    return column->name != NULL ? column->name : change->column;
}

static bool
is_type(const DdlColumn *column, const char *name)
{
    return column->type.name.schema == NULL && g_strcmp0(column->type.name.name, name) == 0;
}

static void
json_column(const LintContext *context, const DdlChange *change, const DdlColumn *column)
{
    const SqlToken *type;
    g_autofree char *retyped = NULL;

    if (!is_type(column, "json") || column->type.dimensions > 0)
        return;
    lint_report(context, change,
                "type json of %s has no equality: SELECT DISTINCT, GROUP BY and UNION over its "
                "table's rows fail",
                name_of(change, column));
    type = changes_type(change) ? recipe_token(context, PG_QUERY__TOKEN__TYPE_P, change->location)
                                : NULL;
    if (facts_is_new(context, change->relation) || change->kind == CHANGE_CREATE_TABLE)
        lint_level(context, LINT_NOTE);
    else
        lint_breaks(context, "SELECT DISTINCT *, UNION of old apps");
    retyped = recipe_with_type(context, type ? type->start : column->location, "jsonb");
    lint_recipe(context, "%s;", retyped);
}

static void
json_type(const LintContext *context, const DdlChange *change)
{
    each_column(context, change, json_column);
}

const LintRule lint_rule_column_json_type = {
    .id = "column-json-type",
    .level = LINT_WARNING,
    .title = "a column of type json, which has no equality",
    .at_change = json_type,
    .kinds = LINT_KINDS(CHANGE_CREATE_TABLE, CHANGE_ADD_COLUMN, CHANGE_COLUMN_TYPE),
};

static bool
is_short(const DdlType *type)
{
    return type->name.schema == NULL && type->dimensions == 0 &&
           (g_strcmp0(type->name.name, "int2") == 0 || g_strcmp0(type->name.name, "int4") == 0);
}

/* A key that is a foreign key has the other table's type. */
static bool
is_foreign_key(const LintContext *context, const char *column)
{
    for (guint i = 0; i < ddl_changes_count(context->changes); i++) {
        const DdlChange *change = ddl_changes_get(context->changes, i);

        if (change->kind == CHANGE_ADD_CONSTRAINT && change->constraint != NULL &&
            change->constraint->kind == CONSTRAINT_FOREIGN_KEY &&
            g_ptr_array_find_with_equal_func(change->constraint->columns, column, g_str_equal,
                                             NULL))
            return true;
    }
    return false;
}

/* The key's column as this statement defines it; NULL: it does not. */
static const DdlColumn *
defined_column(const LintContext *context, const char *column)
{
    for (guint i = 0; i < ddl_changes_count(context->changes); i++) {
        const DdlChange *change = ddl_changes_get(context->changes, i);

        if (change->kind == CHANGE_ADD_COLUMN && g_strcmp0(change->column, column) == 0)
            return change->definition;
        for (guint k = 0; change->kind == CHANGE_CREATE_TABLE && k < change->columns->len; k++) {
            const DdlColumn *defined = change->columns->pdata[k];
            if (g_strcmp0(defined->name, column) == 0)
                return defined;
        }
    }
    return NULL;
}

/* The file gives the column its last type further down, and that is a wide one. */
static bool
is_widened_later(const LintContext *context, DdlName relation, const char *column)
{
    const GPtrArray *units = context->file->units;
    bool is_wide = false;

    if (!lint_file_may(context->file, FATE_RETYPED, relation, column))
        return false;
    for (guint i = context->unit->index + 1; i < units->len; i++) {
        const LintUnit *unit = units->pdata[i];

        for (guint k = 0; unit->changes && k < ddl_changes_count(unit->changes); k++) {
            const DdlChange *change = ddl_changes_get(unit->changes, k);

            if (change->kind == CHANGE_COLUMN_TYPE && g_strcmp0(change->column, column) == 0 &&
                facts_same(context, change->relation, relation))
                is_wide = !is_short(&change->definition->type);
        }
    }
    return is_wide;
}

static void
short_key(const LintContext *context, const DdlChange *change)
{
    const char *column;
    const DdlColumn *defined;
    g_autofree char *label = NULL, *table = NULL, *retyped = NULL;

    if (change->object != OBJECT(TABLE) || change->constraint->kind != CONSTRAINT_PRIMARY_KEY ||
        change->constraint->columns->len != 1)
        return;
    column = change->constraint->columns->pdata[0];
    defined = defined_column(context, column);
    if (defined == NULL || !is_short(&defined->type) || is_foreign_key(context, column) ||
        is_widened_later(context, change->relation, column))
        return;
    label = ddl_type_label(&defined->type);
    table = ddl_name_label(change->relation);
    lint_report(context, change,
                "the primary key of %s is %s: it is exhausted after %s rows, and to widen it later "
                "rewrites the table",
                table, label,
                g_str_equal(defined->type.name.name, "int2") ? "32,767" : "2,147,483,647");
    retyped = recipe_with_type(context, defined->location,
                               defined->type.is_serial ? "bigserial" : "bigint");
    lint_recipe(context, "%s;", retyped);
}

const LintRule lint_rule_pk_short_type = {
    .id = "pk-short-type",
    .level = LINT_NOTE,
    .title = "a primary key that may run out of numbers",
    .at_change = short_key,
    .kinds = LINT_KINDS(CHANGE_ADD_CONSTRAINT),
};

static const char *
preferred(const DdlColumn *column)
{
    if (column->type.is_serial)
        return "bigint GENERATED ALWAYS AS IDENTITY";
    if (is_type(column, "bpchar"))
        return "text";
    if (is_type(column, "varchar") && column->type.n_modifiers > 0)
        return "text, with a CHECK where the length matters";
    return is_type(column, "timestamp") ? "timestamptz" : NULL;
}

static void
prefer(const LintContext *context, const DdlChange *change, const DdlColumn *column)
{
    const char *better = preferred(column);
    g_autofree char *type = NULL;

    if (better == NULL)
        return;
    type = column->type.is_serial ? g_strdup("serial") : ddl_type_label(&column->type);
    lint_report(context, change, "%s is %s; better: %s", name_of(change, column), type, better);
}

static void
type_preferences(const LintContext *context, const DdlChange *change)
{
    each_column(context, change, prefer);
}

const LintRule lint_rule_type_preferences = {
    .id = "type-preferences",
    .level = LINT_OFF,
    .title = "char, varchar(n), timestamp without time zone, serial",
    .at_change = type_preferences,
    .kinds = LINT_KINDS(CHANGE_CREATE_TABLE, CHANGE_ADD_COLUMN, CHANGE_COLUMN_TYPE),
};
