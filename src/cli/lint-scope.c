#include "cli/lint-scope.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/proc.h"
#include "ledger/revisions.h"
#include "revision/target.h"

enum { GIT_TIMEOUT_MS = 60000, INPUT_MOST = 64 << 20 };

void
lint_scope_clear(LintScope *scope)
{
    g_clear_pointer(&scope->graph, graph_free);
    g_clear_pointer(&scope->reported, g_hash_table_unref);
    g_clear_pointer(&scope->paths, g_ptr_array_unref);
    g_clear_pointer(&scope->edited, g_hash_table_unref);
    g_clear_pointer(&scope->inserted, g_hash_table_unref);
    g_clear_pointer(&scope->conn, pg_disconnect);
    g_free(scope->standard_input);
}

static GHashTable *
set_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static bool
read_standard_input(LintScope *scope, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    char block[65536];
    size_t got;

    while ((got = fread(block, 1, sizeof block, stdin)) > 0) {
        g_string_append_len(text, block, (gssize) got);
        if (text->len > INPUT_MOST)
            return error_set(error, ERROR_CONFIG, "standard input is larger than 64 MB");
    }
    if (ferror(stdin))
        return error_set(error, ERROR_CONFIG, "cannot read standard input: %s", g_strerror(errno));
    if (memchr(text->str, '\0', text->len) != NULL)
        return error_set(error, ERROR_CONFIG, "standard input holds a NUL byte");
    scope->standard_input = g_string_free(g_steal_pointer(&text), FALSE);
    return true;
}

static bool
is_path(const char *word)
{
    return g_str_equal(word, "-") || strchr(word, '/') != NULL || g_str_has_suffix(word, ".sql") ||
           g_file_test(word, G_FILE_TEST_EXISTS);
}

static int
by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

/* The *.sql files below @folder, in order of their names. */
static bool
add_folder(GPtrArray *paths, const char *folder, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, &cause);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *name;

    if (dir == NULL)
        return error_set(error, ERROR_CONFIG, "%s", cause->message);
    while ((name = g_dir_read_name(dir)) != NULL)
        if (name[0] != '.')
            g_ptr_array_add(names, g_build_filename(folder, name, NULL));
    g_ptr_array_sort(names, by_name);
    for (guint i = 0; i < names->len; i++) {
        const char *path = names->pdata[i];

        if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
            if (!add_folder(paths, path, error))
                return false;
        } else if (g_str_has_suffix(path, ".sql")) {
            g_ptr_array_add(paths, g_strdup(path));
        }
    }
    return true;
}

static bool
add_path(LintScope *scope, const char *word, GError **error)
{
    if (g_str_equal(word, "-") && !read_standard_input(scope, error))
        return false;
    if (g_file_test(word, G_FILE_TEST_IS_DIR))
        return add_folder(scope->paths, word, error);
    if (!g_str_equal(word, "-") && !g_file_test(word, G_FILE_TEST_EXISTS))
        return error_set(error, ERROR_CONFIG, "there is no file '%s'", word);
    g_ptr_array_add(scope->paths, g_strdup(word));
    return true;
}

static bool
run_git(const char *const *argv, const char *since, char **ret_output, GError **error)
{
    if (proc_run(argv, NULL, GIT_TIMEOUT_MS, ret_output, error))
        return true;
    return error_hint(error, "--since asks git what changed since '%s'.", since);
}

/* Absolute paths of the files that differ from @since, those with status @filter. */
static bool
changed_files(const char *since, const char *filter, GHashTable *paths, GError **error)
{
    g_autofree char *arg = g_strdup_printf("--diff-filter=%s", filter);
    const char *const diff[] = {"git", "diff", "--name-only", "--relative", arg, since, "--", NULL};
    const char *const untracked[] = {"git", "ls-files", "--others", "--exclude-standard", NULL};
    const bool with_new = strchr(filter, 'A') != NULL;
    g_autofree char *changed = NULL, *others = NULL;
    g_autofree char *all = NULL;
    g_auto(GStrv) lines = NULL;

    if (!run_git(diff, since, &changed, error) ||
        (with_new && !run_git(untracked, since, &others, error)))
        return false;
    all = g_strconcat(changed, "\n", others, NULL);
    lines = g_strsplit(all, "\n", -1);
    for (char **line = lines; *line; line++)
        if ((*line)[0])
            g_hash_table_add(paths, g_canonicalize_filename(*line, NULL));
    return true;
}

static bool
holds_path(GHashTable *paths, const char *path)
{
    g_autofree char *absolute = g_canonicalize_filename(path, NULL);

    return g_hash_table_contains(paths, absolute);
}

/* A new revision above one that was there already. */
static void
find_inserted(LintScope *scope, GHashTable *added)
{
    for (guint i = 0; i < graph_count(scope->graph); i++) {
        const Revision *revision = graph_get(scope->graph, i);
        g_autoptr(GPtrArray) children = graph_children(scope->graph, revision);

        if (!holds_path(added, revision->path))
            continue;
        for (guint k = 0; k < children->len; k++)
            if (!holds_path(added, ((const Revision *) children->pdata[k])->path))
                g_hash_table_add(scope->inserted, g_strdup(revision->path));
    }
}

/* The same for files that run in the order of their names. */
static void
find_inserted_files(LintScope *scope, GHashTable *added)
{
    bool is_before = false;

    for (guint i = scope->paths->len; i > 0; i--) {
        const char *path = scope->paths->pdata[i - 1];

        if (!holds_path(added, path))
            is_before = true;
        else if (is_before)
            g_hash_table_add(scope->inserted, g_strdup(path));
    }
}

static void
keep_changed_paths(LintScope *scope, GHashTable *changed, GHashTable *edited)
{
    for (guint i = scope->paths->len; i > 0; i--) {
        const char *path = scope->paths->pdata[i - 1];

        if (holds_path(edited, path))
            g_hash_table_add(scope->edited, g_strdup(path));
        if (!holds_path(changed, path))
            g_ptr_array_remove_index(scope->paths, i - 1);
    }
}

static void
keep_changed_revisions(LintScope *scope, GHashTable *changed, GHashTable *edited)
{
    g_autoptr(GHashTable) kept = set_new();

    for (guint i = 0; i < graph_count(scope->graph); i++) {
        const Revision *revision = graph_get(scope->graph, i);

        if (holds_path(edited, revision->path))
            g_hash_table_add(scope->edited, g_strdup(revision->path));
        if (holds_path(changed, revision->path) &&
            (scope->reported == NULL || g_hash_table_contains(scope->reported, revision->id)))
            g_hash_table_add(kept, g_strdup(revision->id));
    }
    g_clear_pointer(&scope->reported, g_hash_table_unref);
    scope->reported = g_steal_pointer(&kept);
}

static bool
apply_since(LintScope *scope, const char *since, GError **error)
{
    g_autoptr(GHashTable) changed = set_new(), added = set_new(), edited = set_new();

    if (since[0] == '-')
        return error_set(error, ERROR_USAGE, "--since: '%s' is not the name of a commit", since);
    if (!changed_files(since, "AMRC", changed, error) ||
        !changed_files(since, "ARC", added, error) || !changed_files(since, "M", edited, error))
        return false;
    scope->edited = set_new();
    scope->inserted = set_new();
    if (scope->graph != NULL) {
        find_inserted(scope, added);
        keep_changed_revisions(scope, changed, edited);
    } else {
        find_inserted_files(scope, added);
        keep_changed_paths(scope, changed, edited);
    }
    return true;
}

static bool
connect_database(LintScope *scope, const App *app, GError **error)
{
    const char *url = settings_require_database(app->settings, error);

    if (url == NULL)
        return false;
    scope->conn = pg_connect(
        url, &(PgConnOptions){.purpose = "lint", .allow_standby = true, .allow_pooler = true},
        error);
    return scope->conn != NULL ||
           error_hint(error, "`sluice lint --offline` leaves the database out.");
}

/* Those that the database does not have. */
static bool
find_pending(LintScope *scope, GError **error)
{
    g_autoptr(LedgerRevisions) applied = ledger_load_states(scope->conn, error);

    if (applied == NULL)
        return false;
    scope->reported = set_new();
    for (guint i = 0; i < graph_count(scope->graph); i++) {
        const char *id = graph_get(scope->graph, i)->id;
        if (ledger_find_revision(applied, id) == NULL)
            g_hash_table_add(scope->reported, g_strdup(id));
    }
    return true;
}

static bool
find_named(LintScope *scope, const char *const *words, GError **error)
{
    scope->reported = set_new();
    for (; *words; words++) {
        g_autoptr(GPtrArray) named = strchr(*words, ':')
                                         ? target_range(scope->graph, NULL, *words, error)
                                         : target_points(scope->graph, NULL, *words, error);

        if (named == NULL)
            return false;
        for (guint i = 0; i < named->len; i++)
            g_hash_table_add(scope->reported, g_strdup(((const Revision *) named->pdata[i])->id));
    }
    return true;
}

static bool
find_revisions(LintScope *scope, const App *app, const LintRequest *request, GError **error)
{
    const bool asks = !request->offline && app->settings->database_url != NULL &&
                      (request->from_database || request->words[0] == NULL);

    scope->graph = graph_load(app->settings->migrations, error);
    if (scope->graph == NULL)
        return false;
    if (asks && !connect_database(scope, app, error))
        return false;
    if (request->words[0] != NULL)
        return find_named(scope, request->words, error);
    return scope->conn == NULL || find_pending(scope, error);
}

bool
lint_scope_find(LintScope *scope, const App *app, const LintRequest *request, GError **error)
{
    guint paths = 0, words = 0;

    for (; request->words[words]; words++)
        paths += is_path(request->words[words]);
    if (paths > 0 && paths < words)
        return error_set(error, ERROR_USAGE, "revisions and files cannot be linted together");
    if (paths == 0) {
        if (!find_revisions(scope, app, request, error))
            return false;
    } else {
        scope->paths = g_ptr_array_new_with_free_func(g_free);
        for (guint i = 0; i < words; i++)
            if (!add_path(scope, request->words[i], error))
                return false;
        if (request->from_database && !connect_database(scope, app, error))
            return false;
    }
    return request->since == NULL || apply_since(scope, request->since, error);
}
