/* What is given another name, openly or by a drop and an addition. */
#include <string.h>

#include "lint/gone.h"
#include "lint/recipe-steps.h"

static bool
makes_alias(const LintContext *context, const DdlChange *rename, const DdlChange *later)
{
    return later->kind == CHANGE_CREATE_VIEW &&
           facts_same(context, later->relation, rename->relation);
}

static bool
creates_new(const LintContext *context, const SessionStatement *statement G_GNUC_UNUSED,
            const DdlChange *change, const void *data)
{
    const DdlChange *rename = data;

    return (change->kind == CHANGE_CREATE_TABLE || change->kind == CHANGE_RENAME) &&
           (facts_same(context, change->relation, rename->relation) ||
            g_strcmp0(change->new_name, rename->relation.name) == 0);
}

/* Later in the transaction another table takes the old name: a swap. */
static bool
takes_name(const LintContext *context, const DdlChange *rename, const DdlChange *later)
{
    (void) context;
    return (later->kind == CHANGE_RENAME &&
            g_strcmp0(later->new_name, rename->relation.name) == 0) ||
           (later->kind == CHANGE_CREATE_TABLE &&
            g_strcmp0(later->relation.name, rename->relation.name) == 0);
}

static bool
is_renamed_table(const DdlChange *change)
{
    return (change->kind == CHANGE_RENAME || change->kind == CHANGE_SET_SCHEMA) &&
           (change->object == OBJECT(TABLE) || change->object == OBJECT(FOREIGN_TABLE));
}

static bool
names_index(const LintContext *context, DdlName relation)
{
    const ModelTable *table = model_table(context->model, relation);

    return model_index(context->model, relation) != NULL ||
           (table != NULL && table->kind != MODEL_TABLE && table->kind != MODEL_FOREIGN_TABLE);
}

static void
rename_table(const LintContext *context, const DdlChange *change)
{
    g_autofree char *label = NULL, *new_label = NULL;

    if (!is_renamed_table(change) || gone_is_expected(context) ||
        names_index(context, change->relation) || !gone_is_used(context, change->relation) ||
        facts_before(context, false, CHANGE_N, creates_new, change) != NULL ||
        gone_later(context, makes_alias, change) != NULL ||
        gone_later(context, takes_name, change) != NULL)
        return;
    label = ddl_name_label(change->relation);
    lint_report(context, change,
                change->kind == CHANGE_RENAME
                    ? "ALTER TABLE %s RENAME TO %s breaks every statement of the running app that "
                      "names it at the moment it commits"
                    : "ALTER TABLE %s SET SCHEMA %s breaks the statements of the running app that "
                      "do not find it there",
                label, change->new_name);
    lint_add_locks(context);
    lint_breaks(context, "every statement that names %s", label);
    new_label = ddl_name_label(change->kind == CHANGE_RENAME
                                   ? (DdlName){change->relation.schema, change->new_name}
                                   : (DdlName){change->new_name, change->relation.name});
    lint_recipe(context,
                "BEGIN;\nSET LOCAL lock_timeout = '2s';\n%s;\n"
                "CREATE VIEW %s AS SELECT * FROM %s; -- with the same GRANTs\nCOMMIT;\n"
                "-- when no app uses the old name, in a later file:\n--   DROP VIEW %s;",
                sql_statement_text(context->statement), label, new_label, label);
}

const LintRule lint_rule_table_rename = {
    .id = "table-rename",
    .level = LINT_ERROR,
    .title = "a table gets another name or schema while an app uses it",
    .at_change = rename_table,
    .kinds = LINT_KINDS(CHANGE_RENAME, CHANGE_SET_SCHEMA),
};

/* Both names at once: the app moves over to the views, and then they and the tables change places.
 */
static void
recommend_views(const LintContext *context, const DdlChange *change)
{
    const GPtrArray *tables = model_tables(context->model);
    g_autofree char *schema = ddl_name_label((DdlName){NULL, change->new_name});
    g_autoptr(GString) views = g_string_new(NULL);

    for (guint i = 0; i < tables->len; i++) {
        const ModelTable *table = tables->pdata[i];
        g_autofree char *from = NULL, *to = NULL;

        if (g_strcmp0(table->schema, change->relation.name) != 0 || table->kind == MODEL_SEQUENCE)
            continue;
        from = ddl_name_label((DdlName){table->schema, table->name});
        to = ddl_name_label((DdlName){change->new_name, table->name});
        g_string_append_printf(views, "\nCREATE VIEW %s AS SELECT * FROM %s;", to, from);
    }
    lint_recipe(context,
                "CREATE SCHEMA %s; -- views in it of what is in the old one%s\n"
                "-- when every app uses the new names: SET SCHEMA, a table a transaction, with the "
                "view in its old place",
                schema, views->str);
}

static void
rename_schema(const LintContext *context, const DdlChange *change)
{
    g_autofree char *label = NULL;

    if (change->object != OBJECT(SCHEMA) || gone_is_expected(context) ||
        gone_schema_is_new(context, change->relation))
        return;
    label = ddl_name_label(change->relation);
    lint_report(context, change,
                "ALTER SCHEMA %s RENAME breaks every statement that names the schema, and every "
                "search_path with it",
                label);
    lint_breaks(context, "every statement that names %s", label);
    recommend_views(context, change);
}

const LintRule lint_rule_schema_rename = {
    .id = "schema-rename",
    .level = LINT_ERROR,
    .title = "ALTER SCHEMA .. RENAME breaks all names with the schema",
    .at_change = rename_schema,
    .kinds = LINT_KINDS(CHANGE_RENAME),
};

static const DdlType *
dropped_type(const LintContext *context, const DdlChange *drop)
{
    const ModelTable *table = model_table(context->model, drop->relation);
    const ModelColumn *column = table != NULL ? model_column(table, drop->column) : NULL;

    return column != NULL && column->type != NULL ? &column->parsed : NULL;
}

static bool
is_same_file_add(const LintContext *context, const DdlChange *drop, const DdlType *type,
                 const DdlChange *other)
{
    return other->kind == CHANGE_ADD_COLUMN && other->definition != NULL &&
           facts_same(context, other->relation, drop->relation) &&
           (g_strcmp0(other->definition->name, drop->column) == 0 || type == NULL ||
            ddl_type_equal(&other->definition->type, type));
}

/* A column of the same type (or any, where it is not known), or name, that the file adds where one
 * is dropped; NULL: none. */
static const DdlChange *
added_instead(const LintContext *context, const DdlChange *drop)
{
    const DdlType *type = dropped_type(context, drop);
    const GPtrArray *units = context->file->units;

    for (guint i = 0; i < units->len; i++) {
        const LintUnit *unit = units->pdata[i];

        if (unit->changes == NULL || unit->section != context->unit->section)
            continue;
        for (guint k = 0; k < ddl_changes_count(unit->changes); k++)
            if (is_same_file_add(context, drop, type, ddl_changes_get(unit->changes, k)))
                return ddl_changes_get(unit->changes, k);
    }
    return NULL;
}

static bool
fills(const LintContext *context, const SessionStatement *statement G_GNUC_UNUSED,
      const DdlChange *change, const void *data)
{
    const DdlChange *drop = data;

    return change->kind == CHANGE_UPDATE && facts_same(context, change->relation, drop->relation);
}

static bool
adds_it(const LintContext *context, const SessionStatement *statement G_GNUC_UNUSED,
        const DdlChange *change, const void *data)
{
    const DdlChange *drop = data;

    return change->kind == CHANGE_ADD_COLUMN && g_strcmp0(change->column, drop->column) == 0 &&
           facts_same(context, change->relation, drop->relation);
}

static void
disguised(const LintContext *context, const DdlChange *change)
{
    const DdlChange *added;
    g_autofree char *label = NULL;

    if (change->object == OBJECT(TYPE) || gone_is_expected(context) ||
        !gone_is_used(context, change->relation) ||
        facts_before(context, false, CHANGE_ADD_COLUMN, adds_it, change) != NULL)
        return;
    added = added_instead(context, change);
    if (added == NULL || facts_before(context, false, CHANGE_UPDATE, fills, change) != NULL)
        return;
    label = ddl_name_label(change->relation);
    lint_report(context, change,
                "%s.%s is dropped and %s added in one file: if it is meant as a rename, the data "
                "is lost",
                label, change->column, added->definition->name);
    lint_possible(context, "whether both hold the same");
    lint_breaks(context, "statements that name %s", change->column);
    if (g_str_equal(change->column, added->definition->name))
        recipe_contract(context, "no version that runs uses %s.%s, and its data may go", label,
                        change->column);
    else
        recipe_rename_column(context, change->relation, change->column, added->definition->name);
}

const LintRule lint_rule_rename_disguised = {
    .id = "rename-disguised",
    .level = LINT_WARNING,
    .title = "a column is dropped and another one like it added",
    .at_change = disguised,
    .kinds = LINT_KINDS(CHANGE_DROP_COLUMN),
};

static const char *
kind_of(const DdlChange *change)
{
    if (change->kind == CHANGE_RENAME_CONSTRAINT)
        return "CONSTRAINT";
    if (change->kind == CHANGE_RENAME_COLUMN)
        return change->object == OBJECT(TYPE) || change->object == OBJECT(ATTRIBUTE) ? "ATTRIBUTE"
                                                                                     : NULL;
    if (change->kind != CHANGE_RENAME && change->kind != CHANGE_SET_SCHEMA)
        return NULL;
    switch ((int) change->object) {
    case OBJECT(VIEW):
        return "VIEW";
    case OBJECT(MATVIEW):
        return "MATERIALIZED VIEW";
    case OBJECT(SEQUENCE):
        return "SEQUENCE";
    case OBJECT(FUNCTION):
        return "FUNCTION";
    case OBJECT(PROCEDURE):
        return "PROCEDURE";
    case OBJECT(ROUTINE):
        return "ROUTINE";
    case OBJECT(TYPE):
        return "TYPE";
    case OBJECT(DOMAIN):
        return "DOMAIN";
    default:
        return NULL;
    }
}

static void
rename_other(const LintContext *context, const DdlChange *change)
{
    const char *kind = kind_of(change);
    g_autofree char *label = NULL, *new_label = NULL;

    if (kind == NULL || gone_is_expected(context) || facts_is_new(context, change->relation))
        return;
    label = ddl_name_label(change->relation);
    if (change->kind == CHANGE_RENAME_CONSTRAINT) {
        lint_report(context, change,
                    "constraint %s of %s is known to an app by ON CONFLICT ON CONSTRAINT, and by "
                    "the errors that it maps",
                    change->constraint_name, label);
        lint_level(context, LINT_NOTE);
        lint_possible(context, "whether the app names the constraint");
        return;
    }
    lint_report(context, change,
                "%s %s is not found under that name any more: statements of the running app that "
                "use it fail",
                kind, label);
    lint_add_locks(context);
    lint_breaks(context, "statements that use %s", label);
    if (change->kind == CHANGE_RENAME &&
        (change->object == OBJECT(VIEW) || change->object == OBJECT(MATVIEW))) {
        new_label = ddl_name_label((DdlName){change->relation.schema, change->new_name});
        lint_recipe(context,
                    "CREATE VIEW %s AS SELECT * FROM %s; -- with the same GRANTs\n"
                    "-- when no app uses %s, in a later file: DROP it, and give it the new name",
                    new_label, label, label);
    } else {
        recipe_contract(context, "no version that runs uses the old name of %s", label);
    }
}

const LintRule lint_rule_rename_other_objects = {
    .id = "rename-other-objects",
    .level = LINT_WARNING,
    .title = "a view, function, type, sequence or constraint gets another name or schema",
    .at_change = rename_other,
    .kinds = LINT_KINDS(CHANGE_RENAME, CHANGE_SET_SCHEMA, CHANGE_RENAME_COLUMN,
                        CHANGE_RENAME_CONSTRAINT),
};
