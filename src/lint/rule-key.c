/* Keys among tables: foreign keys, and what has to be unique. */
#include <string.h>

#include "lint/recipe-steps.h"

#define OBJECT(name) PG_QUERY__OBJECT_TYPE__OBJECT_##name

static bool
is_foreign_key(const DdlChange *change)
{
    return change->kind == CHANGE_ADD_CONSTRAINT && change->object == OBJECT(TABLE) &&
           change->constraint->kind == CONSTRAINT_FOREIGN_KEY;
}

/* An expression is NULL, and is no column. */
static bool
has_column(const GPtrArray *columns, const char *name)
{
    for (guint i = 0; name != NULL && i < columns->len; i++)
        if (g_strcmp0(columns->pdata[i], name) == 0)
            return true;
    return false;
}

static bool
contains_all(const GPtrArray *columns, const GPtrArray *wanted)
{
    for (guint i = 0; i < wanted->len; i++)
        if (!has_column(columns, wanted->pdata[i]))
            return false;
    return wanted->len > 0;
}

/* The foreign key that @change added, as it is at the file's end: its columns may be called
 * otherwise now. NULL: it was dropped, or is a partition's part of another. */
static const ModelConstraint *
key_at_end(const LintContext *context, const SessionStatement *statement, const DdlChange *change)
{
    const ModelTable *table = model_table(context->model, change->relation);
    const ModelConstraint *renamed = NULL;

    for (guint i = 0; table != NULL && i < table->constraints->len; i++) {
        const ModelConstraint *key = table->constraints->pdata[i];

        if (key->kind != CONSTRAINT_FOREIGN_KEY || key->since != statement->step + 1 ||
            key->inherited != NULL)
            continue;
        if (contains_all(key->columns, change->constraint->columns))
            return key;
        renamed = key;
    }
    return renamed;
}

/* Its columns, or those that it references, take the place of others: and there was no index for
 * those either. */
static bool
replaces_unindexed(const LintContext *context, const DdlChange *change)
{
    const GPtrArray *mapped = session_mapped(context->session);
    const DdlConstraint *key = change->constraint;
    bool replaces = false;

    for (guint i = 0; mapped != NULL && i < mapped->len; i++) {
        const MappedColumn *column = mapped->pdata[i];
        const bool is_own = has_column(key->columns, column->column) &&
                            facts_same(context, change->relation, column->table);

        if (is_own && column->was_indexed)
            return false;
        replaces |= is_own || (has_column(key->referenced_columns, column->column) &&
                               facts_same(context, key->referenced, column->table));
    }
    return replaces;
}

/* What undoes brings back what was. */
static bool
brings_back(const LintUnit *unit)
{
    return unit->section == SECTION_DOWNGRADE || unit->section == SECTION_CUTOVER_UNDO;
}

static void
report_missing_index(const LintContext *context, const SessionStatement *statement,
                     const DdlChange *change)
{
    const ModelTable *table = model_table(context->model, change->relation);
    const ModelConstraint *key = key_at_end(context, statement, change);
    g_autofree char *label = NULL, *columns = NULL, *referenced = NULL, *index = NULL;

    if (key == NULL || brings_back(statement->unit) ||
        model_covering_index(table, key->columns) != NULL)
        return;
    label = ddl_name_label(change->relation);
    columns = cost_columns(change->constraint->columns);
    referenced = ddl_name_label(change->constraint->referenced);
    lint_report_unit(context, statement->unit,
                     "no index of %s begins with (%s): each DELETE and key UPDATE of %s reads the "
                     "whole of %s",
                     label, columns, referenced, label);
    lint_add_relation(context, label, 0);
    lint_add_relation(context, referenced, 0);
    if (!table->columns_known) {
        lint_possible(context, "the indexes of %s", label);
        lint_level(context, LINT_NOTE);
    } else if (session_is_new(context->session, table) || replaces_unindexed(context, change)) {
        lint_level(context, LINT_NOTE);
    }
    if (!session_is_history(context->session) && table->columns_known)
        lint_possible(context, "whether a later file makes one (--together)");
    index = recipe_index_of_columns(context, change->relation, change->constraint->columns);
    lint_recipe(context, "-- before the foreign key\n%s", index);
    lint_unless_indexed(context, change->relation, key->columns);
}

static void
missing_index(const LintContext *context)
{
    const GPtrArray *statements = session_statements(context->session);

    for (guint i = 0; i < statements->len; i++) {
        const SessionStatement *statement = statements->pdata[i];
        const DdlChanges *changes = statement->unit->changes;

        for (guint k = 0; changes != NULL && k < ddl_changes_count(changes); k++)
            if (is_foreign_key(ddl_changes_get(changes, k)))
                report_missing_index(context, statement, ddl_changes_get(changes, k));
    }
}

const LintRule lint_rule_fk_missing_index = {
    .id = "fk-missing-index",
    .level = LINT_WARNING,
    .title = "a foreign key whose columns have no index",
    .at_file_end = missing_index,
};

/* The table that was there before which the foreign key @change locks; NULL: none. */
static const char *
locked_by_key(const LintContext *context, const DdlChange *change)
{
    if (!is_foreign_key(change) ||
        facts_same(context, change->relation, change->constraint->referenced) ||
        facts_is_new(context, change->constraint->referenced))
        return NULL;
    return change->constraint->referenced.name;
}

typedef struct {
    GPtrArray *referenced; /* char *: labels */
    GPtrArray *changes;    /* const DdlChange *: one that locks each of those */
    GPtrArray *units;      /* const LintUnit *: where they are */
    const LintUnit *last;
    bool on_existing;
} Keys;

static void
collect_key(const LintContext *context, Keys *keys, const LintUnit *unit, const DdlChange *change)
{
    g_autofree char *label = NULL;

    if (locked_by_key(context, change) == NULL)
        return;
    label = ddl_name_label(change->constraint->referenced);
    keys->on_existing = keys->on_existing || !facts_is_new(context, change->relation);
    if (g_ptr_array_find_with_equal_func(keys->referenced, label, g_str_equal, NULL))
        return;
    g_ptr_array_add(keys->referenced, g_steal_pointer(&label));
    g_ptr_array_add(keys->changes, (gpointer) (guintptr) change);
    g_ptr_array_add(keys->units, (gpointer) (guintptr) unit);
    keys->last = unit;
}

/* One foreign key a transaction; what the table of a new one is made with comes before. */
static void
recommend_apart(const LintContext *context, const Keys *keys)
{
    g_autoptr(GString) steps =
        g_string_new("-- in the place of all: each foreign key in a transaction of its own");

    for (guint i = 0; i < keys->units->len; i++) {
        const LintUnit *unit = keys->units->pdata[i];
        const bool is_seen = i > 0 && keys->units->pdata[i - 1] == unit;
        g_autofree char *text = NULL;

        if (is_seen || ddl_changes_get(unit->changes, 0)->kind != CHANGE_CREATE_TABLE)
            continue;
        text = recipe_without_keys(unit->statement);
        g_string_append_printf(steps, "\n%s;", text);
    }
    for (guint i = 0; i < keys->changes->len; i++) {
        const DdlChange *change = keys->changes->pdata[i];
        g_autofree char *table = ddl_name_label(change->relation);
        g_autofree char *name = cost_constraint_name(change);
        g_autofree char *text = cost_constraint_text(change->constraint);

        g_string_append_printf(steps,
                               "\nALTER TABLE %s ADD CONSTRAINT %s %s NOT VALID;"
                               "\nALTER TABLE %s VALIDATE CONSTRAINT %s;",
                               table, name, text, table, name);
    }
    lint_recipe(context, "%s", steps->str);
}

static void
multiple_foreign_keys(const LintContext *context)
{
    const GPtrArray *statements = session_statements(context->session);
    g_autoptr(GPtrArray) referenced = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) locking = g_ptr_array_new(), units = g_ptr_array_new();
    Keys keys = {.referenced = referenced, .changes = locking, .units = units};
    g_autofree char *labels = NULL;

    for (guint i = session_transaction_begin(context->session, statements); i < statements->len;
         i++) {
        const SessionStatement *statement = statements->pdata[i];
        const DdlChanges *changes = statement->unit->changes;

        for (guint k = 0; changes != NULL && k < ddl_changes_count(changes); k++)
            collect_key(context, &keys, statement->unit, ddl_changes_get(changes, k));
    }
    if (referenced->len < 2 || facts_by_sluice(context))
        return;
    g_ptr_array_add(referenced, NULL);
    labels = g_strjoinv(", ", (char **) referenced->pdata);
    lint_report_unit(context, keys.last,
                     "one transaction takes SHARE ROW EXCLUSIVE on %s for its foreign keys and "
                     "keeps all of them until it ends",
                     labels);
    for (guint i = 0; referenced->pdata[i] != NULL; i++)
        lint_add_relation(context, referenced->pdata[i], LOCK_SHARE_ROW_EXCLUSIVE);
    if (!keys.on_existing)
        lint_level(context, LINT_NOTE);
    recommend_apart(context, &keys);
}

const LintRule lint_rule_multiple_foreign_keys = {
    .id = "multiple-foreign-keys",
    .level = LINT_WARNING,
    .title = "foreign keys to several tables in one transaction",
    .at_commit = multiple_foreign_keys,
};

static void
recommend_keys_first(const LintContext *context, const ModelTable *table, const char *label)
{
    g_autoptr(GString) steps = g_string_new("-- each in a transaction of its own\n");

    for (guint i = 0; i < table->constraints->len; i++) {
        const ModelConstraint *key = table->constraints->pdata[i];
        g_autofree char *name = NULL;

        if (key->kind != CONSTRAINT_FOREIGN_KEY || key->referenced == table || key->name == NULL)
            continue;
        name = ddl_name_label((DdlName){NULL, key->name});
        g_string_append_printf(steps,
                               "-- sluice: allow constraint-drop-fk, fk-drop-locks-parent because "
                               "nothing uses %s any more\nALTER TABLE %s DROP CONSTRAINT %s;\n",
                               label, label, name);
    }
    lint_recipe(context, "%s%s;", steps->str, sql_statement_text(context->statement));
}

static void
drop_table_multiple(const LintContext *context, const DdlChange *change)
{
    g_autoptr(GPtrArray) parents = NULL;
    g_autofree char *label = NULL, *labels = NULL;
    const ModelTable *table;

    if (change->object != OBJECT(TABLE))
        return;
    parents = g_ptr_array_new_with_free_func(g_free);
    table = model_table(context->model, change->relation);
    if (table == NULL || session_is_new(context->session, table))
        return;
    for (guint i = 0; i < table->constraints->len; i++) {
        const ModelConstraint *key = table->constraints->pdata[i];
        g_autofree char *parent = NULL;

        if (key->kind != CONSTRAINT_FOREIGN_KEY || key->referenced == table ||
            session_is_new(context->session, key->referenced))
            continue;
        parent = model_table_label(key->referenced);
        if (!g_ptr_array_find_with_equal_func(parents, parent, g_str_equal, NULL))
            g_ptr_array_add(parents, g_steal_pointer(&parent));
    }
    if (parents->len < 2)
        return;
    g_ptr_array_add(parents, NULL);
    labels = g_strjoinv(", ", (char **) parents->pdata);
    label = model_table_label(table);
    lint_report(context, change,
                "DROP TABLE %s takes ACCESS EXCLUSIVE on each table that it references (%s), one "
                "after the other: a deadlock with an app that uses them in another order",
                label, labels);
    lint_add_locks(context);
    recommend_keys_first(context, table, label);
}

const LintRule lint_rule_drop_table_multiple_fks = {
    .id = "drop-table-multiple-fks",
    .level = LINT_WARNING,
    .title = "DROP TABLE locks several referenced tables at once",
    .at_change = drop_table_multiple,
    .kinds = LINT_KINDS(CHANGE_DROP),
};

/* @column of the table that @change is about, where the statement defines it; else NULL. */
static const DdlColumn *
defined_here(const LintContext *context, const char *column)
{
    for (guint i = 0; i < ddl_changes_count(context->changes); i++) {
        const DdlChange *other = ddl_changes_get(context->changes, i);

        if (other->kind == CHANGE_ADD_COLUMN && g_strcmp0(other->column, column) == 0)
            return other->definition;
        for (guint k = 0; other->columns != NULL && k < other->columns->len; k++) {
            const DdlColumn *defined = other->columns->pdata[k];
            if (g_strcmp0(defined->name, column) == 0)
                return defined;
        }
    }
    return NULL;
}

/* What it will be: as the statement defines it, or as the model knows it. NULL: not known. */
static const DdlType *
type_of_own(const LintContext *context, const DdlChange *change, const char *column)
{
    const ModelTable *table = model_table(context->model, change->relation);
    const ModelColumn *known = table != NULL ? model_column(table, column) : NULL;
    const DdlColumn *defined = defined_here(context, column);

    if (defined != NULL)
        return &defined->type;
    return known != NULL ? &known->parsed : NULL;
}

/* A column that is new is made so; one that is there gets one beside it. */
static void
recommend_type(const LintContext *context, const DdlChange *change, const char *column,
               const char *type)
{
    const DdlColumn *defined = defined_here(context, column);
    g_autofree char *to = g_strdup_printf("%s_new", column);
    g_autofree char *text =
        defined
            ? recipe_with_type(context, defined->location, type)
            : recipe_column_beside(
                  context, &(RecipeColumn){
                               .table = change->relation, .from = column, .to = to, .type = type});

    lint_recipe(context, "%s%s", text, defined ? ";" : "");
}

/* The columns of the primary key, for REFERENCES without columns. */
static const GPtrArray *
key_of(const ModelTable *table)
{
    for (guint i = 0; i < table->constraints->len; i++) {
        const ModelConstraint *constraint = table->constraints->pdata[i];
        if (constraint->kind == CONSTRAINT_PRIMARY_KEY)
            return constraint->columns;
    }
    return NULL;
}

static int
integer_width(const DdlType *type)
{
    static const char *const names[] = {"int2", "int4", "int8"};

    for (guint i = 0; type->name.schema == NULL && i < G_N_ELEMENTS(names); i++)
        if (g_strcmp0(type->name.name, names[i]) == 0)
            return 2 << i;
    return 0;
}

static void
compare_types(const LintContext *context, const DdlChange *change, const char *column,
              const DdlType *own, const ModelColumn *referenced)
{
    const int own_width = integer_width(own), width = integer_width(&referenced->parsed);
    g_autofree char *own_label = NULL, *label = NULL, *other = NULL, *table = NULL;

    if (referenced->type == NULL || (own_width == 0) != (width == 0) || own_width >= width)
        return;
    own_label = ddl_type_label(own);
    label = ddl_type_label(&referenced->parsed);
    table = ddl_name_label(change->relation);
    other = ddl_name_label(change->constraint->referenced);
    lint_report(context, change,
                "%s.%s is %s, the key of %s that it references is %s: it overflows when the key "
                "is still good",
                table, column, own_label, other, label);
    recommend_type(context, change, column, label);
}

static void
type_mismatch(const LintContext *context, const DdlChange *change)
{
    const ModelTable *table;
    const GPtrArray *keys;

    if (!is_foreign_key(change))
        return;
    table = model_table(context->model, change->constraint->referenced);
    if (table == NULL)
        return;
    keys = change->constraint->referenced_columns->len > 0 ? change->constraint->referenced_columns
                                                           : key_of(table);
    for (guint i = 0; keys != NULL && i < keys->len && i < change->constraint->columns->len; i++) {
        const char *column = change->constraint->columns->pdata[i];
        const DdlType *own = type_of_own(context, change, column);
        const ModelColumn *referenced = model_column(table, keys->pdata[i]);

        if (own != NULL && own->name.name != NULL && referenced != NULL)
            compare_types(context, change, column, own, referenced);
    }
}

const LintRule lint_rule_fk_type_mismatch = {
    .id = "fk-type-mismatch",
    .level = LINT_WARNING,
    .title = "a foreign key's column is narrower than the key",
    .at_change = type_mismatch,
    .kinds = LINT_KINDS(CHANGE_ADD_CONSTRAINT),
};

static bool
has_expression(const GPtrArray *columns)
{
    for (guint i = 0; i < columns->len; i++)
        if (columns->pdata[i] == NULL)
            return true;
    return false;
}

/* Rows are unique by fewer columns already. */
static bool
is_implied(const LintContext *context, DdlName relation, const GPtrArray *columns)
{
    const ModelTable *table = model_table(context->model, relation);

    for (guint i = 0; table != NULL && i < table->indexes->len; i++) {
        const ModelIndex *index = table->indexes->pdata[i];
        if (index->unique && index->where == NULL && index->valid == KNOWN_YES &&
            contains_all(columns, index->columns))
            return true;
    }
    return false;
}

/* By the statement itself: a CREATE TABLE, or a CREATE SCHEMA that holds one. */
static bool
is_defined_here(const LintContext *context, DdlName relation)
{
    for (guint i = 0; i < ddl_changes_count(context->changes); i++) {
        const DdlChange *change = ddl_changes_get(context->changes, i);

        if ((change->kind == CHANGE_CREATE_TABLE || change->kind == CHANGE_CREATE_TABLE_AS) &&
            facts_same(context, change->relation, relation))
            return true;
    }
    return false;
}

/* What must be unique from now on, and where; NULL: nothing new. */
static const GPtrArray *
made_unique(const DdlChange *change, DdlName *ret_table)
{
    *ret_table = change->relation;
    if (change->kind == CHANGE_CREATE_INDEX && change->index->unique) {
        *ret_table = change->other;
        return change->index->columns;
    }
    if (change->kind == CHANGE_ADD_CONSTRAINT && change->object == OBJECT(TABLE) &&
        change->constraint->using_index == NULL &&
        (change->constraint->kind == CONSTRAINT_UNIQUE ||
         change->constraint->kind == CONSTRAINT_PRIMARY_KEY))
        return change->constraint->columns;
    return NULL;
}

static void
unique_may_fail(const LintContext *context, const DdlChange *change)
{
    DdlName relation;
    const GPtrArray *columns = made_unique(change, &relation);
    g_autofree char *label = NULL, *list = NULL;

    if (columns == NULL || columns->len == 0 || facts_is_new(context, relation) ||
        is_defined_here(context, relation) || is_implied(context, relation, columns))
        return;
    for (guint i = 0; i < columns->len; i++)
        if (columns->pdata[i] != NULL && cost_is_new_column(context, relation, columns->pdata[i]))
            return;
    label = ddl_name_label(relation);
    list = cost_columns(columns);
    lint_report(context, change,
                "it fails if two rows of %s have the same (%s), and from then on so does an app "
                "that writes such rows",
                label, list);
    lint_possible(context, "whether %s holds duplicates of (%s)", label, list);
    lint_breaks(context, "INSERT and UPDATE that make a duplicate of (%s)", list);
    if (has_expression(columns))
        return;
    lint_recipe(context,
                "-- none of these may be left:\nSELECT %s, count(*) FROM %s GROUP BY %s HAVING "
                "count(*) > 1;",
                list, label, list);
}

const LintRule lint_rule_unique_may_fail = {
    .id = "unique-may-fail",
    .level = LINT_NOTE,
    .title = "what is there may not be unique",
    .at_change = unique_may_fail,
    .kinds = LINT_KINDS(CHANGE_ADD_CONSTRAINT, CHANGE_CREATE_INDEX),
};
