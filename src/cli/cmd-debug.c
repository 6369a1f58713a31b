#include "base/fault.h"
#include "base/json.h"
#include "cli/command.h"

static bool
run_fault_points(App *app, void *options G_GNUC_UNUSED, const char *const *words G_GNUC_UNUSED,
                 GError **error G_GNUC_UNUSED)
{
    g_autoptr(json_t) names = json_array();

    for (const char *const *name = fault_points; *name; name++) {
        output_line(app->output, "%s", *name);
        json_array_append_new(names, json_string(*name));
    }
    output_json(app->output, g_steal_pointer(&names));
    return true;
}

const Command command_debug_fault_points = {
    .name = "debug fault-points",
    .summary = "list the points at which the crash tests kill the process",
    .usage = "",
    .run = run_fault_points,
};
