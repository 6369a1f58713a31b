/* Files among each other: what was released before, what comes after; and what lint itself is told
 * or cannot read. */
#include "lint/recipe-steps.h"

const LintRule lint_rule_parse_error = {
    .id = "parse-error",
    .level = LINT_ERROR,
    .title = "a statement, or the file, cannot be read",
};

const LintRule lint_rule_newer_grammar = {
    .id = "newer-grammar",
    .level = LINT_NOTE,
    .title = "a statement is newer than the grammar",
};

const LintRule lint_rule_suppression_hygiene = {
    .id = "suppression-hygiene",
    .level = LINT_WARNING,
    .title = "an allow comment that allows nothing, or without its reason",
};

static void
edited(const LintContext *context)
{
    if (!context->file->is_edited)
        return;
    lint_report_bytes(context, 0, 0,
                      "the file was released, and has changed since: where it has run, the change "
                      "never will");
    lint_possible(context, "whether a database has run it");
    lint_recipe(context, "-- the file as it was (git checkout), and a new one that makes the "
                         "difference:\n--   sluice revision -m 'what differs'");
}

const LintRule lint_rule_checksum_edited_migration = {
    .id = "checksum-edited-migration",
    .level = LINT_WARNING,
    .title = "a file that was released has been edited",
    .at_file_end = edited,
};

static void
nonlinear(const LintContext *context)
{
    if (!context->file->is_inserted)
        return;
    lint_report_bytes(context, 0, 0,
                      "the file is new, and comes before one that was released: where that has "
                      "run, this one is left out or runs behind it");
    lint_recipe(context, context->file->revision
                             ? "-- behind the last one:\n--   sluice rebase"
                             : "-- a name that sorts behind the last one: git mv");
}

const LintRule lint_rule_history_nonlinear = {
    .id = "history-nonlinear",
    .level = LINT_WARNING,
    .title = "a new file comes before one that was released",
    .at_file_end = nonlinear,
};

static bool
is_still_invalid(const LintContext *context, const DdlChange *change)
{
    const ModelTable *table = model_table(context->model, change->relation);
    const ModelConstraint *constraint = table && change->constraint->name
                                            ? model_constraint(table, change->constraint->name)
                                            : NULL;

    return constraint != NULL && !constraint->valid;
}

/* Of a whole history alone: in one file, VALIDATE comes with the next. */
static void
never_validated(const LintContext *context)
{
    const GPtrArray *tables = model_tables(context->model);

    if (!session_is_history(context->session))
        return;
    for (guint i = 0; i < tables->len; i++) {
        const ModelTable *table = tables->pdata[i];

        for (guint k = 0; k < table->constraints->len; k++) {
            const ModelConstraint *constraint = table->constraints->pdata[k];
            g_autofree char *label = NULL, *name = NULL;

            if (constraint->valid || constraint->since == 0 ||
                constraint->since > session_file_start(context->session))
                continue;
            label = model_table_label(table);
            lint_report_bytes(context, context->file->length, context->file->length,
                              "the constraint %s on %s was added NOT VALID, and nothing validates "
                              "it: the planner does not use it, and old rows may violate it",
                              constraint->name ? constraint->name : "", label);
            lint_add_relation(context, label, 0);
            name = ddl_name_label((DdlName){NULL, constraint->name ? constraint->name : ""});
            lint_recipe(context, "ALTER TABLE %s VALIDATE CONSTRAINT %s;", label, name);
        }
    }
}

/* A file by itself: the next one may. */
static void
not_validated_here(const LintContext *context)
{
    const GPtrArray *statements = session_statements(context->session);

    if (session_is_history(context->session) || facts_by_sluice(context))
        return;
    for (guint i = 0; i < statements->len; i++) {
        const LintUnit *unit = ((const SessionStatement *) statements->pdata[i])->unit;

        for (guint k = 0; unit->changes && k < ddl_changes_count(unit->changes); k++) {
            const DdlChange *change = ddl_changes_get(unit->changes, k);

            if (change->kind != CHANGE_ADD_CONSTRAINT || !change->constraint->not_valid ||
                !is_still_invalid(context, change))
                continue;
            lint_report_unit(context, unit,
                             "the constraint is added NOT VALID, and the file does "
                             "not validate it");
            lint_level(context, LINT_NOTE);
            lint_possible(context, "whether a later file does (--together)");
        }
    }
}

const LintRule lint_rule_not_valid_never_validated = {
    .id = "not-valid-never-validated",
    .level = LINT_WARNING,
    .title = "a NOT VALID constraint is never validated",
    .at_file_end = not_validated_here,
    .at_end = never_validated,
};

/* The new app's writes reach the old shape too. */
static bool
is_mapped(const LintContext *context, const DdlChange *change)
{
    g_autoptr(GPtrArray) syncs = revision_syncs(context->file->revision, NULL);

    for (guint i = 0; syncs && i < syncs->len; i++) {
        const RevisionSync *sync = syncs->pdata[i];

        if (!g_str_equal(sync->table, change->relation.name))
            continue;
        for (guint k = 0; k < sync->forward->pairs->len; k++)
            if (g_strcmp0(((const SqlPair *) sync->forward->pairs->pdata[k])->column,
                          change->column) == 0)
                return true;
    }
    return false;
}

static void
down_loses(const LintContext *context, const DdlChange *change)
{
    const bool is_table =
        change->kind == CHANGE_DROP && change->object == PG_QUERY__OBJECT_TYPE__OBJECT_TABLE;
    g_autofree char *label = NULL;

    if (!facts_in_section(context, SECTION_DOWNGRADE) ||
        (!is_table && change->kind != CHANGE_DROP_COLUMN) || is_mapped(context, change))
        return;
    label = ddl_name_label(change->relation);
    lint_report(context, change, "the downgrade drops what the new app has written to %s%s%s",
                label, is_table ? "" : ".", is_table ? "" : change->column);
    lint_possible(context, "whether the new app has written there");
    lint_recipe(context,
                "-- sluice: downgrade\n-- sluice: allow %s because the new app has not written "
                "there; once it has, a new revision corrects\n%s;",
                lint_reporting(context), sql_statement_text(context->statement));
}

const LintRule lint_rule_down_migration_loses_data = {
    .id = "down-migration-loses-data",
    .level = LINT_NOTE,
    .title = "the way back drops what the new app wrote",
    .at_change = down_loses,
    .kinds = LINT_KINDS(CHANGE_DROP, CHANGE_DROP_COLUMN),
};
