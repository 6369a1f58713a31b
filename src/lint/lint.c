#include "lint/lint.h"

#include "base/file.h"
#include "base/stop.h"
#include "lint/crew.h"
#include "lint/replay.h"

enum { AHEAD = 256 }; /* files of a history whose trees are in memory at the same time */

typedef struct {
    const LintOptions *options;
    LintLevels *levels;
    Model *seed;
    LintResult *result;
    GArray *tasks; /* Task, one a file */
} Lint;

/* One file, by whichever thread. */
typedef struct {
    const char *path;
    const char *text; /* of standard input; NULL: it is read */
    bool reported;
    LintFile *file;
    GPtrArray *findings; /* of a file by itself */
    guint statements;
} Task;

static void
task_clear(void *data)
{
    Task *task = data;

    lint_file_free(task->file);
    g_clear_pointer(&task->findings, g_ptr_array_unref);
}

static void
lint_clear(Lint *lint)
{
    g_clear_pointer(&lint->tasks, g_array_unref);
    levels_free(lint->levels);
    model_free(lint->seed);
    lint_result_free(lint->result);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Lint, lint_clear)

void
lint_result_free(LintResult *result)
{
    if (result == NULL)
        return;
    g_ptr_array_unref(result->findings);
    g_ptr_array_unref(result->files);
    g_free(result);
}

Model *
lint_load_seed(const LintOptions *options, guint *ret_left_out, GError **error)
{
    g_autoptr(Model) seed = model_new();
    g_autofree char *dump = NULL;

    if (options->conn != NULL)
        return model_load_server(seed, options->conn, error) ? g_steal_pointer(&seed) : NULL;
    if (options->seed == NULL)
        return g_steal_pointer(&seed);
    dump = file_read(options->seed, error);
    if (dump == NULL || !model_load_dump(seed, dump, options->seed, ret_left_out, error))
        return NULL;
    return g_steal_pointer(&seed);
}

static bool
lint_init(Lint *lint, const LintOptions *options, GError **error)
{
    lint->options = options;
    lint->tasks = g_array_new(FALSE, TRUE, sizeof(Task));
    g_array_set_clear_func(lint->tasks, task_clear);
    lint->result = g_new0(LintResult, 1);
    lint->result->files = g_ptr_array_new_with_free_func((GDestroyNotify) lint_file_free);
    lint->result->findings = g_ptr_array_new_with_free_func((GDestroyNotify) lint_finding_free);
    lint->levels = levels_new(options->settings, error);
    if (lint->levels == NULL)
        return false;
    lint->seed = lint_load_seed(options, &lint->result->left_out, error);
    return lint->seed != NULL;
}

static bool
holds(GHashTable *paths, const char *path)
{
    return paths != NULL && g_hash_table_contains(paths, path);
}

static Task *
get_task(const Lint *lint, guint index)
{
    return &g_array_index(lint->tasks, Task, index);
}

static void
read_task(guint index, void *data)
{
    const Lint *lint = data;
    Task *task = get_task(lint, index);
    const LintOptions *options = lint->options;
    const char *text = task->text;

    if (text == NULL && options->overlay != NULL)
        text = g_hash_table_lookup(options->overlay, task->path);
    task->file = lint_file_read(task->path, g_strdup(text), options->runner);
    task->file->reported = task->reported;
    task->file->is_edited = holds(options->edited, task->path);
    task->file->is_inserted = holds(options->inserted, task->path);
    task->statements = task->file->units->len;
}

/* A plain file by itself: on the seed, which other threads read too. */
static void
lint_task(guint index, void *data)
{
    const Lint *lint = data;
    Task *task = get_task(lint, index);
    g_autoptr(Replay) replay =
        replay_new(model_fork(lint->seed), lint->levels, lint->options->settings, false);

    read_task(index, data);
    task->findings = g_ptr_array_new();
    replay_file(replay, task->file, task->findings);
    replay_end(replay, task->file, task->findings);
    lint_file_drop_units(task->file);
}

/* For all files, by as many threads as are wanted. */
static Crew *
hire(Lint *lint, guint ahead, CrewWork work)
{
    const int jobs = lint->options->jobs;

    return crew_new(lint->tasks->len, jobs > 0 ? (guint) jobs : g_get_num_processors(), ahead, work,
                    lint);
}

static void
keep(Lint *lint, Task *task)
{
    LintResult *result = lint->result;

    lint_file_drop_units(task->file);
    if (!task->reported)
        return;
    result->statements += task->statements;
    g_ptr_array_add(result->files, g_steal_pointer(&task->file));
}

/* All of them in order, on one schema. */
static void
run_history(Lint *lint)
{
    g_autoptr(Replay) replay =
        replay_new(g_steal_pointer(&lint->seed), lint->levels, lint->options->settings, true);
    g_autoptr(Crew) crew = hire(lint, AHEAD, read_task);
    GPtrArray *findings = lint->result->findings;

    for (guint i = 0; i < lint->tasks->len; i++) {
        Task *task = get_task(lint, i);

        crew_wait(crew, i);
        replay_file(replay, task->file, findings);
        keep(lint, task);
    }
    if (lint->result->files->len > 0)
        replay_end(replay, lint->result->files->pdata[lint->result->files->len - 1], findings);
}

static void
run_apart(Lint *lint)
{
    crew_free(hire(lint, lint->tasks->len, lint_task));
    for (guint i = 0; i < lint->tasks->len; i++) {
        Task *task = get_task(lint, i);

        g_ptr_array_extend(lint->result->findings, task->findings, NULL, NULL);
        keep(lint, task);
    }
}

static bool
is_excluded(const LintOptions *options, const char *path)
{
    const GPtrArray *patterns = options->settings->lint_exclude;

    for (guint i = 0; i < patterns->len; i++)
        if (g_pattern_match_simple(patterns->pdata[i], path))
            return true;
    return false;
}

LintResult *
lint_revisions(const LintOptions *options, const Graph *graph, GHashTable *reported, GError **error)
{
    g_auto(Lint) lint = {0};
    const bool is_seeded = options->seed != NULL || options->conn != NULL;

    if (!lint_init(&lint, options, error))
        return NULL;
    for (guint i = 0; i < graph_count(graph); i++) {
        const Revision *revision = graph_get(graph, i);
        const bool wanted = (reported == NULL || g_hash_table_contains(reported, revision->id)) &&
                            !is_excluded(options, revision->path);
        const Task task = {.path = revision->path, .reported = wanted};

        if (wanted || !is_seeded)
            g_array_append_val(lint.tasks, task);
    }
    run_history(&lint);
    return stop_check(error) ? g_steal_pointer(&lint.result) : NULL;
}

LintResult *
lint_files(const LintOptions *options, const GPtrArray *paths, bool together,
           const char *standard_input, GError **error)
{
    g_auto(Lint) lint = {0};

    if (!lint_init(&lint, options, error))
        return NULL;
    for (guint i = 0; i < paths->len; i++) {
        const char *path = paths->pdata[i];
        const Task task = {.path = path,
                           .text = g_str_equal(path, "-") ? standard_input : NULL,
                           .reported = !is_excluded(options, path)};

        if (task.reported || together)
            g_array_append_val(lint.tasks, task);
    }
    if (together)
        run_history(&lint);
    else
        run_apart(&lint);
    return stop_check(error) ? g_steal_pointer(&lint.result) : NULL;
}

LintLevel
lint_result_worst(const LintResult *result)
{
    LintLevel worst = LINT_OFF;

    for (guint i = 0; i < result->findings->len; i++) {
        const LintFinding *finding = result->findings->pdata[i];
        if (!finding->suppressed)
            worst = MAX(worst, finding->level);
    }
    return worst;
}
