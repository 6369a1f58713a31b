#include "gate/check.h"
#include "ledger/events.h"

static char *
joined(GPtrArray *names)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < names->len; i++)
        g_string_append_printf(text, "%s%s", i ? ", " : "",
                               (const char *) g_ptr_array_index(names, i));
    return g_string_free(text, FALSE);
}

static bool
check_approvals(const GateContext *context, GateKind kind, GateCheck *check, GError **error)
{
    const char *gate = gate_kind_name(kind);
    g_autoptr(GPtrArray) names = NULL;
    g_autofree char *who = NULL, *next = NULL;

    if (context->approvals == 0)
        return check_pass(check, NULL, "none is asked for");
    if (context->plan_digest == NULL)
        return check_fail(check, NULL, "Say in sluice.yaml what is rolled out (rollout.to).",
                          "%d asked for, and there is no plan that they could be given to",
                          context->approvals);
    names = ledger_load_approvals(context->apply->conn, gate, context->plan_digest, error);
    if (names == NULL)
        return false;
    who = joined(names);
    if ((int) names->len >= context->approvals)
        return check_pass(check, NULL, "%u of %d: %s", names->len, context->approvals, who);
    next = g_strdup_printf("Approve with `sluice approve %s --by NAME`%s.", gate,
                           names->len ? "; each name counts once" : "");
    return check_wait(check, 0, NULL, next, "%u of %d%s%s, plan %.12s", names->len,
                      context->approvals, names->len ? ": " : "", who, context->plan_digest);
}

bool
check_cutover_approvals(const GateContext *context, const Revision *revision G_GNUC_UNUSED,
                        GateCheck *check, GError **error)
{
    return check_approvals(context, GATE_CUTOVER, check, error);
}

bool
check_contract_approvals(const GateContext *context, const Revision *revision G_GNUC_UNUSED,
                         GateCheck *check, GError **error)
{
    return check_approvals(context, GATE_CONTRACT, check, error);
}
