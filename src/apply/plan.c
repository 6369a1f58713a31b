#include "apply/plan.h"

#include "base/error.h"
#include "base/text.h"
#include "catalog/names.h"
#include "ddl/change.h"

static void
step_free(PlanStep *step)
{
    g_free(step->text);
    g_free(step->hash);
    g_free(step->label);
    g_ptr_array_unref(step->statements);
    if (step->free_data)
        step->free_data(step->data);
    g_free(step);
}

static void
run_free(PlanRun *run)
{
    g_ptr_array_unref(run->steps);
    g_free(run);
}

Plan *
plan_new(const char *phase)
{
    Plan *plan = g_new0(Plan, 1);

    plan->phase = phase;
    plan->scripts = g_ptr_array_new_with_free_func((GDestroyNotify) sql_script_free);
    plan->steps = g_ptr_array_new_with_free_func((GDestroyNotify) step_free);
    plan->runs = g_ptr_array_new_with_free_func((GDestroyNotify) run_free);
    return plan;
}

void
plan_free(Plan *plan)
{
    if (plan == NULL)
        return;
    g_ptr_array_unref(plan->runs);
    g_ptr_array_unref(plan->steps);
    g_ptr_array_unref(plan->scripts);
    g_free(plan);
}

static PlanStep *
step_new(const char *text, const char *canonical)
{
    PlanStep *step = g_new0(PlanStep, 1);

    step->text = g_strdup(text);
    step->hash = text_sha256(canonical);
    step->statements = g_ptr_array_new();
    step->transactional = true;
    return step;
}

static void
find_locks(PlanStep *step, const SqlStatement *statement)
{
    g_autoptr(GPtrArray) locks = sql_statement_locks(statement, &step->unknown_locks);

    step->takes_locks = locks->len > 0 || step->unknown_locks;
}

static PlanStep *
author_step(const SqlStatement *statement, int ordinal)
{
    g_autofree char *canonical = sql_statement_canonical(statement);
    PlanStep *step = step_new(sql_statement_text(statement), canonical);

    step->ordinal = ordinal;
    step->transactional = sql_statement_is_transactional(statement);
    step->validates = sql_statement_validates(statement);
    find_locks(step, statement);
    g_ptr_array_add(step->statements, (gpointer) statement);
    return step;
}

bool
plan_add_section(Plan *plan, const Section *section, GError **error)
{
    SqlScript *script;

    if (section == NULL)
        return true;
    script = section_parse(section, error);
    if (script == NULL)
        return false;
    g_ptr_array_add(plan->scripts, script);
    for (guint i = 0; i < sql_script_count(script); i++)
        g_ptr_array_add(plan->steps, author_step(sql_script_get(script, i), (int) i + 1));
    return true;
}

static PlanStep *
add_derived_step(Plan *plan, const PlanDerived *derived, const char *sql)
{
    g_autofree char *canonical = sql_canonical(sql);
    PlanStep *step = step_new(sql, canonical);

    step->label = g_strdup(derived->label);
    step->takes_locks = true;
    step->record = derived->record;
    step->data = derived->data;
    step->free_data = derived->free_data;
    g_ptr_array_add(plan->steps, step);
    return step;
}

static void
add_statements(Plan *plan, const PlanDerived *derived, const SqlScript *script, PlanStep *step)
{
    for (guint i = 0; i < sql_script_count(script); i++) {
        const SqlStatement *statement = sql_script_get(script, i);

        if (derived->split)
            step = add_derived_step(plan, derived, sql_statement_text(statement));
        g_ptr_array_add(step->statements, (gpointer) statement);
    }
}

/* *@ret_step: the one that was added; NULL if there is nothing to do, or one for each statement. */
static bool
add_derived(Plan *plan, const PlanDerived *derived, PlanStep **ret_step, GError **error)
{
    SqlScript *script = NULL;

    *ret_step = NULL;
    if (*derived->sql)
        script = sql_parse(derived->sql, (Place){0}, error);
    if (script == NULL) {
        if (derived->free_data)
            derived->free_data(derived->data);
        return *derived->sql == '\0';
    }
    g_ptr_array_add(plan->scripts, script);
    if (!derived->split)
        *ret_step = add_derived_step(plan, derived, derived->sql);
    add_statements(plan, derived, script, *ret_step);
    return true;
}

bool
plan_add_derived(Plan *plan, const PlanDerived *derived, GError **error)
{
    PlanStep *step;

    g_assert(!derived->split || derived->record == NULL);
    return add_derived(plan, derived, &step, error);
}

bool
plan_extend_run(Plan *plan, guint run, const PlanDerived *derived, GError **error)
{
    PlanStep *step;

    if (!add_derived(plan, derived, &step, error))
        return false;
    if (step)
        g_ptr_array_add(((PlanRun *) g_ptr_array_index(plan->runs, run))->steps, step);
    return true;
}

static bool
adds_unproven(const PlanStep *step)
{
    g_autoptr(DdlChanges) changes = ddl_changes(g_ptr_array_index(step->statements, 0));

    for (guint i = 0; i < ddl_changes_count(changes); i++) {
        const DdlChange *change = ddl_changes_get(changes, i);

        if (change->kind != CHANGE_ADD_CONSTRAINT || !change->constraint->not_valid)
            return false;
    }
    return ddl_changes_count(changes) > 0;
}

guint
plan_count_proofs(const Plan *plan)
{
    guint count = 0;

    for (guint i = 0; i < plan->steps->len; i++) {
        const PlanStep *step = g_ptr_array_index(plan->steps, i);

        if (step->validates)
            count = i + 1;
        else if (!adds_unproven(step))
            break;
    }
    return count;
}

void
plan_bring_forward(Plan *plan, guint first, guint to)
{
    for (guint i = first; i < plan->steps->len; i++)
        g_ptr_array_insert(plan->steps, (int) to++, g_ptr_array_steal_index(plan->steps, i));
}

bool
plan_step_is_alone(const PlanStep *step)
{
    return !step->transactional || step->unknown_locks || step->validates;
}

static bool
begins_run(const PlanStep *previous, const PlanStep *step, bool each_alone)
{
    return previous == NULL || each_alone || plan_step_is_alone(step) ||
           plan_step_is_alone(previous);
}

static PlanRun *
add_run(Plan *plan, bool transactional)
{
    PlanRun *run = g_new0(PlanRun, 1);

    run->steps = g_ptr_array_new();
    run->transactional = transactional;
    g_ptr_array_add(plan->runs, run);
    return run;
}

guint
plan_append_run(Plan *plan)
{
    add_run(plan, true);
    return plan->runs->len - 1;
}

void
plan_cut(Plan *plan, bool each_alone)
{
    const PlanStep *previous = NULL;
    PlanRun *run = NULL;

    for (guint i = 0; i < plan->steps->len; i++) {
        PlanStep *step = g_ptr_array_index(plan->steps, i);

        if (begins_run(previous, step, each_alone))
            run = add_run(plan, step->transactional);
        g_ptr_array_add(run->steps, step);
        previous = step;
    }
}

GPtrArray *
plan_journal(Plan *plan)
{
    GPtrArray *rows = g_ptr_array_new_with_free_func(g_free);
    int derived = LEDGER_FIRST_DERIVED;

    for (guint i = 0; i < plan->steps->len; i++) {
        PlanStep *step = g_ptr_array_index(plan->steps, i);
        LedgerStep *row = g_new0(LedgerStep, 1);

        if (step->label && step->ordinal == 0)
            step->ordinal = derived++;
        row->ordinal = step->ordinal;
        row->statement = step->text;
        row->hash = step->hash;
        g_ptr_array_add(rows, row);
    }
    return rows;
}

static bool
step_adds_any(const PlanStep *step, const char *table, GPtrArray *columns)
{
    for (guint i = 0; i < step->statements->len; i++) {
        const SqlStatement *statement = g_ptr_array_index(step->statements, i);
        g_autoptr(GPtrArray) added = sql_statement_adds_columns(statement);

        for (guint a = 0; a < added->len; a++)
            for (guint c = 0; c < columns->len; c++)
                if (name_is_column(g_ptr_array_index(added, a), table,
                                   g_ptr_array_index(columns, c)))
                    return true;
    }
    return false;
}

static bool
run_adds_any(const PlanRun *run, const char *table, GPtrArray *columns)
{
    for (guint i = 0; i < run->steps->len; i++)
        if (step_adds_any(g_ptr_array_index(run->steps, i), table, columns))
            return true;
    return false;
}

bool
plan_find_adding_run(const Plan *plan, const char *table, GPtrArray *columns, int *ret_run,
                     GError **error)
{
    int found = -1;

    for (guint i = 0; i < plan->runs->len; i++) {
        if (!run_adds_any(g_ptr_array_index(plan->runs, i), table, columns))
            continue;
        if (found >= 0) {
            error_set(error, ERROR_STATE,
                      "the columns that sync fills on %s are added in more than one transaction",
                      table);
            return error_hint(error, "Put their ADD COLUMNs side by side, with nothing between "
                                     "them that runs alone, and leave out `Transaction: "
                                     "statement`.");
        }
        found = (int) i;
    }
    *ret_run = found;
    return true;
}

/* Of the columns that the statement adds to @table (as a sync section names it): name -> type. */
static void
add_types(GHashTable *types, const SqlStatement *statement, const char *table)
{
    g_autoptr(DdlChanges) changes = ddl_changes(statement);

    for (guint i = 0; i < ddl_changes_count(changes); i++) {
        const DdlChange *change = ddl_changes_get(changes, i);
        g_autofree char *column = NULL;

        if (change->kind != CHANGE_ADD_COLUMN)
            continue;
        column = change->relation.schema
                     ? g_strdup_printf("%s.%s.%s", change->relation.schema, change->relation.name,
                                       change->definition->name)
                     : g_strdup_printf("%s.%s", change->relation.name, change->definition->name);
        if (name_is_column(column, table, change->definition->name))
            g_hash_table_replace(types, g_strdup(change->definition->name),
                                 ddl_type_label(&change->definition->type));
    }
}

GHashTable *
plan_added_types(const Plan *plan, const char *table)
{
    g_autoptr(GPtrArray) statements = plan_statements(plan->steps);
    GHashTable *types = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

    for (guint i = 0; i < statements->len; i++)
        add_types(types, g_ptr_array_index(statements, i), table);
    return types;
}

bool
plan_has_unknown_locks(const Plan *plan)
{
    for (guint i = 0; i < plan->steps->len; i++)
        if (((const PlanStep *) g_ptr_array_index(plan->steps, i))->unknown_locks)
            return true;
    return false;
}

char *
plan_step_describe(const PlanStep *step)
{
    const Place place = sql_statement_place(g_ptr_array_index(step->statements, 0));

    if (step->label)
        return g_strdup(step->label);
    return g_strdup_printf("%s:%d:%d", place.file ? place.file : "-", place.line, place.column);
}

GPtrArray *
plan_statements(GPtrArray *steps)
{
    GPtrArray *statements = g_ptr_array_new();

    for (guint i = 0; i < steps->len; i++) {
        const PlanStep *step = g_ptr_array_index(steps, i);
        for (guint s = 0; s < step->statements->len; s++)
            g_ptr_array_add(statements, g_ptr_array_index(step->statements, s));
    }
    return statements;
}
