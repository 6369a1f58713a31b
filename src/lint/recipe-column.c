/* A column that takes the place of another, and NOT NULL without a scan. */
#include "lint/recipe-steps.h"

char *
recipe_not_null(DdlName table, const char *column)
{
    g_autofree char *label = ddl_name_label(table);
    g_autofree char *name = ddl_name_label((DdlName){NULL, column});
    g_autofree char *check = recipe_name(table.name, column, "not_null", NULL);

    return g_strdup_printf("ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s IS NOT NULL) NOT VALID;\n"
                           "ALTER TABLE %s VALIDATE CONSTRAINT %s;\n"
                           "ALTER TABLE %s ALTER COLUMN %s SET NOT NULL; -- reads nothing\n"
                           "ALTER TABLE %s DROP CONSTRAINT %s;",
                           label, check, name, label, check, label, name, label, check);
}

char *
recipe_type_of_new(const LintContext *context, const DdlType *type)
{
    const ModelType *domain = model_type(context->model, type->name);
    const DdlType *free_of_checks = type;

    while (domain != NULL && domain->kind == MODEL_DOMAIN && type->dimensions == 0) {
        type = &domain->base_type;
        if (domain->not_null || domain->constraints->len > 0)
            free_of_checks = type;
        domain = model_type(context->model, type->name);
    }
    return ddl_type_label(free_of_checks);
}

/* The body of the trigger: who writes the new column is of the new version. */
static char *
sync_body(const RecipeColumn *column, const char *from, const char *to)
{
    const char *table = column->table.name;
    g_autofree char *alias = ddl_name_label((DdlName){NULL, table});
    g_autofree char *value =
        column->using
            ? g_strdup_printf("(SELECT %s FROM (SELECT NEW.*) AS %s)", column->using, alias)
            : g_strdup_printf("NEW.%s", from);

    if (column->using) /* nobody knows its way back */
        return g_strdup_printf("    NEW.%s := %s;\n", to, value);
    return g_strdup_printf("    IF TG_OP = 'INSERT' AND NEW.%s IS NULL\n"
                           "       OR TG_OP = 'UPDATE' AND NEW.%s::text IS DISTINCT FROM "
                           "OLD.%s::text THEN\n"
                           "        NEW.%s := NEW.%s; -- the new app writes %s\n"
                           "    ELSE\n        NEW.%s := %s;\n    END IF;\n",
                           from, to, to, from, to, to, to, value);
}

char *
recipe_column_beside(const LintContext *context, const RecipeColumn *column)
{
    g_autofree char *table = ddl_name_label(column->table);
    g_autofree char *from = ddl_name_label((DdlName){NULL, column->from});
    g_autofree char *to = ddl_name_label((DdlName){NULL, column->to});
    g_autofree char *sync = recipe_name(column->table.name, column->to, "sync", NULL);
    g_autofree char *body = sync_body(column, from, to);
    g_autofree char *set = g_strdup_printf("%s = %s", from, from);
    g_autofree char *left = g_strdup_printf("%s IS NULL AND %s IS NOT NULL", to, from);
    g_autofree char *fill = recipe_fill(context, column->table, set, left);

    return g_strdup_printf(
        "ALTER TABLE %s ADD COLUMN %s %s;\n"
        "CREATE FUNCTION %s() RETURNS trigger LANGUAGE plpgsql AS $sync$\nBEGIN\n%s"
        "    RETURN NEW;\nEND $sync$;\n"
        "CREATE TRIGGER %s BEFORE INSERT OR UPDATE ON %s\n"
        "    FOR EACH ROW EXECUTE FUNCTION %s();\n"
        "-- the old rows: the trigger fills them\n%s\n"
        "-- the same indexes CONCURRENTLY, constraints NOT VALID and then VALIDATE; apps go over;\n"
        "-- when none uses %s any more, in a later file:\n"
        "--   DROP TRIGGER %s ON %s; DROP FUNCTION %s();\n"
        "--   ALTER TABLE %s DROP COLUMN %s;",
        table, to, column->type, sync, body, sync, table, sync, fill, from, sync, table, sync,
        table, from);
}

void
recipe_rename_column(const LintContext *context, DdlName relation, const char *from, const char *to)
{
    const ModelTable *table = model_table(context->model, relation);
    const ModelColumn *known = table != NULL ? model_column(table, from) : NULL;
    g_autofree char *label = ddl_name_label(relation);
    g_autofree char *command =
        g_strdup_printf("sluice revision --rename %s.%s:%s", label, from, to);
    g_autofree char *type = NULL, *steps = NULL;

    if (known == NULL || known->type == NULL || facts_by_sluice(context)) {
        lint_recipe(context,
                    "-- asks the database for the type, and writes a revision with the new column, "
                    "a\n-- mapping that keeps both the same, and the contract:\n%s%s",
                    "--   ", command);
        return;
    }
    type = recipe_type_of_new(context, &known->parsed);
    steps = recipe_column_beside(
        context, &(RecipeColumn){.table = relation, .from = from, .to = to, .type = type});
    lint_recipe(context, "-- or, with sluice: %s\n%s", command, steps);
}
