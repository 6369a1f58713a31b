/* The phases of a release: what an old app survives comes first, what takes away comes last, and
 * rows are filled in between. */
#include <string.h>

#include "lint/gone.h"
#include "lint/recipe-steps.h"

/* Sections that run while the old app does. */
static bool
is_survived(const LintContext *context)
{
    return facts_in_section(context, SECTION_EXPAND) || facts_in_section(context, SECTION_FINISH);
}

static bool
adds_to(const LintContext *context, const SessionStatement *statement G_GNUC_UNUSED,
        const DdlChange *change, const void *data)
{
    const DdlChange *taken = data;

    return change->kind == CHANGE_ADD_COLUMN && !change->in_definition &&
           facts_same(context, change->relation, taken->relation);
}

static bool
takes_away(const LintContext *context, const DdlChange *change)
{
    if (change->kind == CHANGE_RENAME_COLUMN)
        return !gone_name_returns(context, change);
    return change->kind == CHANGE_DROP_COLUMN || change->kind == CHANGE_DROP_DEFAULT ||
           change->kind == CHANGE_SET_NOT_NULL;
}

/* Everything that the statement is about was made by this section. */
static bool
is_about_new(const LintContext *context)
{
    for (guint i = 0; i < ddl_changes_count(context->changes); i++) {
        const DdlChange *change = ddl_changes_get(context->changes, i);
        if (change->relation.name != NULL && !facts_is_new(context, change->relation))
            return false;
    }
    return ddl_changes_count(context->changes) > 0;
}

static void
destroys_too_early(const LintContext *context)
{
    g_autofree char *reason = NULL;

    if (!is_survived(context) || context->file->revision->imported != NULL || is_about_new(context))
        return;
    reason = sql_statement_destroys(context->statement);
    if (reason == NULL)
        return;
    lint_report(context, NULL, "'%s' %s, which an app in its old version does not survive",
                section_kind_name(context->unit->section), reason);
    lint_breaks(context, "the old app, which still runs in this phase");
    recipe_life_contract(context);
}

/* A plain file that adds to a table what the new app wants, and takes what the old one has. */
static void
mixes(const LintContext *context)
{
    for (guint i = 0; i < ddl_changes_count(context->changes); i++) {
        const DdlChange *change = ddl_changes_get(context->changes, i);
        const SessionStatement *before;
        g_autofree char *label = NULL;

        if (!takes_away(context, change) || change->kind == CHANGE_SET_NOT_NULL ||
            facts_is_new(context, change->relation) ||
            cost_is_new_column(context, change->relation, change->column))
            continue;
        before = facts_before(context, false, CHANGE_ADD_COLUMN, adds_to, change);
        if (before == NULL)
            continue;
        label = ddl_name_label(change->relation);
        lint_report(context, change,
                    "the file adds a column to %s and takes one away: run before the deploy it "
                    "breaks the old app, after it the new one",
                    label);
        lint_level(context, LINT_WARNING);
        lint_possible(context, "whether an app uses %s while the file runs", label);
        lint_recipe(context, "-- in a later file, once no old app runs\n%s;",
                    sql_statement_text(context->statement));
        return;
    }
}

static void
mixed_release(const LintContext *context)
{
    if (context->file->revision != NULL)
        destroys_too_early(context);
    else
        mixes(context);
}

const LintRule lint_rule_phase_mixed_release = {
    .id = "phase-mixed-release",
    .level = LINT_ERROR,
    .title = "one release adds, and takes away what the old app needs",
    .at_statement = mixed_release,
};

static bool
touches(const Revision *revision, SectionKind kind)
{
    return revision_section(revision, kind, NULL) != NULL;
}

/* Nothing before it made the new shape, and nothing says which revision did. */
static void
contract_alone(const LintContext *context)
{
    const Revision *revision = context->file->revision;
    g_autofree char *reason = NULL;

    if (!facts_in_section(context, SECTION_CONTRACT) || touches(revision, SECTION_EXPAND) ||
        revision_has_sync(revision) || touches(revision, SECTION_FINISH) ||
        revision->requires->len > 0)
        return;
    reason = sql_statement_destroys(context->statement);
    if (reason == NULL)
        return;
    lint_report(context, NULL,
                "the contract %s, and neither this revision nor a `Requires:` says which expand it "
                "completes",
                reason);
    lint_possible(context, "whether an earlier revision has made what takes its place");
    lint_recipe(context,
                "-- sluice: contract\n-- sluice: allow %s because an earlier revision, which "
                "`Requires:` would name, has made what takes its place\n%s;",
                lint_reporting(context), sql_statement_text(context->statement));
}

const LintRule lint_rule_contract_without_expand = {
    .id = "contract-without-expand",
    .level = LINT_NOTE,
    .title = "a contract that no expand belongs to",
    .at_statement = contract_alone,
};

static bool
is_filled(const DdlColumn *column)
{
    return column->not_null || column->identity != 0 || column->generated != NULL ||
           column->type.is_serial ||
           (column->default_expression != NULL &&
            !ddl_is_null_constant(column->default_expression));
}

static bool
is_target(const RevisionSync *sync, const DdlChange *change)
{
    if (!g_str_equal(sync->table, change->relation.name) ||
        (sync->schema && change->relation.schema &&
         !g_str_equal(sync->schema, change->relation.schema)))
        return false;
    for (guint i = 0; i < sync->forward->pairs->len; i++)
        if (g_str_equal(((const SqlPair *) sync->forward->pairs->pdata[i])->column, change->column))
            return true;
    return false;
}

static bool
is_value(const PgQuery__Constraint *part, const DdlChange *change G_GNUC_UNUSED)
{
    return part->contype == PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT ||
           part->contype == PG_QUERY__CONSTR_TYPE__CONSTR_NOTNULL;
}

/* What the column must hold comes when the rows are filled, the default when the old app is gone.
 */
static void
recommend_bare(const LintContext *context, const DdlChange *change)
{
    g_autofree char *bare = recipe_without(context, change, is_value);
    g_autofree char *table = ddl_name_label(change->relation);
    g_autofree char *column = ddl_name_label((DdlName){NULL, change->column});
    g_autofree char *check = recipe_name(change->relation.name, change->column, "not_null", NULL);
    g_autofree char *not_null = g_strdup_printf(
        "\n-- sluice: finish\nALTER TABLE %s ADD CONSTRAINT %s CHECK (%s IS NOT NULL) NOT VALID;\n"
        "ALTER TABLE %s VALIDATE CONSTRAINT %s;\n\n"
        "-- sluice: contract\nALTER TABLE %s ALTER COLUMN %s SET NOT NULL;\n"
        "ALTER TABLE %s DROP CONSTRAINT %s;",
        table, check, column, table, check, table, column, table, check);

    lint_recipe(context, "-- sluice: expand\n%s%s", bare,
                change->definition->not_null ? not_null : "");
}

static void
mapping_filled(const LintContext *context, const DdlChange *change)
{
    g_autoptr(GPtrArray) syncs = NULL;

    if (!facts_in_section(context, SECTION_EXPAND) || !is_filled(change->definition))
        return;
    syncs = revision_syncs(context->file->revision, NULL);
    for (guint i = 0; syncs && i < syncs->len; i++) {
        if (!is_target(syncs->pdata[i], change))
            continue;
        lint_report(context, change,
                    "%s is the target of a mapping: with NOT NULL or a default a row that the old "
                    "app writes cannot be told from one that the new app has filled",
                    change->column);
        recommend_bare(context, change);
        return;
    }
}

const LintRule lint_rule_mapping_column_filled = {
    .id = "mapping-column-filled",
    .level = LINT_ERROR,
    .title = "the new column of a mapping is NOT NULL or has a default",
    .at_change = mapping_filled,
    .kinds = LINT_KINDS(CHANGE_ADD_COLUMN),
};

static bool
sets_column(const DdlChange *change, const char *column)
{
    for (guint i = 0; change->names && i < change->names->len; i++)
        if (g_strcmp0(change->names->pdata[i], column) == 0)
            return true;
    return false;
}

static bool
adds_trigger_or_default(const LintContext *context, const SessionStatement *statement G_GNUC_UNUSED,
                        const DdlChange *change, const void *data)
{
    const DdlChange *later = data;

    return change->kind == CHANGE_UPDATE &&
           facts_same(context, change->relation, later->relation) &&
           (later->kind == CHANGE_CREATE_TRIGGER || sets_column(change, later->column));
}

static bool
needs_filled(const LintContext *context, const SessionStatement *statement G_GNUC_UNUSED,
             const DdlChange *change, const void *data)
{
    const DdlChange *update = data;

    return (change->kind == CHANGE_SET_NOT_NULL || change->kind == CHANGE_VALIDATE_CONSTRAINT) &&
           facts_same(context, change->relation, update->relation) &&
           (change->kind == CHANGE_VALIDATE_CONSTRAINT || sets_column(update, change->column));
}

static void
backfill_order(const LintContext *context, const DdlChange *change)
{
    const bool is_writer = (change->kind == CHANGE_CREATE_TRIGGER && change->trigger->before &&
                            change->trigger->on_insert) ||
                           change->kind == CHANGE_SET_DEFAULT;
    g_autofree char *label = NULL;

    if ((!is_writer && change->kind != CHANGE_UPDATE) || change->relation.name == NULL ||
        facts_is_new(context, change->relation))
        return;
    label = ddl_name_label(change->relation);
    if (is_writer &&
        facts_before(context, false, CHANGE_UPDATE, adds_trigger_or_default, change) != NULL) {
        lint_report(context, change,
                    "%s was filled before this %s: rows that the app inserts in between stay "
                    "unfilled",
                    label, change->kind == CHANGE_SET_DEFAULT ? "default" : "trigger");
        lint_recipe(context, "-- before the UPDATE, and committed:\n%s;",
                    sql_statement_text(context->statement));
    } else if (change->kind == CHANGE_UPDATE && change->names != NULL &&
               (facts_before(context, false, CHANGE_SET_NOT_NULL, needs_filled, change) != NULL ||
                facts_before(context, false, CHANGE_VALIDATE_CONSTRAINT, needs_filled, change) !=
                    NULL)) {
        lint_report(context, change,
                    "%s is filled after NOT NULL or a constraint was checked on it: that fails on "
                    "the rows which are not filled yet",
                    label);
        lint_possible(context, "whether such rows exist");
        lint_recipe(context, "-- before SET NOT NULL and VALIDATE, and committed:\n%s;",
                    sql_statement_text(context->statement));
    }
}

const LintRule lint_rule_backfill_order = {
    .id = "backfill-order",
    .level = LINT_WARNING,
    .title = "rows are filled before new ones are, or after they must have been",
    .at_change = backfill_order,
    .kinds = LINT_KINDS(CHANGE_SET_DEFAULT, CHANGE_CREATE_TRIGGER, CHANGE_UPDATE),
};
