/* Recipes that are the statement itself, and what they are put together with. */
#include <string.h>

#include "lint/recipe-steps.h"

enum { NAME_BYTES = 63 };

char *
recipe_name(const char *first, ...)
{
    g_autoptr(GString) name = g_string_new(first);
    const char *part;
    va_list args;

    va_start(args, first);
    while ((part = va_arg(args, const char *)) != NULL) {
        /* The last part tells what it is: the others make room. */
        const gsize room = NAME_BYTES - MIN(strlen(part) + 1, NAME_BYTES);

        if (name->len > room)
            g_string_truncate(name, room);
        g_string_append_printf(name, "_%s", part);
    }
    va_end(args);
    return ddl_name_label((DdlName){NULL, name->str});
}

static void
accept_once(const LintContext *context, const char *condition)
{
    lint_recipe(context, "-- sluice: allow %s because %s\n%s;", lint_reporting(context), condition,
                sql_statement_text(context->statement));
}

void
recipe_once(const LintContext *context, const char *condition, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, condition);
    text = g_strdup_vprintf(condition, args);
    va_end(args);
    accept_once(context, text);
}

void
recipe_contract(const LintContext *context, const char *condition, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, condition);
    text = g_strdup_vprintf(condition, args);
    va_end(args);
    if (facts_by_sluice(context))
        lint_recipe(context, "-- sluice: contract\n-- %s\n%s;", text,
                    sql_statement_text(context->statement));
    else
        accept_once(context, text);
}

void
recipe_alone(const LintContext *context)
{
    lint_recipe(context,
                "BEGIN; -- nothing else in it; again, when the lock is not had\n"
                "SET LOCAL lock_timeout = '2s';\n%s;\nCOMMIT;",
                sql_statement_text(context->statement));
}

char *
recipe_later(const char *sql)
{
    g_auto(GStrv) lines = g_strsplit(sql, "\n", -1);
    g_autofree char *joined = g_strjoinv("\n--   ", lines);

    return g_strdup_printf("--   %s", joined);
}

void
recipe_index_again(const LintContext *context, const DdlChange *change)
{
    g_autofree char *name = ddl_name_label(change->relation);
    g_autofree char *create = recipe_index(context->statement, NULL);

    lint_recipe(context,
                "DROP INDEX CONCURRENTLY IF EXISTS %s; -- one that failed, if there is any\n%s;",
                name, create);
}
