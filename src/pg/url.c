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

/* NULL with an error; caller owns. */
static PQconninfoOption *
parse(const char *url, GError **error)
{
    PQconninfoOption *options = PQconninfoParse(url, NULL);

    if (options == NULL) {
        error_set(error, ERROR_CONFIG, "a database URL cannot be read");
        error_hint(error, "Write postgresql://user@host:5432/database.");
    }
    return options;
}

char *
pg_url_target(const char *url, GError **error)
{
    g_autoptr(PQconninfoOption) options = parse(url, error);
    const char *host, *port, *name;

    if (options == NULL)
        return NULL;
    host = value_of(options, "host");
    port = value_of(options, "port");
    name = value_of(options, "dbname");
    return g_strdup_printf("%s%s%s/%s", *host ? host : "localhost", *port ? ":" : "", port,
                           *name ? name : value_of(options, "user"));
}

static void
append_pair(GString *text, const char *keyword, const char *value)
{
    g_string_append_printf(text, "%s%s='", text->len > 0 ? " " : "", keyword);
    for (; *value != '\0'; value++) {
        if (*value == '\'' || *value == '\\')
            g_string_append_c(text, '\\');
        g_string_append_c(text, *value);
    }
    g_string_append_c(text, '\'');
}

char *
pg_url_with_database(const char *url, const char *name, GError **error)
{
    g_autoptr(PQconninfoOption) options = parse(url, error);
    GString *text;

    if (options == NULL)
        return NULL;
    text = g_string_new(NULL);
    append_pair(text, "dbname", name);
    for (const PQconninfoOption *option = options; option->keyword; option++)
        if (option->val != NULL && strcmp(option->keyword, "dbname") != 0)
            append_pair(text, option->keyword, option->val);
    return g_string_free(text, FALSE);
}
