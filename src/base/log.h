/*
 * base/log.h - chatter on stderr: `-v` shows info, `-vv` debug.
 *
 * Only cli logs above debug. Rooms below tell what happens through a Report (base/report.h).
 */
#pragma once

#include <glib.h>

typedef enum { LOG_WARNING, LOG_INFO, LOG_DEBUG } LogLevel;

void log_set_level(LogLevel level);
LogLevel log_get_level(void);
void log_debug(const char *format, ...) G_GNUC_PRINTF(1, 2);
void log_info(const char *format, ...) G_GNUC_PRINTF(1, 2);
void log_warning(const char *format, ...) G_GNUC_PRINTF(1, 2);
