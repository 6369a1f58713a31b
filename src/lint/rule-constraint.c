/* Constraints: what is read or built while they are added, and what they lock. */
#include <string.h>

#include "lint/gone.h"
#include "lint/recipe-steps.h"
#include "sql/statement.h"

static bool
adds(const DdlChange *change, DdlConstraintKind kind)
{
    return change->kind == CHANGE_ADD_CONSTRAINT && change->object == OBJECT(TABLE) &&
           change->constraint->kind == kind;
}

static void
recommend_steps(const LintContext *context, const DdlChange *change)
{
    recipe_recommend_constraint(context, change);
    recipe_fix_constraint(context, change);
}

static void
check_validates(const LintContext *context, const DdlChange *change)
{
    const PredictedWork *work =
        adds(change, CONSTRAINT_CHECK) ? cost_of(context, change, WORK_SCAN) : NULL;
    g_autofree char *label = NULL;

    if (work == NULL)
        return;
    label = cost_label(context, work->relation);
    lint_report(context, change,
                "the CHECK is verified against every row of %s under ACCESS EXCLUSIVE: reads and "
                "writes wait until the last row is read",
                label);
    cost_add(context, work);
    recommend_steps(context, change);
}

const LintRule lint_rule_constraint_check_validates = {
    .id = "constraint-check-validates",
    .level = LINT_ERROR,
    .title = "a CHECK is verified against the whole table while nobody can read it",
    .at_change = check_validates,
    .kinds = LINT_KINDS(CHANGE_ADD_CONSTRAINT),
};

static void
fk_validates(const LintContext *context, const DdlChange *change)
{
    const PredictedWork *work =
        adds(change, CONSTRAINT_FOREIGN_KEY) ? cost_of(context, change, WORK_SCAN) : NULL;
    g_autofree char *label = NULL, *referenced = NULL;

    if (work == NULL)
        return;
    label = cost_label(context, work->relation);
    referenced = ddl_name_label(change->constraint->referenced);
    lint_report(context, change,
                "each row of %s is looked up in %s while writes of both tables wait", label,
                referenced);
    cost_add(context, work);
    recommend_steps(context, change);
}

const LintRule lint_rule_constraint_fk_validates = {
    .id = "constraint-fk-validates",
    .level = LINT_ERROR,
    .title = "a foreign key is verified against the whole table while writes of both wait",
    .at_change = fk_validates,
    .kinds = LINT_KINDS(CHANGE_ADD_CONSTRAINT),
};

static void
key_builds_index(const LintContext *context, const DdlChange *change, const char *what)
{
    const PredictedWork *work = cost_of(context, change, WORK_BUILD);
    g_autofree char *label = NULL;

    if (change->constraint->using_index != NULL || work == NULL)
        return;
    label = cost_label(context, work->relation);
    lint_report(context, change,
                "the index of the %s is built under ACCESS EXCLUSIVE: reads and writes of %s wait "
                "until it is there",
                what, label);
    cost_add(context, work);
    recommend_steps(context, change);
}

static void
unique_builds_index(const LintContext *context, const DdlChange *change)
{
    if (adds(change, CONSTRAINT_UNIQUE))
        key_builds_index(context, change, "UNIQUE constraint");
}

const LintRule lint_rule_constraint_unique_builds_index = {
    .id = "constraint-unique-builds-index",
    .level = LINT_ERROR,
    .title = "the index of a UNIQUE constraint is built while nobody can read the table",
    .at_change = unique_builds_index,
    .kinds = LINT_KINDS(CHANGE_ADD_CONSTRAINT),
};

static void
pk_builds_index(const LintContext *context, const DdlChange *change)
{
    if (adds(change, CONSTRAINT_PRIMARY_KEY))
        key_builds_index(context, change, "primary key");
}

const LintRule lint_rule_constraint_pk_builds_index = {
    .id = "constraint-pk-builds-index",
    .level = LINT_ERROR,
    .title = "the index of a primary key is built while nobody can read the table",
    .at_change = pk_builds_index,
    .kinds = LINT_KINDS(CHANGE_ADD_CONSTRAINT),
};

/* The columns of the index are known, or the table is asked for them. */
static void
recommend_not_null_first(const LintContext *context, const DdlChange *change)
{
    const DdlName name = {change->relation.schema, change->constraint->using_index};
    const ModelIndex *index = model_index(context->model, name);
    g_autoptr(GString) steps = g_string_new(NULL);

    for (guint i = 0; index != NULL && i < index->columns->len; i++) {
        const char *column = index->columns->pdata[i];
        g_autofree char *not_null = NULL;

        if (column == NULL || model_is_not_null(index->table, column, false) == KNOWN_YES)
            continue;
        not_null = recipe_not_null(change->relation, column);
        g_string_append_printf(steps, "%s\n", not_null);
    }
    if (steps->len == 0)
        g_string_append_printf(steps,
                               "-- first SET NOT NULL of each column of %s that is not, by "
                               "way of a CHECK that is validated\n",
                               change->constraint->using_index);
    lint_recipe(context, "%s%s;", steps->str, sql_statement_text(context->statement));
    if (index != NULL)
        recipe_is_fix(context);
}

static void
pk_nullable(const LintContext *context, const DdlChange *change)
{
    const PredictedWork *work;
    g_autofree char *label = NULL, *index = NULL;

    if (!adds(change, CONSTRAINT_PRIMARY_KEY) || change->constraint->using_index == NULL)
        return;
    work = cost_of(context, change, WORK_SCAN);
    if (work == NULL)
        return;
    label = cost_label(context, change->relation);
    index = ddl_name_label((DdlName){NULL, change->constraint->using_index});
    lint_report(context, change,
                "a column of index %s may be NULL: ADD PRIMARY KEY makes it NOT NULL, and reads "
                "the whole of %s under ACCESS EXCLUSIVE for that",
                index, label);
    cost_add(context, work);
    recommend_not_null_first(context, change);
}

const LintRule lint_rule_pk_using_nullable_index = {
    .id = "pk-using-nullable-index",
    .level = LINT_ERROR,
    .title = "a primary key over a column that may be NULL reads the whole table",
    .at_change = pk_nullable,
    .kinds = LINT_KINDS(CHANGE_ADD_CONSTRAINT),
};

static void
exclusion(const LintContext *context, const DdlChange *change)
{
    const PredictedWork *work =
        adds(change, CONSTRAINT_EXCLUSION) ? cost_of(context, change, WORK_BUILD) : NULL;
    g_autofree char *label = NULL;

    if (work == NULL)
        return;
    label = cost_label(context, work->relation);
    lint_report(context, change,
                "the index of the EXCLUDE constraint is built under ACCESS EXCLUSIVE: reads and "
                "writes of %s wait; there is no form that does not block",
                label);
    cost_add(context, work);
    recipe_once(context, "it runs in a window in which no app uses %s", label);
}

const LintRule lint_rule_constraint_exclusion = {
    .id = "constraint-exclusion",
    .level = LINT_ERROR,
    .title = "an EXCLUDE constraint on an existing table blocks reads and writes",
    .at_change = exclusion,
    .kinds = LINT_KINDS(CHANGE_ADD_CONSTRAINT),
};

/* An earlier part of the same ALTER that locks more than VALIDATE does. */
static bool
is_with_more(const LintContext *context)
{
    for (guint i = 0; i < ddl_changes_count(context->changes); i++)
        if (ddl_changes_get(context->changes, i)->kind != CHANGE_VALIDATE_CONSTRAINT)
            return true;
    return false;
}

static void
validate_in_finish(const LintContext *context, const char *rest, const char *table,
                   const char *name)
{
    g_auto(RecipeLife) life;

    recipe_life_init(&life);
    recipe_life_add(&life, SECTION_EXPAND, "%s", rest);
    recipe_life_add(&life, SECTION_FINISH, "ALTER TABLE %s VALIDATE CONSTRAINT %s;\n", table, name);
    recipe_of_life(context, &life);
    recipe_life_is_fix(context, &life);
}

static void
validate_under_lock(const LintContext *context, const DdlChange *change)
{
    const SessionLock *held = facts_held(context, LOCK_SHARE_ROW_EXCLUSIVE);
    const PredictedLock *own = facts_lock(context->prediction, LOCK_SHARE_ROW_EXCLUSIVE);
    g_autofree char *label = NULL, *table = NULL, *name = NULL, *rest = NULL;
    const PredictedWork *work;

    if (change->object != OBJECT(TABLE) ||
        (held == NULL && (own == NULL || !is_with_more(context))))
        return;
    work = cost_of(context, change, WORK_SCAN);
    if (work == NULL)
        return;
    label = held != NULL ? g_strdup(held->name) : facts_lock_label(own);
    table = ddl_name_label(change->relation);
    name = ddl_name_label((DdlName){NULL, change->constraint_name});
    lint_report(context, change,
                "VALIDATE CONSTRAINT %s reads the whole table while this transaction holds %s on "
                "%s",
                name, lock_mode_name(held != NULL ? held->mode : own->mode), label);
    cost_add(context, work);
    if (held != NULL)
        lint_add_relation(context, held->name, held->mode);
    rest = recipe_rest(context, change);
    lint_recipe(context,
                "%s-- when that is committed, in a transaction of its own\n"
                "ALTER TABLE %s VALIDATE CONSTRAINT %s;",
                rest, table, name);
    if (facts_in_section(context, SECTION_EXPAND) && recipe_has_life(context))
        validate_in_finish(context, rest, table, name);
    else if (held == NULL)
        recipe_is_fix(context);
    else if (ddl_changes_count(context->changes) == 1)
        recipe_fix_leave_transaction(context);
}

const LintRule lint_rule_validate_under_heavy_lock = {
    .id = "validate-under-heavy-lock",
    .level = LINT_ERROR,
    .title = "VALIDATE CONSTRAINT while the transaction holds a strong lock",
    .at_change = validate_under_lock,
    .kinds = LINT_KINDS(CHANGE_VALIDATE_CONSTRAINT),
};

static bool
looks_like_foreign_key(const char *name)
{
    return g_str_has_prefix(name, "fk_") || g_str_has_suffix(name, "_fk") ||
           g_str_has_suffix(name, "_fkey");
}

static void
drop_fk(const LintContext *context, const DdlChange *change)
{
    const ModelTable *table;
    const ModelConstraint *constraint;
    g_autofree char *name = NULL, *label = NULL, *parent = NULL;

    if (change->object != OBJECT(TABLE) || facts_is_new(context, change->relation) ||
        cost_is_missing(context, change))
        return;
    table = model_table(context->model, change->relation);
    constraint = table != NULL ? model_constraint(table, change->constraint_name) : NULL;
    if (constraint != NULL ? constraint->kind != CONSTRAINT_FOREIGN_KEY ||
                                 constraint->since > session_file_start(context->session)
                           : !looks_like_foreign_key(change->constraint_name) ||
                                 (table != NULL && table->columns_known))
        return;
    if (constraint != NULL && gone_keeps_key(context, change, constraint))
        return;
    name = ddl_name_label((DdlName){NULL, change->constraint_name});
    label = ddl_name_label(change->relation);
    parent = constraint != NULL ? model_table_label(constraint->referenced)
                                : g_strdup("the table that it references");
    lint_report(context, change,
                "without the foreign key %s nothing keeps rows of %s from pointing nowhere; to "
                "drop it takes ACCESS EXCLUSIVE on %s and on %s",
                name, label, label, parent);
    lint_add_locks(context);
    if (constraint == NULL)
        lint_possible(context, "whether %s is a foreign key", name);
    recipe_contract(context,
                    "no app that runs relies on %s, and nothing else is in the "
                    "transaction",
                    name);
}

const LintRule lint_rule_constraint_drop_fk = {
    .id = "constraint-drop-fk",
    .level = LINT_WARNING,
    .title = "a foreign key is dropped, which locks both tables",
    .at_change = drop_fk,
    .kinds = LINT_KINDS(CHANGE_DROP_CONSTRAINT),
};

static bool
tightens_domain(const DdlChange *change)
{
    if (change->object != OBJECT(DOMAIN))
        return false;
    return change->kind == CHANGE_VALIDATE_CONSTRAINT ||
           (change->kind == CHANGE_ADD_CONSTRAINT && !change->in_definition &&
            !change->constraint->not_valid);
}

static void
report_new_domain(const LintContext *context, const DdlChange *change)
{
    g_autofree char *label = ddl_name_label(change->relation);
    g_autofree char *label_type = NULL;

    lint_report(context, change,
                "a constraint of domain %s can later be changed only while writes of every table "
                "that uses it wait",
                label);
    lint_level(context, LINT_NOTE);
    label_type = ddl_type_label(&change->definition->type);
    lint_recipe(context,
                "CREATE DOMAIN %s AS %s; -- and a CHECK, NOT NULL on the columns of the tables",
                label, label_type);
}

/* The tables that wait; false: it is known that there are none. */
static bool
add_users(const LintContext *context, DdlName domain)
{
    g_autoptr(GPtrArray) users = model_users_of_type(context->model, domain);
    guint old = 0;

    for (guint i = 0; i < users->len; i++)
        old += !session_is_new(context->session, users->pdata[i]);
    return old > 0 || !model_is_complete(context->model);
}

static bool
has_constraint(const LintContext *context)
{
    for (guint i = 1; i < ddl_changes_count(context->changes); i++)
        if (ddl_changes_get(context->changes, i)->kind == CHANGE_ADD_CONSTRAINT)
            return true;
    return false;
}

/* NOT VALID locks no table. */
static void
recommend_domain(const LintContext *context, const DdlChange *change, const char *label)
{
    g_autofree char *name = NULL, *text = NULL;

    if (change->kind == CHANGE_VALIDATE_CONSTRAINT) {
        recipe_once(context, "it runs when writes of the tables that use %s may wait", label);
        return;
    }
    name = cost_constraint_name(change);
    text = cost_constraint_text(change->constraint);
    lint_recipe(context,
                "ALTER DOMAIN %s ADD CONSTRAINT %s %s NOT VALID; -- locks no table\n"
                "-- once the rows are put right, when writes of the tables that use it may wait:\n"
                "--   ALTER DOMAIN %s VALIDATE CONSTRAINT %s;",
                label, name, text, label, name);
}

/* A new column of a domain with a constraint: the server looks at a value for each row. */
static void
column_of_domain(const LintContext *context, const DdlChange *change)
{
    const PredictedWork *work = cost_of(context, change, WORK_REWRITE);
    const ModelType *type = model_type(context->model, change->definition->type.name);
    g_autofree char *table = NULL, *label = NULL, *name = NULL, *base = NULL;

    if (work == NULL || work->certainty != KNOWN_YES || type == NULL || type->kind != MODEL_DOMAIN)
        return;
    label = cost_label(context, work->relation);
    lint_report(context, change,
                "%s: %s and all its indexes are written anew under ACCESS EXCLUSIVE", work->why,
                label);
    lint_level(context, LINT_ERROR);
    cost_add(context, work);
    table = ddl_name_label(change->relation);
    name = ddl_name_label((DdlName){NULL, change->column});
    base = recipe_type_of_new(context, &type->base_type);
    lint_recipe(context,
                "ALTER TABLE %s ADD COLUMN %s %s; -- the domain's own type\n"
                "-- and what the domain says, as a CHECK: NOT VALID, then VALIDATE CONSTRAINT",
                table, name, base);
}

static void
domain_constraint(const LintContext *context, const DdlChange *change)
{
    const ModelType *type;
    g_autofree char *label = NULL;

    if (change->kind == CHANGE_ADD_COLUMN && !change->in_definition) {
        column_of_domain(context, change);
        return;
    }
    if (change->kind == CHANGE_CREATE_DOMAIN) {
        if (change->definition->not_null || has_constraint(context))
            report_new_domain(context, change);
        return;
    }
    if (!tightens_domain(change))
        return;
    type = model_type(context->model, change->relation);
    if ((type != NULL && type->since > session_file_start(context->session)) ||
        !add_users(context, change->relation))
        return;
    label = ddl_name_label(change->relation);
    lint_report(context, change,
                "every table with a column of domain %s is read while its writes wait", label);
    lint_add_locks(context);
    if (facts_lock(context->prediction, LOCK_SHARE) == NULL)
        lint_possible(context, "which tables have a column of %s", label);
    recommend_domain(context, change, label);
}

const LintRule lint_rule_domain_constraint = {
    .id = "domain-constraint",
    .level = LINT_WARNING,
    .title = "a domain's constraint blocks writes of every table that uses it",
    .at_change = domain_constraint,
    .kinds = LINT_KINDS(CHANGE_ADD_COLUMN, CHANGE_ADD_CONSTRAINT, CHANGE_VALIDATE_CONSTRAINT,
                        CHANGE_CREATE_DOMAIN),
};
