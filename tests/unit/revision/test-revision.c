#include <glib/gstdio.h>
#include <stdio.h>

#include "../cases.h"
#include "revision/revision.h"

static void
append_section(GString *out, const Section *section)
{
    g_autofree char *checksum = section_checksum(section);

    g_string_append_printf(out, "section %s", section_kind_name(section->kind));
    if (section->argument != NULL)
        g_string_append_printf(out, " of %s", section->argument);
    g_string_append_printf(out, " at line %d, checksum %.8s\n", section->place.line, checksum);
    for (guint i = 0; i < section->remarks->len; i++) {
        static const char *const kinds[REMARK_N] = {"finished when", "driving table", "walk"};
        const SqlRemark *remark = section->remarks->pdata[i];

        g_string_append_printf(out, "  %s %s\n", kinds[remark->kind], remark->text);
    }
    if (section->not_null)
        g_string_append(out, "  not null\n");
}

static void
append_mapping(GString *out, const char *name, const SqlMapping *mapping)
{
    for (guint i = 0; i < mapping->pairs->len; i++) {
        const SqlPair *pair = mapping->pairs->pdata[i];
        g_string_append_printf(out, "  %s: %s = %s\n", name, pair->column, pair->expression);
    }
}

static void
append_syncs(GString *out, const Revision *revision)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) syncs = revision_syncs(revision, &error);

    if (syncs == NULL)
        case_append_error(out, error);
    for (guint i = 0; syncs != NULL && i < syncs->len; i++) {
        const RevisionSync *sync = syncs->pdata[i];
        g_string_append_printf(out, "sync %s%s%s\n", sync->schema ? sync->schema : "",
                               sync->schema ? "." : "", sync->table);
        append_mapping(out, "forward", sync->forward);
        append_mapping(out, "reverse", sync->reverse);
    }
}

/* All that the room says of one file. */
static char *
describe(const char *path, const char *text)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(Revision) revision = revision_parse(path, text, false, &error);

    if (revision == NULL) {
        case_append_error(out, error);
        return g_strdup(out->str);
    }
    g_string_append_printf(out, "revision %s\n", revision->id);
    for (guint i = 0; i < revision->revises->len; i++)
        g_string_append_printf(out, "revises %s\n", (char *) revision->revises->pdata[i]);
    g_string_append_printf(out, "title %s\ncreated %s\n", revision->title,
                           revision->created ? revision->created : "-");
    if (revision->statement_transactions)
        g_string_append(out, "every statement is a transaction\n");
    for (guint i = 0; i < revision->sections->len; i++)
        append_section(out, revision->sections->pdata[i]);
    append_syncs(out, revision);
    g_string_append_printf(out, "has%s%s%s\n", revision_has_backfill(revision) ? " backfill" : "",
                           revision_has_cutover(revision) ? " cutover" : "",
                           revision_has_contract(revision) ? " contract" : "");
    if (revision_check(revision, &error))
        g_string_append(out, "check passed\n");
    else
        case_append_error(out, error);
    return g_strdup(out->str);
}

/* The worked example of docs/revisions.md is a revision that passes. */
static void
test_documented_example(void)
{
    g_autofree char *path =
        g_build_filename(g_getenv("SLUICE_SOURCE_DIR"), "docs", "revisions.md", NULL);
    g_autofree char *text = NULL, *example = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(Revision) revision = NULL;
    const char *start, *end;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    start = strstr(text, "```sql\n-- Revision:");
    g_assert_nonnull(start);
    start += strlen("```sql\n");
    end = strstr(start, "\n```");
    g_assert_nonnull(end);
    example = g_strndup(start, (gsize) (end + 1 - start));
    revision = revision_parse("docs/revisions.md", example, false, &error);
    g_assert_no_error(error);
    revision_check(revision, &error);
    g_assert_no_error(error);
    for (SectionKind kind = 0; kind < SECTION_N; kind++) {
        if (kind != SECTION_CUTOVER && kind != SECTION_CUTOVER_UNDO && kind != SECTION_SYNC_TO)
            g_assert_nonnull(revision_section(revision, kind, NULL));
    }
}

static void
test_header_only_reads_no_sections(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Revision) revision =
        revision_parse("a.sql", "-- Revision: a\n-- sluice: nonsense\n'never ends", true, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(revision->id, ==, "a");
    g_assert_cmpuint(revision->sections->len, ==, 0);
}

/* A header longer than the block that is read first. */
static void
test_long_header(void)
{
    g_autofree char *path = NULL;
    g_autoptr(GString) text = g_string_new("-- Revision: long\n");
    g_autoptr(GError) error = NULL;
    g_autoptr(Revision) revision = NULL;
    const int fd = g_file_open_tmp("sluice-XXXXXX.sql", &path, &error);

    g_assert_no_error(error);
    g_assert_true(g_close(fd, NULL));
    while (text->len < 9000)
        g_string_append(text, "-- some words about the change\n");
    g_string_append(text, "-- Title: at the very end\n-- sluice: expand\nSELECT 1;\n");
    g_assert_true(g_file_set_contents(path, text->str, -1, NULL));
    revision = revision_read(path, true, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(revision->title, ==, "at the very end");
    g_assert_cmpint(remove(path), ==, 0);
}

static void
test_checksum_ignores_comments_and_blanks(void)
{
    g_autoptr(Revision) a = revision_parse(
        "a", "-- Revision: a\n-- sluice: expand\nALTER TABLE t ADD c int;\n", false, NULL);
    g_autoptr(Revision) b = revision_parse(
        "b", "-- Revision: a\n-- sluice: expand\r\n/* why */ ALTER  TABLE t\n ADD c int ; -- so\n",
        false, NULL);
    g_autoptr(Revision) c = revision_parse(
        "c", "-- Revision: a\n-- sluice: expand\nALTER TABLE t ADD d int;\n", false, NULL);
    g_autofree char *of_a = revision_checksum(a, SECTION_EXPAND);
    g_autofree char *of_b = revision_checksum(b, SECTION_EXPAND);
    g_autofree char *of_c = revision_checksum(c, SECTION_EXPAND);

    g_assert_cmpstr(of_a, ==, of_b);
    g_assert_cmpstr(of_a, !=, of_c);
    g_assert_null(revision_checksum(a, SECTION_CONTRACT));
}

/* Files that somebody's editor, merge or pipe has mangled: an error, or a revision; never a crash.
 * The sanitizers say the rest. */
static void
test_mangled(void)
{
    static const char *const splices[] = {
        "'",
        "\"",
        "$$",
        "/*",
        "*/",
        "--",
        "\n-- sluice: ",
        "\n",
        ";",
        "(",
        ")",
        "\\",
        "\xC3",
        "é",
        "-- sluice: sync t\n",
        "\r\n",
        " AS ",
        ",",
        "NULL",
        "<<<<<<< HEAD\n",
    };
    g_autofree char *path = g_build_filename(g_getenv("SLUICE_SOURCE_DIR"), "tests", "data",
                                             "revision", "rename.sql", NULL);
    g_autofree char *whole = NULL;
    g_autoptr(GRand) random = g_rand_new_with_seed(4711);

    g_assert_true(g_file_get_contents(path, &whole, NULL, NULL));
    for (int round = 0; round < 1500; round++) {
        g_autoptr(GString) text = g_string_new(whole);
        g_autofree char *out = NULL;

        for (int change = g_rand_int_range(random, 1, 4); change > 0; change--) {
            const gssize at = g_rand_int_range(random, 0, (gint32) text->len);
            if (g_rand_boolean(random))
                g_string_insert(text, at,
                                splices[g_rand_int_range(random, 0, G_N_ELEMENTS(splices))]);
            else
                g_string_erase(text, at, MIN((gssize) text->len - at, 5));
        }
        out = describe("mangled.sql", text->str);
        g_assert_cmpint((int) strlen(out), >, 0);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    cases_add("revision", ".sql", describe);
    g_test_add_func("/revision/documented-example", test_documented_example);
    g_test_add_func("/revision/header-only", test_header_only_reads_no_sections);
    g_test_add_func("/revision/long-header", test_long_header);
    g_test_add_func("/revision/mangled", test_mangled);
    g_test_add_func("/revision/checksum", test_checksum_ignores_comments_and_blanks);
    return g_test_run();
}
