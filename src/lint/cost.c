#include "lint/cost.h"

#include "base/text.h"

/* So few that nobody notices, whatever is done to them. */
enum { FEW_ROWS = 1000 };

const PredictedWork *
cost_of(const LintContext *context, const DdlChange *change, WorkKind least)
{
    const PredictedWork *dearest = NULL;

    for (guint i = 0; context->prediction != NULL && i < context->prediction->works->len; i++) {
        const PredictedWork *work = context->prediction->works->pdata[i];

        if (work->kind < least || work->kind == WORK_ROWS || work->is_new ||
            ddl_changes_get(context->changes, work->change) != change ||
            facts_is_new(context, work->relation))
            continue;
        if (dearest == NULL || work->kind > dearest->kind ||
            (work->kind == dearest->kind && work->certainty == KNOWN_YES &&
             dearest->certainty != KNOWN_YES))
            dearest = work;
    }
    return dearest;
}

void
cost_add(const LintContext *context, const PredictedWork *work)
{
    lint_add_locks(context);
    if (work->certainty != KNOWN_YES)
        lint_possible(context, "%s", work->settled_by);
    if (work->table != NULL && work->table->rows >= 0 && work->table->rows <= FEW_ROWS)
        lint_level(context, LINT_NOTE);
}

char *
cost_label(const LintContext *context, DdlName relation)
{
    const ModelTable *table = model_table(context->model, relation);
    g_autofree char *label = table != NULL ? model_table_label(table) : ddl_name_label(relation);
    g_autofree char *count = NULL;

    if (table == NULL || table->rows <= 0)
        return g_steal_pointer(&label);
    count = text_format_count(table->rows);
    return g_strdup_printf("%s (some %s rows)", label, count);
}

bool
cost_is_missing(const LintContext *context, const DdlChange *change)
{
    return change->if_exists && model_exists(context->model, change->relation) == KNOWN_NO;
}

/* Has this statement or file added the column, so that all its values are new? */
static bool
adds_column(const LintContext *context, const SessionStatement *statement G_GNUC_UNUSED,
            const DdlChange *change, const void *data)
{
    const char *const *wanted = data;

    return change->kind == CHANGE_ADD_COLUMN && g_strcmp0(change->column, wanted[0]) == 0 &&
           facts_same(context, change->relation, (DdlName){wanted[1], wanted[2]});
}

bool
cost_is_new_column(const LintContext *context, DdlName table, const char *column)
{
    const char *const wanted[] = {column, table.schema, table.name};

    for (guint i = 0; i < ddl_changes_count(context->changes); i++)
        if (adds_column(context, NULL, ddl_changes_get(context->changes, i), wanted))
            return true;
    return facts_before(context, false, CHANGE_ADD_COLUMN, adds_column, wanted) != NULL;
}

char *
cost_columns(const GPtrArray *columns)
{
    GString *joined = g_string_new(NULL);

    for (guint i = 0; i < columns->len; i++) {
        g_autofree char *name = columns->pdata[i] != NULL
                                    ? ddl_name_label((DdlName){NULL, columns->pdata[i]})
                                    : g_strdup("..");

        g_string_append_printf(joined, "%s%s", i > 0 ? ", " : "", name);
    }
    return g_string_free(joined, FALSE);
}

static char *
foreign_key_text(const DdlConstraint *constraint)
{
    g_autofree char *columns = cost_columns(constraint->columns);
    g_autofree char *referenced = ddl_name_label(constraint->referenced);
    g_autofree char *referenced_columns = cost_columns(constraint->referenced_columns);
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "FOREIGN KEY (%s) REFERENCES %s", columns, referenced);
    if (constraint->referenced_columns->len > 0)
        g_string_append_printf(text, " (%s)", referenced_columns);
    if (constraint->on_delete == 'c')
        g_string_append(text, " ON DELETE CASCADE");
    else if (constraint->on_delete == 'n')
        g_string_append(text, " ON DELETE SET NULL");
    else if (constraint->on_delete == 'd')
        g_string_append(text, " ON DELETE SET DEFAULT");
    else if (constraint->on_delete == 'r')
        g_string_append(text, " ON DELETE RESTRICT");
    return g_string_free(text, FALSE);
}

char *
cost_constraint_text(const DdlConstraint *constraint)
{
    g_autofree char *columns = NULL, *expression = NULL;

    if (constraint->kind == CONSTRAINT_FOREIGN_KEY)
        return foreign_key_text(constraint);
    if (constraint->kind == CONSTRAINT_CHECK) {
        expression = ddl_expression_text(constraint->expression);
        return g_strdup_printf("CHECK (%s)", expression);
    }
    columns = cost_columns(constraint->columns);
    return g_strdup_printf(
        constraint->kind == CONSTRAINT_PRIMARY_KEY ? "PRIMARY KEY (%s)" : "UNIQUE (%s)", columns);
}

char *
cost_constraint_name(const DdlChange *change)
{
    static const char *const suffixes[] = {
        [CONSTRAINT_CHECK] = "check",      [CONSTRAINT_UNIQUE] = "key",
        [CONSTRAINT_PRIMARY_KEY] = "pkey", [CONSTRAINT_FOREIGN_KEY] = "fkey",
        [CONSTRAINT_EXCLUSION] = "excl",
    };
    const DdlConstraint *constraint = change->constraint;
    g_autoptr(GString) name = g_string_new(change->relation.name);

    if (constraint->name != NULL)
        return ddl_name_label((DdlName){NULL, constraint->name});
    /* As the server names it: a CHECK of several columns after none of them. */
    if (constraint->kind != CONSTRAINT_PRIMARY_KEY &&
        (constraint->kind != CONSTRAINT_CHECK || constraint->columns->len == 1))
        for (guint i = 0; i < constraint->columns->len; i++)
            g_string_append_printf(name, "_%s", (const char *) constraint->columns->pdata[i]);
    g_string_append_printf(name, "_%s", suffixes[constraint->kind]);
    return ddl_name_label((DdlName){NULL, name->str});
}

char *
cost_bare_column(const DdlColumn *column)
{
    g_autofree char *name = ddl_name_label((DdlName){NULL, column->name});
    g_autofree char *type = ddl_type_label(&column->type);

    return g_strdup_printf("%s %s", name, type);
}
