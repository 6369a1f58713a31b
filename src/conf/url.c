#include "conf/url.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"

static bool
is_postgres_scheme(const char *scheme)
{
    return strcmp(scheme, "postgresql") == 0 || strcmp(scheme, "postgres") == 0;
}

/* The drivers' name for libpq's sslmode; "true" is all that some of them know. */
static char *
rename_ssl(const char *rest)
{
    g_autoptr(GRegex) truth = g_regex_new("([?&])ssl=(?:true|True|1)(?=&|$)", 0, 0, NULL);
    g_autoptr(GRegex) mode = g_regex_new("([?&])ssl=", 0, 0, NULL);
    g_autofree char *half = g_regex_replace(truth, rest, -1, 0, "\\1sslmode=require", 0, NULL);

    return g_regex_replace(mode, half, -1, 0, "\\1sslmode=", 0, NULL);
}

char *
url_normalise(const char *text, GError **error)
{
    const char *separator = strstr(text, "://");
    const char *equals = strchr(text, '=');
    g_autofree char *scheme = NULL;
    g_autofree char *rest = NULL;
    char *driver;

    if (equals && (separator == NULL || equals < separator))
        return g_strdup(text);
    if (separator == NULL) {
        g_autofree char *shown = text_redact_url(text);
        error_set(error, ERROR_CONFIG, "'%s' is not a database URL", shown);
        error_hint(error, "Write postgresql://user@host:5432/database.");
        return NULL;
    }
    scheme = g_ascii_strdown(text, separator - text);
    driver = strchr(scheme, '+');
    if (driver)
        *driver = '\0';
    if (!is_postgres_scheme(scheme)) {
        error_set(error, ERROR_CONFIG, "'%s://' is not a PostgreSQL URL", scheme);
        error_hint(error, "Write postgresql://user@host:5432/database.");
        return NULL;
    }
    rest = driver ? rename_ssl(separator) : g_strdup(separator);
    return g_strconcat("postgresql", rest, NULL);
}
