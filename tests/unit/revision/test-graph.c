#include <string.h>

#include "graph-folder.h"
#include "revision/target.h"

static char *
ids_of(const Graph *graph)
{
    g_autoptr(GString) ids = g_string_new(NULL);

    for (guint i = 0; i < graph_count(graph); i++)
        g_string_append_printf(ids, "%s%s", i > 0 ? " " : "", graph_get(graph, i)->id);
    return g_strdup(ids->str);
}

static void
test_order(void)
{
    g_autoptr(TempFolder) folder =
        folder_of((const char *[]){"a000:c000", "b000:", "c000:b000", "d000:a000", NULL});
    g_autoptr(GError) error = NULL;
    g_autoptr(Graph) graph = graph_load(folder, &error);
    g_autoptr(GPtrArray) heads = NULL;
    g_autoptr(Revision) full = NULL;
    g_autofree char *ids = NULL;

    g_assert_no_error(error);
    ids = ids_of(graph);
    g_assert_cmpstr(ids, ==, "b000 c000 a000 d000");
    heads = graph_heads(graph);
    g_assert_cmpuint(heads->len, ==, 1);
    g_assert_cmpstr(((const Revision *) heads->pdata[0])->id, ==, "d000");
    g_assert_cmpuint(graph_get(graph, 0)->sections->len, ==, 0);
    full = graph_read(graph, graph_get(graph, 0), &error);
    g_assert_no_error(error);
    g_assert_nonnull(revision_section(full, SECTION_EXPAND, NULL));
    g_assert_true(graph_is_ancestor(graph, "b000", "d000"));
    g_assert_true(graph_is_ancestor(graph, "d000", "d000"));
    g_assert_false(graph_is_ancestor(graph, "d000", "b000"));
    g_assert_false(graph_is_ancestor(graph, "nobody", "b000"));
}

static void
test_merge(void)
{
    g_autoptr(TempFolder) folder = folder_of((const char *[]){"a:", "b:a", "c:a", "d:b,c", NULL});
    g_autoptr(GError) error = NULL;
    g_autoptr(Graph) graph = graph_load(folder, &error);
    g_autofree char *ids = NULL;

    g_assert_no_error(error);
    ids = ids_of(graph);
    g_assert_cmpstr(ids, ==, "a b c d");
    g_assert_true(graph_is_ancestor(graph, "b", "d"));
    g_assert_false(graph_is_ancestor(graph, "b", "c"));
}

static void
test_resolve(void)
{
    g_autoptr(TempFolder) folder =
        folder_of((const char *[]){"3f2a9c1b7d20:", "3f2a00000000:3f2a9c1b7d20", NULL});
    static const struct {
        const char *target, *id; /* id NULL: base; "!": an error that holds the hint */
        const char *message;
    } cases[] = {
        {"head", "3f2a00000000", NULL},
        {"base", NULL, NULL},
        {"3f2a9c1b7d20", "3f2a9c1b7d20", NULL},
        {"3f2a9", "3f2a9c1b7d20", NULL},
        {"3f2a", "!", "fits 2 revisions: 3f2a9c1b7d20, 3f2a00000000"},
        {"3f2", "!", "there is no revision '3f2'"},
        {"3f2a9c1b7d21", "!", "there is no revision '3f2a9c1b7d21'"},
        {"", "!", "there is no revision ''"},
    };
    g_autoptr(GError) error = NULL;
    g_autoptr(Graph) graph = graph_load(folder, &error);

    g_assert_no_error(error);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const Revision *revision = NULL;
        g_autoptr(GError) failed = NULL;
        const bool ok = target_point(graph, NULL, cases[i].target, &revision, &failed);

        g_assert_cmpint(ok, ==, cases[i].message == NULL);
        if (ok) {
            g_assert_cmpstr(revision ? revision->id : NULL, ==, cases[i].id);
        } else {
            g_assert_true(error_is(failed, ERROR_USAGE));
            g_assert_nonnull(strstr(failed->message, cases[i].message));
        }
        if (g_str_equal(cases[i].target, "3f2a9c1b7d21"))
            g_assert_cmpstr(error_get_hint(failed), ==, "Did you mean '3f2a9c1b7d20'?");
    }
}

static void
assert_fails(const char *folder, ErrorCode code, const char *message, const char *hint)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Graph) graph = graph_load(folder, &error);

    g_assert_null(graph);
    g_assert_true(error_is(error, code));
    if (strstr(error->message, message) == NULL)
        g_error("'%s' does not hold '%s'", error->message, message);
    if (hint != NULL)
        g_assert_nonnull(strstr(error_get_hint(error), hint));
}

static void
test_bad_graphs(void)
{
    g_autoptr(TempFolder) heads = folder_of((const char *[]){"a:", "b:a", "c:a", NULL});
    g_autoptr(TempFolder) cycle =
        folder_of((const char *[]){"r:", "a:c", "b:a", "c:b", "d:c", NULL});
    g_autoptr(TempFolder) itself = folder_of((const char *[]){"a:a", NULL});
    g_autoptr(TempFolder) missing = folder_of((const char *[]){"abcd1234:", "b:abcd1235", NULL});
    g_autoptr(TempFolder) twice = folder_of((const char *[]){"a:", NULL});
    g_autoptr(TempFolder) broken = folder_of((const char *[]){"a:", NULL});
    g_autoptr(GError) error = NULL;
    g_autoptr(Graph) allowed = graph_load(heads, &error);

    g_assert_no_error(error);
    g_assert_cmpuint(graph_count(allowed), ==, 3);
    assert_fails(cycle, ERROR_CONFIG, "the revisions form a cycle: ", "Correct the");
    assert_fails(cycle, ERROR_CONFIG, "a.sql) revises c (", NULL);
    assert_fails(itself, ERROR_CONFIG, "a.sql) revises a", NULL);
    assert_fails(missing, ERROR_CONFIG, "revises 'abcd1235', which no file holds",
                 "Did you mean 'abcd1234'?");
    temp_folder_add(twice, "z.sql", "-- Revision: a\n");
    assert_fails(twice, ERROR_CONFIG, "revision 'a' stands in two files: '", "new id");
    temp_folder_add(broken, "z.sql", "-- Revison: a\n");
    assert_fails(broken, ERROR_CONFIG, "z.sql:1:4: unknown header word", NULL);
    assert_fails("/nowhere/at/all", ERROR_CONFIG, "'/nowhere/at/all'", "sluice init");
}

static void
test_empty_folder(void)
{
    g_autoptr(TempFolder) folder = folder_of((const char *[]){NULL});
    g_autoptr(GError) error = NULL;
    g_autoptr(Graph) graph = NULL;
    const Revision *head;

    temp_folder_add(folder, "README.md", "not a revision");
    temp_folder_add(folder, ".hidden.sql", "nor this");
    graph = graph_load(folder, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(graph_count(graph), ==, 0);
    g_assert_true(target_point(graph, NULL, "head", &head, &error));
    g_assert_null(head);
}

/* SQL that does not parse, and long files, cost a reader of the graph nothing. */
static void
test_headers_only(void)
{
    g_autoptr(TempFolder) folder = folder_of((const char *[]){"a:", NULL});
    g_autoptr(GString) text = g_string_new("-- Revision: b\n-- Revises: a\n-- sluice: expand\n'");
    g_autoptr(GError) error = NULL;
    g_autoptr(Graph) graph = NULL;

    while (text->len < 1 << 20)
        g_string_append(text, "no SQL at all\n");
    temp_folder_add(folder, "b.sql", text->str);
    graph = graph_load(folder, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(graph_count(graph), ==, 2);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/graph/order", test_order);
    g_test_add_func("/graph/merge", test_merge);
    g_test_add_func("/graph/resolve", test_resolve);
    g_test_add_func("/graph/bad", test_bad_graphs);
    g_test_add_func("/graph/empty", test_empty_folder);
    g_test_add_func("/graph/headers-only", test_headers_only);
    return g_test_run();
}
