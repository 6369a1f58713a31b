/* Sqitch: the changes of sqitch.plan, with their scripts deploy, revert and verify. */
#include <string.h>

#include "base/file.h"
#include "peers/folder.h"
#include "peers/ini.h"
#include "peers/peers.h"
#include "peers/script.h"

typedef struct {
    char *plan;
    char *top; /* of the scripts */
    char *folders[3];
    char *extension;
} Project;

typedef enum { SCRIPT_DEPLOY, SCRIPT_REVERT, SCRIPT_VERIFY } ScriptKind;

static const char *const kind_names[] = {"deploy", "revert", "verify"};

static void
project_clear(Project *project)
{
    g_free(project->plan);
    g_free(project->top);
    g_free(project->extension);
    for (guint i = 0; i < G_N_ELEMENTS(project->folders); i++)
        g_free(project->folders[i]);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Project, project_clear)

static char *
setting(GHashTable *keys, const char *name, const char *folder, const char *fallback)
{
    const char *value = g_hash_table_lookup(keys, name);

    return value ? g_canonicalize_filename(value, folder)
                 : g_build_filename(folder, fallback, NULL);
}

static bool
find_project(const char *folder, Project *project, GError **error)
{
    g_autofree char *whole = g_canonicalize_filename(folder, NULL);
    g_autofree char *conf = g_build_filename(whole, "sqitch.conf", NULL);
    g_autoptr(GHashTable) keys = ini_read(conf, "core");
    const char *extension = g_hash_table_lookup(keys, "extension");

    project->top = setting(keys, "top_dir", whole, "");
    project->plan = g_hash_table_lookup(keys, "plan_file")
                        ? setting(keys, "plan_file", whole, "")
                        : g_build_filename(project->top, "sqitch.plan", NULL);
    for (guint i = 0; i < G_N_ELEMENTS(kind_names); i++) {
        g_autofree char *key = g_strconcat(kind_names[i], "_dir", NULL);

        project->folders[i] = g_hash_table_lookup(keys, key)
                                  ? setting(keys, key, whole, "")
                                  : g_build_filename(project->top, kind_names[i], NULL);
    }
    project->extension = g_strdup(extension ? extension : "sql");
    if (g_file_test(project->plan, G_FILE_TEST_EXISTS))
        return true;
    error_set(error, ERROR_CONFIG, "'%s' is no Sqitch project: there is no '%s'", folder,
              project->plan);
    return error_hint(error, "Name the folder that holds sqitch.conf.");
}

/* A line `name [dependencies] time planner <mail> # note`, cut into its parts. */
typedef struct {
    char *name;
    char *dependencies; /* may be NULL */
    char *time;
    char *note;
} PlanLine;

static void
plan_line_clear(PlanLine *line)
{
    g_free(line->name);
    g_free(line->dependencies);
    g_free(line->time);
    g_free(line->note);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PlanLine, plan_line_clear)

static bool
plan_line_read(PlanLine *ret_line, const char *text)
{
    g_autoptr(GRegex) regex =
        g_regex_new("^\\s*(\\S+)(?:\\s+\\[([^\\]]*)\\])?\\s+(\\d{4}-\\d\\d-\\d\\dT[\\d:]+Z)"
                    "\\s+[^#]*(?:#\\s*(.*))?$",
                    0, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;

    if (!g_regex_match(regex, text, 0, &match))
        return false;
    *ret_line = (PlanLine){g_match_info_fetch(match, 1), g_match_info_fetch(match, 2),
                           g_match_info_fetch(match, 3), g_strstrip(g_match_info_fetch(match, 4))};
    return true;
}

/* `users`, `users@v1.0`, `!other`, `project:change`. */
static void
take_dependency(History *history, PeerRevision *revision, const char *word, Place place)
{
    const char *name = word + (*word == '!');
    g_autofree char *bare = g_strndup(name, strcspn(name, "@"));
    const PeerRevision *other = history_find(history, name);

    if (other == NULL)
        other = history_find(history, bare);
    if (*word == '!') {
        g_ptr_array_add(revision->remarks, g_strdup_printf("conflicts with %s", name));
    } else if (other == NULL || other == revision) {
        history_note(history, revision, place,
                     "See yourself that it is there before this revision runs.",
                     "it requires '%s', which is not in this plan", name);
        g_ptr_array_add(revision->remarks, g_strdup_printf("requires %s", name));
    } else if (!g_ptr_array_find_with_equal_func(revision->requires, other->id, g_str_equal,
                                                 NULL)) {
        g_ptr_array_add(revision->requires, g_strdup(other->id));
    }
}

/* The script of a change, NULL if there is none. */
static char *
find_script(const Project *project, ScriptKind kind, const char *name)
{
    g_autofree char *file = g_strdup_printf("%s.%s", name, project->extension);
    g_autofree char *path = g_build_filename(project->folders[kind], file, NULL);

    return g_file_test(path, G_FILE_TEST_EXISTS) ? g_steal_pointer(&path) : NULL;
}

static bool
take_script(const Project *project, ScriptKind kind, History *history, PeerRevision *revision,
            PeerSql *sql, GError **error)
{
    g_autofree char *path = find_script(project, kind, revision->name);
    g_autofree char *text = NULL;

    if (path == NULL && kind == SCRIPT_DEPLOY) {
        history_note(history, revision, (Place){.file = project->plan},
                     "Write what the change does, and remove the line `fill in`.",
                     "the change '%s' has no deploy script", revision->name);
        sql->missing = g_strdup("what the change deploys: it has no script");
    }
    if (path == NULL)
        return true;
    text = file_read(path, error);
    if (text == NULL)
        return false;
    script_take(
        history, revision,
        &(ScriptSource){.place = {.file = path, .line = 1}, .text = text, .root = project->top},
        sql);
    return true;
}

/* Sqitch's verify fails by an error, ours by rows: so it is kept for readers. */
static bool
keep_verify(const Project *project, PeerRevision *revision, GError **error)
{
    g_autofree char *path = find_script(project, SCRIPT_VERIFY, revision->name);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (path == NULL)
        return true;
    text = file_read(path, error);
    if (text == NULL)
        return false;
    lines = g_strsplit(g_strstrip(text), "\n", -1);
    g_ptr_array_add(revision->remarks, g_strdup("verify script:"));
    for (char **line = lines; *line; line++)
        g_ptr_array_add(revision->remarks, g_strconcat("    ", *line, NULL));
    return true;
}

/* A change that comes again was reworked: what it was before stands in `name@tag`. */
static void
rename_reworked(History *history, const char *name, const char *tag)
{
    PeerRevision *before = history_find(history, name);

    if (before == NULL || tag == NULL)
        return;
    history_rename(history, before, tag);
}

static void
take_tag(History *history, const char *text, GHashTable *tags, guint *tagged)
{
    g_autofree char *tag = g_strndup(text, strcspn(text, " \t"));
    PeerRevision *last;

    if (history->revisions->len == 0)
        return;
    last = g_ptr_array_index(history->revisions, history->revisions->len - 1);
    g_ptr_array_add(last->remarks, g_strdup_printf("tagged %s", tag));
    for (; *tagged < history->revisions->len; ++*tagged) {
        const PeerRevision *revision = g_ptr_array_index(history->revisions, *tagged);
        g_hash_table_insert(tags, g_strdup(revision->name), g_strconcat(revision->name, tag, NULL));
    }
}

static void
take_change(History *history, const Project *project, const PlanLine *line, GHashTable *tags,
            Place place)
{
    g_auto(GStrv) words = g_strsplit_set(line->dependencies, " \t", -1);
    PeerRevision *revision;

    rename_reworked(history, line->name, g_hash_table_lookup(tags, line->name));
    revision = history_add(history, line->name, project->plan);
    revision->title = *line->note ? g_strdup(line->note) : folder_title(line->name);
    revision->created = g_strdup(line->time);
    for (char **word = words; *word; word++) {
        if (**word)
            take_dependency(history, revision, *word, place);
    }
}

static bool
read_plan(const Project *project, History *history, GError **error)
{
    g_autofree char *text = file_read(project->plan, error);
    g_autoptr(GHashTable) tags = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_auto(GStrv) lines = text ? g_strsplit(text, "\n", -1) : NULL;
    guint tagged = 0;

    if (text == NULL)
        return false;
    for (guint i = 0; lines[i]; i++) {
        const Place place = {.file = project->plan, .line = (int) i + 1};
        const char *first = g_strchug(lines[i]);
        g_auto(PlanLine) line = {0};

        if (*first == '\0' || *first == '#' || *first == '%')
            continue;
        if (*first == '@') {
            take_tag(history, first, tags, &tagged);
            continue;
        }
        if (!plan_line_read(&line, first)) {
            error_set_at(error, ERROR_CONFIG, place, "this is no line of a plan");
            return error_hint(error, "Let `sqitch plan` work first, then import again.");
        }
        take_change(history, project, &line, tags, place);
    }
    return true;
}

static bool
import_sqitch(const PeerSource *source, History *history, GError **error)
{
    g_auto(Project) project = {0};

    history->chain = true;
    if (!find_project(source->folder, &project, error) || !read_plan(&project, history, error))
        return false;
    for (guint i = 0; i < history->revisions->len; i++) {
        PeerRevision *revision = g_ptr_array_index(history->revisions, i);
        char *deploy = find_script(&project, SCRIPT_DEPLOY, revision->name);

        if (deploy != NULL) {
            g_free(revision->source);
            revision->source = deploy;
        }
        if (!take_script(&project, SCRIPT_DEPLOY, history, revision, &revision->expand, error) ||
            !take_script(&project, SCRIPT_REVERT, history, revision, &revision->downgrade, error) ||
            !keep_verify(&project, revision, error))
            return false;
    }
    return true;
}

const Peer peer_sqitch = {
    .name = "sqitch",
    .title = "Sqitch",
    .folder = "sqitch.conf and sqitch.plan",
    .import = import_sqitch,
};
