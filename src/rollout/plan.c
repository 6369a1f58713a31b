#include "rollout/plan.h"

#include <string.h>

#include "base/text.h"
#include "gate/gate.h"
#include "revision/target.h"

enum { FIVE_MINUTES_MS = 5 * 60 * 1000, ONE_DAY_MS = 24 * 60 * 60 * 1000 };

/* For a file that names no steps: one look at 10 %, or in place where no router is configured. */
static const StepSpec router_steps[] = {
    {.kind = STEP_KIND_EXPAND},
    {.kind = STEP_KIND_DEPLOY},
    {.kind = STEP_KIND_BACKFILL},
    {.kind = STEP_KIND_WEIGHT, .weight = 10},
    {.kind = STEP_KIND_ANALYSIS, .duration_ms = FIVE_MINUTES_MS},
    {.kind = STEP_KIND_WEIGHT, .weight = 100},
    {.kind = STEP_KIND_ANALYSIS, .duration_ms = FIVE_MINUTES_MS},
    {.kind = STEP_KIND_CUTOVER, .approvals = 1},
    {.kind = STEP_KIND_SOAK, .duration_ms = ONE_DAY_MS},
    {.kind = STEP_KIND_RETIRE},
    {.kind = STEP_KIND_CONTRACT, .approvals = 1, .quiet_ms = -1},
};

static const StepSpec in_place_steps[] = {
    {.kind = STEP_KIND_EXPAND},
    {.kind = STEP_KIND_BACKFILL},
    {.kind = STEP_KIND_DEPLOY},
    {.kind = STEP_KIND_CUTOVER, .approvals = 1},
    {.kind = STEP_KIND_SOAK, .duration_ms = ONE_DAY_MS},
    {.kind = STEP_KIND_RETIRE},
    {.kind = STEP_KIND_CONTRACT, .approvals = 1, .quiet_ms = -1},
};

static GArray *
choose_steps(const Settings *settings)
{
    GArray *specs = g_array_new(FALSE, FALSE, sizeof(StepSpec));

    if (settings->steps->len > 0)
        return g_array_append_vals(specs, settings->steps->data, settings->steps->len);
    if (settings->traffic_driver)
        return g_array_append_vals(specs, router_steps, G_N_ELEMENTS(router_steps));
    return g_array_append_vals(specs, in_place_steps, G_N_ELEMENTS(in_place_steps));
}

/* "weight-5"; the analysis and the pause behind it "analysis-5", "pause-5"; else the kind. */
static char *
name_step(const GArray *specs, guint ordinal)
{
    const StepSpec *spec = &g_array_index(specs, StepSpec, ordinal);
    const char *kind = step_kind_name(spec->kind);

    if (spec->kind == STEP_KIND_WEIGHT)
        return g_strdup_printf("%s-%d", kind, spec->weight);
    if (spec->kind != STEP_KIND_ANALYSIS && spec->kind != STEP_KIND_PAUSE)
        return g_strdup(kind);
    for (guint i = ordinal; i-- > 0;) {
        const StepSpec *before = &g_array_index(specs, StepSpec, i);

        if (before->kind == STEP_KIND_WEIGHT)
            return g_strdup_printf("%s-%d", kind, before->weight);
    }
    return g_strdup(kind);
}

static GPtrArray *
name_steps(const GArray *specs)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < specs->len; i++) {
        g_autofree char *name = name_step(specs, i);
        char *unique = g_strdup(name);

        for (int n = 2; g_ptr_array_find_with_equal_func(names, unique, g_str_equal, NULL); n++) {
            g_free(unique);
            unique = g_strdup_printf("%s-%d", name, n);
        }
        g_ptr_array_add(names, unique);
    }
    return names;
}

static bool
find_version(const Settings *settings, const char *key, const char *name,
             const AppVersion **ret_version, GError **error)
{
    *ret_version = settings_find_version(settings, name);
    if (*ret_version)
        return true;
    error_set(error, ERROR_CONFIG, "%s is '%s', which app.versions does not declare", key, name);
    return error_hint(error, "Add it there: `\"%s\": {built_on: <revision>}`.", name);
}

static bool
find_versions(RolloutPlan *plan, GError **error)
{
    const Settings *settings = plan->settings;

    if (settings->app_name == NULL) {
        error_set(error, ERROR_CONFIG, "app.name is not set");
        return error_hint(error, "A rollout belongs to an app; its sessions are <name>/<version>.");
    }
    if (settings->release_to == NULL) {
        error_set(error, ERROR_CONFIG, "rollout.to is not set");
        return error_hint(error, "Say which version is rolled out: `rollout: {from: \"1.0\", to: "
                                 "\"2.0\"}`.");
    }
    if (!find_version(settings, "rollout.to", settings->release_to, &plan->to, error))
        return false;
    if (settings->release_from == NULL)
        return true;
    if (strcmp(settings->release_from, settings->release_to) == 0) {
        error_set(error, ERROR_CONFIG, "rollout.from and rollout.to are both '%s'",
                  settings->release_to);
        return error_hint(error, "Name the version that runs now, and the one that comes.");
    }
    return find_version(settings, "rollout.from", settings->release_from, &plan->from, error);
}

static bool
resolve_named(const Graph *graph, const AppVersion *version, const char *key, const char *id,
              const Revision **ret_revision, GError **error)
{
    g_autoptr(GError) local = NULL;

    if (target_point(graph, NULL, id, ret_revision, &local))
        return true;
    error_set(error, ERROR_CONFIG, "%s of version %s: %s", key, version->version, local->message);
    return error_hint(error, "`sluice history` lists the revisions there are.");
}

/* What @version says of revisions must be there; *@ret_built_on may stay NULL. */
static bool
resolve_version(const Graph *graph, const AppVersion *version, const Revision **ret_built_on,
                GError **error)
{
    if (version == NULL)
        return true;
    if (version->built_on &&
        !resolve_named(graph, version, "built_on", version->built_on, ret_built_on, error))
        return false;
    for (guint i = 0; i < version->still_uses->len; i++) {
        const Revision *unused = NULL;

        if (!resolve_named(graph, version, "still_uses", g_ptr_array_index(version->still_uses, i),
                           &unused, error))
            return false;
    }
    return true;
}

static bool
load_revisions(RolloutPlan *plan, const GPtrArray *carried, GError **error)
{
    for (guint i = 0; i < graph_count(plan->graph); i++) {
        const Revision *header = graph_get(plan->graph, i);
        Revision *whole = NULL;

        if (!graph_is_ancestor(plan->graph, header->id, plan->built_on->id))
            continue;
        if (carried && !g_ptr_array_find_with_equal_func((GPtrArray *) (guintptr) carried,
                                                         header->id, g_str_equal, NULL))
            continue;
        whole = graph_read(plan->graph, header, error);
        if (whole == NULL)
            return false;
        g_ptr_array_add(plan->revisions, whole);
    }
    return true;
}

static void
digest_version(GString *text, const AppVersion *version)
{
    if (version == NULL)
        return;
    g_string_append_printf(text, "version %s built on %s\n", version->version,
                           version->built_on ? version->built_on : "");
    for (guint i = 0; i < version->still_uses->len; i++)
        g_string_append_printf(text, "still uses %s\n",
                               (const char *) g_ptr_array_index(version->still_uses, i));
}

static char *
make_digest(const RolloutPlan *plan)
{
    g_autoptr(GString) text = g_string_new(plan->settings->app_name);

    g_string_append_c(text, '\n');
    digest_version(text, plan->from);
    digest_version(text, plan->to);
    for (guint i = 0; i < plan->specs->len; i++) {
        const StepSpec *spec = rollout_plan_spec(plan, i);

        g_string_append_printf(text, "%s %d %" G_GINT64_FORMAT " %d %" G_GINT64_FORMAT "\n",
                               step_kind_name(spec->kind), spec->weight, spec->duration_ms,
                               spec->approvals, spec->quiet_ms);
    }
    for (guint i = 0; i < plan->revisions->len; i++) {
        const Revision *revision = g_ptr_array_index(plan->revisions, i);

        g_string_append_printf(text, "revision %s\n", revision->id);
        for (SectionKind kind = 0; kind < SECTION_N; kind++) {
            g_autofree char *checksum = revision_checksum(revision, kind);

            g_string_append_printf(text, "%s\n", checksum ? checksum : "");
        }
    }
    return text_sha256(text->str);
}

RolloutPlan *
rollout_plan_new(const Settings *settings, const Graph *graph, const GPtrArray *carried,
                 GError **error)
{
    g_autoptr(RolloutPlan) plan = g_new0(RolloutPlan, 1);
    const Revision *from_built_on = NULL;

    plan->settings = settings;
    plan->graph = graph;
    plan->revisions = g_ptr_array_new_with_free_func((GDestroyNotify) revision_free);
    if (!find_versions(plan, error) || !resolve_version(graph, plan->from, &from_built_on, error) ||
        !resolve_version(graph, plan->to, &plan->built_on, error))
        return NULL;
    g_assert(plan->to != NULL);
    if (plan->built_on == NULL) {
        error_set(error, ERROR_CONFIG, "version %s does not say which revision it is built on",
                  plan->to->version);
        error_hint(error, "Add `built_on: <revision>` to it in app.versions: the newest revision "
                          "that its code needs.");
        return NULL;
    }
    plan->specs = choose_steps(settings);
    plan->names = name_steps(plan->specs);
    if (!load_revisions(plan, carried, error))
        return NULL;
    plan->digest = make_digest(plan);
    return g_steal_pointer(&plan);
}

void
rollout_plan_free(RolloutPlan *plan)
{
    if (plan == NULL)
        return;
    g_clear_pointer(&plan->specs, g_array_unref);
    g_clear_pointer(&plan->names, g_ptr_array_unref);
    g_ptr_array_unref(plan->revisions);
    g_free(plan->digest);
    g_free(plan);
}

const char *
rollout_plan_digest(const RolloutPlan *plan)
{
    return plan->digest;
}

const StepSpec *
rollout_plan_spec(const RolloutPlan *plan, guint ordinal)
{
    return &g_array_index(plan->specs, StepSpec, ordinal);
}

const char *
rollout_plan_name(const RolloutPlan *plan, guint ordinal)
{
    return g_ptr_array_index(plan->names, ordinal);
}

char *
rollout_plan_release_of(const Settings *settings)
{
    return g_strdup_printf("%s/%s", settings->app_name ? settings->app_name : "",
                           settings->release_to ? settings->release_to : "");
}

char *
rollout_plan_release(const RolloutPlan *plan)
{
    return rollout_plan_release_of(plan->settings);
}

bool
rollout_plan_is_unsynced(const Revision *revision)
{
    return revision_section(revision, SECTION_BACKFILL, NULL) != NULL &&
           !revision_has_sync(revision);
}

static char *
describe_gate(const char *what, int approvals)
{
    return approvals == 0
               ? g_strdup(what)
               : g_strdup_printf("%s; %d approval%s", what, approvals, approvals == 1 ? "" : "s");
}

char *
rollout_plan_describe(const RolloutPlan *plan, guint ordinal)
{
    const StepSpec *spec = rollout_plan_spec(plan, ordinal);
    const char *to = plan->to->version, *from = plan->from ? plan->from->version : NULL;
    g_autofree char *duration = text_format_duration_ms(spec->duration_ms);

    switch (spec->kind) {
    case STEP_KIND_EXPAND:
        return g_strdup("add the new shape; the old app survives it");
    case STEP_KIND_DEPLOY:
        return g_strdup_printf("start %s%s", to,
                               plan->settings->traffic_driver ? ", without traffic" : "");
    case STEP_KIND_BACKFILL:
        return g_strdup("fill the new shape from the old");
    case STEP_KIND_WEIGHT:
        return g_strdup_printf("%d %% of the traffic to %s", spec->weight, to);
    case STEP_KIND_ANALYSIS:
        return g_strdup_printf("judge %s by the router's counters, for %s or longer", to, duration);
    case STEP_KIND_PAUSE:
        return spec->duration_ms ? g_strdup_printf("wait %s", duration)
                                 : g_strdup("wait for `sluice rollout resume`");
    case STEP_KIND_CUTOVER:
        return describe_gate("from here on the new shape is the truth", spec->approvals);
    case STEP_KIND_SOAK:
        return g_strdup_printf("keep %s ready for %s more", from ? from : "the way back", duration);
    case STEP_KIND_RETIRE:
        return g_strdup_printf("drain and stop %s",
                               from ? from : "nobody: there is no old version");
    case STEP_KIND_CONTRACT:
        return describe_gate("drop the old shape", spec->approvals);
    case STEP_KIND_N:
        break;
    }
    g_assert_not_reached();
}

json_t *
rollout_plan_step_json(const RolloutPlan *plan, guint ordinal)
{
    const StepSpec *spec = rollout_plan_spec(plan, ordinal);
    json_t *step = json_pack("{s:s, s:s}", "name", rollout_plan_name(plan, ordinal), "kind",
                             step_kind_name(spec->kind));

    if (spec->kind == STEP_KIND_WEIGHT)
        json_object_set_new(step, "weight", json_integer(spec->weight));
    if (spec->duration_ms > 0)
        json_object_set_new(step, "duration_ms", json_integer(spec->duration_ms));
    if (spec->approvals > 0)
        json_object_set_new(step, "approvals", json_integer(spec->approvals));
    if (spec->kind == STEP_KIND_CONTRACT)
        json_object_set_new(
            step, "quiet_ms",
            json_integer(spec->quiet_ms < 0 ? plan->settings->gate_quiet_ms : spec->quiet_ms));
    return step;
}

static json_t *
revision_json(const RolloutPlan *plan, const Revision *revision)
{
    json_t *phases = json_array();

    json_array_append_new(phases, json_string("expand"));
    if (revision_has_backfill(revision))
        json_array_append_new(phases, json_string("backfill"));
    if (revision_has_cutover(revision))
        json_array_append_new(phases, json_string("cutover"));
    if (revision_has_contract(revision) &&
        gate_version_survives(plan->graph, plan->to, revision->id))
        json_array_append_new(phases, json_string("contract"));
    return json_pack("{s:s, s:s*, s:o}", "id", revision->id, "title", revision->title, "phases",
                     phases);
}

json_t *
rollout_plan_json(const RolloutPlan *plan)
{
    json_t *steps = json_array(), *revisions = json_array();

    for (guint i = 0; i < plan->specs->len; i++) {
        g_autofree char *text = rollout_plan_describe(plan, i);
        json_t *step = rollout_plan_step_json(plan, i);

        json_object_set_new(step, "text", json_string(text));
        json_array_append_new(steps, step);
    }
    for (guint i = 0; i < plan->revisions->len; i++)
        json_array_append_new(revisions,
                              revision_json(plan, g_ptr_array_index(plan->revisions, i)));
    return json_pack("{s:s, s:s*, s:s, s:s, s:o, s:o}", "app", plan->settings->app_name, "from",
                     plan->from ? plan->from->version : NULL, "to", plan->to->version, "digest",
                     plan->digest, "steps", steps, "revisions", revisions);
}
