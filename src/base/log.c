#include "base/log.h"

#include <stdio.h>

static LogLevel current = LOG_WARNING;

void
log_set_level(LogLevel level)
{
    current = level;
}

LogLevel
log_get_level(void)
{
    return current;
}

static void write_line(LogLevel level, const char *prefix, const char *format, va_list args)
    G_GNUC_PRINTF(3, 0);

static void
write_line(LogLevel level, const char *prefix, const char *format, va_list args)
{
    g_autofree char *text = NULL;

    if (level > current)
        return;
    text = g_strdup_vprintf(format, args);
    fprintf(stderr, "%s%s\n", prefix, text);
}

void
log_debug(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    write_line(LOG_DEBUG, "debug: ", format, args);
    va_end(args);
}

void
log_info(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    write_line(LOG_INFO, "", format, args);
    va_end(args);
}

void
log_warning(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    write_line(LOG_WARNING, "warning: ", format, args);
    va_end(args);
}
