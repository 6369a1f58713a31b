#include "../cases.h"
#include "sql/bound.h"

static void
append_backfill(GString *out, const SqlBackfill *backfill)
{
    static const char *const kinds[] = {"update", "delete", "insert"};

    g_string_append_printf(out, "%s %s%s%s as %s\n", kinds[backfill->kind],
                           backfill->target.schema ? backfill->target.schema : "",
                           backfill->target.schema ? "." : "", backfill->target.table,
                           backfill->target.alias);
    if (!backfill->drives_target)
        g_string_append_printf(out, "driven by %s as %s\n", backfill->driving.table,
                               backfill->driving.alias);
    if (backfill->set != NULL)
        g_string_append_printf(out, "set %s\n", backfill->set);
    if (backfill->select != NULL)
        g_string_append_printf(out, "select %s\n", backfill->select);
    if (backfill->from != NULL)
        g_string_append_printf(out, "from %s%s%s\n", backfill->from,
                               backfill->from_rest ? "[ONLY leaf] " : "",
                               backfill->from_rest ? backfill->from_rest : "");
    g_string_append_printf(out, "where %s\n", backfill->where);
    if (backfill->walk != WALK_DEFAULT)
        g_string_append_printf(out, "walk %s %s\n", backfill->walk == WALK_KEY ? "key" : "pages",
                               backfill->walk_index ? backfill->walk_index : "");
    for (guint i = 0; i < backfill->columns->len; i++)
        g_string_append_printf(out, "column %s\n", (char *) backfill->columns->pdata[i]);
    for (guint i = 0; i < backfill->key->len; i++)
        g_string_append_printf(out, "key %s\n", (char *) backfill->key->pdata[i]);
}

/* Lines `-- finished when <condition>` are given apart, as a revision file does. */
static GPtrArray *
remarks_of(const char *text)
{
    static const char *const marks[REMARK_N] = {"-- finished when ", "-- driving table ",
                                                "-- walk "};
    GPtrArray *remarks = g_ptr_array_new_with_free_func((GDestroyNotify) sql_remark_free);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (int line = 0; lines[line]; line++)
        for (int kind = 0; kind < REMARK_N; kind++)
            if (g_str_has_prefix(lines[line], marks[kind])) {
                SqlRemark *remark = g_new0(SqlRemark, 1);

                *remark = (SqlRemark){(SqlRemarkKind) kind,
                                      g_strdup(lines[line] + strlen(marks[kind])),
                                      {"case.sql", line + 1, 1}};
                g_ptr_array_add(remarks, remark);
            }
    return remarks;
}

static char *
describe(G_GNUC_UNUSED const char *path, const char *text)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GPtrArray) remarks = remarks_of(text);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) backfills =
        sql_backfills_parse(text, (Place){"case.sql", 1, 1}, remarks, &error);

    if (backfills == NULL)
        case_append_error(out, error);
    for (guint i = 0; backfills != NULL && i < backfills->len; i++)
        append_backfill(out, backfills->pdata[i]);
    return g_strdup(out->str);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    cases_add("sql/backfill", ".sql", describe);
    return g_test_run();
}
