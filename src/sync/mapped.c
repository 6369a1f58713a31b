#include "sync/mapped.h"

#include "sync/identifier.h"

typedef enum { AT_EXPAND, AT_CHECKS, AT_VALID, AT_NOT_NULL } Stage;

struct Mapped {
    const Revision *revision;
    GPtrArray *syncs;   /* RevisionSync * */
    GPtrArray *columns; /* MappedColumn * */
    Stage stage;
};

Mapped *
mapped_new(const Revision *revision)
{
    g_autoptr(GPtrArray) syncs = revision_syncs(revision, NULL);
    Mapped *mapped;

    if (syncs == NULL || syncs->len == 0)
        return NULL;
    mapped = g_new0(Mapped, 1);
    mapped->revision = revision;
    mapped->columns = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < syncs->len; i++) {
        const RevisionSync *sync = syncs->pdata[i];

        for (guint k = 0; k < sync->forward->pairs->len; k++) {
            const SqlPair *pair = sync->forward->pairs->pdata[k];
            MappedColumn *column = g_new0(MappedColumn, 1);

            *column = (MappedColumn){.table = {sync->schema, sync->table},
                                     .column = pair->column,
                                     .sources = pair->sources};
            g_ptr_array_add(mapped->columns, column);
        }
    }
    mapped->syncs = g_steal_pointer(&syncs);
    return mapped;
}

void
mapped_free(Mapped *mapped)
{
    if (mapped == NULL)
        return;
    g_ptr_array_unref(mapped->columns);
    g_ptr_array_unref(mapped->syncs);
    g_free(mapped);
}

const GPtrArray *
mapped_columns(const Mapped *mapped)
{
    return mapped->columns;
}

static bool
is_range(const ModelTable *table, const char *name)
{
    const ModelColumn *column = model_column(table, name);

    return column != NULL && column->type != NULL && g_str_has_suffix(column->type, "range");
}

/* As not-null.c asks the server. */
static bool
cannot_be_null(const ModelTable *table, const RevisionSync *sync, const SqlPair *pair)
{
    if (sync->not_null)
        return true;
    for (guint i = 0; i < pair->sources->len; i++) {
        const char *source = pair->sources->pdata[i];

        if ((!pair->is_column && is_range(table, source)) ||
            model_is_not_null(table, source, true) != KNOWN_YES)
            return false;
    }
    return pair->is_total;
}

static bool
is_indexed(const ModelTable *table, const char *column)
{
    for (guint i = 0; i < table->indexes->len; i++) {
        const ModelIndex *index = table->indexes->pdata[i];

        for (guint k = 0; k < index->columns->len; k++)
            if (g_strcmp0(index->columns->pdata[k], column) == 0)
                return true;
    }
    return false;
}

static char *
check_name(const Mapped *mapped, const char *column)
{
    g_autofree char *name = g_strdup_printf("sluice_%s_%s_not_null", mapped->revision->id, column);

    return ddl_name_label((DdlName){NULL, name});
}

static void
run(Model *model, const char *sql)
{
    g_autoptr(SqlScript) script = sql_parse(sql, (Place){0}, NULL);

    for (guint i = 0; script != NULL && i < sql_script_count(script); i++) {
        g_autoptr(DdlChanges) changes = ddl_changes(sql_script_get(script, i));

        model_apply(model, changes);
    }
}

static void
append_check(const Mapped *mapped, const RevisionSync *sync, const SqlPair *pair, GString *sql)
{
    g_autofree char *table = ddl_name_label((DdlName){sync->schema, sync->table});
    g_autofree char *column = ddl_name_label((DdlName){NULL, pair->column});
    g_autofree char *name = check_name(mapped, pair->column);

    g_string_append_printf(sql,
                           "ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s IS NOT NULL) NOT VALID;\n",
                           table, name, column);
}

static void
add_checks(Mapped *mapped, Model *model)
{
    g_autoptr(GString) sql = g_string_new(NULL);
    guint at = 0;

    for (guint i = 0; i < mapped->syncs->len; i++) {
        const RevisionSync *sync = mapped->syncs->pdata[i];
        const ModelTable *table = model_table(model, (DdlName){sync->schema, sync->table});

        for (guint k = 0; k < sync->forward->pairs->len; k++) {
            const SqlPair *pair = sync->forward->pairs->pdata[k];
            MappedColumn *column = mapped->columns->pdata[at++];

            for (guint s = 0; table != NULL && s < pair->sources->len; s++)
                column->was_indexed |= is_indexed(table, pair->sources->pdata[s]);
            if (table != NULL && cannot_be_null(table, sync, pair))
                append_check(mapped, sync, pair, sql);
        }
    }
    run(model, sql->str);
}

static void
each_check(const Mapped *mapped, Model *model, bool sets_not_null)
{
    g_autoptr(GString) sql = g_string_new(NULL);
    g_autofree char *prefix = g_strdup_printf("sluice_%s_", mapped->revision->id);

    for (guint i = 0; i < mapped->syncs->len; i++) {
        const RevisionSync *sync = mapped->syncs->pdata[i];
        const ModelTable *table = model_table(model, (DdlName){sync->schema, sync->table});

        for (guint k = 0; table != NULL && k < table->constraints->len; k++) {
            const ModelConstraint *check = table->constraints->pdata[k];
            g_autofree char *label = NULL, *name = NULL, *column = NULL;

            if (check->kind != CONSTRAINT_CHECK || check->name == NULL ||
                !g_str_has_prefix(check->name, prefix) || check->columns->len != 1)
                continue;
            label = ddl_name_label((DdlName){sync->schema, sync->table});
            name = ddl_name_label((DdlName){NULL, check->name});
            column = ddl_name_label((DdlName){NULL, check->columns->pdata[0]});
            if (sets_not_null)
                g_string_append_printf(sql,
                                       "ALTER TABLE %s ALTER COLUMN %s SET NOT NULL;\n"
                                       "ALTER TABLE %s DROP CONSTRAINT %s;\n",
                                       label, column, label, name);
            else
                g_string_append_printf(sql, "ALTER TABLE %s VALIDATE CONSTRAINT %s;\n", label,
                                       name);
        }
    }
    run(model, sql->str);
}

static Stage
stage_of(const Mapped *mapped, SectionKind section)
{
    switch ((int) section) {
    case SECTION_EXPAND:
        return AT_EXPAND;
    case SECTION_BACKFILL:
    case SECTION_VERIFY:
        return AT_CHECKS;
    case SECTION_CONTRACT:
        return AT_NOT_NULL;
    case SECTION_N:
        return revision_has_contract(mapped->revision) ? AT_NOT_NULL : AT_VALID;
    default:
        return AT_VALID;
    }
}

void
mapped_reach(Mapped *mapped, SectionKind section, Model *model)
{
    const Stage stage = stage_of(mapped, section);

    for (; mapped->stage < stage; mapped->stage++) {
        if (mapped->stage == AT_EXPAND)
            add_checks(mapped, model);
        else
            each_check(mapped, model, mapped->stage == AT_VALID);
    }
}
