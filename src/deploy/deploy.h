/*
 * deploy/deploy.h - starts and stops app versions; one file a driver (exec).
 *
 * Both are safe to repeat after a crash: start asks `ready` first, stop runs its command even when
 * nothing is ready (instances that are up but not ready still write). Commands run in the folder of
 * sluice.yaml, with SLUICE_APP and SLUICE_VERSION in their environment.
 */
#pragma once

#include "base/clock.h"
#include "conf/settings.h"

typedef struct Deploy Deploy;

/* NULL with ERROR_CONFIG (missing keys, unknown driver). @settings and @clock must outlive it.
 * Caller owns. */
Deploy *deploy_new(const Settings *settings, const Clock *clock, GError **error);
void deploy_free(Deploy *deploy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Deploy, deploy_free)

bool deploy_is_ready(Deploy *deploy, const char *version, bool *ret_ready, GError **error);
/* Starts it unless ready, then waits until ready; ERROR_STATE after deploy.timeout, with what the
 * command printed last. */
bool deploy_start(Deploy *deploy, const char *version, GError **error);
/* Stops all its instances, then waits until it is not ready any more; the same deadline. */
bool deploy_stop(Deploy *deploy, const char *version, GError **error);
