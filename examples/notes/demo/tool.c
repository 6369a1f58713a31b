#include "demo/tool.h"

#include "base/error.h"

enum { RUN_TIMEOUT_MS = 60 * 1000 };

static void
say_line(void *data, const char *name, const char *line)
{
    if (*line)
        timeline_say(data, name, "%s", line);
}

Child *
tool_start(const Stage *stage, const char *who, const char *const *words, GError **error)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) env = g_strdupv(stage->env);
    const guint variables = g_strv_length(env);

    g_ptr_array_add(argv, g_strdup(stage->sluice));
    g_ptr_array_add(argv, g_strdup("--config"));
    g_ptr_array_add(argv, g_build_filename(stage->source, "sluice.yaml", NULL));
    for (; *words; words++)
        g_ptr_array_add(argv, g_strdup(*words));
    g_ptr_array_add(argv, NULL);
    env = g_renew(char *, env, variables + 2);
    env[variables] = g_strdup_printf("SLUICE_ACTOR=%s", who);
    env[variables + 1] = NULL;
    return child_start(who, (const char *const *) argv->pdata, (const char *const *) env, say_line,
                       stage->timeline, error);
}

bool
tool_run(const Stage *stage, const char *who, const char *const *words, GError **error)
{
    g_autoptr(Child) child = tool_start(stage, who, words, error);
    int status;

    if (child == NULL)
        return false;
    if (!child_wait(child, RUN_TIMEOUT_MS, &status))
        return error_set(error, ERROR_STATE, "sluice %s did not end in time", words[0]);
    if (status == 0)
        return true;
    return error_set(error, ERROR_STATE, "sluice %s ended with status %d", words[0], status);
}
