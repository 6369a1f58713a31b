/* What of a gate needs no server: names, results, and which versions survive a contract. The checks
 * themselves are measured against real servers in tests/system/test_rollout.py. */

#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "gate/check.h"
#include "gate/gate.h"

static void
add_file(const char *folder, const char *id, const char *parent)
{
    g_autofree char *path = g_strdup_printf("%s/%s.sql", folder, id);
    g_autofree char *text =
        g_strdup_printf("-- Revision: %s\n%s%s\n-- Title: t\n\n-- sluice: "
                        "expand\nCREATE TABLE t_%s (a int);\n",
                        id, parent ? "-- Revises: " : "", parent ? parent : "", id);
    g_autoptr(GError) error = NULL;

    g_assert_true(file_create(path, text, &error));
}

static void
remove_files(const char *folder, const char *const *ids)
{
    for (; *ids; ids++) {
        g_autofree char *path = g_strdup_printf("%s/%s.sql", folder, *ids);
        g_unlink(path);
    }
    g_rmdir(folder);
}

static bool
survives(const Graph *graph, const char *built_on, const char *still_uses, const char *revision)
{
    g_autoptr(GPtrArray) used = g_ptr_array_new();
    const AppVersion version = {
        .version = (char *) (guintptr) "1.0",
        .built_on = (char *) (guintptr) built_on,
        .still_uses = used,
    };

    if (still_uses)
        g_ptr_array_add(used, (gpointer) (guintptr) still_uses);
    return gate_version_survives(graph, &version, revision);
}

static void
test_survives(void)
{
    static const char *const ids[] = {"aaaa1111", "bbbb2222", "cccc3333", NULL};
    g_autofree char *folder = g_dir_make_tmp("sluice-gate-XXXXXX", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(Graph) graph = NULL;

    for (int i = 0; ids[i]; i++)
        add_file(folder, ids[i], i > 0 ? ids[i - 1] : NULL);
    graph = graph_load(folder, &error);
    g_assert_no_error(error);
    g_assert_true(survives(graph, ids[2], NULL, ids[1]));
    g_assert_true(survives(graph, ids[1], NULL, ids[1]));
    g_assert_false(survives(graph, ids[0], NULL, ids[1]));
    g_assert_false(survives(graph, ids[2], ids[1], ids[1]));
    g_assert_true(survives(graph, ids[2], ids[0], ids[1]));
    g_assert_false(survives(graph, NULL, NULL, ids[1]));
    g_assert_false(survives(graph, "dddd4444", NULL, ids[1]));
    remove_files(folder, ids);
}

static void
test_kinds(void)
{
    g_autoptr(GError) error = NULL;
    GateKind kind = GATE_N;

    g_assert_true(gate_kind_parse("contract", &kind, &error));
    g_assert_cmpint(kind, ==, GATE_CONTRACT);
    g_assert_false(gate_kind_parse("contrast", &kind, &error));
    g_assert_true(error_is(error, ERROR_USAGE));
    g_assert_nonnull(strstr(error->message, "contrast"));
    g_assert_nonnull(error_get_hint(error));
}

/* A short quiet period is looked at as often as a long one: a session between two looks is missed.
 */
static void
test_interval(void)
{
    for (gint64 quiet_ms = 1000; quiet_ms <= 3600000; quiet_ms *= 2) {
        g_assert_cmpint(check_sessions_interval_ms(quiet_ms), >, 0);
        g_assert_cmpint(check_sessions_interval_ms(quiet_ms) * SESSIONS_LOOKS, <=, quiet_ms);
    }
}

static void
test_result(void)
{
    GateCheck passed = {.name = "parity", .state = CHECK_PASSED};
    GateCheck failed = {.name = "dependents", .state = CHECK_FAILED};
    g_autoptr(GPtrArray) checks = g_ptr_array_new();
    GateResult result = {.kind = GATE_CONTRACT,
                         .revision = (char *) (guintptr) "3f2a9c1b7d20",
                         .checks = checks,
                         .state = CHECK_FAILED};
    g_autoptr(json_t) json = NULL;
    g_autofree char *obstacle = NULL;
    g_autoptr(GError) error = NULL;

    check_pass(&passed, NULL, "0 of %d rows differ", 3);
    check_fail(&failed, NULL, "Drop the view first.", "view public.v reads %s", "full_name");
    g_ptr_array_add(checks, &passed);
    g_ptr_array_add(checks, &failed);
    obstacle = gate_result_obstacle(&result);
    g_assert_cmpstr(obstacle, ==, "dependents: view public.v reads full_name");
    g_assert_false(gate_result_fail(&result, &error));
    g_assert_true(error_is(error, ERROR_CHECK));
    g_assert_cmpstr(error_get_hint(error), ==, "Drop the view first.");
    json = gate_result_json(&result);
    g_assert_cmpstr(json_string_value(json_object_get(json, "state")), ==, "failed");
    g_assert_cmpuint(json_array_size(json_object_get(json, "checks")), ==, 2);
    g_free(passed.evidence);
    g_free(failed.evidence);
    g_free(failed.next_step);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gate/survives", test_survives);
    g_test_add_func("/gate/kinds", test_kinds);
    g_test_add_func("/gate/interval", test_interval);
    g_test_add_func("/gate/result", test_result);
    return g_test_run();
}
