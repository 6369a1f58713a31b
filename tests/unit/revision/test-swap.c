#include "revision/swap.h"

static GHashTable *
renames_of(const char *cutover, const char *table)
{
    g_autofree char *text = g_strdup_printf("-- Revision: a\n-- sluice: cutover\n%s\n", cutover);
    g_autoptr(GError) error = NULL;
    g_autoptr(Revision) revision = revision_parse("a.sql", text, false, &error);
    GHashTable *names;

    g_assert_no_error(error);
    names =
        section_renames(revision_section(revision, SECTION_CUTOVER, NULL), "public", table, &error);
    g_assert_no_error(error);
    return names;
}

static void
test_chain(void)
{
    g_autoptr(GHashTable) names =
        renames_of("ALTER TABLE users RENAME id TO id_old;\n"
                   "ALTER TABLE public.users RENAME COLUMN id_new TO id;\n"
                   "ALTER TABLE users RENAME id_old TO id_way_back;",
                   "users");

    g_assert_cmpuint(g_hash_table_size(names), ==, 2);
    g_assert_cmpstr(g_hash_table_lookup(names, "id"), ==, "id_way_back");
    g_assert_cmpstr(g_hash_table_lookup(names, "id_new"), ==, "id");
}

static void
test_there_and_back(void)
{
    g_autoptr(GHashTable) names =
        renames_of("ALTER TABLE users RENAME a TO b; ALTER TABLE users RENAME b TO a;", "users");

    g_assert_cmpuint(g_hash_table_size(names), ==, 0);
}

static void
test_other_tables(void)
{
    g_autoptr(GHashTable) names = renames_of(
        "ALTER TABLE orders RENAME a TO b; ALTER TABLE app.users RENAME a TO b;\n"
        "ALTER TABLE users RENAME TO people; ALTER TABLE users RENAME CONSTRAINT a TO b;",
        "users");

    g_assert_cmpuint(g_hash_table_size(names), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/swap/chain", test_chain);
    g_test_add_func("/swap/there-and-back", test_there_and_back);
    g_test_add_func("/swap/other-tables", test_other_tables);
    return g_test_run();
}
