/* Files of tests/data/fuzz, each an input at which the fuzzer stopped once: run as it does. */
#include <glib.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
test_input(gconstpointer path)
{
    g_autofree char *input = NULL;
    gsize length = 0;

    g_assert_true(g_file_get_contents(path, &input, &length, NULL));
    g_assert_cmpint(LLVMFuzzerTestOneInput((const uint8_t *) input, length), ==, 0);
}

int
main(int argc, char **argv)
{
    g_autofree char *folder =
        g_build_filename(g_getenv("SLUICE_SOURCE_DIR"), "tests", "data", "fuzz", NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    g_test_init(&argc, &argv, NULL);
    g_assert_nonnull(dir);
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *test = g_strdup_printf("/lint/fuzzed/%s", name);

        g_test_add_data_func_full(test, g_build_filename(folder, name, NULL), test_input, g_free);
    }
    return g_test_run();
}
