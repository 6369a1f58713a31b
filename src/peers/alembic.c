/* Alembic: the graph from the files, without Python; the SQL from Alembic itself, in its offline
 * mode, where it is installed. */
#include <string.h>

#include "peers/alembic-files.h"
#include "peers/embedded.h"
#include "peers/folder.h"
#include "peers/foreign.h"
#include "peers/peers.h"

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

static json_t *
ask_alembic(const PeerSource *source, const AlembicProject *project, GError **error)
{
    g_autofree char *python = find_python(source, project);
    const char *const arguments[] = {project->ini ? project->ini : "", "alembic", project->location,
                                     project->folder, NULL};
    const char *const environment[] = {"PYTHONDONTWRITEBYTECODE=1", NULL};

    return foreign_ask(&(ForeignScript){python, py_alembic_offline, arguments, environment}, error);
}

static void
take_result(History *history, const AlembicProject *project, const json_t *result)
{
    static const char *const functions[2] = {"upgrade()", "downgrade()"};
    const char *problem = json_string_value(json_object_get(result, "problem"));

    history->version = g_strdup(json_string_value(json_object_get(result, "version")));
    if (json_object_size(json_object_get(result, "revisions")) == 0) {
        foreign_mark_all(history, "Let `alembic history` work first, then import again.",
                         problem ? problem : "alembic found no revision");
        return;
    }
    if (problem != NULL) {
        g_autofree char *path = g_build_filename(project->location, "env.py", NULL);
        history_note(history, NULL, (Place){.file = path},
                     "Compare the names of constraints and indexes: its naming_convention was not "
                     "known.",
                     "env.py does not run, so the SQL was made without it: %s", problem);
    }
    foreign_take(history, result, functions);
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
    result = ask_alembic(source, &project, &cause);
    if (result == NULL && error_is(cause, ERROR_INTERRUPTED)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    if (result == NULL)
        foreign_mark_all(history, "Name the project's Python: --interpreter .venv/bin/python.",
                         cause->message);
    else if (json_is_null(json_object_get(result, "version")))
        foreign_mark_all(
            history,
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
