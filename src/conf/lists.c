#include "conf/lists.h"

#include <string.h>

#include "base/text.h"
#include "conf/steps.h"

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

bool
lists_read(Reader *reader, const char *key, const yaml_node_t *node, Settings *settings)
{
    if (strcmp(key, "app.roles") == 0)
        read_texts(reader, key, node, settings->app_roles);
    else if (strcmp(key, "app.versions") == 0)
        read_versions(reader, key, node, settings->app_versions);
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
    settings->traffic_stable = g_ptr_array_new_with_free_func(g_free);
    settings->traffic_canary = g_ptr_array_new_with_free_func(g_free);
    settings->steps = g_array_new(FALSE, TRUE, sizeof(StepSpec));
}

void
lists_clear(Settings *settings)
{
    g_ptr_array_unref(settings->app_roles);
    g_ptr_array_unref(settings->app_versions);
    g_ptr_array_unref(settings->traffic_stable);
    g_ptr_array_unref(settings->traffic_canary);
    g_array_unref(settings->steps);
}
