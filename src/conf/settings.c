#include "conf/settings.h"

#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "conf/dotenv.h"
#include "conf/lists.h"
#include "conf/option.h"
#include "conf/reader.h"

static const char file_name[] = "sluice.yaml";

/* The section that is being read: "" at the top, else "lock". */
typedef struct {
    Settings *settings;
    const char *section;
} ReadContext;

static void read_key(Reader *reader, const char *key, const yaml_node_t *key_node,
                     const yaml_node_t *value, void *data);

static GPtrArray *
all_keys(void)
{
    GPtrArray *keys = g_ptr_array_new();

    for (const OptionSpec *option = settings_options; option->key; option++)
        g_ptr_array_add(keys, (gpointer) (guintptr) option->key);
    for (const ListSpec *list = settings_lists; list->key; list++)
        g_ptr_array_add(keys, (gpointer) (guintptr) list->key);
    return keys;
}

/* The names one below @section, once each. Element-type char *, NULL-ended. */
static GPtrArray *
names_in(const char *section)
{
    g_autoptr(GPtrArray) keys = all_keys();
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    const size_t length = strlen(section);

    for (guint i = 0; i < keys->len; i++) {
        const char *key = g_ptr_array_index(keys, i);
        const char *rest = length ? key + length + 1 : key;
        if (length && !(strncmp(key, section, length) == 0 && key[length] == '.'))
            continue;
        g_autofree char *name = g_strndup(rest, strcspn(rest, "."));
        if (!g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL))
            g_ptr_array_add(names, g_steal_pointer(&name));
    }
    g_ptr_array_add(names, NULL);
    return names;
}

static void
fail_unknown(Reader *reader, const yaml_node_t *node, const char *section, const char *name)
{
    g_autoptr(GPtrArray) names = names_in(section);
    const char *const *list = (const char *const *) names->pdata;
    const char *near = text_nearest(name, list);
    const char *dot = *section ? "." : "";

    if (near) {
        reader_fail(reader, node, "unknown key '%s%s%s'; did you mean '%s%s%s'?", section, dot,
                    name, section, dot, near);
        return;
    }
    g_autofree char *known = g_strjoinv(", ", (char **) names->pdata);
    reader_fail(reader, node, "unknown key '%s%s%s'; known here are %s", section, dot, name, known);
}

static bool
is_section(const char *key)
{
    g_autoptr(GPtrArray) names = names_in(key);

    return names->len > 1;
}

static void
read_option(Reader *reader, const OptionSpec *option, const yaml_node_t *node, Settings *settings)
{
    const char *text;
    g_autoptr(GError) problem = NULL;
    g_autofree char *what = g_strdup_printf(option->type == OPTION_BOOL ? "%s" : "a %s",
                                            option_type_name(option->type));

    if (reader_is_null(node))
        return;
    text = reader_scalar(reader, node, option->key, what);
    if (text && !option_apply(option, settings, text, &problem))
        reader_fail(reader, node, "%s: %s", option->key, problem->message);
}

static void
read_key(Reader *reader, const char *key, const yaml_node_t *key_node, const yaml_node_t *value,
         void *data)
{
    const ReadContext *context = data;
    g_autofree char *path =
        *context->section ? g_strconcat(context->section, ".", key, NULL) : g_strdup(key);
    const OptionSpec *option = option_find(path);
    ReadContext below = {context->settings, path};
    g_autofree char *list = g_strconcat(path, ".list", NULL);

    if (option)
        read_option(reader, option, value, context->settings);
    else if (value->type == YAML_SEQUENCE_NODE &&
             lists_read(reader, list, value, context->settings))
        return; /* a section that is a list stands for its member of that name */
    else if (is_section(path))
        reader_each(reader, value, path, read_key, &below);
    else if (!lists_read(reader, path, value, context->settings))
        fail_unknown(reader, key_node, context->section, key);
}

static bool
read_file(Settings *settings, GError **error)
{
    g_autofree char *text = file_read(settings->file, error);
    g_autoptr(Reader) reader = NULL;
    ReadContext context = {settings, ""};

    if (text == NULL)
        return false;
    reader = reader_open(settings->file, text, error);
    if (reader == NULL)
        return false;
    if (reader_root(reader))
        reader_each(reader, reader_root(reader), file_name, read_key, &context);
    return reader_finish(reader, error);
}

/* The first of the option's variables that is set and not empty, here or in .env. */
static bool
find_variable(const OptionSpec *option, GHashTable *dotenv, const char **ret_name,
              const char **ret_value)
{
    g_auto(GStrv) names = g_strsplit(option->env, " ", -1);

    for (int from_file = 0; from_file < 2; from_file++)
        for (char **name = names; *name; name++) {
            const char *value = from_file ? g_hash_table_lookup(dotenv, *name) : g_getenv(*name);
            if (value && *value) {
                *ret_name = g_intern_string(*name);
                *ret_value = value;
                return true;
            }
        }
    return false;
}

static bool
read_environment(Settings *settings, GError **error)
{
    g_autofree char *path = g_build_filename(settings->folder, ".env", NULL);
    g_autoptr(GHashTable) dotenv = dotenv_read(path, error);

    if (dotenv == NULL)
        return false;
    for (const OptionSpec *option = settings_options; option->key; option++) {
        const char *name, *value;
        if (find_variable(option, dotenv, &name, &value) &&
            !option_apply(option, settings, value, error)) {
            g_prefix_error(error, "environment variable %s: ", name);
            return false;
        }
    }
    return true;
}

/* sluice.yaml in the working folder or the nearest one above; NULL if there is none. */
static char *
find_file(void)
{
    g_autofree char *folder = g_get_current_dir();

    for (;;) {
        g_autofree char *path = g_build_filename(folder, file_name, NULL);
        if (g_file_test(path, G_FILE_TEST_EXISTS))
            return g_steal_pointer(&path);
        g_autofree char *above = g_path_get_dirname(folder);
        if (strcmp(above, folder) == 0)
            return NULL;
        g_free(folder);
        folder = g_steal_pointer(&above);
    }
}

/* What each option alone cannot show. */
static bool
check_together(const Settings *settings, GError **error)
{
    const double fine = settings->analysis_acceptable, bad = settings->analysis_intolerable;

    if (fine <= 0 || fine >= bad || bad >= 1) {
        error_set(
            error, ERROR_CONFIG,
            "analysis.acceptable is %g %%, analysis.intolerable %g %%: the first must be above "
            "0 and below the second, the second below 100",
            fine * 100, bad * 100);
        return error_hint(error,
                          "A test that is to tell them apart soon needs a factor of four and "
                          "more between them, as in 0.1 %% and 1 %%.");
    }
    if (MIN(settings->analysis_alpha, settings->analysis_beta) <= 0 ||
        MAX(settings->analysis_alpha, settings->analysis_beta) >= 0.5) {
        error_set(error, ERROR_CONFIG,
                  "analysis.alpha is %g %%, analysis.beta %g %%: both must be "
                  "above 0 and below 50",
                  settings->analysis_alpha * 100, settings->analysis_beta * 100);
        return error_hint(error, "Leave them out for 1 %% and 5 %%.");
    }
    if (settings->analysis_interval_ms <= 0)
        return error_set(error, ERROR_CONFIG, "analysis.interval is 0: it must be longer");
    return true;
}

/* One way to name several, so that nobody wonders which ones were meant. */
static bool
check_databases(const Settings *settings, GError **error)
{
    const int ways = (settings->databases->len > 0) + (settings->databases_query != NULL) +
                     (settings->databases_schemas != NULL) +
                     (settings->databases_schemas_query != NULL);

    if (ways <= 1)
        return true;
    error_set(error, ERROR_CONFIG, "the databases are named in %d ways", ways);
    return error_hint(error, "Keep one of databases.list, databases.query, databases.schemas and "
                             "databases.schemas_query.");
}

bool
settings_has_databases(const Settings *settings)
{
    return settings->database_schema == NULL &&
           (settings->databases->len > 0 || settings->databases_query ||
            settings->databases_schemas || settings->databases_schemas_query);
}

Settings *
settings_load(const char *path, GError **error)
{
    g_autoptr(Settings) settings = g_new0(Settings, 1);

    lists_init(settings);
    settings->file = path ? g_canonicalize_filename(path, NULL) : find_file();
    settings->folder = settings->file ? g_path_get_dirname(settings->file) : g_get_current_dir();
    option_apply_defaults(settings);
    if (settings->file && !read_file(settings, error))
        return NULL;
    if (!read_environment(settings, error) || !check_together(settings, error) ||
        !check_databases(settings, error))
        return NULL;
    return g_steal_pointer(&settings);
}

Settings *
settings_copy_options(const Settings *settings)
{
    Settings *copy = g_new0(Settings, 1);

    lists_init(copy);
    copy->folder = g_strdup(settings->folder);
    copy->file = g_strdup(settings->file);
    for (const OptionSpec *option = settings_options; option->key; option++)
        option_copy(option, settings, copy);
    return copy;
}

void
settings_free(Settings *settings)
{
    if (settings == NULL)
        return;
    option_clear_all(settings);
    lists_clear(settings);
    g_free(settings->folder);
    g_free(settings->file);
    g_free(settings);
}

static bool
set_list(Settings *settings, const char *key, const char *value, GError **error)
{
    g_autoptr(Reader) reader = reader_open(key, value, error);

    if (reader == NULL)
        return false;
    if (reader_root(reader))
        lists_read(reader, key, reader_root(reader), settings);
    return reader_finish(reader, error);
}

bool
settings_set(Settings *settings, const char *key, const char *value, GError **error)
{
    const OptionSpec *option = option_find(key);
    g_autoptr(GPtrArray) keys = NULL;
    const char *near;

    if (option && option_apply(option, settings, value, error))
        return true;
    if (option) {
        g_prefix_error(error, "%s: ", key);
        return false;
    }
    for (const ListSpec *list = settings_lists; list->key; list++)
        if (strcmp(list->key, key) == 0)
            return set_list(settings, key, value, error);
    keys = all_keys();
    g_ptr_array_add(keys, NULL);
    near = text_nearest(key, (const char *const *) keys->pdata);
    error_set(error, ERROR_CONFIG, "unknown option '%s'", key);
    return near ? error_hint(error, "Did you mean '%s'?", near)
                : error_hint(error, "`sluice help settings` lists them.");
}

const char *
settings_require_database(const Settings *settings, GError **error)
{
    if (settings->database_url && *settings->database_url)
        return settings->database_url;
    error_set(error, ERROR_CONFIG, "no database is named");
    error_hint(error, "Set DATABASE_URL=postgresql://user@host/database in the environment or in "
                      ".env, or write database.url in sluice.yaml.");
    return NULL;
}

const AppVersion *
settings_find_version(const Settings *settings, const char *version)
{
    for (guint i = 0; i < settings->app_versions->len; i++) {
        const AppVersion *known = g_ptr_array_index(settings->app_versions, i);
        if (strcmp(known->version, version) == 0)
            return known;
    }
    return NULL;
}
