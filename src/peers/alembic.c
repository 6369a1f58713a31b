/* Alembic: the graph from the files, without Python; the SQL from Alembic itself, in its offline
 * mode, where it is installed. */
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/proc.h"
#include "peers/alembic-files.h"
#include "peers/embedded.h"
#include "peers/folder.h"
#include "peers/peers.h"
#include "peers/script.h"

enum { PYTHON_TIMEOUT_MS = 10 * 60 * 1000 };

/* The program behind "#!" of @path, if it is an interpreter and no shell or env. Caller owns. */
static char *
interpreter_of(const char *path)
{
    g_autofree char *text = NULL;
    char *end;

    if (!g_file_get_contents(path, &text, NULL, NULL) || !g_str_has_prefix(text, "#!"))
        return NULL;
    text[strcspn(text, "\n")] = '\0';
    end = g_strstrip(text + 2);
    end[strcspn(end, " \t")] = '\0';
    return strstr(end, "python") != NULL ? g_strdup(end) : NULL;
}

/* The Python that has the project's packages. */
static char *
find_python(const PeerSource *source, const AlembicProject *project)
{
    static const char *const environments[] = {".venv/bin/python", "venv/bin/python",
                                               "env/bin/python", NULL};
    const char *active = g_getenv("VIRTUAL_ENV");
    g_autofree char *alembic = g_find_program_in_path("alembic");
    char *python;

    if (source->interpreter != NULL)
        return g_strdup(source->interpreter);
    if (active != NULL)
        return g_build_filename(active, "bin", "python", NULL);
    python = folder_find(project->folder, environments);
    if (python == NULL && alembic != NULL)
        python = interpreter_of(alembic);
    return python != NULL ? python : g_strdup("python3");
}

/* What the script found; NULL: it could not run. */
static json_t *
run_alembic(const PeerSource *source, const AlembicProject *project, GError **error)
{
    g_autofree char *python = find_python(source, project);
    g_autofree char *folder = g_dir_make_tmp("sluice-import-XXXXXX", NULL);
    g_autofree char *output = g_build_filename(folder ? folder : "/", "alembic.json", NULL);
    const char *const argv[] = {python,
                                "-c",
                                py_alembic_offline,
                                project->ini ? project->ini : "",
                                "alembic",
                                project->location,
                                project->folder,
                                output,
                                NULL};
    g_autoptr(json_t) result = NULL;
    json_error_t cause;

    if (folder == NULL) {
        error_set(error, ERROR_STATE, "cannot make a temporary folder");
        return NULL;
    }
    if (proc_run(argv, (const char *const[]){"PYTHONDONTWRITEBYTECODE=1", NULL}, PYTHON_TIMEOUT_MS,
                 NULL, error)) {
        result = json_load_file(output, 0, &cause);
        if (result == NULL)
            error_set(error, ERROR_STATE, "'%s' left no result: %s", python, cause.text);
    }
    (void) remove(output);
    (void) remove(folder);
    return g_steal_pointer(&result);
}

static void
take_side(History *history, PeerRevision *revision, const json_t *side, const char *function,
          PeerSql *sql)
{
    const char *text = json_string_value(json_object_get(side, "sql"));
    const char *failure = json_string_value(json_object_get(side, "error"));
    g_autofree char *place = NULL;

    script_take(history, revision,
                &(ScriptSource){.place = {.file = revision->source},
                                .text = text ? text : "",
                                .in_transaction = true},
                sql);
    if (failure == NULL)
        return;
    history_note(history, revision, (Place){.file = revision->source},
                 "Write what it does as SQL, behind what is there, and remove the line `fill in`.",
                 "%s() does not run offline: %s", function, failure);
    g_free(sql->missing);
    sql->missing =
        g_strdup_printf("what %s() does from here on: offline it ends with %s", function, failure);
}

static void
mark_all(History *history, const char *hint, const char *what)
{
    history_note(history, NULL, (Place){0}, hint, "%s", what);
    for (guint i = 0; i < history->revisions->len; i++) {
        PeerRevision *revision = g_ptr_array_index(history->revisions, i);

        revision->expand.missing = g_strdup("what upgrade() does");
        revision->downgrade.missing = g_strdup("what downgrade() does");
    }
}

static void
take_result(History *history, const AlembicProject *project, const json_t *result)
{
    const json_t *all = json_object_get(result, "revisions");
    const char *env = json_string_value(json_object_get(result, "env"));

    history->version = g_strdup(json_string_value(json_object_get(result, "alembic")));
    if (json_object_size(all) == 0) {
        mark_all(history, "Let `alembic history` work first, then import again.",
                 env ? env : "alembic found no revision");
        return;
    }
    if (env != NULL) {
        g_autofree char *path = g_build_filename(project->location, "env.py", NULL);
        history_note(history, NULL, (Place){.file = path},
                     "Compare the names of constraints and indexes: its naming_convention was not "
                     "known.",
                     "env.py does not run, so the SQL was made without it: %s", env);
    }
    for (guint i = 0; i < history->revisions->len; i++) {
        PeerRevision *revision = g_ptr_array_index(history->revisions, i);
        const json_t *sides = json_object_get(all, revision->name);

        if (sides == NULL) {
            history_note(history, revision, (Place){.file = revision->source}, NULL,
                         "alembic does not know the revision");
            revision->expand.missing = g_strdup("what upgrade() does");
            continue;
        }
        take_side(history, revision, json_object_get(sides, "upgrade"), "upgrade",
                  &revision->expand);
        take_side(history, revision, json_object_get(sides, "downgrade"), "downgrade",
                  &revision->downgrade);
    }
}

static bool
import_alembic(const PeerSource *source, History *history, GError **error)
{
    g_auto(AlembicProject) project = {0};
    g_autoptr(GError) cause = NULL;
    g_autoptr(json_t) result = NULL;

    if (!alembic_project_find(source->folder, &project, error) ||
        !alembic_read_files(&project, history, error))
        return false;
    report_step(source->report, "asking alembic for the SQL of %u revisions",
                history->revisions->len);
    result = run_alembic(source, &project, &cause);
    if (result == NULL && error_is(cause, ERROR_INTERRUPTED)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    if (result == NULL)
        mark_all(history, "Name the project's Python: --interpreter .venv/bin/python.",
                 cause->message);
    else if (json_is_null(json_object_get(result, "alembic")))
        mark_all(history,
                 "Name the project's Python: --interpreter .venv/bin/python. Only the graph came.",
                 "alembic is not installed where python looks");
    else
        take_result(history, &project, result);
    return true;
}

const Peer peer_alembic = {
    .name = "alembic",
    .title = "Alembic",
    .folder = "alembic.ini, or the folder with env.py and versions",
    .import = import_alembic,
};
