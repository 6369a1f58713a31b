#include <glib.h>
#include <glib/gstdio.h>

#include "peers/script.h"

typedef struct {
    const char *name;
    const char *text;
    bool in_transaction;
    const char *result;
    bool statement_transactions;
    const char *finding; /* NULL: none */
    int line;
} Case;

static const Case cases[] = {
    {"plain", "SELECT 1;\n", true, "SELECT 1;\n", false, NULL, 0},
    {"control", "BEGIN;\nSELECT 1;\nCOMMIT;\n", false, "SELECT 1;\n", false, NULL, 0},
    {"control in a string", "SELECT 'BEGIN;';\n", true, "SELECT 'BEGIN;';\n", false, NULL, 0},
    {"control on the line", "BEGIN; SELECT 1; COMMIT;", false, " SELECT 1; ", false, NULL, 0},
    {"body of a function",
     "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END;", true,
     "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END;", false, NULL, 0},
    {"one by one", "SELECT 1;\nSELECT 2;\n", false, "SELECT 1;\nSELECT 2;\n", true, NULL, 0},
    {"a single one", "SELECT 1;\n", false, "SELECT 1;\n", false, NULL, 0},
    {"two blocks", "SELECT 1;\nCOMMIT;\nBEGIN;\nSELECT 2;\n", true, "SELECT 1;\nSELECT 2;\n", true,
     NULL, 0},
    {"blocks around an index",
     "SELECT 1;\nCOMMIT;\nCREATE INDEX CONCURRENTLY i ON t (a);\nBEGIN;\nSELECT 2;\n", true,
     "SELECT 1;\nCREATE INDEX CONCURRENTLY i ON t (a);\nSELECT 2;\n", false, NULL, 0},
    {"rollback", "SELECT 1;\nROLLBACK;\n", false, "SELECT 1;\nROLLBACK;\n", false,
     "ROLLBACK cannot stand in a revision", 2},
    {"restrict", "\\restrict x\nSELECT 1;\n\\unrestrict x\n", true, "\nSELECT 1;\n\n", false, NULL,
     0},
    {"settings", "\\set ON_ERROR_STOP on\nSELECT 1;\n", true, "\nSELECT 1;\n", false, NULL, 0},
    {"command", "SELECT 1;\n\\gset x\n", true, "SELECT 1;\n-- \\gset x\n", false,
     "psql's command '\\gset' is not SQL", 2},
    {"backslash in a string", "SELECT E'\\n', '\\';\n", true, "SELECT E'\\n', '\\';\n", false, NULL,
     0},
    {"data", "SELECT 1;\ncopy t (a) FROM stdin;\n1;\t'\n\\.\nSELECT 2;\n", true,
     "SELECT 1;\n-- copy t (a) FROM stdin;\n-- 1;\t'\n-- \\.\n\nSELECT 2;\n", false,
     "COPY from stdin carries its data in the script", 2},
    {"missing include", "\\ir nowhere.sql\n", true, "\n", false,
     "cannot read '/nowhere/nowhere.sql': no such file", 1},
};

static void
test_case(gconstpointer data)
{
    const Case *it = data;
    g_auto(History) history = {0};
    PeerSql sql;

    history_init(&history);
    script_take(&history, NULL,
                &(ScriptSource){.place = {.file = "/nowhere/a.sql", .line = 1},
                                .text = it->text,
                                .in_transaction = it->in_transaction},
                &sql);
    g_assert_cmpstr(sql.text, ==, it->result);
    g_assert_cmpint(sql.statement_transactions, ==, it->statement_transactions);
    g_assert_cmpstr(sql.missing, ==, it->finding);
    g_assert_cmpuint(history.findings->len, ==, it->finding ? 1 : 0);
    if (it->finding != NULL) {
        const PeerFinding *finding = g_ptr_array_index(history.findings, 0);
        g_assert_cmpint(finding->line, ==, it->line);
    }
    peer_sql_clear(&sql);
}

static void
test_syntax_error(void)
{
    g_auto(History) history = {0};
    PeerSql sql;

    history_init(&history);
    script_take(&history, NULL,
                &(ScriptSource){.place = {.file = "a.sql", .line = 7}, .text = "SELECT 1;\nNO!\n"},
                &sql);
    g_assert_cmpstr(sql.text, ==, "-- SELECT 1;\n-- NO!\n");
    g_assert_true(g_str_has_prefix(sql.missing, "a.sql:8:1: "));
    peer_sql_clear(&sql);
}

static void
test_include(void)
{
    g_auto(History) history = {0};
    g_autofree char *folder = g_dir_make_tmp("sluice-script-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(folder, "main.sql", NULL);
    g_autofree char *included = g_build_filename(folder, "part.sql", NULL);
    PeerSql sql;

    history_init(&history);
    g_assert_true(g_file_set_contents(included, "SELECT 2;\n\\ir part.sql\n", -1, NULL));
    script_take(&history, NULL,
                &(ScriptSource){.place = {.file = file, .line = 1},
                                .text = "SELECT 1;\n\\i part.sql\n",
                                .in_transaction = true},
                &sql);
    g_assert_true(g_str_has_prefix(sql.text, "SELECT 1;\nSELECT 2;\nSELECT 2;\n"));
    g_assert_true(g_str_has_suffix(sql.missing, "part.sql' includes itself"));
    peer_sql_clear(&sql);
    g_unlink(included);
    g_rmdir(folder);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/peers/script/", cases[i].name, NULL);
        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_func("/peers/script/syntax error", test_syntax_error);
    g_test_add_func("/peers/script/include", test_include);
    return g_test_run();
}
