#include <string.h>

#include "author/squash.h"
#include "base/error.h"

static void
test_clean(void)
{
    static const char dump[] = "--\n-- PostgreSQL database dump\n--\n\n"
                               "\\restrict abc\n\n"
                               "SET statement_timeout = 0;\n"
                               "SELECT pg_catalog.set_config('search_path', '', false);\n"
                               "COMMENT ON EXTENSION hstore IS 'pairs';\n"
                               "CREATE FUNCTION public.f() RETURNS void\n    LANGUAGE sql\n"
                               "    AS $$\nUPDATE t\nSET a = 1;\n-- kept\n$$;\n"
                               "SET default_table_access_method = heap;\n"
                               "INSERT INTO public.t VALUES (1, 'SET x; -- no comment');\n"
                               "SELECT pg_catalog.setval('public.s', 7, true);\n\n"
                               "\\unrestrict abc\n";
    g_autoptr(GError) error = NULL;
    g_autofree char *clean = squash_clean(dump, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(clean, ==,
                    "SET LOCAL check_function_bodies = false;\n"
                    "SET LOCAL search_path = '';\n"
                    "\nCREATE FUNCTION public.f() RETURNS void\n    LANGUAGE sql\n"
                    "    AS $$\nUPDATE t\nSET a = 1;\n-- kept\n$$;\n"
                    "\nSET LOCAL default_table_access_method = heap;\n"
                    "\nINSERT INTO public.t VALUES (1, 'SET x; -- no comment');\n"
                    "\nSELECT pg_catalog.setval('public.s', 7, true);\n");
}

static void
test_unreadable(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *clean = squash_clean("CREATE TABEL t ();\n", &error);

    g_assert_null(clean);
    g_assert_true(error_is(error, ERROR_SQL));
    g_assert_nonnull(strstr(error->message, "pg_dump:1:8"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/squash/clean", test_clean);
    g_test_add_func("/squash/unreadable", test_unreadable);
    return g_test_run();
}
