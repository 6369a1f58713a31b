#include "base/error.h"
#include "conf/live.h"

static Settings *
load(void)
{
    g_autofree char *path =
        g_build_filename(g_getenv("SLUICE_SOURCE_DIR"), "tests/data/conf/empty.yaml", NULL);
    g_autoptr(GError) error = NULL;
    Settings *settings = settings_load(path, &error);

    g_assert_no_error(error);
    return settings;
}

static void
test_words_become_settings(void)
{
    static const char *const words[] = {"workers=4", "backfill.window=22:00-06:00",
                                        "old_xmin=plain", "max_replica_lag=", NULL};
    g_autoptr(Settings) settings = load();
    g_autoptr(Settings) changed = NULL;
    g_autoptr(json_t) live = json_object();
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    live_add_words(live, settings, words, &error);
    g_assert_no_error(error);
    text = live_text(live);
    g_assert_cmpstr(text, ==, "workers=4 window=22:00-06:00 old_xmin=plain max_replica_lag=");
    g_assert_true(json_is_null(json_object_get(live, "max_replica_lag")));
    json_object_del(live, "max_replica_lag"); /* as the ledger keeps it */
    changed = live_apply(live, settings, &error);
    g_assert_no_error(error);
    g_assert_cmpint(changed->backfill_workers, ==, 4);
    g_assert_cmpstr(changed->backfill_window, ==, "22:00-06:00");
    g_assert_cmpstr(changed->backfill_old_xmin, ==, "plain");
    /* The others are those of the settings, which stay as they were. */
    g_assert_cmpint(changed->backfill_max_lag_ms, ==, 10000);
    g_assert_cmpfloat_with_epsilon(changed->analysis_alpha, settings->analysis_alpha, 1e-9);
    g_assert_cmpstr(changed->migrations, ==, settings->migrations);
    g_assert_cmpint(settings->backfill_workers, ==, 1);
    g_assert_cmpstr(settings->backfill_old_xmin, ==, "wait");
}

static void
test_refused(void)
{
    static const struct {
        const char *word;
        ErrorCode code;
        const char *part;
    } cases[] = {
        {"workers", ERROR_USAGE, "not KEY=VALUE"},
        {"worker=2", ERROR_USAGE, "cannot be set"},
        {"walk=key", ERROR_USAGE, "cannot be set while"},
        {"workers=0", ERROR_CONFIG, "between 1 and 64"},
        {"target_time=20", ERROR_CONFIG, "target_time"},
        {"window=22:00", ERROR_CONFIG, "no time of day"},
        {"old_xmin=never", ERROR_CONFIG, "wait, go_on, plain"},
    };
    g_autoptr(Settings) settings = load();

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *const words[] = {cases[i].word, NULL};
        g_autoptr(json_t) live = json_object();
        g_autoptr(GError) error = NULL;

        g_assert_false(live_add_words(live, settings, words, &error));
        g_assert_true(error_is(error, cases[i].code));
        g_assert_nonnull(strstr(error->message, cases[i].part));
        g_assert_cmpuint(json_object_size(live), ==, 0);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/conf/live/words-become-settings", test_words_become_settings);
    g_test_add_func("/conf/live/refused", test_refused);
    return g_test_run();
}
