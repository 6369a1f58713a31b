#include "base/error.h"
#include "base/file.h"
#include "cli/lint-scope.h"
#include "lint/baseline.h"
#include "lint/fix.h"
#include "lint/format.h"
#include "lint/page.h"
#include "lint/rule.h"

enum { FIX_ROUNDS = 10 };

typedef struct {
    const char *runner;
    const char *seed;
    bool from_database;
    bool offline;
    const char *since;
    const char *baseline;
    const char *write_baseline;
    bool fix;
    bool diff;
    const char *explain;
    bool list_rules;
    const char *fail_on;
    bool together;
    gint64 jobs;
} Options;

typedef struct {
    const App *app;
    const Options *options;
    LintScope scope;
    GHashTable *overlay; /* path -> fixed text */
    LintResult *result;
} Run;

static void
run_clear(Run *run)
{
    lint_scope_clear(&run->scope);
    g_clear_pointer(&run->overlay, g_hash_table_unref);
    lint_result_free(run->result);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Run, run_clear)

static bool
list_rules(const App *app)
{
    static const char *const header[] = {"RULE", "LEVEL", "FINDS", NULL};
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify) g_strfreev);
    json_t *list = json_array();

    for (const LintRule *const *rule = lint_rules(); *rule; rule++) {
        const char *const cells[] = {(*rule)->id, lint_level_name((*rule)->level), (*rule)->title,
                                     NULL};

        g_ptr_array_add(rows, g_strdupv((char **) (guintptr) cells));
        json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "rule", cells[0], "level",
                                              cells[1], "title", cells[2]));
    }
    output_table(app->output, header, rows);
    output_json(app->output, json_pack("{s:o}", "rules", list));
    return true;
}

static bool
explain(const App *app, const char *id, GError **error)
{
    const LintRule *rule = lint_rule_find(id);
    const char *near = rule ? NULL : lint_rule_nearest(id);
    const char *page = rule ? lint_page(id) : NULL;

    if (rule == NULL) {
        error_set(error, ERROR_USAGE, "there is no rule '%s'", id);
        return near ? error_hint(error, "Did you mean '%s'?", near)
                    : error_hint(error, "`sluice lint --list-rules` shows all.");
    }
    output_text(app->output, page ? page : rule->title);
    output_json(app->output,
                json_pack("{s:s, s:s, s:s, s:s?}", "rule", rule->id, "level",
                          lint_level_name(rule->level), "title", rule->title, "page", page));
    return true;
}

static bool
lint_once(Run *run, GError **error)
{
    const Settings *settings = run->app->settings;
    const char *runner = run->options->runner ? run->options->runner : settings->lint_runner;
    const LintOptions options = {
        .settings = settings,
        .runner = lint_runner_find(runner),
        .seed = run->options->seed,
        .conn = run->scope.conn,
        .overlay = run->overlay,
        .edited = run->scope.edited,
        .inserted = run->scope.inserted,
        .jobs = (int) MIN(run->options->jobs, 256),
    };

    g_clear_pointer(&run->result, lint_result_free);
    run->result = run->scope.graph
                      ? lint_revisions(&options, run->scope.graph, run->scope.reported, error)
                      : lint_files(&options, run->scope.paths, run->options->together,
                                   run->scope.standard_input, error);
    return run->result != NULL;
}

/* Until a round finds nothing more that can be fixed. */
static bool
fix_all(Run *run, GError **error)
{
    run->overlay = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (int round = 0; round < FIX_ROUNDS; round++) {
        bool is_fixed = false;

        for (guint i = 0; i < run->result->files->len; i++) {
            const LintFile *file = run->result->files->pdata[i];
            char *text = fix_text(run->result, file);

            if (text == NULL)
                continue;
            is_fixed = true;
            g_hash_table_insert(run->overlay, g_strdup(file->path), text);
        }
        if (!is_fixed)
            break;
        if (!lint_once(run, error))
            return false;
    }
    return true;
}

static bool
write_fixed(const Run *run, const char *path, const char *text, GError **error)
{
    g_autofree char *before = NULL, *diff = NULL;
    bool converted;

    if (run->options->diff || g_str_equal(path, "-")) {
        before = g_str_equal(path, "-") ? g_strdup(run->scope.standard_input)
                                        : file_read_converted(path, &converted, error);
        if (before == NULL)
            return false;
        diff = fix_diff(path, before, text);
        output_text(run->app->output, diff);
        return true;
    }
    report_step(run->app->report, "fixed %s", path);
    return file_replace(path, text, error);
}

static bool
fix(Run *run, GError **error)
{
    GHashTableIter iter;
    void *path, *text;

    if (!run->options->fix && !run->options->diff)
        return true;
    if (!fix_all(run, error))
        return false;
    g_hash_table_iter_init(&iter, run->overlay);
    while (g_hash_table_iter_next(&iter, &path, &text))
        if (!write_fixed(run, path, text, error))
            return false;
    return true;
}

static bool
apply_baseline(const Run *run, GError **error)
{
    const char *path =
        run->options->baseline ? run->options->baseline : run->app->settings->lint_baseline;
    guint gone = 0;

    if (path == NULL || run->options->write_baseline != NULL)
        return true;
    if (!baseline_apply(path, run->result, &gone, error))
        return false;
    if (gone > 0 && run->options->since == NULL)
        report_detail(run->app->report, "%u findings of %s are gone: write it anew", gone, path);
    return true;
}

static void
print_json(const Run *run)
{
    JsonWriter *writer = output_json_object(run->app->output);

    if (writer != NULL)
        format_json(run->result, writer);
}

static void
print(const Run *run, bool colour)
{
    const char *name = run->app->format ? run->app->format : "text";
    const LintFormat *format = lint_format_find(name);

    if (format != NULL) {
        g_autofree char *text = format->write(run->result, colour);
        output_text(run->app->output, text);
    }
    print_json(run);
}

static guint
count_at(const LintResult *result, LintLevel level)
{
    guint count = 0;

    for (guint i = 0; i < result->findings->len; i++) {
        const LintFinding *finding = result->findings->pdata[i];
        count += !finding->suppressed && finding->level >= level;
    }
    return count;
}

/* What ends with status 9. */
static bool
conclude(const Run *run, GError **error)
{
    const char *fail_on = run->options->fail_on ? run->options->fail_on : "warning";
    LintLevel level = LINT_OFF;
    guint count;

    if (!lint_level_find(fail_on, &level))
        return true; /* never */
    count = count_at(run->result, level);
    return count == 0 ||
           error_set(error, ERROR_CHECK, "%u finding%s of level %s%s", count, count == 1 ? "" : "s",
                     fail_on, level < LINT_ERROR ? " or worse" : "");
}

static bool
run_lint(App *app, void *data, const char *const *words, GError **error)
{
    const Options *options = data;
    g_auto(Run) run = {.app = app, .options = options};
    const LintRequest request = {options->since, options->offline, options->from_database, words};

    if (options->list_rules)
        return list_rules(app);
    if (options->explain != NULL)
        return explain(app, options->explain, error);
    if (!lint_scope_find(&run.scope, app, &request, error) || !lint_once(&run, error) ||
        !apply_baseline(&run, error) || !fix(&run, error))
        return false;
    if (run.result->left_out > 0)
        report_warning(app->report, "%u statements of %s could not be read", run.result->left_out,
                       options->seed);
    if (options->write_baseline != NULL)
        return baseline_write(options->write_baseline, run.result, error);
    if (!options->diff)
        print(&run, output_has_colour(app->output));
    else
        print_json(&run);
    return conclude(&run, error);
}

static const ArgSpec args[] = {
    {"runner", 0, ARG_TEXT, offsetof(Options, runner), "alembic|dbmate|flyway|psql|rails",
     "how plain files are run: which statements share a transaction"},
    {"seed", 0, ARG_TEXT, offsetof(Options, seed), "DUMP",
     "begin with the schema of this `pg_dump -s`"},
    {"from-database", 0, ARG_FLAG, offsetof(Options, from_database), NULL,
     "begin with the schema of the configured database"},
    {"offline", 0, ARG_FLAG, offsetof(Options, offline), NULL,
     "leave the database out: all revisions, not those that are pending"},
    {"since", 0, ARG_TEXT, offsetof(Options, since), "GITREF",
     "only files that were added or changed since that commit"},
    {"baseline", 0, ARG_TEXT, offsetof(Options, baseline), "FILE",
     "leave out the findings that this file holds"},
    {"write-baseline", 0, ARG_TEXT, offsetof(Options, write_baseline), "FILE",
     "write all findings of now into this file"},
    {"fix", 0, ARG_FLAG, offsetof(Options, fix), NULL,
     "rewrite the files where that is mechanical"},
    {"diff", 0, ARG_FLAG, offsetof(Options, diff), NULL,
     "show what --fix would change, and change nothing"},
    {"explain", 0, ARG_TEXT, offsetof(Options, explain), "RULE", "show the page of a rule"},
    {"list-rules", 0, ARG_FLAG, offsetof(Options, list_rules), NULL, "list the rules"},
    {"fail-on", 0, ARG_TEXT, offsetof(Options, fail_on), "note|warning|error|never",
     "the least level that makes exit status 9 (warning)"},
    {"together", 0, ARG_FLAG, offsetof(Options, together), NULL,
     "plain files are a history: each runs on what those before it made"},
    {"jobs", 'j', ARG_INT, offsetof(Options, jobs), "N",
     "threads; as many as there are processors"},
    {NULL},
};

const Command command_lint = {
    .group = "Proving",
    .name = "lint",
    .summary = "say what revisions, or plain SQL files, would lock, rewrite, lose or break",
    .usage = "[REV|FILE|-]...",
    .details =
        "Runs the statements in thought: transactions, timeouts, locks and the schema that the "
        "files before made are followed. Without arguments the pending revisions of the folder "
        "are looked at, or all where no database is configured. Files, folders and - (standard "
        "input) are plain SQL of any tool, each by itself. `-- sluice: allow RULE because REASON` "
        "before a statement accepts a finding. Exit status 9 if there are findings.",
    .example = "sluice lint\nsluice lint --since origin/main\n"
               "sluice lint --runner flyway db/migration\nsluice lint --format sarif > lint.sarif\n"
               "sluice lint --explain index-create-blocking",
    .args = args,
    .args_size = sizeof(Options),
    .needs = NEED_SETTINGS,
    .formats = "sarif|junit|github|gitlab",
    .run = run_lint,
};
