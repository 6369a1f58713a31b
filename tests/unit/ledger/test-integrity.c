#include <string.h>

#include "base/error.h"
#include "ledger/integrity.h"
#include "temp-folder.h"

typedef struct {
    char *folder;
    LedgerRevisions rows;
} Fixture;

static void
free_row(LedgerRevision *row)
{
    g_hash_table_unref(row->checksums);
    g_free(row);
}

static void
set_up(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    fixture->folder = temp_folder_new();
    fixture->rows = (LedgerRevisions){
        .list = g_ptr_array_new_with_free_func((GDestroyNotify) free_row),
        .by_id = g_hash_table_new(g_str_hash, g_str_equal),
    };
}

static void
tear_down(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    temp_folder_remove(fixture->folder);
    g_hash_table_unref(fixture->rows.by_id);
    g_ptr_array_unref(fixture->rows.list);
}

/* @extra: header lines, each with its newline, or "". */
static void
add_file(const Fixture *fixture, const char *id, const char *revises, const char *extra,
         const char *sections)
{
    g_autofree char *name = g_strdup_printf("%s.sql", id);
    g_autofree char *path = g_build_filename(fixture->folder, name, NULL);
    g_autofree char *text =
        g_strdup_printf("-- Revision: %s\n-- Revises: %s\n%s\n%s", id, revises, extra, sections);

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* @id is borrowed. */
static LedgerRevision *
add_row(Fixture *fixture, const char *id, RevisionState state)
{
    LedgerRevision *row = g_new0(LedgerRevision, 1);

    row->id = (char *) (guintptr) id;
    row->title = (char *) (guintptr) "a change";
    row->state = state;
    row->checksums = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    g_ptr_array_add(fixture->rows.list, row);
    g_hash_table_insert(fixture->rows.by_id, row->id, row);
    return row;
}

/* What ran is what the file says now. */
static void
freeze(const Fixture *fixture, LedgerRevision *row, SectionKind kind)
{
    g_autofree char *name = g_strdup_printf("%s.sql", row->id);
    g_autofree char *path = g_build_filename(fixture->folder, name, NULL);
    g_autoptr(Revision) revision = revision_read(path, false, NULL);

    g_hash_table_insert(row->checksums, (gpointer) (guintptr) section_kind_name(kind),
                        revision_checksum(revision, kind));
}

/* "hole aaaa: message" a line. */
static void
assert_findings(const Fixture *fixture, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Graph) graph = graph_load(fixture->folder, &error);
    g_autoptr(GPtrArray) findings = graph ? integrity_check(graph, &fixture->rows, &error) : NULL;
    g_autoptr(GString) found = g_string_new(NULL);

    g_assert_no_error(error);
    for (guint i = 0; i < findings->len; i++) {
        const IntegrityFinding *finding = findings->pdata[i];
        g_autoptr(GString) message = g_string_new(finding->message);

        g_string_replace(message, fixture->folder, "F", 0);
        g_string_append_printf(found, "%s %s: %s\n", integrity_problem_name(finding->problem),
                               finding->revision, message->str);
        g_assert_nonnull(finding->hint);
    }
    g_assert_cmpstr(found->str, ==, expected);
}

static void
test_clean(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    assert_findings(fixture, "");
    add_file(fixture, "aaaa", "", "", "-- sluice: expand\nSELECT 1;\n");
    add_file(fixture, "bbbb", "aaaa", "", "-- sluice: expand\nSELECT 1;\n");
    assert_findings(fixture, "");
    freeze(fixture, add_row(fixture, "aaaa", STATE_EXPANDED), SECTION_EXPAND);
    assert_findings(fixture, "");
}

/* A merge brought bbbb below what is applied; dddd is needed by a requirement. */
static void
test_holes(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    add_file(fixture, "aaaa", "", "", "");
    add_file(fixture, "bbbb", "aaaa", "", "");
    add_file(fixture, "cccc", "aaaa", "-- Requires: dddd\n", "");
    add_file(fixture, "dddd", "", "", "");
    add_file(fixture, "eeee", "bbbb, cccc", "", "");
    add_file(fixture, "ffff", "eeee", "", "");
    add_row(fixture, "aaaa", STATE_EXPANDED);
    add_row(fixture, "bbbb", STATE_PENDING);
    add_row(fixture, "cccc", STATE_CONTRACTED);
    add_row(fixture, "eeee", STATE_EXPANDED);
    assert_findings(fixture, "hole bbbb: revision 'bbbb' (F/bbbb.sql) was never applied, though "
                             "'eeee', which is below it, was\n"
                             "hole dddd: revision 'dddd' (F/dddd.sql) was never applied, though "
                             "'cccc', which is below it, was\n");
}

static void
test_edits(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    LedgerRevision *row;

    add_file(fixture, "aaaa", "", "",
             "-- sluice: expand\nSELECT 1;\n-- sluice: finish\nSELECT 2;\n-- sluice: contract\n"
             "SELECT 3;\n");
    row = add_row(fixture, "aaaa", STATE_BACKFILLED);
    freeze(fixture, row, SECTION_EXPAND);
    freeze(fixture, row, SECTION_FINISH);
    add_file(fixture, "aaaa", "", "-- a note\n",
             "-- sluice: expand\nSELECT\n  1; -- why\n-- sluice: finish\nSELECT 2;\n-- sluice: "
             "contract\nSELECT 4;\n");
    assert_findings(fixture, "");
    add_file(fixture, "aaaa", "", "", "-- sluice: expand\nSELECT 5;\n");
    assert_findings(fixture, "edited aaaa: F/aaaa.sql: section expand was edited after it ran\n"
                             "edited aaaa: F/aaaa.sql: section finish was removed after it ran\n");
}

static void
test_gone(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    add_row(fixture, "aaaa", STATE_CUT_OVER);
    assert_findings(fixture, "gone aaaa: revision 'aaaa' (a change) is cut over in the database, "
                             "and no file here holds it\n");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
    g_test_add("/integrity/" name, Fixture, NULL, set_up, function, tear_down)
    ADD("clean", test_clean);
    ADD("holes", test_holes);
    ADD("edits", test_edits);
    ADD("gone", test_gone);
    return g_test_run();
}
