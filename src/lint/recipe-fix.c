/* Recipes that are mechanical: what they make of a file means the same. */
#include <string.h>

#include "lint/allow.h"
#include "lint/recipe-steps.h"

/* Comments within a statement belong to its parts. */
static bool
has_comments(const char *text)
{
    return strstr(text, "--") != NULL || strstr(text, "/*") != NULL;
}

/* What was accepted of the statement would have to be found in what takes its place. */
static bool
has_allow(const LintContext *context)
{
    const GPtrArray *allows = context->file->allows;

    for (guint i = 0; i < allows->len; i++)
        if (((const LintAllow *) allows->pdata[i])->unit == context->unit)
            return true;
    return false;
}

/* ONLY is not said of the steps. */
static bool
has_only(const LintContext *context)
{
    for (guint i = 0; i < ddl_changes_count(context->changes); i++)
        if (ddl_changes_get(context->changes, i)->only)
            return true;
    return false;
}

/* What goes and comes back in one statement is never missing. */
static bool
has_drop(const LintContext *context)
{
    for (guint i = 0; i < ddl_changes_count(context->changes); i++) {
        const DdlChangeKind kind = ddl_changes_get(context->changes, i)->kind;
        if (kind == CHANGE_DROP_CONSTRAINT || kind == CHANGE_DROP_COLUMN)
            return true;
    }
    return false;
}

bool
recipe_is_replaceable(const LintContext *context)
{
    return context->unit->outer == NULL && !has_only(context) && !has_allow(context) &&
           !has_comments(sql_statement_text(context->statement));
}

/* Such a section takes whatever the server does, and what is built or proven there runs alone. */
static bool
is_free_section(const LintContext *context)
{
    return facts_in_section(context, SECTION_CONTRACT) ||
           facts_in_section(context, SECTION_DOWNGRADE);
}

static bool
may_be_replaced(const LintContext *context)
{
    return recipe_is_replaceable(context) &&
           (facts_by_sluice(context) ? is_free_section(context)
                                     : !session_in_transaction(context->session));
}

/* The statement's own semicolon ends what takes its place. */
void
recipe_fix_statement(const LintContext *context, const char *steps)
{
    const char *last = strrchr(steps, ';');
    g_autofree char *text = g_strndup(steps, last ? (gsize) (last - steps) : strlen(steps));

    lint_fix_replace(context, context->statement->start, context->statement->end, text);
}

void
recipe_is_fix(const LintContext *context)
{
    const char *steps = lint_reported_recipe(context);

    if (steps != NULL && may_be_replaced(context))
        recipe_fix_statement(context, steps);
}

void
recipe_is_fix_everywhere(const LintContext *context)
{
    const char *steps = lint_reported_recipe(context);

    if (steps != NULL && facts_by_sluice(context) && recipe_is_replaceable(context))
        recipe_fix_statement(context, steps);
    else
        recipe_is_fix(context);
}

bool
recipe_has_sure_name(const LintContext *context, const DdlChange *change)
{
    const ModelTable *table = model_table(context->model, change->relation);
    const DdlConstraint *constraint = change->constraint;
    g_autofree char *label = cost_constraint_name(change);
    g_autofree char *name =
        g_str_has_prefix(label, "\"") ? g_strndup(label + 1, strlen(label) - 2) : g_strdup(label);
    const DdlName index = {change->relation.schema, name};

    if (strlen(name) > 63 || strstr(name, "\"\"") != NULL)
        return false;
    if (constraint->name != NULL)
        return true;
    return (table == NULL || model_constraint(table, name) == NULL) &&
           (constraint->kind == CONSTRAINT_CHECK || constraint->kind == CONSTRAINT_FOREIGN_KEY ||
            (model_index(context->model, index) == NULL &&
             model_table(context->model, index) == NULL));
}

/* INCLUDE, WITH, TABLESPACE and INITIALLY DEFERRED are not part of what is built before. */
static bool
is_plain_key(const ProtobufCMessage *message)
{
    const PgQuery__Constraint *key = TREE_AS(message, Constraint, constraint);

    return key == NULL || (key->n_including == 0 && key->n_options == 0 && !key->initdeferred &&
                           (key->indexspace == NULL || key->indexspace[0] == '\0'));
}

static bool
find_special_key(ProtobufCMessage *message, void *data)
{
    bool *found = data;

    *found = *found || !is_plain_key(message);
    return !*found;
}

/* The constraint that its steps add is the one that the statement would. */
static bool
is_alike(const LintContext *context, const DdlChange *change)
{
    const ModelTable *table = model_table(context->model, change->relation);
    bool is_special = false;

    TREE_WALK(context->statement->node, find_special_key, &is_special);
    return !has_drop(context) && !is_special && !change->if_exists && !change->if_not_exists &&
           (table == NULL || (!table->partitioned && table->children->len == 0)) &&
           (!change->in_definition || change->constraint->kind != CONSTRAINT_PRIMARY_KEY) &&
           recipe_has_sure_name(context, change);
}

/* An index is built between two transactions: the columns of a mapping are added in one. */
static bool
may_be_cut(const LintContext *context, const DdlChange *change)
{
    const DdlConstraintKind kind = change->constraint->kind;

    return (kind != CONSTRAINT_UNIQUE && kind != CONSTRAINT_PRIMARY_KEY) ||
           !facts_in_section(context, SECTION_EXPAND) ||
           !revision_has_sync(context->file->revision);
}

void
recipe_fix_constraint(const LintContext *context, const DdlChange *change)
{
    g_autofree char *steps = NULL;
    g_auto(RecipeLife) life;

    recipe_life_init(&life);
    if (!is_alike(context, change))
        return;
    if (may_be_replaced(context)) {
        steps = recipe_constraint_alike(context, change);
        recipe_fix_statement(context, steps);
    } else if (recipe_has_life(context) && recipe_constraint_life(context, change, &life) &&
               may_be_cut(context, change)) {
        recipe_life_is_fix(context, &life);
    }
}

/* The unit next to the statement's, by place; NULL: none. */
static const LintUnit *
neighbour(const LintContext *context, int by)
{
    const GPtrArray *units = context->file->units;
    const gssize at = (gssize) context->unit->index + by;

    return at >= 0 && at < (gssize) units->len ? units->pdata[at] : NULL;
}

static bool
is_transaction(const LintUnit *unit, const char *word)
{
    const DdlChange *change =
        unit != NULL && unit->changes != NULL && ddl_changes_count(unit->changes) == 1
            ? ddl_changes_get(unit->changes, 0)
            : NULL;

    return change != NULL && change->kind == CHANGE_TRANSACTION && g_str_equal(change->text, word);
}

static bool
ends_with_it(const LintContext *context G_GNUC_UNUSED,
             const SessionStatement *statement G_GNUC_UNUSED, const DdlChange *change,
             const void *data G_GNUC_UNUSED)
{
    return (change->kind == CHANGE_TRANSACTION && !g_str_equal(change->text, "begin")) ||
           (change->kind == CHANGE_CREATE_TABLE && change->temporary) ||
           change->kind == CHANGE_LOCK;
}

/* Nothing but blanks and semicolons between the two, so that nothing is lost with one of them. */
static bool
is_bare_between(const LintUnit *first, const LintUnit *then)
{
    const char *text = first->file->text;

    return then->start >= first->end &&
           strspn(text + first->end, " \t\r\n;") >= then->start - first->end;
}

/* The BEGIN of the transaction that the statement is in. */
static const LintUnit *
begin_of(const LintContext *context)
{
    for (int by = -1; neighbour(context, by) != NULL; by--)
        if (is_transaction(neighbour(context, by), "begin"))
            return neighbour(context, by);
    return NULL;
}

void
recipe_fix_leave_transaction(const LintContext *context)
{
    const LintUnit *unit = context->unit, *behind = neighbour(context, 1), *begin;
    const gsize start = context->statement->start, end = context->statement->end;
    g_autofree char *again = NULL;
    bool is_first, is_last;

    if (unit->outer != NULL || context->file->wrapped || facts_by_sluice(context) ||
        !session_in_explicit_transaction(context->session) ||
        facts_before(context, true, CHANGE_N, ends_with_it, NULL) != NULL)
        return;
    begin = begin_of(context);
    if (begin == NULL || behind == NULL || behind->statement == NULL)
        return;
    is_first = begin == neighbour(context, -1) && is_bare_between(begin, unit);
    is_last = is_transaction(behind, "commit") && is_bare_between(unit, behind);
    if (is_first)
        lint_fix_replace(context, begin->start - unit->base, start, "");
    else
        lint_fix_insert(context, "COMMIT;\n");
    again = g_strdup_printf(";\n%s", sql_statement_text(begin->statement));
    if (is_last)
        lint_fix_replace(context, end, behind->end - unit->base, "");
    else
        lint_fix_replace(context, end, end, again);
}
