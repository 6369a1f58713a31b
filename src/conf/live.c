#include "conf/live.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"

/* Those that may change, without "backfill.". NULL-ended; element-type const char
 * *. */
static GPtrArray *
live_options(void)
{
    GPtrArray *names = g_ptr_array_new();

    for (const OptionSpec *option = settings_options; option->key; option++)
        if (option->live)
            g_ptr_array_add(names, (gpointer) (guintptr) (strchr(option->key, '.') + 1));
    g_ptr_array_add(names, NULL);
    return names;
}

static bool
add(json_t *live, const Settings *settings, const char *name, const char *value, GError **error)
{
    g_autoptr(GPtrArray) names = live_options();
    const char *const *known = (const char *const *) names->pdata;
    g_autofree char *key = g_strconcat("backfill.", name, NULL);
    g_autoptr(Settings) trial = settings_copy_options(settings);
    const char *near = text_nearest(name, known);

    if (!g_strv_contains(known, name)) {
        g_autofree char *list = g_strjoinv(", ", (char **) names->pdata);

        error_set(error, ERROR_USAGE, "'%s' cannot be set while a backfill runs", name);
        return near ? error_hint(error, "Did you mean '%s'?", near)
                    : error_hint(error, "These can: %s.", list);
    }
    if (*value && !settings_set(trial, key, value, error))
        return false;
    json_object_set_new(live, name, *value ? json_string(value) : json_null());
    return true;
}

bool
live_add_words(json_t *live, const Settings *settings, const char *const *words, GError **error)
{
    if (*words == NULL) {
        error_set(error, ERROR_USAGE, "there is nothing to set");
        return error_hint(error, "For example workers=2 max_replica_lag=5s.");
    }
    for (; *words; words++) {
        const char *equals = strchr(*words, '=');
        g_autofree char *name = NULL;
        const char *bare = NULL;

        if (equals == NULL)
            return error_set(error, ERROR_USAGE, "'%s' is not KEY=VALUE", *words);
        name = g_strndup(*words, (gsize) (equals - *words));
        bare = g_str_has_prefix(name, "backfill.") ? strchr(name, '.') + 1 : name;
        if (!add(live, settings, bare, equals + 1, error))
            return false;
    }
    return true;
}

char *
live_text(json_t *live)
{
    g_autoptr(GString) text = g_string_new(NULL);
    const char *name = NULL;
    json_t *value = NULL;

    json_object_foreach(live, name, value)
        g_string_append_printf(text, "%s%s=%s", text->len ? " " : "", name,
                               json_is_null(value) ? "" : json_string_value(value));
    return g_string_free(g_steal_pointer(&text), FALSE);
}

Settings *
live_apply(const json_t *live, const Settings *settings, GError **error)
{
    g_autoptr(Settings) changed = settings_copy_options(settings);
    const char *name = NULL;
    json_t *value = NULL;

    json_object_foreach((json_t *) (guintptr) live, name, value)
    {
        g_autofree char *key = g_strconcat("backfill.", name, NULL);

        if (!settings_set(changed, key, json_string_value(value), error))
            return NULL;
    }
    return g_steal_pointer(&changed);
}
