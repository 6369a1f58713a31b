#include "ledger/events.h"
#include "pg/lock.h"
#include "rollout/share.h"

static json_t *
step_json(const LedgerRolloutStep *row)
{
    const char *name = json_string_value(json_object_get(row->argument, "name"));
    json_t *step =
        json_pack("{s:i, s:s, s:s, s:s, s:s*, s:s*}", "ordinal", row->ordinal, "name",
                  name ? name : row->kind, "kind", row->kind, "state", step_state_name(row->state),
                  "started_at", row->started_at, "finished_at", row->finished_at);

    json_object_set(step, "argument", row->argument);
    if (row->evidence)
        json_object_set(step, "evidence", row->evidence);
    return step;
}

static json_t *
steps_json(const LedgerRollout *row)
{
    json_t *steps = json_array();

    for (guint i = 0; i < row->steps->len; i++)
        json_array_append_new(steps, step_json(g_ptr_array_index(row->steps, i)));
    return steps;
}

/* A router that cannot be read is part of the answer, and no error of it. */
static json_t *
traffic_json(const Runner *run)
{
    g_autoptr(GError) local = NULL;
    TrafficState state;

    if (run->traffic == NULL)
        return json_null();
    if (traffic_read(run->traffic, &state, &local))
        return share_json(&state);
    return json_pack("{s:s}", "error", local->message);
}

static json_t *
release_json(const Runner *run)
{
    const Settings *settings = run->context->settings;

    if (run->row)
        return json_pack("{s:s, s:s*, s:s}", "app", run->row->app, "from", run->row->from_version,
                         "to", run->row->to_version);
    return json_pack("{s:s, s:s*, s:s}", "app", settings->app_name, "from", settings->release_from,
                     "to", settings->release_to);
}

static bool
add_approvals(Runner *run, json_t *status, GError **error)
{
    for (GateKind kind = 0; kind < GATE_N; kind++) {
        const char *gate = gate_kind_name(kind);
        g_autoptr(GPtrArray) names =
            ledger_load_approvals(run->conn, gate, run->row->plan_digest, error);
        json_t *list = NULL;

        if (names == NULL)
            return false;
        list = json_array();
        for (guint i = 0; i < names->len; i++)
            json_array_append_new(list, json_string(g_ptr_array_index(names, i)));
        json_object_set_new(json_object_get(status, "approvals"), gate, list);
    }
    return true;
}

static bool
add_rollout(Runner *run, json_t *status, GError **error)
{
    const LedgerRollout *row = run->row;
    g_autofree char *holder = pg_lock_holder(run->conn, pg_lock_key(PG_LOCK_ROLLOUT, 0, row->id));

    json_object_set_new(status, "rollout", json_integer(row->id));
    json_object_set_new(status, "state", json_string(rollout_state_name(row->state)));
    json_object_set_new(status, "reason", row->reason ? json_string(row->reason) : json_null());
    json_object_set_new(status, "plan_digest", json_string(row->plan_digest));
    json_object_set_new(status, "plan_changed",
                        json_boolean(row->state != ROLLOUT_DONE && !runner_is_current(run)));
    json_object_set_new(status, "started_at", json_string(row->started_at));
    json_object_set_new(status, "finished_at",
                        row->finished_at ? json_string(row->finished_at) : json_null());
    json_object_set_new(status, "runner", holder ? json_string(holder) : json_null());
    json_object_set_new(status, "steps", steps_json(row));
    json_object_set_new(status, "approvals", json_object());
    return add_approvals(run, status, error);
}

json_t *
rollout_status(const RolloutContext *context, GError **error)
{
    g_auto(Runner) run = {0};
    g_autoptr(json_t) status = NULL;

    if (!runner_open(&run, context, error))
        return NULL;
    status = json_pack("{s:o, s:o}", "release", release_json(&run), "traffic", traffic_json(&run));
    if (run.row == NULL)
        json_object_set_new(status, "state", json_string("none"));
    else if (!add_rollout(&run, status, error))
        return NULL;
    return g_steal_pointer(&status);
}
