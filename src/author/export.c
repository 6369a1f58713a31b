#include "author/export.h"

#include <string.h>

#include "author/name.h"
#include "base/error.h"
#include "base/file.h"
#include "peers/alembic-files.h"

enum { SLUG_LENGTH = 40 };

static void
exported_file_free(ExportedFile *file)
{
    g_free(file->id);
    g_free(file->path);
    g_free(file);
}

/* A Python string literal. */
static void
append_string(GString *out, const char *text)
{
    g_string_append_c(out, '"');
    for (const char *c = text; *c; c++)
        if (*c == '\n')
            g_string_append(out, "\\n");
        else if (*c == '"' || *c == '\\')
            g_string_append_printf(out, "\\%c", *c);
        else
            g_string_append_c(out, *c);
    g_string_append_c(out, '"');
}

/* A statement as Python's long literal, its lines as they are. DDL() takes %% for %, and looks for
 * no :parameter. */
static void
append_statement(GString *out, const SqlStatement *statement)
{
    const bool alone = !sql_statement_is_transactional(statement);
    g_autoptr(GString) text = g_string_new(sql_statement_text(statement));

    g_string_replace(text, "\\", "\\\\", 0);
    g_string_replace(text, "\"", "\\\"", 0);
    g_string_replace(text, "%", "%%", 0);
    if (alone)
        g_string_append(out, "    with op.get_context().autocommit_block():\n    ");
    g_string_append_printf(out, "    op.execute(DDL(\"\"\"%s\"\"\"))\n", text->str);
}

/* None, one id, or a tuple of them. */
static void
append_ids(GString *out, const char *name, const GPtrArray *ids)
{
    g_string_append_printf(out, "%s = %s", name, ids->len == 0 ? "None" : ids->len > 1 ? "(" : "");
    for (guint i = 0; i < ids->len; i++) {
        g_string_append(out, i > 0 ? ", " : "");
        append_string(out, g_ptr_array_index(ids, i));
    }
    g_string_append(out, ids->len > 1 ? ")\n" : "\n");
}

static GPtrArray *
required_ids(const Graph *graph, const Revision *revision)
{
    GPtrArray *ids = g_ptr_array_new();

    for (guint i = 0; i < revision->requires->len; i++)
        g_ptr_array_add(ids, graph_required(graph, g_ptr_array_index(revision->requires, i))->id);
    return ids;
}

static void
append_refusal(GString *out, const char *text)
{
    g_string_append(out, "    raise RuntimeError(");
    append_string(out, text);
    g_string_append(out, ")\n");
}

static bool
append_section(GString *out, const Revision *revision, SectionKind kind, GError **error)
{
    const Section *section = revision_section(revision, kind, NULL);
    g_autoptr(SqlScript) script = section ? section_parse(section, error) : NULL;

    if (section && script == NULL)
        return false;
    for (guint i = 0; script && i < sql_script_count(script); i++)
        append_statement(out, sql_script_get(script, i));
    if (script == NULL || sql_script_count(script) == 0)
        g_string_append(out, "    pass\n");
    return true;
}

static bool
is_plain(const Revision *revision)
{
    return revision_last_state(revision) == STATE_EXPANDED;
}

static bool
append_upgrade(GString *out, const Revision *revision, GError **error)
{
    g_autofree char *phases =
        g_strdup_printf("%s has phases that Alembic does not know: run `sluice upgrade %s`",
                        revision->id, revision->id);

    g_string_append(out, "\n\ndef upgrade():\n");
    if (is_plain(revision))
        return append_section(out, revision, SECTION_EXPAND, error);
    append_refusal(out, phases);
    return true;
}

static bool
append_downgrade(GString *out, const Revision *revision, GError **error)
{
    const bool is_undoable = revision_section(revision, SECTION_DOWNGRADE, NULL) ||
                             revision_section(revision, SECTION_EXPAND, NULL) == NULL;
    g_autofree char *phases = g_strdup_printf(
        "%s has phases that Alembic does not know: undo it with `sluice downgrade`", revision->id);
    g_autofree char *final = g_strdup_printf("%s has no downgrade section", revision->id);

    g_string_append(out, "\n\ndef downgrade():\n");
    if (is_plain(revision) && is_undoable)
        return append_section(out, revision, SECTION_DOWNGRADE, error);
    append_refusal(out, is_plain(revision) ? final : phases);
    return true;
}

/* The file's text, or NULL. */
static char *
compose(const Graph *graph, const Revision *revision, GError **error)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GPtrArray) requires = required_ids(graph, revision);
    g_autofree char *base = g_path_get_basename(revision->path);
    g_autofree char *docstring =
        g_strdup_printf("%s\n\nWritten by `sluice export alembic` from %s: change that one.\n",
                        revision->title, base);

    append_string(out, docstring);
    g_string_append(out, "\nfrom alembic import op\nfrom sqlalchemy import DDL\n\n"
                         "# revision identifiers, used by Alembic.\nrevision = ");
    append_string(out, revision->id);
    g_string_append_c(out, '\n');
    append_ids(out, "down_revision", revision->revises);
    append_ids(out, "branch_labels", revision->labels);
    append_ids(out, "depends_on", requires);
    if (!append_upgrade(out, revision, error) || !append_downgrade(out, revision, error))
        return NULL;
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static bool
check_id(const Revision *revision, GError **error)
{
    const size_t bad = strcspn(revision->id, "-@+:");

    if (revision->id[bad] == '\0')
        return true;
    error_set(error, ERROR_CONFIG, "Alembic takes no '%c' in an id, as in %s", revision->id[bad],
              revision->id);
    return error_hint(error, "Give the revision another id, as long as nobody has run it.");
}

static ExportedFile *
export_one(const Graph *graph, const Revision *header, const char *folder, bool dry_run,
           GError **error)
{
    g_autoptr(Revision) revision = graph_read(graph, header, error);
    g_autofree char *slug = revision ? name_slug(revision->title, SLUG_LENGTH) : NULL;
    g_autofree char *name = revision ? g_strdup_printf("%s_%s.py", revision->id, slug) : NULL;
    g_autofree char *path = revision ? g_build_filename(folder, name, NULL) : NULL;
    g_autofree char *text = NULL;
    ExportedFile *file;

    if (revision == NULL || !check_id(revision, error))
        return NULL;
    text = compose(graph, revision, error);
    if (text == NULL || (!dry_run && !file_create(path, text, error)))
        return NULL;
    file = g_new0(ExportedFile, 1);
    file->id = g_strdup(revision->id);
    file->path = g_steal_pointer(&path);
    file->runs = is_plain(revision);
    return file;
}

GPtrArray *
export_alembic(const Graph *graph, const char *folder, bool dry_run, GError **error)
{
    g_autoptr(GPtrArray) files =
        g_ptr_array_new_with_free_func((GDestroyNotify) exported_file_free);
    g_auto(AlembicProject) project = {0};
    g_auto(History) history = {0};

    history_init(&history);
    if (!alembic_project_find(folder, &project, error) ||
        !alembic_read_files(&project, &history, error))
        return NULL;
    for (guint i = 0; i < graph_count(graph); i++) {
        const Revision *revision = graph_get(graph, i);
        ExportedFile *file;

        if (history_find(&history, revision->id))
            continue;
        file = export_one(graph, revision, g_ptr_array_index(project.versions, 0), dry_run, error);
        if (file == NULL)
            return NULL;
        g_ptr_array_add(files, file);
    }
    return g_steal_pointer(&files);
}
