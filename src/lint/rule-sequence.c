/* Sequences and identity columns: the next number, and how far it reaches. */
#include <string.h>

#include "lint/gone.h"
#include "lint/recipe-steps.h"

static void
report_always(const LintContext *context, const DdlChange *change, const char *label)
{
    lint_report(context, change,
                "with GENERATED ALWAYS, INSERT of the running app that gives %s.%s a value fails",
                label, change->column);
    lint_breaks(context, "INSERT that names %s", change->column);
    recipe_contract(context, "no version that runs gives %s.%s a value", label, change->column);
}

/* Beyond what is there, with room for what is written meanwhile. */
static void
recommend_setval(const LintContext *context, const DdlChange *change, const char *label)
{
    const ModelTable *sequence =
        change->column == NULL ? model_table(context->model, change->relation) : NULL;
    const ModelTable *owner = sequence != NULL ? sequence->owned_by : NULL;
    g_autofree char *table = owner != NULL ? model_table_label(owner) : g_strdup(label);
    const char *raw = owner != NULL ? sequence->owned_by_column : change->column;
    g_autofree char *column = NULL, *which = NULL;

    if (raw == NULL) {
        recipe_once(context, "it is above each number that is in use");
        return;
    }
    column = ddl_name_label((DdlName){NULL, raw});
    which = owner != NULL ? g_strdup_printf("'%s'", label)
                          : g_strdup_printf("pg_get_serial_sequence('%s', '%s')", label, raw);
    lint_recipe(context, "SELECT setval(%s, (SELECT max(%s) + 1000 FROM %s));", which, column,
                table);
}

static void
report_restart(const LintContext *context, const DdlChange *change, const char *label)
{
    lint_report(context, change,
                "the next number of %s is set: below the largest that is there, INSERT fails with "
                "\"duplicate key\"",
                label);
    lint_possible(context, "the largest number in use");
    recommend_setval(context, change, label);
}

static bool
sets_value(const LintContext *context G_GNUC_UNUSED, const LintUnit *unit, const DdlChange *later,
           void *data G_GNUC_UNUSED)
{
    return later->kind == CHANGE_SELECT &&
           strstr(sql_statement_text(unit->statement), "setval(") != NULL;
}

static void
change_identity(const LintContext *context, const DdlChange *change)
{
    g_autofree char *label = NULL, *column = NULL;
    bool is_sequence = change->kind == CHANGE_ALTER_SEQUENCE;

    if ((!is_sequence && change->kind != CHANGE_SET_IDENTITY &&
         change->kind != CHANGE_ADD_IDENTITY) ||
        !gone_is_used(context, change->relation))
        return;
    label = ddl_name_label(change->relation);
    if (g_strcmp0(change->text, "restart") == 0) {
        report_restart(context, change, label);
    } else if (is_sequence && g_strcmp0(change->text, "cycle") == 0) {
        lint_report(context, change,
                    "after its last number %s begins again: INSERT of a key fails, or overwrites",
                    label);
        recipe_once(context, "nothing takes its numbers for a key");
    } else if (change->kind == CHANGE_SET_IDENTITY && g_strcmp0(change->text, "always") == 0) {
        report_always(context, change, label);
    } else if (change->kind == CHANGE_ADD_IDENTITY &&
               gone_each_later(context, change, sets_value, NULL) == NULL) {
        column = ddl_name_label((DdlName){NULL, change->column});
        lint_report(context, change,
                    "the new sequence of %s.%s begins at 1: numbers that are there come again",
                    label, change->column);
        lint_possible(context, "whether the rows that are there have lower numbers");
        lint_recipe(context,
                    "BEGIN;\nSET LOCAL lock_timeout = '2s';\n%s;\n"
                    "SELECT setval(pg_get_serial_sequence('%s', '%s'), (SELECT max(%s) FROM %s));\n"
                    "COMMIT;",
                    sql_statement_text(context->statement), label, change->column, column, label);
    }
}

const LintRule lint_rule_identity_sequence_change = {
    .id = "identity-sequence-change",
    .level = LINT_WARNING,
    .title = "the next number of a column, or who gives it, changes",
    .at_change = change_identity,
    .kinds = LINT_KINDS(CHANGE_ADD_IDENTITY, CHANGE_SET_IDENTITY, CHANGE_ALTER_SEQUENCE),
};

/* AS smallint, AS integer: its name; NULL: not said. */
static const char *
short_type(const DdlChange *change)
{
    PgQuery__Node *const *options = NULL;
    size_t count = 0;

    if (change->node != NULL && change->node->node_case == PG_QUERY__NODE__NODE_CREATE_SEQ_STMT) {
        options = change->node->create_seq_stmt->options;
        count = change->node->create_seq_stmt->n_options;
    } else if (change->node != NULL &&
               change->node->node_case == PG_QUERY__NODE__NODE_ALTER_SEQ_STMT) {
        options = change->node->alter_seq_stmt->options;
        count = change->node->alter_seq_stmt->n_options;
    }
    for (size_t i = 0; i < count; i++) {
        const PgQuery__DefElem *option = options[i]->def_elem;
        const PgQuery__TypeName *type;
        const char *name;

        if (strcmp(option->defname, "as") != 0 || option->arg == NULL ||
            option->arg->node_case != PG_QUERY__NODE__NODE_TYPE_NAME)
            continue;
        type = option->arg->type_name;
        name = type->n_names > 0 ? tree_string(type->names[type->n_names - 1]) : NULL;
        if (g_strcmp0(name, "int4") == 0)
            return "integer";
        return g_strcmp0(name, "int2") == 0 ? "smallint" : NULL;
    }
    return NULL;
}

/* The column where the statement defines it; else NULL. */
static const DdlColumn *
defined_here(const LintContext *context, const char *column)
{
    for (guint i = 0; i < ddl_changes_count(context->changes); i++) {
        const DdlChange *change = ddl_changes_get(context->changes, i);

        if (change->kind == CHANGE_ADD_COLUMN && change->definition != NULL &&
            g_strcmp0(change->definition->name, column) == 0)
            return change->definition;
        for (guint k = 0; change->kind == CHANGE_CREATE_TABLE && k < change->columns->len; k++) {
            const DdlColumn *made = change->columns->pdata[k];
            if (g_strcmp0(made->name, column) == 0)
                return made;
        }
    }
    return NULL;
}

/* The type of a column that the statement defines, or that is there; NULL: not known. */
static const DdlType *
type_of(const LintContext *context, DdlName relation, const char *column)
{
    const ModelTable *table = model_table(context->model, relation);
    const ModelColumn *known = table != NULL ? model_column(table, column) : NULL;
    const DdlColumn *defined = defined_here(context, column);

    if (defined != NULL)
        return &defined->type;
    return known != NULL && known->type != NULL ? &known->parsed : NULL;
}

/* A column that is new is made so; one that is there gets one beside it. */
static void
recommend_bigint(const LintContext *context, DdlName table, const char *column)
{
    const DdlColumn *defined = defined_here(context, column);
    g_autofree char *to = g_strdup_printf("%s_new", column);
    g_autofree char *text =
        defined ? recipe_with_type(context, defined->location, "bigint")
                : recipe_column_beside(
                      context,
                      &(RecipeColumn){.table = table, .from = column, .to = to, .type = "bigint"});

    lint_recipe(context, "%s%s", text, defined ? ";" : "");
}

static const char *
referenced_column(const LintContext *context, const DdlConstraint *key)
{
    const ModelTable *table = model_table(context->model, key->referenced);

    if (key->referenced_columns->len > 0)
        return key->referenced_columns->pdata[0];
    for (guint i = 0; table != NULL && i < table->constraints->len; i++) {
        const ModelConstraint *primary = table->constraints->pdata[i];
        if (primary->kind == CONSTRAINT_PRIMARY_KEY && primary->columns->len == 1)
            return primary->columns->pdata[0];
    }
    return NULL;
}

static void
short_reference(const LintContext *context, const DdlChange *change)
{
    const DdlConstraint *key = change->constraint;
    const ModelTable *table;
    const ModelColumn *column;
    const DdlType *own, *referenced;
    const char *to;
    g_autofree char *label = NULL;

    if (key == NULL || key->kind != CONSTRAINT_FOREIGN_KEY || key->columns->len != 1)
        return;
    to = referenced_column(context, key);
    own = type_of(context, change->relation, key->columns->pdata[0]);
    table = model_table(context->model, key->referenced);
    column = to != NULL && table != NULL ? model_column(table, to) : NULL;
    referenced = column != NULL && column->type != NULL ? &column->parsed : NULL;
    if (own == NULL || referenced == NULL || g_strcmp0(referenced->name.name, "int8") != 0 ||
        (g_strcmp0(own->name.name, "int4") != 0 && g_strcmp0(own->name.name, "int2") != 0))
        return;
    label = ddl_name_label(key->referenced);
    lint_report(context, change, "%s cannot hold the numbers of %s.%s, which is bigint, to the end",
                (const char *) key->columns->pdata[0], label, to);
    recommend_bigint(context, change->relation, key->columns->pdata[0]);
}

static void
overflow(const LintContext *context, const DdlChange *change)
{
    const char *type;
    const SqlToken *as;
    g_autofree char *label = NULL, *wide = NULL;

    if (change->kind == CHANGE_ADD_CONSTRAINT)
        short_reference(context, change);
    if (change->kind != CHANGE_CREATE_SEQUENCE && change->kind != CHANGE_ALTER_SEQUENCE)
        return;
    type = short_type(change);
    if (type == NULL)
        return;
    label = ddl_name_label(change->relation);
    lint_report(context, change,
                "%s sequence %s ends at %s: every INSERT fails then, and a wider column does not "
                "help",
                type, label, g_str_equal(type, "integer") ? "2,147,483,647" : "32,767");
    as = recipe_token(context, PG_QUERY__TOKEN__AS, (int) context->statement->start);
    wide = recipe_replacing(context, recipe_next(context, as)->start, 0, "bigint");
    lint_recipe(context, "%s;", wide);
}

const LintRule lint_rule_int4_overflow = {
    .id = "int4-overflow",
    .level = LINT_WARNING,
    .title = "a sequence, or a reference, that ends early",
    .at_change = overflow,
    .kinds = LINT_KINDS(CHANGE_ADD_CONSTRAINT, CHANGE_CREATE_SEQUENCE, CHANGE_ALTER_SEQUENCE),
};
