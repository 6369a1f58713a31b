#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/command.h"
#include "revision/graph.h"
#include "revision/target.h"
#include "sync/sync.h"

/* A section of the file, or one that is derived from its mappings. */
typedef struct {
    const char *name; /* "sync reverse"; borrowed */
    char *table;      /* NULL: none */
    char *text;       /* without blank lines around it */
    int line;         /* 0: derived */
} ShownSection;

static void
shown_section_free(ShownSection *section)
{
    g_free(section->table);
    g_free(section->text);
    g_free(section);
}

static void
add_shown(GPtrArray *shown, const char *name, const char *table, char *take_text, int line)
{
    ShownSection *section = g_new0(ShownSection, 1);

    *section = (ShownSection){name, g_strdup(table), g_strstrip(take_text), line};
    g_ptr_array_add(shown, section);
}

/* As an author writes it behind `sync`. */
static char *
sync_table_name(const RevisionSync *sync)
{
    return sync->schema ? g_strdup_printf("%s.%s", sync->schema, sync->table)
                        : g_strdup(sync->table);
}

static char *
sync_table_quoted(const RevisionSync *sync)
{
    return sync->schema ? pg_quote_qualified(sync->schema, sync->table)
                        : pg_quote_identifier(sync->table);
}

/* What is enough of a table to write SQL for it; without a database, its schema is a guess. */
static CatalogTable
table_of_sync(const RevisionSync *sync, char *quoted)
{
    return (CatalogTable){.schema = sync->schema ? sync->schema : (char *) (guintptr) "public",
                          .name = sync->table,
                          .quoted = quoted};
}

static char *
with_semicolon(char *take_text)
{
    g_autofree char *text = take_text;

    return g_strconcat(text, ";", NULL);
}

static bool
add_triggers(GPtrArray *shown, const Revision *revision, const RevisionSync *sync,
             const Settings *settings, const Graph *graph, GError **error)
{
    g_autoptr(GPtrArray) mappings =
        g_ptr_array_new_with_free_func((GDestroyNotify) sync_mapping_free);
    g_autofree char *name = sync_table_name(sync);
    g_autofree char *qualified =
        pg_quote_qualified(sync->schema ? sync->schema : "public", sync->table);
    const CatalogTable table = table_of_sync(sync, qualified);
    SyncMapping *mapping = sync_mapping_of(revision, sync, settings, graph, error);

    if (mapping == NULL)
        return false;
    g_ptr_array_add(mappings, mapping);
    add_shown(shown, "triggers", name, sync_install_sql(&table, mappings), 0);
    return true;
}

static void
add_derived(GPtrArray *shown, const Revision *revision, const RevisionSync *sync)
{
    g_autofree char *name = sync_table_name(sync);
    g_autofree char *quoted = sync_table_quoted(sync);
    const CatalogTable table = table_of_sync(sync, quoted);

    if (revision_section(revision, SECTION_BACKFILL, NULL) == NULL)
        add_shown(shown, section_kind_name(SECTION_BACKFILL), name,
                  with_semicolon(sync_backfill_sql(&table, sync)), 0);
    if (revision_section(revision, SECTION_VERIFY, NULL) == NULL) {
        g_autofree char *mismatch = sync_mismatch_condition(sync);
        add_shown(shown, section_kind_name(SECTION_VERIFY), name,
                  g_strdup_printf("SELECT * FROM %s\nWHERE %s;", quoted, mismatch), 0);
    }
}

/* Everything that the revision does, as written or as derived from its mappings. */
static GPtrArray *
collect(const Revision *revision, const Settings *settings, const Graph *graph, GError **error)
{
    g_autoptr(GPtrArray) shown =
        g_ptr_array_new_with_free_func((GDestroyNotify) shown_section_free);
    g_autoptr(GPtrArray) syncs = revision_syncs(revision, error);

    if (syncs == NULL)
        return NULL;
    for (guint i = 0; i < revision->sections->len; i++) {
        const Section *section = revision->sections->pdata[i];
        add_shown(shown, section_kind_name(section->kind), section->argument,
                  g_strdup(section->text), section->place.line);
    }
    for (guint i = 0; i < syncs->len; i++) {
        const RevisionSync *sync = syncs->pdata[i];
        g_autofree char *name = sync_table_name(sync);
        if (revision_section(revision, SECTION_SYNC_REVERSE, name) == NULL)
            add_shown(shown, section_kind_name(SECTION_SYNC_REVERSE), name,
                      with_semicolon(sync_mapping_text(sync->reverse)), 0);
        add_derived(shown, revision, sync);
        if (!add_triggers(shown, revision, sync, settings, graph, error))
            return NULL;
    }
    return g_steal_pointer(&shown);
}

static char *
join_parents(const Revision *revision)
{
    g_autoptr(GPtrArray) parents = g_ptr_array_new();

    for (guint i = 0; i < revision->revises->len; i++)
        g_ptr_array_add(parents, revision->revises->pdata[i]);
    g_ptr_array_add(parents, NULL);
    return g_strjoinv(", ", (char **) parents->pdata);
}

/* The marker line: `-- sluice: sync users reverse`, as in a file. */
static char *
marker(const ShownSection *section)
{
    const char *table = section->table ? section->table : "";

    if (strcmp(section->name, "triggers") == 0)
        return g_strdup_printf("-- triggers of %s", table);
    if (strcmp(section->name, section_kind_name(SECTION_SYNC_REVERSE)) == 0)
        return g_strdup_printf("-- sluice: sync %s reverse", table);
    if (strcmp(section->name, section_kind_name(SECTION_SYNC)) == 0)
        return g_strdup_printf("-- sluice: sync %s", table);
    return g_strdup_printf("-- sluice: %s", section->name);
}

static void
print_text(Output *output, const Revision *revision, const GPtrArray *shown)
{
    g_autofree char *parents = join_parents(revision);

    output_line(output, "-- Revision: %s", revision->id);
    if (*parents)
        output_line(output, "-- Revises: %s", parents);
    output_line(output, "-- Title: %s", revision->title);
    if (revision->created)
        output_line(output, "-- Created: %s", revision->created);
    output_line(output, "-- File: %s", revision->path);
    for (guint i = 0; i < shown->len; i++) {
        const ShownSection *section = shown->pdata[i];
        g_autofree char *heading = marker(section);
        output_line(output, "%s", "");
        output_heading(output, "%s%s", heading, section->line ? "" : "    (derived)");
        output_line(output, "%s", section->text);
    }
}

static json_t *
to_json(const Revision *revision, const GPtrArray *shown)
{
    json_t *parents = json_array();
    json_t *sections = json_array();

    for (guint i = 0; i < revision->revises->len; i++)
        json_array_append_new(parents, json_string(revision->revises->pdata[i]));
    for (guint i = 0; i < shown->len; i++) {
        const ShownSection *section = shown->pdata[i];
        json_t *object =
            json_pack("{s:s, s:s?, s:s, s:b}", "kind", section->name, "table", section->table,
                      "sql", section->text, "derived", section->line == 0);
        json_object_set_new(object, "line",
                            section->line ? json_integer(section->line) : json_null());
        json_array_append_new(sections, object);
    }
    return json_pack("{s:s, s:o, s:s?, s:s?, s:s, s:b, s:b, s:b, s:o}", "id", revision->id,
                     "revises", parents, "title", revision->title, "created", revision->created,
                     "path", revision->path, "has_backfill", revision_has_backfill(revision),
                     "has_cutover", revision_has_cutover(revision), "has_contract",
                     revision_has_contract(revision), "sections", sections);
}

static bool
run_show(App *app, void *options G_GNUC_UNUSED, const char *const *words, GError **error)
{
    g_autoptr(Graph) graph = graph_load(app->settings->migrations, error);
    g_autoptr(Revision) revision = NULL;
    g_autoptr(GPtrArray) shown = NULL;
    const Revision *header = NULL;

    if (graph == NULL || !target_point(graph, NULL, words[0], &header, error))
        return false;
    if (header == NULL)
        return error_set(error, ERROR_USAGE,
                         "'%s' is the state before the first revision: there "
                         "is nothing to show",
                         words[0]);
    revision = graph_read(graph, header, error);
    if (revision == NULL || !revision_check(revision, error))
        return false;
    shown = collect(revision, app->settings, graph, error);
    if (shown == NULL)
        return false;
    print_text(app->output, revision, shown);
    output_json(app->output, to_json(revision, shown));
    return true;
}

const Command command_show = {
    .group = "Revisions",
    .name = "show",
    .summary = "show a revision and every statement derived from it",
    .usage = "REV",
    .details =
        "REV is an id, the beginning of one, or `head`. What is derived from a mapping - the "
        "reverse mapping, the backfill, the verify query, the triggers - is shown as if "
        "written; writing the section overrides it. Where a table has no schema, the "
        "triggers are shown for `public`.",
    .example = "sluice show head",
    .needs = NEED_SETTINGS,
    .run = run_show,
};
