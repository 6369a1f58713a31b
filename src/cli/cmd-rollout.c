#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/stop.h"
#include "cli/rollout-context.h"

#define GROUP "Rollout"

enum { WATCH_MS = 1000 };

typedef struct {
    bool watch;
} StatusOptions;

typedef struct {
    const char *reason;
} AbortOptions;

static const char *
text_of(json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static void
print_plan(Output *output, json_t *plan)
{
    static const char *const step_header[] = {"#", "STEP", "WHAT IT DOES", NULL};
    static const char *const revision_header[] = {"REVISION", "PHASES", "TITLE", NULL};
    g_autoptr(GPtrArray) steps = g_ptr_array_new_with_free_func((GDestroyNotify) g_strfreev);
    g_autoptr(GPtrArray) revisions = g_ptr_array_new_with_free_func((GDestroyNotify) g_strfreev);
    const char *from = text_of(plan, "from");
    json_t *item = NULL, *phase = NULL;
    size_t i = 0, k = 0;

    output_line(output, "%s %s%s%s, plan %.12s", text_of(plan, "app"), from, *from ? " to " : "",
                text_of(plan, "to"), text_of(plan, "digest"));
    json_array_foreach(json_object_get(plan, "steps"), i, item) g_ptr_array_add(
        steps, rollout_row(g_strdup_printf("%zu", i + 1), g_strdup(text_of(item, "name")),
                           g_strdup(text_of(item, "text"))));
    output_table(output, step_header, steps);
    json_array_foreach(json_object_get(plan, "revisions"), i, item)
    {
        g_autoptr(GString) phases = g_string_new(NULL);

        json_array_foreach(json_object_get(item, "phases"), k, phase)
            g_string_append_printf(phases, "%s%s", k ? ", " : "", json_string_value(phase));
        g_ptr_array_add(revisions, rollout_row(g_strdup(text_of(item, "id")), g_strdup(phases->str),
                                               g_strdup(text_of(item, "title"))));
    }
    output_line(output, "%s", "");
    if (revisions->len > 0)
        output_table(output, revision_header, revisions);
    else
        output_line(output, "It carries no revision: all that %s is built on are final here.",
                    text_of(plan, "to"));
}

static bool
run_plan(App *app, void *options G_GNUC_UNUSED, const char *const *words G_GNUC_UNUSED,
         GError **error)
{
    g_auto(RolloutApp) rollout = {NULL};
    g_autoptr(RolloutPlan) plan = NULL;
    g_autoptr(json_t) json = NULL;

    if (!rollout_app_init(&rollout, app, false, error))
        return false;
    plan = rollout_plan(&rollout.context, error);
    if (plan == NULL)
        return false;
    json = rollout_plan_json(plan);
    print_plan(app->output, json);
    output_json(app->output, g_steal_pointer(&json));
    return true;
}

static char *
describe_pool(json_t *pool)
{
    return g_strdup_printf(
        "%.1f %% (%d of %d up%s)", json_real_value(json_object_get(pool, "share")) * 100,
        (int) json_integer_value(json_object_get(pool, "up")),
        (int) json_integer_value(json_object_get(pool, "servers")),
        json_integer_value(json_object_get(pool, "drained")) ? ", taken out" : "");
}

static void
print_traffic(Output *output, json_t *traffic)
{
    g_autofree char *stable = NULL, *canary = NULL;

    if (json_is_null(traffic))
        return;
    if (json_object_get(traffic, "error")) {
        output_line(output, "traffic   %s", text_of(traffic, "error"));
        return;
    }
    stable = describe_pool(json_object_get(traffic, "stable"));
    canary = describe_pool(json_object_get(traffic, "canary"));
    output_line(output, "traffic   stable %s, canary %s", stable, canary);
}

static GStrv
step_row(size_t i, json_t *step)
{
    json_t *evidence = json_object_get(step, "evidence");
    const char *note = text_of(evidence, "error");
    const char *at = text_of(step, "finished_at");

    if (*note == '\0')
        note = text_of(evidence, "text");
    if (*at == '\0')
        at = text_of(step, "started_at");
    return rollout_row(g_strdup_printf("%zu", i + 1), g_strdup(text_of(step, "name")),
                       g_strdup(text_of(step, "state")), g_strndup(at, 19), g_strdup(note));
}

static void
print_approvals(Output *output, json_t *approvals)
{
    const char *gate = NULL;
    json_t *names = NULL, *name = NULL;
    size_t i = 0;

    json_object_foreach(approvals, gate, names) json_array_foreach(names, i, name)
        output_line(output, "approved  %s by %s", gate, json_string_value(name));
}

static void
print_status(Output *output, json_t *status)
{
    static const char *const header[] = {"#", "STEP", "STATE", "AT", "EVIDENCE", NULL};
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify) g_strfreev);
    json_t *release = json_object_get(status, "release"), *step = NULL;
    const char *from = text_of(release, "from"), *reason = text_of(status, "reason");
    const char *runner = text_of(status, "runner");
    size_t i = 0;

    output_line(output, "release   %s %s%s%s", text_of(release, "app"), from, *from ? " to " : "",
                text_of(release, "to"));
    output_line(output, "state     %s%s%s", text_of(status, "state"), *reason ? ": " : "", reason);
    if (*runner)
        output_line(output, "run by    %s", runner);
    print_traffic(output, json_object_get(status, "traffic"));
    print_approvals(output, json_object_get(status, "approvals"));
    json_array_foreach(json_object_get(status, "steps"), i, step)
        g_ptr_array_add(rows, step_row(i, step));
    if (rows->len > 0)
        output_table(output, header, rows);
}

static bool
is_over(json_t *status)
{
    static const char *const over[] = {"none", "done", "aborted", NULL};

    return g_strv_contains(over, text_of(status, "state"));
}

static bool
run_status(App *app, void *data, const char *const *words G_GNUC_UNUSED, GError **error)
{
    const StatusOptions *options = data;
    g_auto(RolloutApp) rollout = {NULL};
    g_autofree char *shown = NULL;

    if (!rollout_app_init(&rollout, app, true, error))
        return false;
    for (;;) {
        g_autoptr(json_t) status = rollout_status(&rollout.context, error);
        g_autofree char *text = NULL;

        if (status == NULL)
            return false;
        text = json_dumps(json_object_get(status, "steps"), JSON_COMPACT | JSON_ENCODE_ANY);
        if (g_strcmp0(text, shown) != 0)
            print_status(app->output, status);
        g_free(shown);
        shown = g_steal_pointer(&text);
        if (!options->watch || is_over(status)) {
            output_json(app->output, g_steal_pointer(&status));
            return true;
        }
        clock_sleep_ms(app->clock, WATCH_MS);
        if (!stop_check(error))
            return false;
    }
}

/* What stands in the ledger after a command that changed it. */
static bool
put_status(App *app, const RolloutContext *context, GError **error)
{
    json_t *status = NULL;

    if (output_format(app->output) != FORMAT_JSON)
        return true;
    status = rollout_status(context, error);
    if (status == NULL)
        return false;
    output_json(app->output, status);
    return true;
}

static bool
run_run(App *app, void *options G_GNUC_UNUSED, const char *const *words, GError **error)
{
    g_auto(RolloutApp) rollout = {NULL};

    return rollout_app_init(&rollout, app, true, error) &&
           rollout_run(&rollout.context, words[0], error) &&
           put_status(app, &rollout.context, error);
}

static bool
run_abort(App *app, void *data, const char *const *words G_GNUC_UNUSED, GError **error)
{
    const AbortOptions *options = data;
    g_auto(RolloutApp) rollout = {NULL};

    return rollout_app_init(&rollout, app, true, error) &&
           rollout_abort(&rollout.context, options->reason ? options->reason : "by hand", error);
}

static bool
run_resume(App *app, void *options G_GNUC_UNUSED, const char *const *words G_GNUC_UNUSED,
           GError **error)
{
    g_auto(RolloutApp) rollout = {NULL};

    if (!rollout_app_init(&rollout, app, true, error) || !rollout_resume(&rollout.context, error))
        return false;
    output_line(app->output, "`sluice rollout run` goes on from here.");
    return put_status(app, &rollout.context, error);
}

const Command command_rollout_plan = {
    .group = GROUP,
    .name = "rollout plan",
    .summary = "show the steps of the release, checked, and the revisions it carries",
    .usage = "",
    .details = "Refuses every order that could hurt (status 9), with the place in sluice.yaml. "
               "Changes nothing. Approvals are given to the digest it shows.",
    .example = "sluice rollout plan",
    .needs = NEED_SETTINGS,
    .run = run_plan,
};

const Command command_rollout_run = {
    .group = GROUP,
    .name = "rollout run",
    .summary = "carry the release through all its steps",
    .usage = "",
    .details =
        "Begins a rollout, or goes on with the one there is: after a crash, a failed step, a "
        "gate that did not pass. A second process ends with status 7 and names the first. "
        "One that is held or was aborted needs `rollout resume` first (status 8).",
    .example = "sluice rollout run",
    .needs = NEED_SETTINGS | NEED_DATABASE,
    .run = run_run,
};

const Command command_rollout_step = {
    .group = GROUP,
    .name = "rollout step",
    .summary = "run one step of the release, then end",
    .usage = "STEP",
    .details =
        "STEP is a name that `rollout plan` shows, or a kind: then the next of that kind. For "
        "CI jobs that have approvals of their own. Refused (status 8) while an earlier step "
        "is not done.",
    .example = "sluice rollout step expand\nsluice rollout step weight-5",
    .needs = NEED_SETTINGS | NEED_DATABASE,
    .run = run_run,
};

const Command command_rollout_status = {
    .group = GROUP,
    .name = "rollout status",
    .summary = "show where the rollout stands, with the evidence of each step",
    .usage = "",
    .example = "sluice rollout status --watch",
    .args = (const ArgSpec[]){{"watch", 'w', ARG_FLAG, offsetof(StatusOptions, watch), NULL,
                               "show it again whenever it changes, until it is over"},
                              {NULL}},
    .args_size = sizeof(StatusOptions),
    .needs = NEED_SETTINGS | NEED_DATABASE,
    .run = run_status,
};

const Command command_rollout_abort = {
    .group = GROUP,
    .name = "rollout abort",
    .summary = "send all traffic back to the old version, now",
    .usage = "",
    .details =
        "Needs no approval, and no database while the old version has a share of the "
        "traffic: the ledger is told at the next contact. Expand, deploy and the filled rows "
        "stay, for they harm nobody. After `retire` it is refused, with what is still "
        "possible.",
    .example = "sluice rollout abort --reason 'checkout is slow'",
    .args = (const ArgSpec[]){{"reason", 'r', ARG_TEXT, offsetof(AbortOptions, reason), "TEXT",
                               "why, for the record"},
                              {NULL}},
    .args_size = sizeof(AbortOptions),
    .needs = NEED_SETTINGS | NEED_DATABASE,
    .run = run_abort,
};

const Command command_rollout_resume = {
    .group = GROUP,
    .name = "rollout resume",
    .summary = "let an aborted or held rollout go on, or end a pause",
    .usage = "",
    .details = "Runs nothing itself: `rollout run` does. What was done stays done; after an abort "
               "the weights begin anew. After a hold, what the router does now is taken as right.",
    .example = "sluice rollout resume && sluice rollout run",
    .needs = NEED_SETTINGS | NEED_DATABASE,
    .run = run_resume,
};

const Command command_rollout_approve = {
    .group = GROUP,
    .name = "rollout approve",
    .summary = "the same as `approve`",
    .usage = "cutover|contract",
    .example = "sluice rollout approve contract --by bob",
    .args = rollout_approve_args,
    .args_size = sizeof(ApproveOptions),
    .needs = NEED_SETTINGS | NEED_DATABASE,
    .run = rollout_run_approve,
};
