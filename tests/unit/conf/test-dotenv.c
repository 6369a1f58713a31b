#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "conf/dotenv.h"

static GHashTable *
read_text(const char *text, GError **error)
{
    g_autofree char *folder = g_dir_make_tmp("sluice-dotenv-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, ".env", NULL);
    GHashTable *values;

    g_assert_true(file_replace(path, text, NULL));
    values = dotenv_read(path, error);
    g_unlink(path);
    g_rmdir(folder);
    return values;
}

static void
assert_value(const char *line, const char *value)
{
    g_autoptr(GHashTable) values = read_text(line, NULL);

    g_assert_nonnull(values);
    g_assert_cmpstr(g_hash_table_lookup(values, "A"), ==, value);
}

static void
test_values(void)
{
    assert_value("A=b", "b");
    assert_value("  export A = b c  ", "b c");
    assert_value("A=b # comment", "b");
    assert_value("A=b#c", "b#c");
    assert_value("A='b # $x \\n'", "b # $x \\n");
    assert_value("A=\"b \\\"c\\\" \\n\"", "b \"c\" \n");
    assert_value("A=", "");
    assert_value("A=b=c", "b=c");
    assert_value("# A=x\n\nA=1\r\nA=2\r\n", "2");
    assert_value("B=1", NULL);
}

static void
assert_refused(const char *text, const char *end)
{
    g_autoptr(GError) failure = NULL;

    g_assert_null(read_text(text, &failure));
    g_assert_true(error_is(failure, ERROR_CONFIG));
    g_assert_true(g_str_has_suffix(failure->message, end));
}

static void
test_errors(void)
{
    assert_refused("A=1\nnonsense\n", ".env:2:1: expected NAME=VALUE");
    assert_refused("1A=1", ".env:1:1: expected NAME=VALUE");
    assert_refused("A='b", ".env:1:1: the quote of A is not closed");
}

static void
test_missing(void)
{
    g_autoptr(GHashTable) values = dotenv_read("/no/such/.env", NULL);

    g_assert_nonnull(values);
    g_assert_cmpuint(g_hash_table_size(values), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dotenv/values", test_values);
    g_test_add_func("/dotenv/errors", test_errors);
    g_test_add_func("/dotenv/missing", test_missing);
    return g_test_run();
}
