/*
 * deploy/driver.h - what a deploy driver is: one file and one row in deploy.c's table.
 *
 * Private to the room. A driver acts and asks once; waiting and repeating are deploy.c's.
 */
#pragma once

#include "deploy/deploy.h"

typedef struct {
    const char *name; /* deploy.driver */
    /* Does @settings hold all that it needs? ERROR_CONFIG. */
    bool (*check)(const Settings *settings, GError **error);
    /* False with ERROR_STATE and the reason while it is not ready; any other code is a failure. */
    bool (*ready)(const Settings *settings, const char *version, gint64 timeout_ms, GError **error);
    bool (*start)(const Settings *settings, const char *version, gint64 timeout_ms, GError **error);
    bool (*stop)(const Settings *settings, const char *version, gint64 timeout_ms, GError **error);
} DeployDriver;

extern const DeployDriver deploy_exec;
