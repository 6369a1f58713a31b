/*
 * deploy/deploy.h - starts and stops app versions; one file a driver (exec).
 *
 * start and stop are safe to repeat: the driver asks `ready` first. Commands get SLUICE_APP and
 * SLUICE_VERSION in their environment.
 */
#pragma once

#include "base/clock.h"
#include "conf/settings.h"

typedef struct Deploy Deploy;

Deploy *deploy_new(const Settings *settings, const Clock *clock, GError **error);
void deploy_free(Deploy *deploy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Deploy, deploy_free)

bool deploy_is_ready(Deploy *deploy, const char *version, bool *ret_ready, GError **error);
/* Starts it unless ready, then waits until ready; ERROR_STATE after deploy.timeout. */
bool deploy_start(Deploy *deploy, const char *version, GError **error);
bool deploy_stop(Deploy *deploy, const char *version, GError **error);
