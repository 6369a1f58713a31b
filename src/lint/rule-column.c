/* Columns: added, dropped, renamed, made to be given. */
#include <string.h>

#include "lint/gone.h"
#include "lint/recipe-steps.h"

/* A column of a table that was there before. */
static bool
adds_to_old(const LintContext *context, const DdlChange *change)
{
    return change->kind == CHANGE_ADD_COLUMN && change->object == OBJECT(TABLE) &&
           !facts_is_new(context, change->relation) && !cost_is_missing(context, change);
}

static bool
is_column_of_app(const LintContext *context, const DdlChange *change)
{
    return change->object == OBJECT(TABLE) && !facts_is_new(context, change->relation) &&
           !cost_is_missing(context, change) &&
           !cost_is_new_column(context, change->relation, change->column);
}

/* The column is there already: IF NOT EXISTS does nothing. */
static bool
does_nothing(const LintContext *context, const DdlChange *change)
{
    const ModelTable *table = model_table(context->model, change->relation);

    return change->if_not_exists && table != NULL && model_column(table, change->column) != NULL;
}

static bool
is_filled(const DdlColumn *column)
{
    return column->generated != NULL || column->identity != 0 || column->type.is_serial ||
           (column->default_expression != NULL &&
            !ddl_is_null_constant(column->default_expression));
}

/* A domain may have a default of its own. */
static bool
may_have_default(const LintContext *context, const DdlType *type)
{
    const ModelType *known = model_type(context->model, type->name);

    return known != NULL && known->has_default;
}

static bool
is_not_null(const PgQuery__Constraint *part, const DdlChange *change G_GNUC_UNUSED)
{
    return part->contype == PG_QUERY__CONSTR_TYPE__CONSTR_NOTNULL;
}

static bool
is_default(const PgQuery__Constraint *part, const DdlChange *change)
{
    return part->contype == PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT || is_not_null(part, change);
}

static void
add_required(const LintContext *context, const DdlChange *change)
{
    g_autofree char *table = NULL, *column = NULL, *bare = NULL, *steps = NULL, *later = NULL;

    if (!adds_to_old(context, change) || does_nothing(context, change) ||
        !change->definition->not_null || is_filled(change->definition) ||
        may_have_default(context, &change->definition->type))
        return;
    table = ddl_name_label(change->relation);
    column = ddl_name_label((DdlName){NULL, change->column});
    bare = recipe_without(context, change, is_not_null);
    steps = recipe_not_null(change->relation, change->column);
    later = recipe_later(steps);
    lint_report(context, change,
                "column %s is NOT NULL and has no default: the server refuses it if %s has a row, "
                "and if not, every INSERT of an app that does not know the column fails",
                column, table);
    lint_add_locks(context);
    lint_breaks(context, "every INSERT into %s that does not name %s", table, column);
    lint_recipe(context,
                "%s-- (or NOT NULL with a DEFAULT, which stays)\n"
                "-- once each app that runs writes %s and the old rows are filled, in a later "
                "file:\n%s",
                bare, column, later);
}

const LintRule lint_rule_column_add_required = {
    .id = "column-add-required",
    .level = LINT_ERROR,
    .title = "a new column that must be given, and that old apps do not give",
    .at_change = add_required,
    .kinds = LINT_KINDS(CHANGE_ADD_COLUMN),
};

static bool
is_volatile_default(const LintContext *context, const DdlColumn *column)
{
    return column->default_expression != NULL && column->generated == NULL &&
           column->identity == 0 && !column->type.is_serial &&
           ddl_is_volatile(column->default_expression, model_function_volatility, context->model,
                           NULL) != KNOWN_NO;
}

/* New rows first, then the old ones, then what holds for all. */
static char *
steps_of_default(const LintContext *context, const DdlChange *change)
{
    g_autofree char *table = ddl_name_label(change->relation);
    g_autofree char *column = ddl_name_label((DdlName){NULL, change->column});
    g_autofree char *bare = recipe_without(context, change, is_default);
    g_autofree char *value = ddl_expression_text(change->definition->default_expression);
    g_autofree char *set = g_strdup_printf("%s = DEFAULT", column);
    g_autofree char *left = g_strdup_printf("%s IS NULL", column);
    g_autofree char *fill = recipe_fill(context, change->relation, set, left);
    g_autofree char *not_null = recipe_not_null(change->relation, change->column);

    return g_strdup_printf("%sALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s; -- of new rows\n"
                           "-- the old rows\n%s%s%s",
                           bare, table, column, value, fill,
                           change->definition->not_null ? "\n" : "",
                           change->definition->not_null ? not_null : "");
}

/* The same over the life of a revision, whose backfill bounds what fills the old rows. */
static void
default_in_life(const LintContext *context, const DdlChange *change, bool is_fixed)
{
    g_autofree char *table = ddl_name_label(change->relation);
    g_autofree char *column = ddl_name_label((DdlName){NULL, change->column});
    g_autofree char *bare = recipe_without(context, change, is_default);
    g_autofree char *value = ddl_expression_text(change->definition->default_expression);
    g_autofree char *fill =
        g_strdup_printf("UPDATE %s SET %s = %s WHERE %s IS NULL", table, column, value, column);
    g_auto(RecipeLife) life;

    recipe_life_init(&life);
    recipe_life_add(&life, SECTION_EXPAND, "%sALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s;\n",
                    bare, table, column, value);
    if (recipe_is_backfill(fill))
        recipe_life_add(&life, SECTION_BACKFILL, "%s;\n", fill);
    else
        recipe_life_add(&life, SECTION_BACKFILL, "%s AND (%s) IS NOT NULL;\n", fill, value);
    if (change->definition->not_null)
        recipe_life_add_not_null(&life, change->relation, change->column);
    recipe_of_life(context, &life);
    if (is_fixed)
        recipe_life_is_fix(context, &life);
}

/* Nothing else happens when its rows are updated, and all of them are its own. */
static bool
is_quiet(const LintContext *context, DdlName relation)
{
    const ModelTable *table = model_table(context->model, relation);

    return table != NULL && table->columns_known && table->triggers->len == 0 &&
           table->rules->len == 0 && (table->children->len == 0 || table->partitioned);
}

static void
volatile_default(const LintContext *context, const DdlChange *change)
{
    const PredictedWork *work;
    g_autofree char *label = NULL, *steps = NULL;
    bool is_fixed;

    if (!adds_to_old(context, change) || !is_volatile_default(context, change->definition))
        return;
    work = cost_of(context, change, WORK_REWRITE);
    if (work == NULL)
        return;
    label = cost_label(context, work->relation);
    steps = steps_of_default(context, change);
    lint_report(context, change,
                "%s: each row of %s gets a value of its own, so the table and all its indexes are "
                "written anew under ACCESS EXCLUSIVE",
                work->why, label);
    cost_add(context, work);
    is_fixed = !change->if_exists && !change->if_not_exists && is_quiet(context, change->relation);
    if (facts_in_section(context, SECTION_EXPAND))
        default_in_life(context, change, is_fixed);
    else
        lint_recipe(context, "%s", steps);
    if (is_fixed && !facts_by_sluice(context))
        recipe_is_fix(context);
}

const LintRule lint_rule_column_add_volatile_default = {
    .id = "column-add-volatile-default",
    .level = LINT_ERROR,
    .title = "a volatile default rewrites the table",
    .at_change = volatile_default,
    .kinds = LINT_KINDS(CHANGE_ADD_COLUMN),
};

static void
default_pre11(const LintContext *context, const DdlChange *change)
{
    g_autofree char *table = NULL, *steps = NULL;

    if (context->server_version >= 11 || !adds_to_old(context, change) ||
        change->definition->default_expression == NULL ||
        ddl_is_null_constant(change->definition->default_expression))
        return;
    table = cost_label(context, change->relation);
    lint_report(context, change,
                "before PostgreSQL 11 any default of a new column is written into every row of %s "
                "under ACCESS EXCLUSIVE",
                table);
    lint_add_locks(context);
    steps = steps_of_default(context, change);
    lint_recipe(context, "%s", steps);
}

const LintRule lint_rule_column_add_default_pre11 = {
    .id = "column-add-default-pre11",
    .level = LINT_ERROR,
    .title = "a default rewrites the table, before PostgreSQL 11",
    .at_change = default_pre11,
    .kinds = LINT_KINDS(CHANGE_ADD_COLUMN),
};

/* A sequence of its own, that the column takes its default from. */
static void
recommend_sequence(const LintContext *context, const DdlChange *change)
{
    g_autofree char *table = ddl_name_label(change->relation);
    g_autofree char *column = ddl_name_label((DdlName){NULL, change->column});
    g_autofree char *name = recipe_name(change->relation.name, change->column, "seq", NULL);
    g_autofree char *schema =
        change->relation.schema ? ddl_name_label((DdlName){NULL, change->relation.schema}) : NULL;
    g_autofree char *sequence = schema ? g_strdup_printf("%s.%s", schema, name) : g_strdup(name);
    g_autofree char *set = g_strdup_printf("%s = DEFAULT", column);
    g_autofree char *left = g_strdup_printf("%s IS NULL", column);
    g_autofree char *fill = recipe_fill(context, change->relation, set, left);
    g_autofree char *not_null = recipe_not_null(change->relation, change->column);

    lint_recipe(context,
                "ALTER TABLE %s ADD COLUMN %s bigint;\n"
                "CREATE SEQUENCE %s OWNED BY %s.%s;\n"
                "ALTER TABLE %s ALTER COLUMN %s SET DEFAULT nextval('%s'); -- of new rows\n"
                "-- the old rows\n%s\n%s",
                table, column, sequence, table, column, table, column, sequence, fill, not_null);
}

static void
serial_identity(const LintContext *context, const DdlChange *change)
{
    const PredictedWork *work;
    g_autofree char *label = NULL;

    if (!adds_to_old(context, change) ||
        (!change->definition->type.is_serial && change->definition->identity == 0))
        return;
    work = cost_of(context, change, WORK_REWRITE);
    if (work == NULL)
        return;
    label = cost_label(context, work->relation);
    lint_report(context, change,
                "each row of %s takes a number from the new sequence: the table and all its "
                "indexes are written anew under ACCESS EXCLUSIVE",
                label);
    cost_add(context, work);
    recommend_sequence(context, change);
}

const LintRule lint_rule_column_add_serial_identity = {
    .id = "column-add-serial-identity",
    .level = LINT_ERROR,
    .title = "a serial or identity column rewrites the table",
    .at_change = serial_identity,
    .kinds = LINT_KINDS(CHANGE_ADD_COLUMN),
};

/* A trigger computes what the server would. */
static void
recommend_trigger(const LintContext *context, const DdlChange *change)
{
    g_autofree char *table = ddl_name_label(change->relation);
    g_autofree char *alias = ddl_name_label((DdlName){NULL, change->relation.name});
    g_autofree char *column = ddl_name_label((DdlName){NULL, change->column});
    g_autofree char *bare = cost_bare_column(change->definition);
    g_autofree char *value = ddl_expression_text(change->definition->generated);
    g_autofree char *name = recipe_name(change->relation.name, change->column, "set", NULL);
    g_autofree char *set = g_strdup_printf("%s = %s", column, value);
    g_autofree char *left = g_strdup_printf("%s IS DISTINCT FROM (%s)", column, value);
    g_autofree char *fill = recipe_fill(context, change->relation, set, left);

    lint_recipe(context,
                "ALTER TABLE %s ADD COLUMN %s;\n"
                "CREATE FUNCTION %s() RETURNS trigger LANGUAGE plpgsql AS $set$\nBEGIN\n"
                "    NEW.%s := (SELECT %s FROM (SELECT NEW.*) AS %s);\n"
                "    RETURN NEW;\nEND $set$;\n"
                "CREATE TRIGGER %s BEFORE INSERT OR UPDATE ON %s\n"
                "    FOR EACH ROW EXECUTE FUNCTION %s();\n"
                "-- the old rows\n%s",
                table, bare, name, column, value, alias, name, table, name, fill);
}

static void
generated_stored(const LintContext *context, const DdlChange *change)
{
    const PredictedWork *work;
    g_autofree char *label = NULL;

    if (!adds_to_old(context, change) || change->definition->generated == NULL)
        return;
    work = cost_of(context, change, WORK_REWRITE);
    if (work == NULL)
        return;
    label = cost_label(context, work->relation);
    lint_report(context, change,
                "the value of each row is computed and stored: %s and all its indexes are written "
                "anew under ACCESS EXCLUSIVE",
                label);
    cost_add(context, work);
    recommend_trigger(context, change);
}

const LintRule lint_rule_column_add_generated_stored = {
    .id = "column-add-generated-stored",
    .level = LINT_ERROR,
    .title = "a stored generated column rewrites the table",
    .at_change = generated_stored,
    .kinds = LINT_KINDS(CHANGE_ADD_COLUMN),
};

/* It has two tables to wait for, and keeps all away from the one while it waits for the other. */
static void
report_inline_key(const LintContext *context, const DdlChange *change, const char *table)
{
    g_autofree char *other = ddl_name_label(change->constraint->referenced);

    lint_report(context, change,
                "the foreign key is added in one step with column %s: nobody reads or writes %s "
                "while it waits for its lock on %s, whose writes wait then too",
                change->column, table, other);
    if (session_lock_timeout_ms(context->session) > 0)
        return;
    lint_level(context, LINT_WARNING);
    lint_possible(context, "how long transactions on %s last", other);
}

static void
inline_constraint(const LintContext *context, const DdlChange *change)
{
    const DdlChange *column = NULL;
    g_autofree char *table = NULL, *steps = NULL;

    if (!change->in_definition || change->column == NULL || change->object != OBJECT(TABLE))
        return;
    for (guint i = 0; i < ddl_changes_count(context->changes); i++) {
        const DdlChange *other = ddl_changes_get(context->changes, i);
        if (other->kind == CHANGE_ADD_COLUMN && g_strcmp0(other->column, change->column) == 0)
            column = other;
    }
    if (column == NULL || !adds_to_old(context, column) || does_nothing(context, column))
        return;
    table = ddl_name_label(change->relation);
    if (change->constraint->kind == CONSTRAINT_FOREIGN_KEY)
        report_inline_key(context, change, table);
    else
        lint_report(context, change,
                    "the constraint is added in one step with column %s of %s, under the lock of "
                    "ADD COLUMN",
                    change->column, table);
    lint_add_locks(context);
    recipe_recommend_constraint(context, change);
    if (!does_nothing(context, column) && !column->if_not_exists)
        recipe_fix_constraint(context, change);
}

const LintRule lint_rule_column_add_inline_unique_pk_fk_check = {
    .id = "column-add-inline-unique-pk-fk-check",
    .level = LINT_NOTE,
    .title = "a constraint in one step with its new column",
    .at_change = inline_constraint,
    .kinds = LINT_KINDS(CHANGE_ADD_CONSTRAINT),
};

static void
drop_not_null(const LintContext *context, const DdlChange *change)
{
    g_autofree char *label = NULL;

    if (!is_column_of_app(context, change))
        return;
    label = ddl_name_label(change->relation);
    lint_report(context, change,
                "once a row of %s has NULL in %s, an app that does not expect it reads it, and "
                "the way back is a scan",
                label, change->column);
    lint_add_locks(context);
    lint_breaks(context, "readers of %s that cannot have NULL", change->column);
    recipe_once(context, "all versions that run can read NULL in %s.%s", label, change->column);
}

const LintRule lint_rule_column_drop_not_null = {
    .id = "column-drop-not-null",
    .level = LINT_NOTE,
    .title = "readers may meet a NULL that they do not know",
    .at_change = drop_not_null,
    .kinds = LINT_KINDS(CHANGE_DROP_NOT_NULL),
};

/* "index a, view b": what else is about the column. */
static char *
dependents_of(const LintContext *context, const ModelTable *table, const char *column)
{
    g_autoptr(GPtrArray) dependents = NULL;
    GString *joined = g_string_new(NULL);

    for (guint i = 0; table != NULL && i < table->indexes->len; i++) {
        const ModelIndex *index = table->indexes->pdata[i];

        for (guint k = 0; k < index->columns->len; k++)
            if (g_strcmp0(index->columns->pdata[k], column) == 0)
                g_string_append_printf(joined, "%sindex %s", joined->len > 0 ? ", " : "",
                                       index->name);
    }
    if (table != NULL)
        dependents = model_dependents(context->model, table, column);
    for (guint i = 0; dependents != NULL && i < dependents->len; i++)
        g_string_append_printf(joined, "%s%s", joined->len > 0 ? ", " : "",
                               (const char *) dependents->pdata[i]);
    return g_string_free(joined, FALSE);
}

static void
drop_column(const LintContext *context, const DdlChange *change)
{
    const ModelTable *table;
    g_autofree char *label = NULL, *column = NULL, *dependents = NULL;

    if (!is_column_of_app(context, change) || gone_is_expected(context))
        return;
    table = model_table(context->model, change->relation);
    if (change->if_exists && table != NULL && table->columns_known &&
        model_column(table, change->column) == NULL)
        return;
    if (gone_is_refused(context, change))
        return;
    label = ddl_name_label(change->relation);
    column = ddl_name_label((DdlName){NULL, change->column});
    dependents = dependents_of(context, table, change->column);
    lint_report(context, change, "column %s of %s and its data are gone%s%s", column, label,
                dependents[0] != '\0' ? ", and what is about it: " : "", dependents);
    lint_add_locks(context);
    lint_breaks(context, "each statement that names %s; SELECT * that was prepared before", column);
    recipe_contract(context, "no version that runs reads or writes %s.%s", label, column);
}

const LintRule lint_rule_column_drop = {
    .id = "column-drop",
    .level = LINT_WARNING,
    .title = "a column is dropped while an app may use it",
    .at_change = drop_column,
    .kinds = LINT_KINDS(CHANGE_DROP_COLUMN),
};

/* Two columns change places at once: each name is there before and after. */
static void
report_swap(const LintContext *context, const DdlChange *change, const char *label,
            const char *column)
{
    if (gone_name_returns(context, change)) {
        lint_report(context, change,
                    "from its commit on an app that uses %s of %s finds another column under that "
                    "name",
                    column, label);
        lint_possible(context, "whether both columns hold the same, and are kept equal");
    } else {
        lint_report(context, change,
                    "from its commit on an app that knows %s of %s by that name fails", column,
                    label);
        lint_possible(context, "whether an app uses %s", column);
    }
    lint_add_locks(context);
    lint_breaks(context, "statements that name %s", column);
    recipe_once(context, "the columns that change places hold the same, and are kept equal");
}

static void
rename_column(const LintContext *context, const DdlChange *change)
{
    g_autofree char *label = NULL, *column = NULL, *renamed = NULL;

    if (!is_column_of_app(context, change) || gone_swaps_sides(context, change))
        return;
    label = ddl_name_label(change->relation);
    column = ddl_name_label((DdlName){NULL, change->column});
    if (gone_name_returns(context, change) || gone_takes_name(context, change)) {
        report_swap(context, change, label, column);
        return;
    }
    renamed = ddl_name_label((DdlName){NULL, change->new_name});
    lint_report(context, change,
                "from its commit on an app that knows %s of %s as %s fails, and before it one that "
                "knows it as %s",
                column, label, column, renamed);
    lint_add_locks(context);
    lint_breaks(context, "each statement that names %s", column);
    recipe_rename_column(context, change->relation, change->column, change->new_name);
}

const LintRule lint_rule_column_rename = {
    .id = "column-rename",
    .level = LINT_ERROR,
    .title = "a column is renamed while an app uses it",
    .at_change = rename_column,
    .kinds = LINT_KINDS(CHANGE_RENAME_COLUMN),
};

static void
default_change(const LintContext *context, const DdlChange *change)
{
    const ModelTable *table;
    const ModelColumn *column;
    g_autofree char *label = NULL;

    if (!is_column_of_app(context, change) ||
        (change->kind == CHANGE_DROP_DEFAULT && gone_default_returns(context, change)))
        return;
    table = model_table(context->model, change->relation);
    column = table != NULL ? model_column(table, change->column) : NULL;
    if (column != NULL && column->default_known == KNOWN_YES &&
        ddl_expression_equal(column->default_expression, change->expression))
        return;
    label = ddl_name_label(change->relation);
    lint_report(context, change,
                change->kind == CHANGE_SET_DEFAULT
                    ? "rows of %s that an app writes without %s get the new default from now on, "
                      "whichever version the app is"
                    : "rows of %s that an app writes without %s get NULL from now on, or are "
                      "refused where it is NOT NULL",
                label, change->column);
    recipe_once(context, "each version that runs writes %s itself", change->column);
}

const LintRule lint_rule_column_default_change = {
    .id = "column-default-change",
    .level = LINT_NOTE,
    .title = "the default of a column that is in use changes",
    .at_change = default_change,
    .kinds = LINT_KINDS(CHANGE_SET_DEFAULT, CHANGE_DROP_DEFAULT),
};

static void
sti_discriminator(const LintContext *context, const DdlChange *change)
{
    if (!adds_to_old(context, change) || g_strcmp0(change->column, "type") != 0 ||
        change->definition->default_expression == NULL)
        return;
    lint_report(context, change,
                "an ORM may take a column named \"type\" for the class of a row: old instances "
                "cannot map its new values");
    lint_possible(context, "whether the app's ORM does (Active Record: inheritance_column)");
    recipe_once(context, "no version that runs maps %s to a class", change->column);
}

const LintRule lint_rule_column_sti_discriminator = {
    .id = "column-sti-discriminator",
    .level = LINT_NOTE,
    .title = "a column that an ORM takes for the class of a row",
    .at_change = sti_discriminator,
    .kinds = LINT_KINDS(CHANGE_ADD_COLUMN),
};
