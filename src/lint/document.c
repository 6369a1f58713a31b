#include "lint/document.h"

#include "lint/replay.h"

struct LintDocument {
    const LintOptions *options;
    LintLevels *levels;
    Model *before;
    LintFile *file;
    GPtrArray *findings;
};

Model *
lint_model_before(const LintOptions *options, const Graph *graph, const char *path, GError **error)
{
    g_autoptr(LintLevels) levels = levels_new(options->settings, error);
    g_autoptr(Model) seed = levels ? lint_load_seed(options, NULL, error) : NULL;
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func((GDestroyNotify) lint_file_free);
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    g_autoptr(Replay) replay = NULL;
    bool found = false;

    if (seed == NULL)
        return NULL;
    replay = replay_new(model_copy(seed), levels, options->settings, true);
    for (guint i = 0; graph != NULL && !found && i < graph_count(graph); i++) {
        const Revision *revision = graph_get(graph, i);

        found = g_str_equal(revision->path, path);
        if (found)
            break;
        g_ptr_array_add(files, lint_file_read(revision->path, NULL, RUNNER_SLUICE));
        replay_file(replay, files->pdata[files->len - 1], none);
    }
    return found ? model_copy(replay_model(replay)) : g_steal_pointer(&seed);
}

LintDocument *
lint_document_new(const LintOptions *options, const Model *before, const char *path,
                  char *take_text, GError **error)
{
    g_autofree char *text = take_text;
    g_autoptr(LintLevels) levels = levels_new(options->settings, error);
    g_autoptr(Replay) replay = NULL;
    LintDocument *document;

    if (levels == NULL)
        return NULL;
    document = g_new0(LintDocument, 1);
    document->options = options;
    document->levels = g_steal_pointer(&levels);
    document->before = model_copy(before);
    document->file = lint_file_read(path, g_steal_pointer(&text), options->runner);
    document->file->reported = true;
    document->findings = g_ptr_array_new_with_free_func((GDestroyNotify) lint_finding_free);
    replay = replay_new(model_copy(before), document->levels, options->settings,
                        document->file->revision != NULL);
    replay_file(replay, document->file, document->findings);
    replay_end(replay, document->file, document->findings);
    return document;
}

void
lint_document_free(LintDocument *document)
{
    if (document == NULL)
        return;
    g_ptr_array_unref(document->findings);
    lint_file_free(document->file);
    model_free(document->before);
    levels_free(document->levels);
    g_free(document);
}

const LintFile *
lint_document_file(const LintDocument *document)
{
    return document->file;
}

const GPtrArray *
lint_document_findings(const LintDocument *document)
{
    return document->findings;
}

static void
explain_locks(GString *text, const Prediction *prediction)
{
    if (prediction->locks->len > 0)
        g_string_append(text, "\n| relation | lock | what waits behind it |\n|---|---|---|\n");
    for (guint i = 0; i < prediction->locks->len; i++) {
        const PredictedLock *lock = prediction->locks->pdata[i];
        g_autofree char *name = ddl_name_label(lock->name);

        g_string_append_printf(text, "| %s%s | %s | %s |\n", name,
                               lock->implicit ? " (not named)" : "", lock_mode_name(lock->mode),
                               lock->is_new ? "nobody: it is new" : lock_mode_blocks(lock->mode));
    }
    if (prediction->unknown)
        g_string_append(text, "\nIt may take more locks, which cannot be told from its text.\n");
}

static void
explain_work(GString *text, const PredictedWork *work)
{
    static const char *const does[] = {
        [WORK_NOTHING] = "changes nothing",
        [WORK_METADATA] = "changes the catalog alone",
        [WORK_SCAN] = "reads the whole table",
        [WORK_BUILD] = "reads the whole table and builds an index",
        [WORK_REWRITE] = "writes the table and its indexes anew",
        [WORK_ROWS] = "writes rows",
    };
    g_autofree char *name = work->relation.name ? ddl_name_label(work->relation) : NULL;

    g_string_append_printf(text, "\nIt %s%s", work->certainty == KNOWN_MAYBE ? "possibly " : "",
                           does[work->kind]);
    if (name != NULL)
        g_string_append_printf(text, " (%s)", name);
    if (work->why != NULL)
        g_string_append_printf(text, ": %s", work->why);
    g_string_append(text, ".\n");
    if (work->certainty == KNOWN_MAYBE && work->settled_by != NULL)
        g_string_append_printf(text, "What would tell: %s.\n", work->settled_by);
}

static char *
explain(const LintUnit *unit, const Prediction *prediction)
{
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "**%s**\n", sql_statement_verb(unit->statement));
    if (prediction->failure != NULL)
        g_string_append_printf(text, "\nThe server refuses it: %s.\n", prediction->failure);
    explain_locks(text, prediction);
    if (prediction->works->len == 0 && prediction->locks->len > 0 && !prediction->unknown)
        g_string_append(text, "\nIt is done at once, whatever the table's size.\n");
    for (guint i = 0; i < prediction->works->len; i++)
        explain_work(text, prediction->works->pdata[i]);
    return g_string_free(text, FALSE);
}

char *
lint_document_explain(const LintDocument *document, gsize offset, gsize *ret_start, gsize *ret_end)
{
    const Timeouts role = timeouts_of_role(TIMEOUT_UNKNOWN, TIMEOUT_UNKNOWN);
    g_autoptr(Session) session = session_new(model_copy(document->before), &role);
    const GPtrArray *units = document->file->units;

    session_begin_file(session, document->file);
    for (guint i = 0; i < units->len; i++) {
        const LintUnit *unit = units->pdata[i];
        const bool is_here = unit->start <= offset && offset <= unit->end;

        if (is_here && unit->statement == NULL)
            return NULL;
        session_enter(session, unit);
        if (is_here) {
            *ret_start = unit->start;
            *ret_end = unit->end;
            return explain(unit, session_prediction(session));
        }
        session_leave(session);
    }
    return NULL;
}
