/* Triggers, rules, and functions where the server expects what never changes. */
#include <string.h>

#include "lint/gone.h"
#include "lint/recipe-steps.h"
#include "sql/tree.h"

static bool
adds_its_function(const LintContext *context, const SessionStatement *statement G_GNUC_UNUSED,
                  const DdlChange *change, const void *data)
{
    const DdlChange *trigger = data;

    return change->kind == CHANGE_CREATE_FUNCTION && trigger->trigger != NULL &&
           facts_same(context, change->relation, trigger->trigger->function);
}

static void
create_trigger(const LintContext *context, const DdlChange *change, const char *label)
{
    lint_report(context, change,
                "CREATE TRIGGER takes SHARE ROW EXCLUSIVE on %s: its writes wait until the "
                "transaction ends, and from then on run the trigger",
                label);
    lint_level(context, LINT_NOTE);
    lint_add_locks(context);
    if (facts_before(context, false, CHANGE_CREATE_FUNCTION, adds_its_function, change) == NULL)
        recipe_alone(context);
}

static void
change_trigger(const LintContext *context, const DdlChange *change)
{
    g_autofree char *label = NULL;
    const bool is_other = (change->kind == CHANGE_DROP || change->kind == CHANGE_RENAME) &&
                          change->object != OBJECT(TRIGGER);

    if (is_other || !gone_is_used(context, change->relation) ||
        facts_in_section(context, SECTION_DOWNGRADE))
        return;
    label = ddl_name_label(change->relation);
    if (change->kind == CHANGE_CREATE_TRIGGER) {
        create_trigger(context, change, label);
    } else if (change->kind == CHANGE_TRIGGER_STATE && change->removes &&
               g_strcmp0(change->text, "ALL") == 0) {
        lint_report(context, change,
                    "DISABLE TRIGGER ALL of %s switches its foreign keys off too, for every "
                    "session",
                    label);
        lint_level(context, LINT_ERROR);
        lint_add_locks(context);
        lint_recipe(context, "BEGIN;\nSET LOCAL session_replication_role = replica; -- of this "
                             "transaction alone\n-- the statements that no trigger is to see\n"
                             "COMMIT;");
    } else {
        lint_report(context, change,
                    "%s of %s: what the trigger did for every writer stops or begins at the "
                    "moment it commits",
                    ddl_change_verb(change), label);
        lint_add_locks(context);
        recipe_once(context, "each version that runs does with and without what the trigger does");
    }
}

const LintRule lint_rule_trigger_change = {
    .id = "trigger-change",
    .level = LINT_WARNING,
    .title = "a trigger is made, dropped, renamed or switched",
    .at_change = change_trigger,
    .kinds = LINT_KINDS(CHANGE_DROP, CHANGE_RENAME, CHANGE_CREATE_TRIGGER, CHANGE_TRIGGER_STATE),
};

static void
change_rule(const LintContext *context, const DdlChange *change)
{
    g_autofree char *label = NULL;
    const bool is_other = (change->kind == CHANGE_DROP || change->kind == CHANGE_RENAME) &&
                          change->object != OBJECT(RULE);

    if (is_other || !gone_is_used(context, change->relation))
        return;
    label = ddl_name_label(change->relation);
    lint_report(context, change,
                "a rule of %s rewrites the statements of the running app, and its change takes "
                "ACCESS EXCLUSIVE",
                label);
    lint_add_locks(context);
    recipe_once(context, "the statements of each version that runs are right either way; a trigger "
                         "would do the same by row");
}

const LintRule lint_rule_rule_change = {
    .id = "rule-change",
    .level = LINT_WARNING,
    .title = "a rule rewrites the statements of the app",
    .at_change = change_rule,
    .kinds = LINT_KINDS(CHANGE_DROP, CHANGE_RENAME, CHANGE_CREATE_RULE, CHANGE_RULE_STATE),
};

static bool
find_clock(ProtobufCMessage *message, void *data)
{
    bool *found = data;

    *found |= TREE_AS(message, SQLValueFunction, sqlvalue_function) != NULL;
    return !*found;
}

/* now(), CURRENT_DATE, CURRENT_USER: the same within a statement, not for ever. */
static bool
reads_clock(const PgQuery__Node *expression)
{
    bool found = ddl_calls(expression, "now");

    TREE_WALK((PgQuery__Node *) expression, find_clock, &found);
    return found;
}

/* A trigger checks the same, but only what is written. */
static void
recommend_trigger(const LintContext *context, const DdlChange *change,
                  const PgQuery__Node *expression)
{
    g_autofree char *rest = recipe_without_constraint(context, change);
    g_autofree char *table = ddl_name_label(change->relation);
    g_autofree char *alias = ddl_name_label((DdlName){NULL, change->relation.name});
    g_autofree char *name = cost_constraint_name(change);
    g_autofree char *text = ddl_expression_text(expression);

    lint_recipe(context,
                "%sCREATE FUNCTION %s() RETURNS trigger LANGUAGE plpgsql AS $check$\nBEGIN\n"
                "    IF NOT (SELECT %s FROM (SELECT NEW.*) AS %s) THEN\n"
                "        RAISE check_violation;\n    END IF;\n    RETURN NEW;\nEND $check$;\n"
                "CREATE TRIGGER %s BEFORE INSERT OR UPDATE ON %s\n"
                "    FOR EACH ROW EXECUTE FUNCTION %s();",
                rest, name, text, alias, name, table, name);
}

static void
report_volatile(const LintContext *context, const DdlChange *change, const char *where,
                const PgQuery__Node *expression)
{
    const char *function = NULL;
    Known known;

    if (expression == NULL)
        return;
    known = ddl_is_volatile(expression, model_function_volatility, context->model, &function);
    if (known == KNOWN_NO && !reads_clock(expression))
        return;
    if (known == KNOWN_MAYBE) {
        lint_report(context, change, "%s calls %s(): what is checked now may not hold later", where,
                    function != NULL ? function : "a function");
        lint_level(context, LINT_NOTE);
        lint_possible(context, "the volatility of %s()", function != NULL ? function : "it");
    } else {
        lint_report(context, change,
                    "%s reads %s, which is another value later: rows that passed may not pass "
                    "again, at a restore for one",
                    where, known == KNOWN_YES && function != NULL ? function : "the time");
    }
    if (context->statement->node->node_case != PG_QUERY__NODE__NODE_ALTER_TABLE_STMT)
        recipe_once(context, "it is meant of the moment of the write, and rows are not restored");
    else
        recommend_trigger(context, change, expression);
}

static void
changing_check(const LintContext *context, const DdlChange *change)
{
    if (change->constraint != NULL && change->constraint->kind == CONSTRAINT_CHECK)
        report_volatile(context, change, "the CHECK", change->constraint->expression);
}

const LintRule lint_rule_volatile_or_nonimmutable_check = {
    .id = "volatile-or-nonimmutable-check",
    .level = LINT_WARNING,
    .title = "a CHECK calls what gives another value later",
    .at_change = changing_check,
    .kinds = LINT_KINDS(CHANGE_ADD_CONSTRAINT),
};

static bool
analyzes(const LintContext *context, const DdlChange *change)
{
    const GPtrArray *units = context->file->units;

    for (guint i = context->unit->index + 1; i < units->len; i++) {
        const DdlChanges *changes = ((const LintUnit *) units->pdata[i])->changes;

        for (guint k = 0; changes != NULL && k < ddl_changes_count(changes); k++) {
            const DdlChange *later = ddl_changes_get(changes, k);
            if (later->kind == CHANGE_ANALYZE &&
                (later->relation.name == NULL ||
                 facts_same(context, later->relation, change->other)))
                return true;
        }
    }
    return false;
}

static void
expression_index(const LintContext *context, const DdlChange *change)
{
    g_autofree char *label = NULL, *analyze = NULL;

    if (change->index->expressions->len == 0 || facts_is_new(context, change->other) ||
        analyzes(context, change))
        return;
    label = ddl_name_label(change->other);
    lint_report(context, change,
                "the expression of the index has no statistics until %s is analyzed: plans with it "
                "are guesses",
                label);
    lint_possible(context, "how soon autovacuum comes to %s", label);
    lint_recipe(context, "ANALYZE %s;", label);
    if (context->unit->outer == NULL && !facts_by_sluice(context)) {
        analyze = g_strdup_printf(";\nANALYZE %s", label);
        lint_fix_replace(context, context->statement->end, context->statement->end, analyze);
    }
}

const LintRule lint_rule_expression_index_no_stats = {
    .id = "expression-index-no-stats",
    .level = LINT_NOTE,
    .title = "an index on an expression without ANALYZE",
    .at_change = expression_index,
    .kinds = LINT_KINDS(CHANGE_CREATE_INDEX),
};
