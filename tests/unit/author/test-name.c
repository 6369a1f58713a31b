#include "author/name.h"
#include "base/error.h"

static void
assert_slug(const char *title, const char *slug)
{
    g_autofree char *found = name_slug(title, 40);

    g_assert_cmpstr(found, ==, slug);
}

static void
test_slug(void)
{
    assert_slug("users display name", "users_display_name");
    assert_slug("  Users & Notes: 2nd! ", "users_notes_2nd");
    assert_slug("../../etc/passwd", "etc_passwd");
    assert_slug("Größe 漢字", "größe_漢字");
    assert_slug("!!!", "revision");
    assert_slug("a234567890b234567890c234567890d2345678 0e",
                "a234567890b234567890c234567890d2345678_0");
    assert_slug("a234567890b234567890c234567890d23456789 e",
                "a234567890b234567890c234567890d23456789");
}

static void
assert_name(const char *template, const char *expected)
{
    g_autoptr(GDateTime) now = g_date_time_new_utc(2026, 11, 21, 20, 53, 2);
    g_autoptr(GError) error = NULL;
    g_autofree char *name = name_fill(template, "3f2a", "users", now, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(name, ==, expected);
}

static void
test_fill(void)
{
    assert_name("{date}_{id}_{slug}.sql", "20261121_3f2a_users.sql");
    assert_name("{year}-{month}-{day}T{hour}{minute}{second}-{slug}.sql",
                "2026-11-21T205302-users.sql");
    assert_name("{date}{time}.sql", "20261121205302.sql");
    assert_name("a}b_{id}.sql", "a}b_3f2a.sql");
}

static void
assert_refused(const char *template, const char *hint)
{
    g_autoptr(GDateTime) now = g_date_time_new_utc(2026, 11, 21, 20, 53, 2);
    g_autoptr(GError) error = NULL;
    g_autofree char *name = name_fill(template, "3f2a", "users", now, &error);

    g_assert_null(name);
    g_assert_true(error_is(error, ERROR_CONFIG));
    g_assert_cmpstr(error_get_hint(error), ==, hint);
}

static void
test_refusals(void)
{
    static const char name_hint[] = "It ends with '.sql', holds no '/', and begins with no dot.";

    assert_refused("{slag}.sql", "Did you mean '{slug}'?");
    assert_refused("{id}.txt", name_hint);
    assert_refused("{year}/{id}.sql", name_hint);
    assert_refused(".{id}.sql", name_hint);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/name/slug", test_slug);
    g_test_add_func("/name/fill", test_fill);
    g_test_add_func("/name/refusals", test_refusals);
    return g_test_run();
}
