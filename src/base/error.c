#include "base/error.h"

#include <string.h>

typedef struct {
    char *hint;
    char *sqlstate;
    char *detail;
    char *file;
    int line;
    int column;
} ErrorExtra;

static GQuark domain;

static void
extra_init(ErrorExtra *extra)
{
    memset(extra, 0, sizeof *extra);
}

static void
extra_copy(const ErrorExtra *from, ErrorExtra *to)
{
    to->hint = g_strdup(from->hint);
    to->sqlstate = g_strdup(from->sqlstate);
    to->detail = g_strdup(from->detail);
    to->file = g_strdup(from->file);
    to->line = from->line;
    to->column = from->column;
}

static void
extra_clear(ErrorExtra *extra)
{
    g_free(extra->hint);
    g_free(extra->sqlstate);
    g_free(extra->detail);
    g_free(extra->file);
}

/* GLib keeps the private data directly before the GError. It has no public accessor for a domain
 * that is registered by hand; this is what G_DEFINE_EXTENDED_ERROR expands to, and that macro trips
 * -Wcast-qual. */
static size_t
extra_offset(void)
{
    const size_t align = 2 * sizeof(size_t);
    return (sizeof(ErrorExtra) + align - 1) & ~(align - 1);
}

static ErrorExtra *
extra_of(const GError *error)
{
    if (error == NULL || error->domain != SLUICE_ERROR)
        return NULL;
    return (ErrorExtra *) (((guintptr) error) - extra_offset());
}

static void
extra_init_of(GError *error)
{
    extra_init((ErrorExtra *) (((guintptr) error) - extra_offset()));
}

static void
extra_copy_of(const GError *from, GError *to)
{
    extra_copy((const ErrorExtra *) (((guintptr) from) - extra_offset()),
               (ErrorExtra *) (((guintptr) to) - extra_offset()));
}

static void
extra_clear_of(GError *error)
{
    extra_clear((ErrorExtra *) (((guintptr) error) - extra_offset()));
}

GQuark
sluice_error_quark(void)
{
    static gsize once = 0;

    if (g_once_init_enter(&once)) {
        domain = g_error_domain_register_static("sluice-error", sizeof(ErrorExtra), extra_init_of,
                                                extra_copy_of, extra_clear_of);
        g_once_init_leave(&once, 1);
    }
    return domain;
}

bool
error_set(GError **error, ErrorCode code, const char *format, ...)
{
    va_list args;

    if (error == NULL)
        return false;
    g_assert(*error == NULL);
    va_start(args, format);
    *error = g_error_new_valist(SLUICE_ERROR, (int) code, format, args);
    va_end(args);
    return false;
}

bool
error_set_at(GError **error, ErrorCode code, Place place, const char *format, ...)
{
    va_list args;
    g_autofree char *message = NULL;
    ErrorExtra *extra;

    if (error == NULL)
        return false;
    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    if (place.line > 0)
        error_set(error, code, "%s:%d:%d: %s", place.file ? place.file : "-", place.line,
                  place.column, message);
    else
        error_set(error, code, "%s: %s", place.file ? place.file : "-", message);
    extra = extra_of(*error);
    extra->file = g_strdup(place.file);
    extra->line = place.line;
    extra->column = place.column;
    return false;
}

bool
error_hint(GError **error, const char *format, ...)
{
    va_list args;
    ErrorExtra *extra = error ? extra_of(*error) : NULL;

    if (extra == NULL)
        return false;
    g_free(extra->hint);
    va_start(args, format);
    extra->hint = g_strdup_vprintf(format, args);
    va_end(args);
    return false;
}

void
error_add_server(GError *error, const char *sqlstate, const char *detail)
{
    ErrorExtra *extra = extra_of(error);

    if (extra == NULL)
        return;
    g_free(extra->sqlstate);
    extra->sqlstate = g_strdup(sqlstate);
    g_free(extra->detail);
    extra->detail = g_strdup(detail);
}

const char *
error_get_hint(const GError *error)
{
    const ErrorExtra *extra = extra_of(error);
    return extra ? extra->hint : NULL;
}

const char *
error_get_sqlstate(const GError *error)
{
    const ErrorExtra *extra = extra_of(error);
    return extra ? extra->sqlstate : NULL;
}

const char *
error_get_detail(const GError *error)
{
    const ErrorExtra *extra = extra_of(error);
    return extra ? extra->detail : NULL;
}

Place
error_get_place(const GError *error)
{
    const ErrorExtra *extra = extra_of(error);
    return extra ? (Place){extra->file, extra->line, extra->column} : (Place){0};
}

bool
error_is(const GError *error, ErrorCode code)
{
    return g_error_matches(error, SLUICE_ERROR, (int) code);
}

bool
error_is_sqlstate(const GError *error, const char *sqlstate)
{
    const char *found = error_get_sqlstate(error);
    return found != NULL && strncmp(found, sqlstate, strlen(sqlstate)) == 0;
}

int
error_exit_status(const GError *error)
{
    return error->domain == SLUICE_ERROR ? error->code : ERROR_INTERNAL;
}

const char *
error_code_name(const GError *error)
{
    switch ((ErrorCode) error_exit_status(error)) {
    case ERROR_USAGE:
        return "usage";
    case ERROR_CONFIG:
        return "config";
    case ERROR_CONNECTION:
        return "connection";
    case ERROR_SQL:
        return "sql";
    case ERROR_LOCK:
        return "lock";
    case ERROR_OWNER:
        return "owner";
    case ERROR_STATE:
        return "state";
    case ERROR_CHECK:
        return "check";
    case ERROR_DRIFT:
        return "drift";
    case ERROR_INTERRUPTED:
        return "interrupted";
    case ERROR_INTERNAL:
        break;
    }
    return "internal";
}
