#include <string.h>

#include "author/rebase.h"
#include "base/error.h"
#include "temp-folder.h"

typedef struct {
    char *folder;
    Graph *graph;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    fixture->folder = temp_folder_new();
}

static void
tear_down(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    temp_folder_remove(fixture->folder);
    graph_free(fixture->graph);
}

/* @lines: "id:parents[:label]" each, NULL-ended. */
static void
load(Fixture *fixture, const char *const *lines)
{
    g_autoptr(GError) error = NULL;

    for (; *lines; lines++) {
        g_auto(GStrv) parts = g_strsplit(*lines, ":", 3);
        g_autofree char *name = g_strdup_printf("%s.sql", parts[0]);
        g_autofree char *path = g_build_filename(fixture->folder, name, NULL);
        g_autofree char *text = g_strdup_printf("-- Revision: %s\n-- Revises: %s\n-- Branch: %s\n",
                                                parts[0], parts[1], parts[2] ? parts[2] : "");

        g_assert_true(g_file_set_contents(path, text, -1, NULL));
    }
    graph_free(fixture->graph);
    fixture->graph = graph_load(fixture->folder, &error);
    g_assert_no_error(error);
}

static void
append_ids(GString *out, const GPtrArray *revisions)
{
    for (guint i = 0; i < revisions->len; i++)
        g_string_append_printf(out, " %s", ((const Revision *) revisions->pdata[i])->id);
}

/* "onto: moved / written", or the error's message. */
static void
assert_plan(const Fixture *fixture, const char *word, const char *onto, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RebasePlan) plan =
        rebase_plan_new(fixture->folder, fixture->graph, NULL, word, onto, &error);
    g_autoptr(GString) found = g_string_new(NULL);

    if (plan == NULL) {
        g_string_append(found, error->message);
    } else {
        g_string_append_printf(found, "%s:", plan->onto->id);
        append_ids(found, plan->moved);
        g_string_append(found, " /");
        append_ids(found, plan->written);
    }
    g_assert_cmpstr(found->str, ==, expected);
}

static void
test_sides(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    load(fixture, (const char *const[]){"aaaa:", "bbb1:aaaa", "bbb2:bbb1", "cccc:aaaa", NULL});
    assert_plan(fixture, "bbb2", NULL, "cccc: bbb1 bbb2 / bbb1");
    assert_plan(fixture, "bbb1", NULL, "cccc: bbb1 bbb2 / bbb1");
    assert_plan(fixture, NULL, "bbb2", "bbb2: cccc / cccc");
    assert_plan(fixture, NULL, NULL,
                "it cannot be told which of the heads moves: 'bbb2' (bbb2.sql), 'cccc' "
                "(cccc.sql)");
    assert_plan(fixture, "aaaa", "cccc",
                "there is nothing to move: 'aaaa' stands above 'cccc' already");
    assert_plan(fixture, "cccc", "aaaa",
                "there is nothing to move: 'cccc' stands behind 'aaaa' already");
}

/* A branch with a label that was merged in stays where it is; one that begins below moves along. */
static void
test_labels(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    load(fixture, (const char *const[]){"aaaa:", "bbb1:aaaa", "shop:aaaa:s", "bbb2:bbb1, shop",
                                        "bill:bbb1:b", "cccc:aaaa", NULL});
    assert_plan(fixture, "bbb2", "cccc", "cccc: bbb1 bill bbb2 / bbb1");
    assert_plan(fixture, "bill", NULL, "there is no other head in the branch of 'bill'");
    assert_plan(fixture, "bill", "cccc", "cccc: bill / bill");
}

static void
test_one_head(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    load(fixture, (const char *const[]){"aaaa:", "bbbb:aaaa", NULL});
    assert_plan(fixture, NULL, NULL, "there is nothing to rebase: each branch has one head");
}

/* Two histories, and the way of a cycle: what the target needs does not move. */
static void
test_roots(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RebasePlan) plan = NULL;
    g_autoptr(GPtrArray) heads = NULL;

    load(fixture, (const char *const[]){"aaaa:", "bbbb:", "bbb2:bbbb", NULL});
    plan = rebase_plan_new(fixture->folder, fixture->graph, NULL, "bbb2", NULL, &error);
    g_assert_no_error(error);
    rebase_run(fixture->folder, plan, &error);
    g_assert_no_error(error);
    g_clear_pointer(&plan, rebase_plan_free);
    load(fixture, (const char *const[]){NULL});
    heads = graph_heads(fixture->graph);
    g_assert_cmpuint(heads->len, ==, 1);
    g_assert_cmpstr(((const Revision *) heads->pdata[0])->id, ==, "bbb2");
    g_assert_true(graph_is_ancestor(fixture->graph, "aaaa", "bbbb"));
}

static void
assert_revised(const char *text, const char *expected)
{
    const char *const parents[] = {"x", "y", NULL};
    g_autofree char *revised = revision_text_revise(text, parents);

    g_assert_cmpstr(revised, ==, expected);
}

static void
test_text(void)
{
    assert_revised("-- Revision: a\n-- Revises: b\n-- Title: c\nSELECT 1; -- Revises: b\n",
                   "-- Revision: a\n-- Revises: x, y\n-- Title: c\nSELECT 1; -- Revises: b\n");
    assert_revised("-- Revision: a\r\n-- Title: c\r\n",
                   "-- Revision: a\r\n-- Revises: x, y\r\n-- Title: c\r\n");
    assert_revised("-- revises: words of mine\n  --Revision: a",
                   "-- revises: words of mine\n  --Revision: a\n-- Revises: x, y");
    assert_revised("\xEF\xBB\xBF-- Revises: b\r\n-- Revision: a\r\n",
                   "\xEF\xBB\xBF-- Revises: x, y\r\n-- Revision: a\r\n");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/rebase/" name, Fixture, NULL, set_up, function, tear_down)
    ADD("sides", test_sides);
    ADD("labels", test_labels);
    ADD("one-head", test_one_head);
    ADD("roots", test_roots);
    g_test_add_func("/rebase/text", test_text);
    return g_test_run();
}
