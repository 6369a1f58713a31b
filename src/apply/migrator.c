#include "apply/apply.h"
#include "apply/phase.h"
#include "base/error.h"
#include "pg/lock.h"

static void
report_holder(void *data, const char *holder)
{
    const ApplyContext *context = data;

    report_data(context->report, REPORT_WAIT,
                json_pack("{s:s, s:s}", "wait", "migrator", "holder", holder),
                "another sluice is at work: %s; waiting for it", holder);
}

static bool
lock_within(const ApplyContext *context, gint64 wait_ms, GError **error)
{
    if (!pg_poll_lock(context->conn, pg_migrator_key(context->conn), context->clock, wait_ms,
                      wait_ms > 0 ? report_holder : NULL, (gpointer) context, error))
        return false;
    /* A build that runs in the server for a sluice that was killed keeps this lock: let the server
     * notice. Not every platform can (before version 16: Linux alone), and nothing depends on it.
     */
    pg_exec_script(context->conn, "SET client_connection_check_interval = '2s'", NULL);
    return ledger_ensure(context->conn, context->clock, error) &&
           phase_settle_events(context, error);
}

bool
apply_lock(const ApplyContext *context, GError **error)
{
    return lock_within(context, context->settings->migrator_wait_ms, error);
}

bool
apply_try_lock(const ApplyContext *context, GError **error)
{
    return lock_within(context, 0, error);
}

void
apply_unlock(const ApplyContext *context)
{
    if (pg_is_connected(context->conn))
        pg_unlock(context->conn, pg_migrator_key(context->conn), NULL);
}
