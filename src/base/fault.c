#include "base/fault.h"

#include <glib.h>
#include <signal.h>
#include <string.h>

const char *const fault_points[] = {
    "adopt-after-commit",
    "adopt-after-intent",
    "adopt-before-commit",
    "apply-after-commit",
    "apply-after-intent",
    "apply-after-record",
    "apply-before-commit",
    "apply-before-event",
    "apply-before-events",
    "apply-before-intent",
    "apply-before-state",
    "apply-concurrent-after",
    "apply-concurrent-before",
    "apply-concurrent-dropped",
    "backfill-added",
    "backfill-done",
    "backfill-part-committed",
    "backfill-part-counted",
    "backfill-part-updated",
    "backfill-range-claimed",
    "backfill-ranges-committed",
    "backfill-ranges-planned",
    "deploy-after-start",
    "deploy-after-stop",
    "deploy-before-start",
    "deploy-before-stop",
    "import-file",
    "journal-before-append",
    "ledger-abort-uncommitted",
    "ledger-ensure-committed",
    "ledger-ensure-locked",
    "ledger-ensure-written",
    "migrate-fresh-phase",
    "migrate-redo-begun",
    "migrate-redo-expanded",
    "migrate-redo-undone",
    "migrate-stamp-committed",
    "migrate-stamp-written",
    "migrate-start-committed",
    "migrate-start-written",
    "quarantine-part-committed",
    "quarantine-piece-committed",
    "quarantine-row-recorded",
    "rollout-abort-journaled",
    "rollout-abort-recorded",
    "rollout-abort-returned",
    "rollout-abort-undone",
    "rollout-analysis-interval",
    "rollout-back-journaled",
    "rollout-back-set",
    "rollout-back-taken-out",
    "rollout-backfill-finished",
    "rollout-backfill-ran",
    "rollout-begun",
    "rollout-contract-applied",
    "rollout-contract-passed",
    "rollout-cutover-applied",
    "rollout-cutover-passed",
    "rollout-deploy-guarded",
    "rollout-deploy-started",
    "rollout-expand-applied",
    "rollout-resume-admitted",
    "rollout-resume-journaled",
    "rollout-retire-drained",
    "rollout-retire-journaled",
    "rollout-retire-stopped",
    "rollout-step-acted",
    "rollout-step-intended",
    "rollout-step-recorded",
    "rollout-weight-journaled",
    "rollout-weight-set",
    "traffic-after-set",
    "traffic-before-set",
    "traffic-before-take-out",
    NULL,
};

void
fault_point(const char *name)
{
    static int passed;
    const char *wanted = g_getenv("SLUICE_FAULT");
    const size_t length = strlen(name);
    int at = 1;

    if (wanted == NULL || strncmp(wanted, name, length) != 0)
        return;
    if (wanted[length] == ':')
        at = (int) g_ascii_strtoll(wanted + length + 1, NULL, 10);
    else if (wanted[length] != '\0')
        return;
    if (g_atomic_int_add(&passed, 1) + 1 == at)
        raise(SIGKILL);
}
