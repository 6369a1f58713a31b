/* Each sluice.yaml of tests/data/rollout: the plan that it makes, or why it is refused. */

#include "../cases.h"
#include "rollout/rollout.h"

static void
append_plan(GString *out, const RolloutPlan *plan)
{
    g_autoptr(json_t) json = rollout_plan_json(plan);
    json_t *item = NULL;
    size_t i = 0;

    json_array_foreach(json_object_get(json, "steps"), i, item) g_string_append_printf(
        out, "%zu %s: %s\n", i + 1, json_string_value(json_object_get(item, "name")),
        json_string_value(json_object_get(item, "text")));
    json_array_foreach(json_object_get(json, "revisions"), i, item)
    {
        g_autofree char *phases = json_dumps(json_object_get(item, "phases"), JSON_COMPACT);

        g_string_append_printf(out, "revision %s %s\n",
                               json_string_value(json_object_get(item, "id")), phases);
    }
}

static char *
plan(const char *name, const char *text G_GNUC_UNUSED)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *folder =
        g_build_filename(g_getenv("SLUICE_SOURCE_DIR"), "tests", "data", "rollout", NULL);
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(Settings) settings = settings_load(path, &error);
    g_autoptr(Graph) graph = settings ? graph_load(settings->migrations, &error) : NULL;
    const RolloutContext context = {
        .settings = settings, .clock = &clock_system, .report = &report_none, .graph = graph};
    g_autoptr(RolloutPlan) made = graph ? rollout_plan(&context, &error) : NULL;

    if (made)
        append_plan(out, made);
    else
        case_append_error(out, error);
    /* Places name the file by its path, which is another on each machine. */
    g_string_replace(out, folder, ".", 0);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static RolloutPlan *
plan_of(const char *name, Settings **ret_settings, Graph **ret_graph)
{
    g_autofree char *path =
        g_build_filename(g_getenv("SLUICE_SOURCE_DIR"), "tests", "data", "rollout", name, NULL);
    RolloutContext context = {.clock = &clock_system, .report = &report_none};

    *ret_settings = settings_load(path, NULL);
    g_assert_nonnull(*ret_settings);
    *ret_graph = graph_load((*ret_settings)->migrations, NULL);
    context.settings = *ret_settings;
    context.graph = *ret_graph;
    return rollout_plan(&context, NULL);
}

/* What an approval is given for changes the digest; how long sluice waits for a lock does not. */
static void
test_digest(void)
{
    g_autoptr(Settings) settings = NULL, other_settings = NULL;
    g_autoptr(Graph) graph = NULL, other_graph = NULL;
    g_autoptr(RolloutPlan) first = plan_of("whole.yaml", &settings, &graph);
    g_autoptr(RolloutPlan) other = plan_of("whole.yaml", &other_settings, &other_graph);
    RolloutContext context = {.settings = other_settings,
                              .clock = &clock_system,
                              .report = &report_none,
                              .graph = other_graph};
    g_autoptr(RolloutPlan) slower = NULL, approved = NULL;

    g_assert_cmpstr(rollout_plan_digest(first), ==, rollout_plan_digest(other));
    other_settings->give_up_after_ms *= 2;
    slower = rollout_plan(&context, NULL);
    g_assert_cmpstr(rollout_plan_digest(first), ==, rollout_plan_digest(slower));
    for (guint i = 0; i < other_settings->steps->len; i++)
        g_array_index(other_settings->steps, StepSpec, i).approvals = 0;
    approved = rollout_plan(&context, NULL);
    g_assert_cmpstr(rollout_plan_digest(first), !=, rollout_plan_digest(approved));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    cases_add("rollout", ".yaml", plan);
    g_test_add_func("/rollout/digest", test_digest);
    return g_test_run();
}
