#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "revision/digest.h"
#include "temp-folder.h"

typedef struct {
    char *folder;
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
}

static void
put(const Fixture *fixture, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(fixture->folder, name, NULL);

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* NULL if there is none. Caller owns. */
static char *
get(const Fixture *fixture, const char *name)
{
    g_autofree char *path = g_build_filename(fixture->folder, name, NULL);

    return file_read(path, NULL);
}

/* @extra: header lines, each with its newline, or "". */
static void
add(const Fixture *fixture, const char *id, const char *revises, const char *extra)
{
    g_autofree char *name = g_strdup_printf("%s.sql", id);
    g_autofree char *text = g_strdup_printf(
        "-- Revision: %s\n-- Revises: %s\n%s\n-- sluice: expand\nSELECT 1;\n", id, revises, extra);

    put(fixture, name, text);
}

static Graph *
load(const Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    Graph *graph = graph_load(fixture->folder, &error);

    g_assert_no_error(error);
    return graph;
}

static void
write_all(const Fixture *fixture)
{
    g_autoptr(Graph) graph = load(fixture);
    g_autoptr(GError) error = NULL;

    digest_write(fixture->folder, graph, &error);
    g_assert_no_error(error);
}

static void
update(const Fixture *fixture, const char *changed)
{
    g_autoptr(Graph) graph = load(fixture);
    g_autoptr(GError) error = NULL;
    const char *const list[] = {changed, NULL};

    digest_update(fixture->folder, graph, list, &error);
    g_assert_no_error(error);
}

/* "edited bbbb, gone cccc"; "" for none. */
static void
assert_findings(const Fixture *fixture, const char *expected)
{
    g_autoptr(Graph) graph = load(fixture);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) findings = digest_check(fixture->folder, graph, &error);
    g_autoptr(GString) found = g_string_new(NULL);

    g_assert_no_error(error);
    for (guint i = 0; i < findings->len; i++) {
        const DigestFinding *finding = findings->pdata[i];
        g_string_append_printf(found, "%s%s%s%s", i > 0 ? ", " : "",
                               digest_problem_name(finding->problem), finding->revision ? " " : "",
                               finding->revision ? finding->revision : "");
        g_assert_nonnull(finding->hint);
        g_assert_nonnull(finding->path);
    }
    g_assert_cmpstr(found->str, ==, expected);
}

/* The id in @name; NULL if there is no such file. Caller owns. */
static char *
head_id(const Fixture *fixture, const char *name)
{
    g_autofree char *text = get(fixture, name);

    return text ? g_strndup(text, strcspn(text, " ")) : NULL;
}

static void
assert_head(const Fixture *fixture, const char *name, const char *expected)
{
    g_autofree char *id = head_id(fixture, name);

    g_assert_cmpstr(id, ==, expected);
}

static void
test_nothing_kept(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    add(fixture, "aaaa", "", "");
    g_assert_false(digest_is_kept(fixture->folder));
    update(fixture, "aaaa");
    g_assert_false(digest_is_kept(fixture->folder));
    assert_findings(fixture, "");
    add(fixture, "bbbb", "aaaa", "");
    add(fixture, "cccc", "aaaa", "");
    assert_findings(fixture, "heads");
}

static void
test_empty_folder(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    write_all(fixture);
    g_assert_true(digest_is_kept(fixture->folder));
    assert_head(fixture, "HEAD", "base");
    assert_findings(fixture, "");
    add(fixture, "aaaa", "", "");
    assert_findings(fixture, "added aaaa, head aaaa");
    update(fixture, NULL);
    assert_head(fixture, "HEAD", "aaaa");
    assert_findings(fixture, "");
}

/* The digest is of what is above the head; line ends do not count. */
static void
test_format(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *sums = NULL, *head = NULL, *attributes = NULL;

    put(fixture, "one.sql", "-- Revision: aaaa\r\n-- sluice: expand\r\n");
    put(fixture, "two.sql", "-- Revision: bbbb\n-- Revises: aaaa\n");
    write_all(fixture);
    sums = get(fixture, "SUMS");
    head = get(fixture, "HEAD");
    attributes = get(fixture, ".gitattributes");
    /* sha256 of "-- Revision: aaaa\n-- sluice: expand\n"; m(aaaa) is sha256 of that in hex. */
    g_assert_cmpstr(sums, ==,
                    "aaaa 1238eaf10fd08ffc10f19be669b991c7cf8bf8c6ad0ab71abb9f1b479505fc1a\n"
                    "bbbb cf7d00d44521b4f66d0aee0bee56c9c185be817a567e3e95d287f4137d7967b8\n");
    g_assert_cmpstr(head, ==,
                    "bbbb da67e39776842b3fbd8f76da6148b3eecea8c081892249b79e4aa608da2f41d6\n");
    g_assert_cmpstr(attributes, ==, "SUMS merge=union\n");
}

static void
test_attributes_stay(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *first = NULL, *second = NULL;

    put(fixture, ".gitattributes", "*.sql text");
    write_all(fixture);
    first = get(fixture, ".gitattributes");
    g_assert_cmpstr(first, ==, "*.sql text\nSUMS merge=union\n");
    put(fixture, ".gitattributes", "SUMS -text merge=union\n");
    write_all(fixture);
    second = get(fixture, ".gitattributes");
    g_assert_cmpstr(second, ==, "SUMS -text merge=union\n");
}

/* A head may be edited; what another one builds on may not, and a command does not hide it. */
static void
test_edits(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    add(fixture, "aaaa", "", "");
    write_all(fixture);
    add(fixture, "aaaa", "", "-- edited as a head\n");
    assert_findings(fixture, "");
    add(fixture, "bbbb", "aaaa", "");
    update(fixture, NULL);
    assert_findings(fixture, "");
    add(fixture, "aaaa", "", "-- edited later\n");
    assert_findings(fixture, "edited aaaa");
    add(fixture, "cccc", "bbbb", "");
    update(fixture, NULL);
    assert_findings(fixture, "edited aaaa");
    update(fixture, "aaaa");
    assert_findings(fixture, "");
    add(fixture, "aaaa", "", "-- once more\n");
    assert_findings(fixture, "edited aaaa");
    write_all(fixture);
    assert_findings(fixture, "");
}

static void
test_gone(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *path = g_build_filename(fixture->folder, "bbbb.sql", NULL);

    add(fixture, "aaaa", "", "");
    add(fixture, "bbbb", "aaaa", "");
    write_all(fixture);
    g_assert_cmpint(g_unlink(path), ==, 0);
    assert_findings(fixture, "gone bbbb, head aaaa");
    write_all(fixture);
    assert_findings(fixture, "");
}

/* SUMS agrees, and the history is another one: the digest tells. */
static void
test_another_history(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *head = NULL;

    add(fixture, "aaaa", "", "");
    add(fixture, "bbbb", "aaaa", "");
    write_all(fixture);
    head = get(fixture, "HEAD");
    add(fixture, "aaaa", "", "-- edited\n");
    write_all(fixture);
    put(fixture, "HEAD", head);
    assert_findings(fixture, "head bbbb");
}

/* One side of a merge edited its head, the other one built on it: git merges that in silence. */
static void
test_merged_edit(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *theirs = NULL, *head = NULL, *ours = NULL, *both = NULL;

    add(fixture, "aaaa", "", "");
    add(fixture, "bbbb", "aaaa", "");
    write_all(fixture);
    theirs = get(fixture, "SUMS");
    head = get(fixture, "HEAD");
    add(fixture, "aaaa", "", "-- edited\n");
    write_all(fixture);
    ours = get(fixture, "SUMS");
    both = g_strconcat(ours, theirs, NULL);
    put(fixture, "HEAD", head);
    put(fixture, "SUMS", both);
    assert_findings(fixture, "edited aaaa");
    write_all(fixture);
    assert_findings(fixture, "");
}

static void
test_branches(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    add(fixture, "aaaa", "", "");
    add(fixture, "bbbb", "aaaa", "");
    write_all(fixture);
    add(fixture, "cccc", "bbbb", "-- Branch: shop\n");
    update(fixture, NULL);
    assert_head(fixture, "HEAD", "bbbb");
    assert_head(fixture, "HEAD.shop", "cccc");
    add(fixture, "bbbb", "aaaa", "-- edited\n");
    assert_findings(fixture, "edited bbbb");
    add(fixture, "bbbb", "aaaa", "");
    add(fixture, "dddd", "cccc", "");
    update(fixture, NULL);
    assert_head(fixture, "HEAD.shop", "dddd");
    add(fixture, "eeee", "bbbb, dddd", "");
    assert_findings(fixture, "added eeee, head eeee");
    update(fixture, NULL);
    assert_head(fixture, "HEAD", "eeee");
    assert_head(fixture, "HEAD.shop", "dddd");
    assert_findings(fixture, "");
}

static void
test_two_heads(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(Graph) graph = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *before = NULL, *after = NULL;

    add(fixture, "aaaa", "", "");
    add(fixture, "bbbb", "aaaa", "");
    write_all(fixture);
    before = get(fixture, "HEAD");
    add(fixture, "cccc", "aaaa", "");
    update(fixture, NULL);
    after = get(fixture, "HEAD");
    g_assert_cmpstr(before, ==, after);
    assert_findings(fixture, "heads");
    graph = load(fixture);
    g_assert_false(digest_write(fixture->folder, graph, &error));
    g_assert_true(error_is(error, ERROR_STATE));
    g_assert_nonnull(strstr(error->message, "'bbbb', 'cccc'"));
}

#define SUM "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void
test_conflict(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *path = g_build_filename(fixture->folder, "HEAD", NULL);
    g_autofree char *ours = NULL, *theirs = NULL;
    g_autoptr(GPtrArray) conflicts = NULL;

    add(fixture, "aaaa", "", "");
    add(fixture, "bbbb", "aaaa", "");
    write_all(fixture);
    g_assert_false(digest_read_conflict(path, &ours, &theirs));
    put(fixture, "HEAD",
        "<<<<<<< HEAD\r\nbbbb " SUM "\n||||||| 000882e\naaaa " SUM "\n=======\ncccc " SUM
        "\n>>>>>>> theirs\n");
    g_assert_true(digest_read_conflict(path, &ours, &theirs));
    g_assert_cmpstr(ours, ==, "bbbb");
    g_assert_cmpstr(theirs, ==, "cccc");
    conflicts = digest_conflicts(fixture->folder);
    g_assert_cmpuint(conflicts->len, ==, 1);
    g_assert_cmpstr(conflicts->pdata[0], ==, path);
    assert_findings(fixture, "conflict bbbb");
}

/* What only looks like one of ours is said, and neither read nor removed. */
static void
test_foreign_files(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *text = NULL;

    add(fixture, "aaaa", "", "");
    write_all(fixture);
    put(fixture, "HEAD.txt", "a note\n");
    put(fixture, "HEAD.shop", "aaaa " SUM "\n");
    put(fixture, "SUMS", "<<<<<<< HEAD\naaaa " SUM "\n");
    assert_findings(fixture, "conflict, head aaaa, head");
    write_all(fixture);
    text = get(fixture, "HEAD.txt");
    g_assert_cmpstr(text, ==, "a note\n");
    assert_head(fixture, "HEAD.shop", NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/digest/" name, Fixture, NULL, set_up, function, tear_down)
    ADD("nothing-kept", test_nothing_kept);
    ADD("empty-folder", test_empty_folder);
    ADD("format", test_format);
    ADD("attributes-stay", test_attributes_stay);
    ADD("edits", test_edits);
    ADD("gone", test_gone);
    ADD("another-history", test_another_history);
    ADD("merged-edit", test_merged_edit);
    ADD("branches", test_branches);
    ADD("two-heads", test_two_heads);
    ADD("conflict", test_conflict);
    ADD("foreign-files", test_foreign_files);
    return g_test_run();
}
