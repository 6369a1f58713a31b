#include "../cases.h"
#include "sql/bound.h"

/* A first line `-- finished when <condition>` is given apart, as a revision file does. */
static char *
describe(G_GNUC_UNUSED const char *path, const char *text)
{
    static const char mark[] = "-- finished when ";
    g_autoptr(GString) out = g_string_new(NULL);
    g_autofree char *finished_when = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(SqlBackfill) backfill = NULL;

    if (g_str_has_prefix(text, mark))
        finished_when = g_strndup(text + strlen(mark), strcspn(text, "\n") - strlen(mark));
    backfill = sql_backfill_parse(text, (Place){"case.sql", 1, 1}, finished_when, &error);
    if (backfill == NULL) {
        case_append_error(out, error);
        return g_strdup(out->str);
    }
    g_string_append_printf(out, "%s %s%s%s as %s\n",
                           backfill->kind == BACKFILL_UPDATE ? "update" : "delete",
                           backfill->schema ? backfill->schema : "", backfill->schema ? "." : "",
                           backfill->table, backfill->alias);
    if (backfill->set != NULL)
        g_string_append_printf(out, "set %s\n", backfill->set);
    g_string_append_printf(out, "where %s\n", backfill->where);
    for (guint i = 0; i < backfill->columns->len; i++)
        g_string_append_printf(out, "column %s\n", (char *) backfill->columns->pdata[i]);
    return g_strdup(out->str);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    cases_add("sql/backfill", ".sql", describe);
    return g_test_run();
}
