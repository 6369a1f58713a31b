#include "pg/url.h"

#include <libpq-fe.h>
#include <string.h>

#include "base/error.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(PQconninfoOption, PQconninfoFree)

/* "" where it is not given. Borrowed. */
static const char *
value_of(const PQconninfoOption *options, const char *keyword)
{
    for (const PQconninfoOption *option = options; option->keyword; option++)
        if (strcmp(option->keyword, keyword) == 0)
            return option->val ? option->val : "";
    return "";
}

char *
pg_url_target(const char *url, GError **error)
{
    g_autoptr(PQconninfoOption) options = PQconninfoParse(url, NULL);
    const char *host, *port, *name;

    if (options == NULL) {
        error_set(error, ERROR_CONFIG, "a database URL cannot be read");
        error_hint(error, "Write postgresql://user@host:5432/database.");
        return NULL;
    }
    host = value_of(options, "host");
    port = value_of(options, "port");
    name = value_of(options, "dbname");
    return g_strdup_printf("%s%s%s/%s", *host ? host : "localhost", *port ? ":" : "", port,
                           *name ? name : value_of(options, "user"));
}
