#include "conf/lists.h"

#include <string.h>

#include "base/text.h"
#include "conf/steps.h"
#include "conf/url.h"

const ListSpec settings_lists[] = {
    {"app.roles", "database roles that the app logs in with: their unnamed sessions count as old",
     "roles: [notes]"},
    {"app.versions",
     "the app's versions: the revision that each was built on, and the revisions whose old shape "
     "it "
     "still uses",
     "versions:\n"
     "  \"1.0\": {built_on: 127bcea40bef}\n"
     "  \"2.0\": {built_on: 3f2a9c1b7d20, still_uses: []}"},
    {"databases.canary",
     "names of the databases or schemas that come first: a failure there stops "
     "before the others",
     "canary: [tenant_demo]"},
    {"databases.list", "the databases, by URL or with a name; `databases:` may also be this list",
     "list:\n"
     "  - postgresql://app@db1/shop\n"
     "  - {name: eu, url: postgresql://app@db2/shop}"},
    {"lint.exclude", "files that lint leaves out: patterns of their paths, with * and ?",
     "exclude: [\"db/legacy/*\"]"},
    {"lint.rules", "the level of a rule, where it is not its own: off, note, warning or error",
     "rules:\n"
     "  unbatched-dml: error\n"
     "  schema-unqualified: note"},
    {"traffic.stable", "servers of the version that serves", "stable: [old1, old2]"},
    {"traffic.canary", "servers of the version that is rolled out", "canary: [new1, new2]"},
    {"rollout.steps", "the steps of a rollout, in order",
     "steps:\n"
     "  - expand\n"
     "  - deploy\n"
     "  - backfill\n"
     "  - weight: 5\n"
     "  - analysis: {for: 5m}\n"
     "  - pause: 10m\n"
     "  - weight: 100\n"
     "  - cutover: {approve: 1}\n"
     "  - soak: 24h\n"
     "  - retire\n"
     "  - contract: {approve: 2, quiet: 5m}"},
    {NULL},
};

static void
app_version_free(AppVersion *version)
{
    g_free(version->version);
    g_free(version->built_on);
    g_ptr_array_unref(version->still_uses);
    g_free(version);
}

/* Texts of a sequence; one text alone is a list of one. */
static void
read_texts(Reader *reader, const char *key, const yaml_node_t *node, GPtrArray *texts)
{
    g_ptr_array_set_size(texts, 0);
    if (reader_is_null(node))
        return;
    if (node->type == YAML_SCALAR_NODE) {
        g_ptr_array_add(texts, g_strdup((const char *) node->data.scalar.value));
        return;
    }
    if (node->type != YAML_SEQUENCE_NODE) {
        reader_fail(reader, node, "'%s' must be a list, not %s", key, reader_kind(node));
        return;
    }
    for (const yaml_node_item_t *item = node->data.sequence.items.start;
         item < node->data.sequence.items.top; item++) {
        const char *text =
            reader_scalar(reader, reader_node(reader, *item), key, "a list of texts");
        if (text)
            g_ptr_array_add(texts, g_strdup(text));
    }
}

static void
database_free(DatabaseSpec *database)
{
    g_free(database->name);
    g_free(database->url);
    g_free(database);
}

static void
read_url(Reader *reader, const yaml_node_t *node, DatabaseSpec *database)
{
    const char *text = reader_scalar(reader, node, "url", "a database URL");
    g_autoptr(GError) problem = NULL;

    if (text == NULL)
        return;
    database->url = url_normalise(text, &problem);
    if (database->url == NULL)
        reader_fail(reader, node, "databases.list: %s", problem->message);
}

static void
read_database_field(Reader *reader, const char *key, const yaml_node_t *key_node,
                    const yaml_node_t *value, void *data)
{
    DatabaseSpec *database = data;

    if (strcmp(key, "name") == 0)
        database->name = g_strdup(reader_scalar(reader, value, key, "a text"));
    else if (strcmp(key, "url") == 0)
        read_url(reader, value, database);
    else
        reader_fail(reader, key_node, "unknown key '%s' of a database; known are name, url", key);
}

static void
read_databases(Reader *reader, const char *key, const yaml_node_t *node, GPtrArray *databases)
{
    g_ptr_array_set_size(databases, 0);
    if (reader_is_null(node))
        return;
    if (node->type != YAML_SEQUENCE_NODE) {
        reader_fail(reader, node, "'%s' must be a list, not %s", key, reader_kind(node));
        return;
    }
    for (const yaml_node_item_t *item = node->data.sequence.items.start;
         item < node->data.sequence.items.top; item++) {
        const yaml_node_t *entry = reader_node(reader, *item);
        DatabaseSpec *database = g_new0(DatabaseSpec, 1);
        const guint problems = reader_problems(reader);

        g_ptr_array_add(databases, database);
        if (entry->type == YAML_SCALAR_NODE)
            read_url(reader, entry, database);
        else
            reader_each(reader, entry, key, read_database_field, database);
        if (database->url == NULL && reader_problems(reader) == problems)
            reader_fail(reader, entry, "a database of '%s' has no url", key);
    }
}

static void
read_version_field(Reader *reader, const char *key, const yaml_node_t *key_node,
                   const yaml_node_t *value, void *data)
{
    static const char *const fields[] = {"built_on", "still_uses", NULL};
    AppVersion *version = data;
    const char *text;
    const char *near;

    if (strcmp(key, "built_on") == 0) {
        text = reader_is_null(value) ? NULL : reader_scalar(reader, value, key, "a revision id");
        version->built_on = g_strdup(text);
    } else if (strcmp(key, "still_uses") == 0) {
        read_texts(reader, key, value, version->still_uses);
    } else {
        near = text_nearest(key, fields);
        reader_fail(reader, key_node, "unknown key '%s' in version '%s'; %s%s%s", key,
                    version->version, near ? "did you mean '" : "known are built_on, still_uses",
                    near ? near : "", near ? "'?" : "");
    }
}

static void
read_version(Reader *reader, const char *key, const yaml_node_t *key_node G_GNUC_UNUSED,
             const yaml_node_t *value, void *data)
{
    AppVersion *version = g_new0(AppVersion, 1);

    version->version = g_strdup(key);
    version->still_uses = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(data, version);
    reader_each(reader, value, key, read_version_field, version);
}

static void
read_versions(Reader *reader, const char *key, const yaml_node_t *node, GPtrArray *versions)
{
    g_ptr_array_set_size(versions, 0);
    reader_each(reader, node, key, read_version, versions);
}

static void
lint_level_free(LintLevelSpec *spec)
{
    g_free(spec->rule);
    g_free(spec->level);
    g_free(spec);
}

static void
read_lint_level(Reader *reader, const char *key, const yaml_node_t *key_node,
                const yaml_node_t *value, void *data)
{
    const char *level = reader_scalar(reader, value, key, "a level");
    LintLevelSpec *spec;

    if (level == NULL)
        return;
    spec = g_new0(LintLevelSpec, 1);
    spec->rule = g_strdup(key);
    spec->level = g_strdup(level);
    spec->place = reader_place(reader, key_node);
    spec->place.file = g_intern_string(spec->place.file);
    g_ptr_array_add(data, spec);
}

static void
read_lint_rules(Reader *reader, const char *key, const yaml_node_t *node, GPtrArray *rules)
{
    g_ptr_array_set_size(rules, 0);
    reader_each(reader, node, key, read_lint_level, rules);
}

bool
lists_read(Reader *reader, const char *key, const yaml_node_t *node, Settings *settings)
{
    if (strcmp(key, "app.roles") == 0)
        read_texts(reader, key, node, settings->app_roles);
    else if (strcmp(key, "app.versions") == 0)
        read_versions(reader, key, node, settings->app_versions);
    else if (strcmp(key, "databases.canary") == 0)
        read_texts(reader, key, node, settings->databases_canary);
    else if (strcmp(key, "databases.list") == 0)
        read_databases(reader, key, node, settings->databases);
    else if (strcmp(key, "lint.exclude") == 0)
        read_texts(reader, key, node, settings->lint_exclude);
    else if (strcmp(key, "lint.rules") == 0)
        read_lint_rules(reader, key, node, settings->lint_rules);
    else if (strcmp(key, "traffic.stable") == 0)
        read_texts(reader, key, node, settings->traffic_stable);
    else if (strcmp(key, "traffic.canary") == 0)
        read_texts(reader, key, node, settings->traffic_canary);
    else if (strcmp(key, "rollout.steps") == 0)
        steps_read(reader, key, node, settings->steps);
    else
        return false;
    return true;
}

void
lists_init(Settings *settings)
{
    settings->app_roles = g_ptr_array_new_with_free_func(g_free);
    settings->app_versions = g_ptr_array_new_with_free_func((GDestroyNotify) app_version_free);
    settings->databases = g_ptr_array_new_with_free_func((GDestroyNotify) database_free);
    settings->databases_canary = g_ptr_array_new_with_free_func(g_free);
    settings->lint_exclude = g_ptr_array_new_with_free_func(g_free);
    settings->lint_rules = g_ptr_array_new_with_free_func((GDestroyNotify) lint_level_free);
    settings->traffic_stable = g_ptr_array_new_with_free_func(g_free);
    settings->traffic_canary = g_ptr_array_new_with_free_func(g_free);
    settings->steps = g_array_new(FALSE, TRUE, sizeof(StepSpec));
}

void
lists_clear(Settings *settings)
{
    g_ptr_array_unref(settings->app_roles);
    g_ptr_array_unref(settings->app_versions);
    g_ptr_array_unref(settings->databases);
    g_ptr_array_unref(settings->databases_canary);
    g_ptr_array_unref(settings->lint_exclude);
    g_ptr_array_unref(settings->lint_rules);
    g_ptr_array_unref(settings->traffic_stable);
    g_ptr_array_unref(settings->traffic_canary);
    g_array_unref(settings->steps);
}
