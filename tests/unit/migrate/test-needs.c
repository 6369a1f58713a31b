#include <glib/gstdio.h>
#include <string.h>

#include "migrate/migrate.h"
#include "migrate/needs.h"

static const char *const files[][2] = {
    {"a.sql", "-- Revision: aaaa\n-- sluice: expand\nALTER TABLE t ADD COLUMN b int;\n"
              "-- sluice: backfill\nUPDATE t SET b = a WHERE b IS NULL AND a IS NOT NULL;\n"
              "-- sluice: contract\nALTER TABLE t DROP COLUMN a;\n"},
    {"b.sql", "-- Revision: bbbb\n-- Revises: aaaa\n-- Requires: aaaa backfilled\n"},
    {"c.sql", "-- Revision: cccc\n-- Revises: bbbb\n-- Requires: aaaa\n"},
};

typedef struct {
    char *folder;
    Graph *graph;
    LedgerRevisions rows;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;

    f->folder = g_dir_make_tmp("sluice-needs-XXXXXX", NULL);
    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(f->folder, files[i][0], NULL);
        g_assert_true(g_file_set_contents(path, files[i][1], -1, NULL));
    }
    f->graph = graph_load(f->folder, &error);
    g_assert_no_error(error);
    f->rows.list = g_ptr_array_new_with_free_func(g_free);
    f->rows.by_id = g_hash_table_new(g_str_hash, g_str_equal);
}

static void
tear_down(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(f->folder, files[i][0], NULL);
        g_remove(path);
    }
    g_rmdir(f->folder);
    g_free(f->folder);
    graph_free(f->graph);
    g_ptr_array_unref(f->rows.list);
    g_hash_table_unref(f->rows.by_id);
}

static LedgerRevision *
add_row(Fixture *f, const char *id, RevisionState state)
{
    LedgerRevision *row = g_new0(LedgerRevision, 1);

    row->id = (char *) (guintptr) id;
    row->state = state;
    g_ptr_array_add(f->rows.list, row);
    g_hash_table_insert(f->rows.by_id, row->id, row);
    return row;
}

static void
test_met(void)
{
    LedgerRevision row = {.state = STATE_PENDING};

    g_assert_false(need_is_met(NULL, STATE_EXPANDED));
    g_assert_false(need_is_met(&row, STATE_EXPANDED));
    row.state = STATE_EXPANDED;
    g_assert_true(need_is_met(&row, STATE_EXPANDED));
    g_assert_false(need_is_met(&row, STATE_BACKFILLED));
    row.final = true;
    g_assert_true(need_is_met(&row, STATE_CONTRACTED));
}

static void
test_unmet(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    const Revision *b = graph_find(f->graph, "bbbb"), *c = graph_find(f->graph, "cccc");
    LedgerRevision *row = add_row(f, "aaaa", STATE_EXPANDED);

    g_assert_nonnull(need_find_unmet(f->graph, &f->rows, b));
    g_assert_null(need_find_unmet(f->graph, &f->rows, graph_find(f->graph, "aaaa")));
    row->state = STATE_BACKFILLED;
    g_assert_null(need_find_unmet(f->graph, &f->rows, b));
    g_assert_nonnull(need_find_unmet(f->graph, &f->rows, c));
}

/* Each command is named once, and what waits for what in a line of its own. */
static void
test_fail(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify) waiting_free);
    const Revision *b = graph_find(f->graph, "bbbb"), *c = graph_find(f->graph, "cccc");
    g_autoptr(GError) error = NULL;

    g_assert_true(waiting_fail(list, &error));
    add_row(f, "aaaa", STATE_EXPANDED);
    g_ptr_array_add(list, waiting_for_requirement(f->graph, &f->rows, b,
                                                  g_ptr_array_index(b->requires, 0), &error));
    g_ptr_array_add(list, waiting_for_parent(c, b));
    g_assert_no_error(error);
    g_assert_false(waiting_fail(list, &error));
    g_assert_error(error, SLUICE_ERROR, ERROR_STATE);
    g_assert_cmpstr(error->message, ==,
                    "2 revisions wait: bbbb requires aaaa backfilled, and it is expanded; "
                    "cccc comes after bbbb, which waits");
    g_assert_nonnull(strstr(error_get_hint(error), "`sluice backfill run aaaa`"));
}

static void
test_applied(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(RevisionSet) applied = NULL, begun = NULL;

    add_row(f, "aaaa", STATE_EXPANDED);
    add_row(f, "bbbb", STATE_PENDING);
    add_row(f, "gone", STATE_EXPANDED);
    applied = integrity_applied(f->graph, &f->rows, STATE_EXPANDED);
    begun = integrity_applied(f->graph, &f->rows, STATE_PENDING);
    g_assert_cmpuint(revision_set_count(applied), ==, 1);
    g_assert_cmpuint(revision_set_count(begun), ==, 2);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/needs/met", test_met);
    g_test_add("/needs/unmet", Fixture, NULL, set_up, test_unmet, tear_down);
    g_test_add("/needs/fail", Fixture, NULL, set_up, test_fail, tear_down);
    g_test_add("/needs/applied", Fixture, NULL, set_up, test_applied, tear_down);
    return g_test_run();
}
