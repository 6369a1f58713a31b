#include "peers/alembic-files.h"

#include <string.h>

#include "peers/folder.h"
#include "peers/ini.h"
#include "peers/peers.h"
#include "peers/python.h"

void
alembic_project_clear(AlembicProject *project)
{
    g_free(project->folder);
    g_free(project->ini);
    g_free(project->location);
    g_free(project->encoding);
    g_clear_pointer(&project->versions, g_ptr_array_unref);
}

static char *
resolve(const char *folder, const char *path)
{
    return g_canonicalize_filename(path, folder);
}

/* `version_locations`: paths between what path_separator says; old projects leave it out. */
static void
find_versions(AlembicProject *project, GHashTable *keys)
{
    const char *listed = g_hash_table_lookup(keys, "version_locations");
    const char *recursive = g_hash_table_lookup(keys, "recursive_version_locations");
    const char *separator = g_hash_table_lookup(keys, "path_separator");
    g_auto(GStrv) paths = NULL;

    if (separator == NULL)
        separator = g_hash_table_lookup(keys, "version_path_separator");
    project->recursive = recursive != NULL && g_ascii_strcasecmp(recursive, "true") == 0;
    project->versions = g_ptr_array_new_with_free_func(g_free);
    if (listed == NULL || *listed == '\0') {
        g_ptr_array_add(project->versions, g_build_filename(project->location, "versions", NULL));
        return;
    }
    if (separator == NULL || g_str_equal(separator, "space"))
        separator = " ,\n";
    else if (g_str_equal(separator, "newline"))
        separator = "\n";
    else
        separator = g_str_equal(separator, ";") ? ";\n" : ":\n";
    paths = g_strsplit_set(listed, separator, -1);
    for (char **path = paths; *path; path++) {
        if (*g_strstrip(*path))
            g_ptr_array_add(project->versions, resolve(project->folder, *path));
    }
}

static bool
take_config(AlembicProject *project, const char *path, const char *section)
{
    g_autoptr(GHashTable) keys = ini_read(path, section);
    const char *location = g_hash_table_lookup(keys, "script_location");

    if (location == NULL)
        return false;
    project->folder = g_path_get_dirname(path);
    if (strchr(location, ':') != NULL && !g_path_is_absolute(location)) {
        g_autofree char *package = g_strdelimit(g_strdup(location), ".:", '/'); /* "app:db" */
        project->location = resolve(project->folder, package);
    } else {
        project->location = resolve(project->folder, location);
    }
    project->encoding = g_strdup(g_hash_table_lookup(keys, "output_encoding"));
    find_versions(project, keys);
    return true;
}

static bool
take_folder(AlembicProject *project, const char *folder)
{
    g_autofree char *ini = g_build_filename(folder, "alembic.ini", NULL);
    g_autofree char *toml = g_build_filename(folder, "pyproject.toml", NULL);

    if (take_config(project, ini, "alembic")) {
        project->ini = g_steal_pointer(&ini);
        return true;
    }
    return take_config(project, toml, "tool.alembic");
}

bool
alembic_project_find(const char *folder, AlembicProject *ret_project, GError **error)
{
    g_autofree char *whole = g_canonicalize_filename(folder, NULL);
    g_autofree char *above = g_path_get_dirname(whole);
    g_autofree char *env = g_build_filename(whole, "env.py", NULL);
    g_autofree char *versions = g_build_filename(whole, "versions", NULL);

    *ret_project = (AlembicProject){0};
    if (take_folder(ret_project, whole))
        return true;
    if (!g_file_test(env, G_FILE_TEST_EXISTS) && !g_file_test(versions, G_FILE_TEST_IS_DIR)) {
        error_set(error, ERROR_CONFIG, "'%s' is no Alembic project", folder);
        return error_hint(error, "Name the folder that holds alembic.ini, or the one with env.py "
                                 "and versions.");
    }
    if (take_folder(ret_project, above)) {
        if (g_str_equal(ret_project->location, whole))
            return true;
        alembic_project_clear(ret_project);
        *ret_project = (AlembicProject){0};
    }
    ret_project->folder = g_steal_pointer(&above);
    ret_project->location = g_steal_pointer(&whole);
    ret_project->versions = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(ret_project->versions, g_steal_pointer(&versions));
    return true;
}

/* The encoding that the file's first two lines name, as Python reads it; else the project's. */
static char *
encoding_of(const AlembicProject *project, const char *text)
{
    g_autoptr(GRegex) cookie = g_regex_new(
        "\\A(?:[^\\n]*\\n)?[ \\t\\f]*#[^\\n]*coding[:=][ \\t]*([-\\w.]+)", G_REGEX_RAW, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;

    if (g_regex_match(cookie, text, 0, &match))
        return g_match_info_fetch(match, 1);
    return g_strdup(project->encoding ? project->encoding : "UTF-8");
}

/* Python writes "latin-1" where iconv knows "latin1". Caller owns; NULL: not so encoded. */
static char *
convert(const char *text, const char *encoding)
{
    g_auto(GStrv) parts = g_strsplit_set(encoding, "-_", -1);
    g_autofree char *bare = g_strjoinv("", parts);
    char *converted = g_convert(text, -1, "UTF-8", encoding, NULL, NULL, NULL);

    if (converted == NULL)
        converted = g_convert(text, -1, "UTF-8", bare, NULL, NULL, NULL);
    return converted;
}

static char *
read_text(const AlembicProject *project, const char *path, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *text = NULL;
    g_autofree char *encoding = NULL;
    char *converted;

    if (!g_file_get_contents(path, &text, NULL, &cause)) {
        error_set(error, ERROR_CONFIG, "cannot read '%s': %s", path, cause->message);
        return NULL;
    }
    encoding = encoding_of(project, text);
    converted = g_utf8_validate(text, -1, NULL) ? NULL : convert(text, encoding);
    if (converted != NULL)
        return converted;
    return g_utf8_make_valid(text, -1);
}

/* "2021-11-21 20:53:02.123456" as ISO 8601 in UTC. */
static char *
read_date(const char *text)
{
    g_autofree char *stripped = g_strstrip(g_strdup(text));
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GDateTime) local = g_date_time_new_from_iso8601(stripped, utc);
    g_autoptr(GDateTime) time = local ? g_date_time_to_utc(local) : NULL;

    return time ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ") : NULL;
}

/* The docstring's first paragraph is the message; lines that repeat the ids say nothing new. */
static void
take_docstring(PeerRevision *revision, const char *docstring)
{
    static const char *const known[] = {
        "Revision ID:", "Revises:", "Branch Labels:", "Depends on:", NULL};
    g_auto(GStrv) lines = g_strsplit(docstring, "\n", -1);
    g_autoptr(GString) title = g_string_new(NULL);
    bool in_title = true;

    for (char **line = lines; *line; line++) {
        bool is_known = false;

        g_strstrip(*line);
        for (guint i = 0; known[i] != NULL; i++)
            is_known = is_known || g_str_has_prefix(*line, known[i]);
        if (g_str_has_prefix(*line, "Create Date:"))
            revision->created = read_date(*line + strlen("Create Date:"));
        else if (**line == '\0')
            in_title = in_title && title->len == 0;
        else if (!is_known && in_title)
            g_string_append_printf(title, "%s%s", title->len ? " " : "", *line);
        else if (!is_known)
            g_ptr_array_add(revision->remarks, g_strdup(*line));
    }
    if (title->len > 0) {
        g_free(revision->title);
        revision->title = g_string_free(g_steal_pointer(&title), FALSE);
    }
}

static bool
take_names(const PythonFile *file, const char *name, const char *path, GPtrArray *strings,
           GError **error)
{
    const PythonValue *value = python_get(file, name);

    if (value == NULL)
        return true;
    if (!value->is_literal) {
        error_set_at(error, ERROR_CONFIG, (Place){.file = path, .line = value->line},
                     "'%s' is an expression, which only Python can tell", name);
        return error_hint(error, "Write its value there: None, a string, or a tuple of strings.");
    }
    for (guint i = 0; i < value->strings->len; i++)
        g_ptr_array_add(strings, g_strdup(g_ptr_array_index(value->strings, i)));
    return true;
}

static bool
read_file(const AlembicProject *project, const char *path, History *history, GError **error)
{
    g_autofree char *text = read_text(project, path, error);
    g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *stem = NULL;
    g_auto(PythonFile) file = {0};
    PeerRevision *revision;

    if (text == NULL)
        return false;
    python_read(&file, text);
    if (!take_names(&file, "revision", path, ids, error))
        return false;
    if (ids->len != 1) { /* Alembic passes over such files too */
        history_note(history, NULL, (Place){.file = path}, NULL,
                     "the file names no revision, and is left out");
        return true;
    }
    revision = history_add(history, g_ptr_array_index(ids, 0), path);
    stem = g_path_get_basename(path);
    stem[strlen(stem) - strlen(".py")] = '\0';
    revision->title = folder_title(stem);
    if (file.docstring != NULL)
        take_docstring(revision, file.docstring);
    return take_names(&file, "down_revision", path, revision->revises, error) &&
           take_names(&file, "branch_labels", path, revision->labels, error) &&
           take_names(&file, "depends_on", path, revision->requires, error);
}

/* Alembic takes a unique beginning of an id for it, and `label@id`. */
static void
complete_ids(const History *history, GPtrArray *words)
{
    for (guint i = 0; i < words->len; i++) {
        char **word = (char **) &words->pdata[i];
        const char *at = strchr(*word, '@');
        const char *id = at ? at + 1 : *word;
        const PeerRevision *found = history_find(history, id);

        for (guint k = 0; k < history->revisions->len && found == NULL; k++) {
            const PeerRevision *other = g_ptr_array_index(history->revisions, k);

            if (strlen(id) > 3 && g_str_has_prefix(other->name, id))
                found = other;
        }
        if (found == NULL)
            continue;
        g_free(*word);
        *word = g_strdup(found->id);
    }
}

typedef struct {
    const History *history;
    GHashTable *by_label;
    GHashTable *seen; /* PeerRevision * -> itself, once it is placed; NULL while it waits */
    GPtrArray *sorted;
} Sorting;

static bool sort_above(Sorting *sorting, PeerRevision *revision, GError **error);

static bool
sort_words(Sorting *sorting, const GPtrArray *words, GError **error)
{
    for (guint i = 0; i < words->len; i++) {
        const char *word = g_ptr_array_index(words, i);
        PeerRevision *above = history_find(sorting->history, word);

        if (above == NULL)
            above = g_hash_table_lookup(sorting->by_label, word);
        if (above != NULL && !sort_above(sorting, above, error))
            return false;
    }
    return true;
}

/* Places @revision behind all that it builds on. */
static bool
sort_above(Sorting *sorting, PeerRevision *revision, GError **error)
{
    if (g_hash_table_contains(sorting->seen, revision)) {
        if (g_hash_table_lookup(sorting->seen, revision) != NULL)
            return true;
        error_set(error, ERROR_CONFIG, "revision '%s' (%s) is above itself", revision->id,
                  revision->source);
        return error_hint(error, "Correct down_revision or depends_on of one of the cycle.");
    }
    g_hash_table_insert(sorting->seen, revision, NULL);
    if (!sort_words(sorting, revision->revises, error) ||
        !sort_words(sorting, revision->requires, error))
        return false;
    g_hash_table_insert(sorting->seen, revision, revision);
    g_ptr_array_add(sorting->sorted, revision);
    return true;
}

static bool
sort_revisions(History *history, GError **error)
{
    g_autoptr(GHashTable) by_label = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_direct_hash, g_direct_equal);
    g_autoptr(GPtrArray) sorted = g_ptr_array_new();
    Sorting sorting = {history, by_label, seen, sorted};

    for (guint i = 0; i < history->revisions->len; i++) {
        PeerRevision *revision = g_ptr_array_index(history->revisions, i);

        complete_ids(history, revision->revises);
        complete_ids(history, revision->requires);
        for (guint k = 0; k < revision->labels->len; k++)
            g_hash_table_insert(by_label, g_ptr_array_index(revision->labels, k), revision);
    }
    for (guint i = 0; i < history->revisions->len; i++) {
        if (!sort_above(&sorting, g_ptr_array_index(history->revisions, i), error))
            return false;
    }
    for (guint i = 0; i < sorted->len; i++)
        history->revisions->pdata[i] = sorted->pdata[i];
    return true;
}

bool
alembic_read_files(const AlembicProject *project, History *history, GError **error)
{
    for (guint i = 0; i < project->versions->len; i++) {
        g_autoptr(GPtrArray) files =
            folder_list(g_ptr_array_index(project->versions, i), "^[^.].*(?<!^__init__)\\.py$",
                        project->recursive, error);

        if (files == NULL)
            return false;
        for (guint k = 0; k < files->len; k++) {
            if (!read_file(project, g_ptr_array_index(files, k), history, error))
                return false;
        }
    }
    return sort_revisions(history, error);
}
