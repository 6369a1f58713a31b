#include "lint/gone.h"

#include "sql/statement.h"

bool
gone_is_expected(const LintContext *context)
{
    return facts_in_section(context, SECTION_CONTRACT) ||
           facts_in_section(context, SECTION_DOWNGRADE) ||
           facts_in_section(context, SECTION_CUTOVER_UNDO);
}

bool
gone_is_used(const LintContext *context, DdlName relation)
{
    return !facts_is_new(context, relation) && model_exists(context->model, relation) != KNOWN_NO;
}

char *
gone_users(const LintContext *context, DdlName relation, const char *column)
{
    const ModelTable *table = model_table(context->model, relation);
    g_autoptr(GPtrArray) users = NULL;

    if (table == NULL)
        return NULL;
    users = model_dependents(context->model, table, column);
    if (users->len == 0)
        return NULL;
    g_ptr_array_add(users, NULL);
    return g_strjoinv(", ", (char **) users->pdata);
}

bool
gone_is_refused(const LintContext *context, const DdlChange *change)
{
    const char *failure = context->prediction->failure;

    if (failure == NULL || change->cascade)
        return false;
    lint_report(context, change, "the server refuses %s: %s", ddl_change_verb(change), failure);
    lint_recipe(context,
                "-- first, by name, what depends on it: CASCADE would drop that unseen; then\n%s;",
                sql_statement_text(context->statement));
    return true;
}

typedef struct {
    DdlName relation;
    const char *column;
} Column;

static bool
adds_column(const LintContext *context, const SessionStatement *statement G_GNUC_UNUSED,
            const DdlChange *change, const void *data)
{
    const Column *wanted = data;

    return change->kind == CHANGE_ADD_COLUMN && change->definition != NULL &&
           g_strcmp0(change->definition->name, wanted->column) == 0 &&
           facts_same(context, change->relation, wanted->relation);
}

bool
gone_column_is_new(const LintContext *context, DdlName relation, const char *column)
{
    return facts_before(context, false, CHANGE_ADD_COLUMN, adds_column,
                        &(Column){relation, column}) != NULL;
}

static bool
creates_schema(const LintContext *context G_GNUC_UNUSED,
               const SessionStatement *statement G_GNUC_UNUSED, const DdlChange *change,
               const void *data)
{
    const DdlName *schema = data;

    return change->kind == CHANGE_CREATE_SCHEMA &&
           g_strcmp0(change->relation.name, schema->name) == 0;
}

bool
gone_schema_is_new(const LintContext *context, DdlName schema)
{
    return facts_before(context, false, CHANGE_CREATE_SCHEMA, creates_schema, &schema) != NULL;
}

const DdlChange *
gone_later(const LintContext *context,
           bool (*is)(const LintContext *context, const DdlChange *change, const DdlChange *later),
           const DdlChange *change)
{
    const GPtrArray *units = context->file->units;

    if (!session_in_transaction(context->session))
        return NULL;
    for (guint i = context->unit->index + 1; i < units->len; i++) {
        const LintUnit *unit = units->pdata[i];

        for (guint k = 0; unit->changes != NULL && k < ddl_changes_count(unit->changes); k++) {
            const DdlChange *later = ddl_changes_get(unit->changes, k);
            if (later->kind == CHANGE_TRANSACTION &&
                (g_strcmp0(later->text, "commit") == 0 || g_strcmp0(later->text, "rollback") == 0))
                return NULL;
            if (is(context, change, later))
                return later;
        }
    }
    return NULL;
}
