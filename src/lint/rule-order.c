/* Steps that are right by themselves, and wrong in this order or in this company. */
#include "lint/gone.h"
#include "lint/recipe-steps.h"

typedef struct {
    const DdlChanges *changes;
    const PgQuery__Node *statement;
    const char *value;
    bool is_mentioned, is_cast; /* cast: to the enum, so that it is it for sure */
    const char *type;
} ValueSearch;

static bool
is_literal(const PgQuery__Node *node, const char *value)
{
    return node != NULL && node->node_case == PG_QUERY__NODE__NODE_A_CONST &&
           node->a_const->val_case == PG_QUERY__A__CONST__VAL_SVAL &&
           g_str_equal(node->a_const->sval->sval, value);
}

static bool
find_value(ProtobufCMessage *message, void *data)
{
    ValueSearch *search = data;
    const PgQuery__TypeCast *cast = TREE_AS(message, TypeCast, type_cast);
    const PgQuery__Node *node = TREE_AS(message, Node, node);

    if (is_literal(node, search->value))
        search->is_mentioned = true;
    if (cast != NULL && is_literal(cast->arg, search->value) && cast->type_name->n_names > 0 &&
        g_strcmp0(tree_string(cast->type_name->names[cast->type_name->n_names - 1]),
                  search->type) == 0)
        search->is_cast = true;
    return true;
}

static bool
adds_used_value(const LintContext *context G_GNUC_UNUSED,
                const SessionStatement *statement G_GNUC_UNUSED, const DdlChange *change,
                const void *data)
{
    ValueSearch *search = (ValueSearch *) (guintptr) data;

    if (change->kind != CHANGE_ADD_VALUE)
        return false;
    search->value = change->text;
    search->type = change->relation.name;
    search->is_mentioned = search->is_cast = false;
    TREE_WALK((PgQuery__Node *) (guintptr) search->statement, find_value, search);
    return search->is_mentioned;
}

/* Can it hold a value of the type? */
static bool
uses_values(const LintContext *context)
{
    for (guint i = 0; i < ddl_changes_count(context->changes); i++) {
        switch ((int) ddl_changes_get(context->changes, i)->kind) {
        case CHANGE_INSERT:
        case CHANGE_UPDATE:
        case CHANGE_DELETE:
        case CHANGE_MERGE:
        case CHANGE_SELECT:
        case CHANGE_SET_DEFAULT:
        case CHANGE_ADD_COLUMN:
        case CHANGE_ADD_CONSTRAINT:
        case CHANGE_CREATE_TABLE:
        case CHANGE_CREATE_INDEX:
            return true;
        default:
            break;
        }
    }
    return false;
}

static void
enum_same_transaction(const LintContext *context)
{
    ValueSearch search = {.statement = context->statement->node};

    if (!session_in_transaction(context->session) || !uses_values(context) ||
        facts_before(context, true, CHANGE_ADD_VALUE, adds_used_value, &search) == NULL)
        return;
    lint_report(context, NULL,
                "value '%s' was added to %s by this transaction: to use it before the commit is "
                "refused (\"unsafe use of new value\")",
                search.value, search.type);
    if (!search.is_cast)
        lint_possible(context, "whether '%s' is a value of %s here", search.value, search.type);
    lint_recipe(context,
                "ALTER TYPE %s ADD VALUE IF NOT EXISTS '%s'; -- by itself, and committed\n"
                "-- then, in a transaction of its own\n%s;",
                search.type, search.value, sql_statement_text(context->statement));
}

const LintRule lint_rule_enum_new_value_same_tx = {
    .id = "enum-new-value-same-tx",
    .level = LINT_ERROR,
    .title = "an enum's new value is used in the transaction that adds it",
    .at_statement = enum_same_transaction,
};

static bool
writes_rows(const LintContext *context)
{
    for (guint i = 0; i < ddl_changes_count(context->changes); i++) {
        const DdlChangeKind kind = ddl_changes_get(context->changes, i)->kind;
        if (kind == CHANGE_INSERT || kind == CHANGE_UPDATE || kind == CHANGE_MERGE ||
            kind == CHANGE_SET_DEFAULT)
            return true;
    }
    return false;
}

static void
enum_before_readers(const LintContext *context)
{
    ValueSearch search = {.statement = context->statement->node};

    if (!writes_rows(context) || facts_in_section(context, SECTION_CONTRACT) ||
        facts_before(context, false, CHANGE_ADD_VALUE, adds_used_value, &search) == NULL)
        return;
    lint_report(context, NULL,
                "value '%s' of %s is written in the release that adds it: an app that does not "
                "know it reads it",
                search.value, search.type);
    lint_possible(context, "whether the running app can map '%s'", search.value);
    lint_breaks(context, "an old app that maps %s to a fixed list of values", search.type);
    lint_recipe(context, "-- in a later file, once every app knows '%s'\n%s;", search.value,
                sql_statement_text(context->statement));
}

const LintRule lint_rule_enum_value_before_tolerant_readers = {
    .id = "enum-value-before-tolerant-readers",
    .level = LINT_WARNING,
    .title = "an enum's new value is written before every app knows it",
    .at_statement = enum_before_readers,
};

static bool
fills(const LintContext *context, const SessionStatement *statement G_GNUC_UNUSED,
      const DdlChange *change, const void *data)
{
    const DdlChange *check = data;

    if (change->kind != CHANGE_UPDATE || !facts_same(context, change->relation, check->relation))
        return false;
    for (guint i = 0; change->names && i < change->names->len; i++)
        if (ddl_proves_not_null(check->constraint->expression, change->names->pdata[i]))
            return true;
    return false;
}

static bool
adds_proven_column(const LintContext *context, const SessionStatement *statement G_GNUC_UNUSED,
                   const DdlChange *change, const void *data)
{
    const DdlChange *check = data;

    return change->kind == CHANGE_ADD_COLUMN && !change->in_definition &&
           facts_same(context, change->relation, check->relation) &&
           change->definition->default_expression == NULL && !change->definition->not_null &&
           change->definition->generated == NULL &&
           ddl_proves_not_null(check->constraint->expression, change->column);
}

/* In a revision the CHECK stands in expand, and the rows are filled in backfill. */
static bool
fills_later(const LintContext *context, const DdlChange *check)
{
    for (guint i = 0; i < context->file->units->len; i++) {
        const LintUnit *unit = context->file->units->pdata[i];

        if (unit->index <= context->unit->index || unit->changes == NULL ||
            unit->section == SECTION_DOWNGRADE)
            continue;
        for (guint k = 0; k < ddl_changes_count(unit->changes); k++)
            if (fills(context, NULL, ddl_changes_get(unit->changes, k), check))
                return true;
    }
    return false;
}

static void
check_before_backfill(const LintContext *context, const DdlChange *change)
{
    g_autofree char *label = NULL;
    bool is_new_column;

    if (change->in_definition || change->constraint->kind != CONSTRAINT_CHECK ||
        !change->constraint->not_valid || facts_is_new(context, change->relation) ||
        facts_before(context, false, CHANGE_UPDATE, fills, change) != NULL)
        return;
    is_new_column =
        facts_before(context, false, CHANGE_ADD_COLUMN, adds_proven_column, change) != NULL;
    if (!is_new_column && !fills_later(context, change))
        return;
    label = ddl_name_label(change->relation);
    lint_report(context, change,
                "the CHECK stands before the rows of %s are filled: NOT VALID spares the old rows "
                "the scan, but any UPDATE of one that violates it fails, of any column",
                label);
    if (!is_new_column)
        lint_possible(context, "whether rows of %s violate it now", label);
    lint_breaks(context, "UPDATE of a row that is not filled yet, INSERT that leaves it out");
    lint_recipe(context,
                "-- 1. every app fills it, or a default or trigger does\n"
                "-- 2. the rows are filled\n-- 3.\n%s;",
                sql_statement_text(context->statement));
}

const LintRule lint_rule_notnull_check_before_backfill = {
    .id = "notnull-check-before-backfill",
    .level = LINT_WARNING,
    .title = "a CHECK that old rows violate stands before they are filled",
    .at_change = check_before_backfill,
    .kinds = LINT_KINDS(CHANGE_ADD_CONSTRAINT),
};

/* Does the CHECK @name, which the same ALTER drops, prove that @column is not NULL? */
static Known
is_proof(const LintContext *context, const DdlChange *drop, const char *column)
{
    const ModelTable *table = model_table(context->model, drop->relation);
    const ModelConstraint *constraint =
        table ? model_constraint(table, drop->constraint_name) : NULL;

    if (constraint == NULL)
        return table && table->columns_known ? KNOWN_NO : KNOWN_MAYBE;
    if (constraint->kind != CONSTRAINT_CHECK || !constraint->valid)
        return KNOWN_NO;
    return model_proves_not_null(table, constraint->expression, column) ? KNOWN_YES : KNOWN_NO;
}

static void
drop_check_same_alter(const LintContext *context, const DdlChange *change)
{
    g_autofree char *label = NULL;

    if (facts_is_new(context, change->relation))
        return;
    label = ddl_name_label(change->relation);
    for (guint i = 0; i < ddl_changes_count(context->changes); i++) {
        const DdlChange *drop = ddl_changes_get(context->changes, i);
        g_autofree char *rest = NULL, *name = NULL;
        const Known known = drop->kind == CHANGE_DROP_CONSTRAINT
                                ? is_proof(context, drop, change->column)
                                : KNOWN_NO;

        if (known == KNOWN_NO)
            continue;
        lint_report(context, change,
                    "the same ALTER drops the CHECK %s, which would have proven %s NOT NULL: %s is "
                    "scanned under ACCESS EXCLUSIVE",
                    drop->constraint_name, change->column, label);
        if (known == KNOWN_MAYBE)
            lint_possible(context, "what %s checks", drop->constraint_name);
        rest = recipe_rest(context, drop);
        name = ddl_name_label((DdlName){NULL, drop->constraint_name});
        lint_recipe(context, "%sALTER TABLE %s DROP CONSTRAINT %s;", rest, label, name);
        if (!drop->if_exists && !drop->cascade)
            recipe_is_fix_everywhere(context);
        return;
    }
}

const LintRule lint_rule_setnn_and_drop_check_same_alter = {
    .id = "setnn-and-drop-check-same-alter",
    .level = LINT_WARNING,
    .title = "SET NOT NULL loses its proof to the same ALTER",
    .at_change = drop_check_same_alter,
    .kinds = LINT_KINDS(CHANGE_SET_NOT_NULL),
};

static bool
validates_there(const LintContext *context, const SessionStatement *statement G_GNUC_UNUSED,
                const DdlChange *change, const void *data)
{
    const DdlChange *set = data;

    return change->kind == CHANGE_VALIDATE_CONSTRAINT &&
           facts_same(context, change->relation, set->relation);
}

/* The CHECK was meant for it: it reads the column, or this file has just validated one. */
static bool
is_meant(const LintContext *context, const DdlChange *set, const ModelConstraint *check)
{
    g_autoptr(GPtrArray) columns = g_ptr_array_new();

    ddl_columns_read(check->expression, columns);
    return g_ptr_array_find_with_equal_func(columns, set->column, g_str_equal, NULL) ||
           (check->since > session_file_start(context->session) &&
            facts_before(context, false, CHANGE_VALIDATE_CONSTRAINT, validates_there, set) != NULL);
}

static void
unproven(const LintContext *context, const DdlChange *change)
{
    const ModelTable *table = model_table(context->model, change->relation);
    const ModelColumn *column;

    if (table == NULL || session_is_new(context->session, table) ||
        model_is_not_null(table, change->column, true) == KNOWN_YES)
        return;
    column = model_column(table, change->column);
    if (column != NULL && column->is_row)
        return; /* no CHECK would */
    for (guint i = 0; i < table->constraints->len; i++) {
        const ModelConstraint *check = table->constraints->pdata[i];
        g_autofree char *label = NULL, *rest = NULL, *steps = NULL;
        bool proves;

        if (check->kind != CONSTRAINT_CHECK || check->expression == NULL)
            continue;
        proves = model_proves_not_null(table, check->expression, change->column);
        if (!is_meant(context, change, check) || (proves && check->valid))
            continue;
        label = model_table_label(table);
        lint_report(context, change,
                    proves ? "the CHECK %s is not validated: it spares %s no scan"
                           : "the CHECK %s does not prove it: only `%s IS NOT NULL` among "
                             "operands of AND spares the scan",
                    check->name ? check->name : "", proves ? label : change->column);
        rest = recipe_rest(context, change);
        steps = recipe_not_null(change->relation, change->column);
        lint_recipe(context, "%s%s", rest, steps);
        return;
    }
}

const LintRule lint_rule_setnn_unproven_exemption = {
    .id = "setnn-unproven-exemption",
    .level = LINT_WARNING,
    .title = "a CHECK on the column does not spare SET NOT NULL its scan",
    .at_change = unproven,
    .kinds = LINT_KINDS(CHANGE_SET_NOT_NULL),
};

/* Is the column NOT NULL, so that an INSERT that leaves it out needs the default? */
static Known
is_required(const LintContext *context, const DdlChange *change)
{
    const ModelTable *table = model_table(context->model, change->relation);
    const ModelColumn *column = table ? model_column(table, change->column) : NULL;

    if (column == NULL)
        return KNOWN_MAYBE;
    if (change->kind == CHANGE_DROP_IDENTITY || column->not_null)
        return KNOWN_YES;
    return model_is_not_null(table, change->column, true);
}

static void
drop_default(const LintContext *context, const DdlChange *change)
{
    g_autofree char *label = NULL;
    Known required;

    if (change->column == NULL || facts_is_new(context, change->relation) ||
        facts_in_section(context, SECTION_CONTRACT) ||
        facts_in_section(context, SECTION_DOWNGRADE) ||
        gone_stays_filled(context, change->relation, change->column) ||
        gone_default_returns(context, change))
        return;
    required = is_required(context, change);
    if (required == KNOWN_NO)
        return;
    label = ddl_name_label(change->relation);
    lint_report(context, change,
                "without its %s, every INSERT into %s that leaves %s out fails: those of the old "
                "app do",
                change->kind == CHANGE_DROP_IDENTITY ? "identity" : "default", label,
                change->column);
    lint_breaks(context, "INSERT INTO %s without %s", label, change->column);
    if (required == KNOWN_MAYBE)
        lint_possible(context, "whether %s.%s is NOT NULL", label, change->column);
    else if (!facts_by_sluice(context))
        lint_possible(context, "whether an app still leaves %s out", change->column);
    recipe_contract(context, "each app that runs gives %s", change->column);
}

const LintRule lint_rule_drop_default_required = {
    .id = "drop-default-required",
    .level = LINT_WARNING,
    .title = "a NOT NULL column loses its default while old apps leave it out",
    .at_change = drop_default,
    .kinds = LINT_KINDS(CHANGE_DROP_DEFAULT, CHANGE_DROP_IDENTITY),
};

static bool
changes_results(const LintContext *context, const DdlChange *change)
{
    return (change->kind == CHANGE_ADD_COLUMN || change->kind == CHANGE_COLUMN_TYPE) &&
           !change->in_definition && !facts_is_new(context, change->relation);
}

static bool
changed_results(const LintContext *context, const SessionStatement *statement G_GNUC_UNUSED,
                const DdlChange *change, const void *data G_GNUC_UNUSED)
{
    return changes_results(context, change);
}

/* One finding a statement, and a file, is enough. */
static bool
is_first_of_statement(const LintContext *context, const DdlChange *change)
{
    guint i = 0;

    while (!changes_results(context, ddl_changes_get(context->changes, i)))
        i++;
    return ddl_changes_get(context->changes, i) == change;
}

static void
cached_plan(const LintContext *context, const DdlChange *change)
{
    const bool is_type = change->kind == CHANGE_COLUMN_TYPE;
    g_autofree char *label = NULL;

    if (!changes_results(context, change) || !is_first_of_statement(context, change) ||
        facts_before(context, false, CHANGE_N, changed_results, NULL) != NULL)
        return;
    label = ddl_name_label(change->relation);
    lint_report(context, change,
                "prepared %s on %s fail once after it (\"cached plan must not change result "
                "type\")",
                is_type ? "SELECTs of the column, SELECT * and RETURNING *"
                        : "SELECT * and RETURNING *",
                label);
    lint_breaks(context, "statements prepared on the server before, once a session");
    lint_possible(context, "whether the app prepares such statements on the server");
    lint_recipe(context, "-- name the columns in the app's queries, or renew its connections "
                         "after the statement");
}

const LintRule lint_rule_select_star_cached_plan = {
    .id = "select-star-cached-plan",
    .level = LINT_NOTE,
    .title = "prepared statements fail once when their result's type changes",
    .at_change = cached_plan,
    .kinds = LINT_KINDS(CHANGE_ADD_COLUMN, CHANGE_COLUMN_TYPE),
};

static void
fix_guard(const LintContext *context, const char *name)
{
    const char *text = sql_statement_text(context->statement);
    g_autoptr(GRegex) guard = g_regex_new("\\bif\\s+not\\s+exists\\s+", G_REGEX_CASELESS, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    g_autofree char *drop = g_strdup_printf("DROP INDEX CONCURRENTLY IF EXISTS %s;\n", name);
    int start, end;

    if (!g_regex_match(guard, text, 0, &match) || !g_match_info_fetch_pos(match, 0, &start, &end))
        return;
    lint_fix_replace(context, context->statement->start, context->statement->start, drop);
    lint_fix_replace(context, context->statement->start + (gsize) start,
                     context->statement->start + (gsize) end, "");
}

static void
if_not_exists_trap(const LintContext *context, const DdlChange *change)
{
    g_autofree char *name = NULL;

    if (!change->concurrently || !change->if_not_exists || facts_by_sluice(context))
        return;
    name = ddl_name_label(change->relation);
    lint_report(context, change,
                "IF NOT EXISTS takes an INVALID %s, which a build that failed has left, for the "
                "index: it says \"already exists, skipping\", and no query ever uses it",
                name);
    lint_possible(context, "whether a build of %s has failed before", name);
    fix_guard(context, name);
    recipe_index_again(context, change);
}

const LintRule lint_rule_cic_leftover_invalid = {
    .id = "cic-leftover-invalid",
    .level = LINT_WARNING,
    .title = "CREATE INDEX CONCURRENTLY IF NOT EXISTS keeps an invalid index",
    .at_change = if_not_exists_trap,
    .kinds = LINT_KINDS(CHANGE_CREATE_INDEX),
};

static void
unchecked_index(const LintContext *context, const DdlChange *change)
{
    const bool is_used = change->kind == CHANGE_ADD_CONSTRAINT && change->constraint->using_index;
    const DdlName name = is_used
                             ? (DdlName){change->relation.schema, change->constraint->using_index}
                             : change->relation;
    const ModelIndex *index;

    if ((!is_used && change->kind != CHANGE_ATTACH_INDEX) || facts_by_sluice(context))
        return;
    index = model_index(context->model, is_used ? name : change->other);
    if (index == NULL || index->valid != KNOWN_MAYBE)
        return;
    lint_report(
        context, change,
        "%s was built CONCURRENTLY: if that failed, it is INVALID, and this statement fails",
        index->name);
    lint_possible(context, "pg_index.indisvalid of %s", index->name);
    lint_recipe(context,
                "SELECT indisvalid FROM pg_index WHERE indexrelid = '%s'::regclass; -- must be "
                "true",
                index->name);
}

const LintRule lint_rule_invalid_index_leftover = {
    .id = "invalid-index-leftover",
    .level = LINT_NOTE,
    .title = "an index that was built CONCURRENTLY is used unseen",
    .at_change = unchecked_index,
    .kinds = LINT_KINDS(CHANGE_ADD_CONSTRAINT, CHANGE_ATTACH_INDEX),
};
