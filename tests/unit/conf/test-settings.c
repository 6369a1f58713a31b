/* Cases are files: tests/data/conf/<name>.yaml is read, and what comes out - every option that is
 * not at its default, the lists, or the error and its hint - must be <name>.out. With SLUICE_BLESS
 * set the test writes that file instead: read it before committing it. */
#include <string.h>

#include "base/file.h"
#include "conf/settings.h"

static void
append_option(GString *out, const OptionSpec *option, const Settings *settings)
{
    const void *slot = (const char *) settings + option->offset;
    const char *text;

    g_string_append_printf(out, "%s: ", option->key);
    switch (option->type) {
    case OPTION_TEXT:
    case OPTION_WINDOW:
    case OPTION_PATH:
    case OPTION_URL:
        text = *(const char *const *) slot;
        g_string_append(out, text ? text : "-");
        break;
    case OPTION_DURATION:
    case OPTION_SIZE:
        g_string_append_printf(out, "%" G_GINT64_FORMAT, *(const gint64 *) slot);
        break;
    case OPTION_INT:
        g_string_append_printf(out, "%d", *(const int *) slot);
        break;
    case OPTION_RATIO:
        g_string_append_printf(out, "%g", *(const double *) slot);
        break;
    case OPTION_BOOL:
        g_string_append(out, *(const bool *) slot ? "yes" : "no");
        break;
    }
    g_string_append_c(out, '\n');
}

static void
append_texts(GString *out, const char *key, const GPtrArray *texts)
{
    for (guint i = 0; i < texts->len; i++)
        g_string_append_printf(out, "%s: %s\n", key, (const char *) texts->pdata[i]);
}

static void
append_lists(GString *out, const Settings *settings)
{
    append_texts(out, "app.roles", settings->app_roles);
    for (guint i = 0; i < settings->app_versions->len; i++) {
        const AppVersion *version = settings->app_versions->pdata[i];
        g_string_append_printf(out, "app.versions: %s built on %s\n", version->version,
                               version->built_on ? version->built_on : "-");
        append_texts(out, "  still uses", version->still_uses);
    }
    append_texts(out, "traffic.stable", settings->traffic_stable);
    append_texts(out, "traffic.canary", settings->traffic_canary);
    for (guint i = 0; i < settings->steps->len; i++) {
        const StepSpec *step = &g_array_index(settings->steps, StepSpec, i);
        g_string_append_printf(out,
                               "%d:%d %s weight %d duration %" G_GINT64_FORMAT
                               " approvals %d quiet %" G_GINT64_FORMAT "\n",
                               step->place.line, step->place.column, step_kind_name(step->kind),
                               step->weight, step->duration_ms, step->approvals, step->quiet_ms);
    }
}

static char *
describe_failure(const GError *failure)
{
    const char *hint = error_get_hint(failure);

    g_assert_true(error_is(failure, ERROR_CONFIG));
    return g_strdup_printf("%s\n%s%s", failure->message, hint ? "hint: " : "", hint ? hint : "");
}

static char *
describe(const char *path)
{
    g_autoptr(GError) failure = NULL;
    g_autoptr(Settings) settings = settings_load(path, &failure);
    g_autofree char *folder = g_path_get_dirname(path);
    g_autoptr(GString) out = g_string_new(NULL);
    g_autofree char *text = NULL;

    if (settings) {
        g_autofree char *empty_path = g_build_filename(folder, "empty.yaml", NULL);
        g_autoptr(Settings) defaults = settings_load(empty_path, NULL);
        for (const OptionSpec *option = settings_options; option->key; option++) {
            g_autoptr(GString) found = g_string_new(NULL);
            g_autoptr(GString) usual = g_string_new(NULL);
            append_option(found, option, settings);
            append_option(usual, option, defaults);
            if (strcmp(found->str, usual->str) != 0)
                g_string_append(out, found->str);
        }
        append_lists(out, settings);
    } else {
        text = describe_failure(failure);
        g_string_append(out, text);
    }
    g_string_replace(out, folder, "", 0);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static void
test_case(gconstpointer data)
{
    const char *path = data;
    g_autofree char *stem = g_strndup(path, strlen(path) - strlen(".yaml"));
    g_autofree char *expected_path = g_strconcat(stem, ".out", NULL);
    g_autofree char *found = describe(path);
    g_autofree char *expected = NULL;

    if (g_getenv("SLUICE_BLESS"))
        g_assert_true(file_replace(expected_path, found, NULL));
    expected = file_read(expected_path, NULL);
    g_assert_cmpstr(found, ==, expected);
}

static void
test_defaults(void)
{
    g_autofree char *path =
        g_build_filename(g_getenv("SLUICE_SOURCE_DIR"), "tests/data/conf/empty.yaml", NULL);
    g_autofree char *migrations =
        g_build_filename(g_getenv("SLUICE_SOURCE_DIR"), "tests/data/conf/migrations", NULL);
    g_autoptr(Settings) settings = settings_load(path, NULL);

    g_assert_cmpint(settings->stall_budget_ms, ==, 50);
    g_assert_cmpint(settings->give_up_after_ms, ==, 600000);
    g_assert_cmpint(settings->backfill_workers, ==, 1);
    g_assert_cmpint(settings->backfill_max_lag_bytes, ==, 64 << 20);
    g_assert_cmpstr(settings->backfill_required_signals, ==, "replica_lag");
    g_assert_cmpfloat_with_epsilon(settings->analysis_acceptable, 0.001, 1e-12);
    g_assert_cmpstr(settings->migrations, ==, migrations);
    g_assert_cmpstr(settings->deploy_driver, ==, "exec");
    g_assert_null(settings->traffic_driver);
    g_assert_null(settings->database_url);
    g_assert_cmpuint(settings->steps->len, ==, 0);
    g_assert_cmpuint(settings->app_roles->len, ==, 0);
}

static void
test_missing_file(void)
{
    g_autoptr(GError) failure = NULL;

    g_assert_null(settings_load("/no/such/sluice.yaml", &failure));
    g_assert_true(error_is(failure, ERROR_CONFIG));
    g_assert_nonnull(strstr(failure->message, "/no/such/sluice.yaml"));
}

static void
test_set(void)
{
    g_autofree char *path =
        g_build_filename(g_getenv("SLUICE_SOURCE_DIR"), "tests/data/conf/empty.yaml", NULL);
    g_autoptr(Settings) settings = settings_load(path, NULL);
    g_autoptr(GError) failure = NULL;

    g_assert_true(settings_set(settings, "backfill.workers", "4", NULL));
    g_assert_cmpint(settings->backfill_workers, ==, 4);
    g_assert_true(settings_set(settings, "app.roles", "[a, b]", NULL));
    g_assert_cmpuint(settings->app_roles->len, ==, 2);
    g_assert_true(settings_set(settings, "app.versions", "{\"2.0\": {built_on: abc}}", NULL));
    g_assert_cmpstr(settings_find_version(settings, "2.0")->built_on, ==, "abc");
    g_assert_null(settings_find_version(settings, "3.0"));
    g_assert_false(settings_set(settings, "backfil.workers", "4", &failure));
    g_assert_cmpstr(failure->message, ==, "unknown option 'backfil.workers'");
    g_assert_cmpstr(error_get_hint(failure), ==, "Did you mean 'backfill.workers'?");
    g_clear_error(&failure);
    g_assert_false(settings_set(settings, "backfill.workers", "0", &failure));
    g_assert_cmpstr(failure->message, ==, "backfill.workers: 0 is not between 1 and 64");
    g_assert_cmpint(settings->backfill_workers, ==, 4);
}

static void
test_require_database(void)
{
    g_autofree char *path =
        g_build_filename(g_getenv("SLUICE_SOURCE_DIR"), "tests/data/conf/empty.yaml", NULL);
    g_autoptr(Settings) settings = settings_load(path, NULL);
    g_autoptr(GError) failure = NULL;

    g_assert_null(settings_require_database(settings, &failure));
    g_assert_true(error_is(failure, ERROR_CONFIG));
    g_assert_nonnull(strstr(error_get_hint(failure), "DATABASE_URL"));
    g_assert_true(settings_set(settings, "database.url", "postgres://h/d", NULL));
    g_assert_cmpstr(settings_require_database(settings, NULL), ==, "postgresql://h/d");
}

/* Every option has a variable whose name follows from its key, and no two share a place. */
static void
test_table(void)
{
    g_autoptr(GHashTable) offsets = g_hash_table_new(NULL, NULL);

    for (const OptionSpec *option = settings_options; option->key; option++) {
        g_autofree char *upper = g_ascii_strup(option->key, -1);
        g_autofree char *variable = g_strconcat("SLUICE_", g_strdelimit(upper, ".", '_'), NULL);
        g_assert_true(g_str_has_prefix(option->env, variable));
        g_assert_true(g_hash_table_add(offsets, GSIZE_TO_POINTER(option->offset)));
        g_assert_false(g_str_has_suffix(option->help, "."));
    }
}

int
main(int argc, char **argv)
{
    g_autofree char *folder =
        g_build_filename(g_getenv("SLUICE_SOURCE_DIR"), "tests/data/conf", NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    g_test_init(&argc, &argv, NULL);
    while (dir && (name = g_dir_read_name(dir)))
        if (g_str_has_suffix(name, ".yaml")) {
            g_autofree char *test = g_strconcat("/settings/case/", name, NULL);
            g_test_add_data_func_full(test, g_build_filename(folder, name, NULL), test_case,
                                      g_free);
        }
    g_test_add_func("/settings/defaults", test_defaults);
    g_test_add_func("/settings/missing-file", test_missing_file);
    g_test_add_func("/settings/set", test_set);
    g_test_add_func("/settings/require-database", test_require_database);
    g_test_add_func("/settings/table", test_table);
    return g_test_run();
}
