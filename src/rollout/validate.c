/* Unsafe orders of steps, refused before anything runs. */

#include <string.h>

#include "revision/target.h"
#include "rollout/plan.h"

typedef struct {
    const RolloutPlan *plan;
    bool expands, backfills, unsynced; /* something that the plan carries does */
} Order;

typedef bool (*Condition)(const Order *order, const StepSpec *spec);

static bool
always(const Order *order G_GNUC_UNUSED, const StepSpec *spec G_GNUC_UNUSED)
{
    return true;
}

static bool
if_expands(const Order *order, const StepSpec *spec G_GNUC_UNUSED)
{
    return order->expands;
}

static bool
if_backfills(const Order *order, const StepSpec *spec G_GNUC_UNUSED)
{
    return order->backfills;
}

static bool
if_synced_backfill(const Order *order, const StepSpec *spec G_GNUC_UNUSED)
{
    return order->backfills && !order->unsynced;
}

static bool
if_unsynced(const Order *order, const StepSpec *spec G_GNUC_UNUSED)
{
    return order->unsynced && order->plan->from;
}

static bool
if_served_and_synced(const Order *order, const StepSpec *spec)
{
    return spec->weight > 0 && if_synced_backfill(order, spec);
}

static bool
if_in_place(const Order *order, const StepSpec *spec)
{
    return order->plan->settings->traffic_driver == NULL && if_synced_backfill(order, spec);
}

static bool
if_replaces(const Order *order, const StepSpec *spec G_GNUC_UNUSED)
{
    return order->plan->from != NULL;
}

static bool
if_replaces_synced(const Order *order, const StepSpec *spec)
{
    return if_replaces(order, spec) && !order->unsynced;
}

/* @step must not come before @after has been. */
static const struct {
    StepKind step, after;
    Condition applies;
    const char *why;
} order_rules[] = {
    {STEP_KIND_DEPLOY, STEP_KIND_EXPAND, if_expands, "the new version needs the expanded schema"},
    {STEP_KIND_BACKFILL, STEP_KIND_EXPAND, if_expands, "there is nothing to fill yet"},
    {STEP_KIND_BACKFILL, STEP_KIND_RETIRE, if_unsynced,
     "without a sync section, rows that the old version writes meanwhile would be missed"},
    {STEP_KIND_WEIGHT, STEP_KIND_DEPLOY, always, "there is nobody yet to serve it"},
    {STEP_KIND_WEIGHT, STEP_KIND_BACKFILL, if_served_and_synced,
     "the new version would read rows that are not filled yet"},
    {STEP_KIND_DEPLOY, STEP_KIND_BACKFILL, if_in_place,
     "without a router it serves at once, and would read rows that are not filled yet"},
    {STEP_KIND_CUTOVER, STEP_KIND_EXPAND, if_expands, "there is no new shape yet"},
    {STEP_KIND_CUTOVER, STEP_KIND_DEPLOY, always, "nobody uses the new shape yet"},
    {STEP_KIND_CUTOVER, STEP_KIND_BACKFILL, if_backfills, "the new shape is not filled yet"},
    {STEP_KIND_SOAK, STEP_KIND_CUTOVER, always, "what soaks is the cutover"},
    {STEP_KIND_RETIRE, STEP_KIND_DEPLOY, always, "nobody would be left to serve"},
    {STEP_KIND_RETIRE, STEP_KIND_CUTOVER, if_replaces_synced,
     "the old version is the way back until then"},
    {STEP_KIND_CONTRACT, STEP_KIND_CUTOVER, always, "the old shape is still the truth"},
    {STEP_KIND_CONTRACT, STEP_KIND_SOAK, if_replaces,
     "nothing shows yet that the old version is not needed again"},
    {STEP_KIND_CONTRACT, STEP_KIND_RETIRE, if_replaces, "the old version still uses what it drops"},
};

/* With the step's place, where a file names the steps. */
static bool refuse(ErrorCode code, const StepSpec *spec, GError **error, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

static bool
refuse(ErrorCode code, const StepSpec *spec, GError **error, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    return spec->place.file ? error_set_at(error, code, spec->place, "%s", text)
                            : error_set(error, code, "%s", text);
}

static bool
comes_before(const RolloutPlan *plan, StepKind kind, guint at)
{
    for (guint i = 0; i < at; i++) {
        if (rollout_plan_spec(plan, i)->kind == kind)
            return true;
    }
    return false;
}

static bool
check_order(const Order *order, guint at, GError **error)
{
    const StepSpec *spec = rollout_plan_spec(order->plan, at);

    for (guint i = 0; i < G_N_ELEMENTS(order_rules); i++) {
        const char *after = step_kind_name(order_rules[i].after);

        if (order_rules[i].step != spec->kind || !order_rules[i].applies(order, spec) ||
            comes_before(order->plan, order_rules[i].after, at))
            continue;
        refuse(ERROR_CHECK, spec, error, "step '%s' comes without '%s' before it: %s",
               rollout_plan_name(order->plan, at), after, order_rules[i].why);
        return error_hint(error, "Put '%s' before it in rollout.steps.", after);
    }
    return true;
}

static bool
may_repeat(StepKind kind)
{
    return kind == STEP_KIND_WEIGHT || kind == STEP_KIND_ANALYSIS || kind == STEP_KIND_PAUSE ||
           kind == STEP_KIND_SOAK;
}

static bool
check_once(const Order *order, guint at, GError **error)
{
    const StepSpec *spec = rollout_plan_spec(order->plan, at);

    if (may_repeat(spec->kind) || !comes_before(order->plan, spec->kind, at))
        return true;
    refuse(ERROR_CHECK, spec, error, "step '%s' comes twice", step_kind_name(spec->kind));
    return error_hint(error, "Remove one of them from rollout.steps.");
}

/* The weight that the canary has before step @at; -1: none was set. */
static int
weight_before(const RolloutPlan *plan, guint at)
{
    for (guint i = at; i-- > 0;) {
        if (rollout_plan_spec(plan, i)->kind == STEP_KIND_WEIGHT)
            return rollout_plan_spec(plan, i)->weight;
    }
    return -1;
}

static bool
check_drivers(const Order *order, guint at, GError **error)
{
    const Settings *settings = order->plan->settings;
    const StepSpec *spec = rollout_plan_spec(order->plan, at);
    const char *name = rollout_plan_name(order->plan, at);

    if ((spec->kind == STEP_KIND_WEIGHT || spec->kind == STEP_KIND_ANALYSIS) &&
        settings->traffic_driver == NULL) {
        refuse(ERROR_CONFIG, spec, error, "step '%s' needs a router, and none is configured", name);
        return error_hint(error, "Set traffic.driver in sluice.yaml, or remove the step.");
    }
    if ((spec->kind == STEP_KIND_DEPLOY || (spec->kind == STEP_KIND_RETIRE && order->plan->from)) &&
        settings->deploy_start == NULL) {
        refuse(ERROR_CONFIG, spec, error, "step '%s' needs deploy.start, and it is not set", name);
        return error_hint(error, "Set deploy.start, deploy.stop and deploy.ready in sluice.yaml.");
    }
    return true;
}

static bool
check_weights(const Order *order, guint at, GError **error)
{
    const StepSpec *spec = rollout_plan_spec(order->plan, at);
    const int before = weight_before(order->plan, at);

    if (spec->kind == STEP_KIND_WEIGHT && spec->weight <= before) {
        refuse(ERROR_CHECK, spec, error, "weight %d comes after weight %d", spec->weight, before);
        return error_hint(error, "Weights only rise; the way back is `sluice rollout abort`.");
    }
    if (spec->kind == STEP_KIND_ANALYSIS && before <= 0) {
        refuse(ERROR_CHECK, spec, error,
               "an analysis before the canary has traffic: there is nothing to judge");
        return error_hint(error, "Put a weight above 0 before it.");
    }
    if ((spec->kind == STEP_KIND_CUTOVER || spec->kind == STEP_KIND_RETIRE) &&
        order->plan->settings->traffic_driver && before != 100) {
        refuse(ERROR_CHECK, spec, error,
               "step '%s' comes before the new version has all the traffic (weight %d)",
               rollout_plan_name(order->plan, at), MAX(before, 0));
        return error_hint(error, "Put `weight: 100` before it.");
    }
    return true;
}

static bool
check_versions(const RolloutPlan *plan, GError **error)
{
    const Revision *from_built_on = NULL;

    if (plan->from == NULL || plan->from->built_on == NULL)
        return true;
    if (!target_point(plan->graph, NULL, plan->from->built_on, &from_built_on, error))
        return false;
    if (graph_is_ancestor(plan->graph, from_built_on->id, plan->built_on->id))
        return true;
    error_set(error, ERROR_CHECK,
              "version %s is built on %s, which does not follow %s that version %s is built on",
              plan->to->version, plan->built_on->id, from_built_on->id, plan->from->version);
    return error_hint(error, "A version that comes must know every revision that the one before it "
                             "knew; check built_on of both.");
}

static const struct {
    bool (*check)(const Order *order, guint at, GError **error);
} step_rules[] = {{check_once}, {check_drivers}, {check_order}, {check_weights}};

bool
rollout_plan_validate(const RolloutPlan *plan, GError **error)
{
    Order order = {.plan = plan};

    for (guint i = 0; i < plan->revisions->len; i++) {
        const Revision *revision = g_ptr_array_index(plan->revisions, i);

        order.expands = true;
        order.backfills = order.backfills || revision_has_backfill(revision);
        order.unsynced = order.unsynced || rollout_plan_is_unsynced(revision);
    }
    if (!check_versions(plan, error))
        return false;
    for (guint i = 0; i < plan->specs->len; i++) {
        for (guint j = 0; j < G_N_ELEMENTS(step_rules); j++) {
            if (!step_rules[j].check(&order, i, error))
                return false;
        }
    }
    return true;
}
