#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/graph-view.h"
#include "revision/table-sync.h"
#include "revision/target.h"
#include "sync/marker.h"
#include "sync/sync.h"
#include "sync/table.h"

typedef struct {
    bool installed;
} ShowOptions;

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
add_derived(GPtrArray *shown, const Revision *revision, const RevisionSync *sync,
            const CatalogTable *table)
{
    g_autofree char *name = sync_table_name(sync);

    if (revision_section(revision, SECTION_BACKFILL, NULL) == NULL)
        add_shown(shown, section_kind_name(SECTION_BACKFILL), name,
                  with_semicolon(sync_backfill_sql(table, sync)), 0);
    if (revision_section(revision, SECTION_VERIFY, NULL) == NULL) {
        g_autofree char *mismatch = sync_mismatch_condition(table, sync);
        add_shown(shown, section_kind_name(SECTION_VERIFY), name,
                  g_strdup_printf("SELECT * FROM %s\nWHERE %s;", table->quoted, mismatch), 0);
    }
}

/* "SELECT * FROM users AS t WHERE ..": the rows of one end that differ. */
static char *
differing(const char *schema, const char *table, char *take_mismatch)
{
    g_autofree char *mismatch = take_mismatch;
    g_autofree char *quoted = pg_quote_qualified(schema, table);

    return g_strdup_printf("SELECT * FROM %s AS t\nWHERE %s;", quoted, mismatch);
}

static void
add_route(GPtrArray *shown, const Revision *revision, const TableRoute *route)
{
    const TableDirection *direction = route->direction;
    g_autofree char *name = g_strdup_printf("%s to %s", direction->from, direction->to);

    if (!route->is_cut_over && revision_section(revision, SECTION_BACKFILL, NULL) == NULL)
        add_shown(shown, section_kind_name(SECTION_BACKFILL), name,
                  with_semicolon(table_backfill_sql(route, false)), 0);
    if (revision_section(revision, SECTION_VERIFY, NULL) == NULL) {
        add_shown(shown, section_kind_name(SECTION_VERIFY), name,
                  differing(route->from_schema, direction->from, table_source_mismatch(route)), 0);
        add_shown(shown, section_kind_name(SECTION_VERIFY), name,
                  differing(route->to_schema, direction->to, table_target_mismatch(route)), 0);
    }
    add_shown(shown, "triggers", name, table_install_sql(route), 0);
}

/* Both directions: the second one is there from the cutover on. */
static bool
add_between(GPtrArray *shown, const Revision *revision, GError **error)
{
    g_autoptr(GPtrArray) syncs = revision_table_syncs(revision, error);

    for (guint i = 0; syncs && i < syncs->len; i++) {
        const TableSync *sync = syncs->pdata[i];
        const TableDirection *const directions[] = {sync->forward, sync->reverse};

        for (guint d = 0; d < G_N_ELEMENTS(directions); d++) {
            const TableDirection *it = directions[d];

            add_route(shown, revision,
                      &(TableRoute){.revision = revision->id,
                                    .direction = it,
                                    .from_schema = it->from_schema ? it->from_schema : "public",
                                    .to_schema = it->to_schema ? it->to_schema : "public",
                                    .is_cut_over = d > 0});
        }
    }
    return syncs != NULL;
}

/* What the file's mappings will be. */
static bool
add_mappings(GPtrArray *shown, const Revision *revision, const Settings *settings,
             const Graph *graph, GError **error)
{
    g_autoptr(GPtrArray) syncs = revision_syncs(revision, error);

    for (guint i = 0; syncs && i < syncs->len; i++) {
        const RevisionSync *sync = syncs->pdata[i];
        g_autofree char *name = sync_table_name(sync);
        g_autofree char *quoted = sync_table_quoted(sync);
        const CatalogTable table = table_of_sync(sync, quoted);

        if (revision_section(revision, SECTION_SYNC_REVERSE, name) == NULL)
            add_shown(shown, section_kind_name(SECTION_SYNC_REVERSE), name,
                      with_semicolon(sync_mapping_text(sync->reverse)), 0);
        add_derived(shown, revision, sync, &table);
        if (!add_triggers(shown, revision, sync, settings, graph, error))
            return false;
    }
    return syncs != NULL && add_between(shown, revision, error);
}

/* What a mapping on one table is in the database: with its marker columns, and the names that
 * columns have now. */
static bool
add_installed_mapping(GPtrArray *shown, PgConn *conn, const LedgerMapping *row, GError **error)
{
    g_autofree char *name = g_strdup_printf("%s.%s", row->schema, row->table);
    g_autoptr(CatalogTable) table = catalog_require_table(conn, row->schema, row->table, error);
    g_autoptr(GPtrArray) markers = NULL;

    if (table == NULL || !sync_load_markers(conn, row, &markers, error))
        return false;
    if (markers->len > 0)
        add_shown(shown, "marker columns", name, sync_add_markers_sql(table, markers), 0);
    add_shown(shown, "triggers", name, g_strdup(row->installed_sql), 0);
    return true;
}

static bool
add_installed_derived(GPtrArray *shown, PgConn *conn, const Revision *revision, GError **error)
{
    g_autoptr(GPtrArray) syncs = sync_load_installed(conn, revision->id, error);

    for (guint i = 0; syncs && i < syncs->len; i++) {
        const RevisionSync *sync = syncs->pdata[i];
        g_autoptr(CatalogTable) table =
            catalog_require_table(conn, sync->schema, sync->table, error);

        if (table == NULL)
            return false;
        add_derived(shown, revision, sync, table);
    }
    return syncs != NULL;
}

/* What the database has of the revision's mappings; nothing before expand and behind contract. */
static bool
add_installed(GPtrArray *shown, PgConn *conn, const Revision *revision, GError **error)
{
    g_autoptr(GPtrArray) rows = ledger_load_mappings(conn, NULL, NULL, error);
    g_autoptr(GPtrArray) between =
        rows ? ledger_load_table_mappings(conn, revision->id, error) : NULL;

    if (between == NULL || !add_installed_derived(shown, conn, revision, error))
        return false;
    for (guint i = 0; i < rows->len; i++) {
        const LedgerMapping *row = rows->pdata[i];

        if (strcmp(row->revision, revision->id) == 0 &&
            !add_installed_mapping(shown, conn, row, error))
            return false;
    }
    for (guint i = 0; i < between->len; i++) {
        const LedgerTableMapping *row = between->pdata[i];
        g_autofree char *name = row->is_cut_over
                                    ? g_strdup_printf("%s to %s", row->new_table, row->old_table)
                                    : g_strdup_printf("%s to %s", row->old_table, row->new_table);

        add_shown(shown, "triggers", name, g_strdup(row->installed_sql), 0);
    }
    return true;
}

/* Everything that the revision does, as written or as derived from its mappings; with @conn as they
 * are installed. */
static GPtrArray *
collect(const Revision *revision, const Settings *settings, const Graph *graph, PgConn *conn,
        GError **error)
{
    g_autoptr(GPtrArray) shown =
        g_ptr_array_new_with_free_func((GDestroyNotify) shown_section_free);

    for (guint i = 0; i < revision->sections->len; i++) {
        const Section *section = revision->sections->pdata[i];
        add_shown(shown, section_kind_name(section->kind), section->argument,
                  g_strdup(section->text), section->place.line);
    }
    if (conn ? !add_installed(shown, conn, revision, error)
             : !add_mappings(shown, revision, settings, graph, error))
        return NULL;
    return g_steal_pointer(&shown);
}

/* The marker line: `-- sluice: sync users reverse`, as in a file. */
static char *
marker(const ShownSection *section)
{
    const char *table = section->table ? section->table : "";

    if (strcmp(section->name, "triggers") == 0 || strcmp(section->name, "marker columns") == 0)
        return g_strdup_printf("-- %s of %s", section->name, table);
    if (strcmp(section->name, section_kind_name(SECTION_SYNC_REVERSE)) == 0)
        return g_strdup_printf("-- sluice: sync %s reverse", table);
    if (strcmp(section->name, section_kind_name(SECTION_SYNC)) == 0)
        return g_strdup_printf("-- sluice: sync %s", table);
    if (strcmp(section->name, section_kind_name(SECTION_SYNC_TO)) == 0)
        return g_strdup_printf("-- sluice: sync %s", table);
    return g_strdup_printf("-- sluice: %s", section->name);
}

static void
print_sections(Output *output, const GPtrArray *shown, bool installed)
{
    for (guint i = 0; i < shown->len; i++) {
        const ShownSection *section = shown->pdata[i];
        g_autofree char *heading = marker(section);
        output_line(output, "%s", "");
        output_heading(output, "%s%s", heading,
                       section->line ? ""
                       : installed   ? "    (installed)"
                                     : "    (derived)");
        output_line(output, "%s", section->text);
    }
}

static json_t *
to_json(const GraphView *view, const Revision *header, const Revision *revision,
        const GPtrArray *shown)
{
    json_t *object = graph_view_json(view, header);
    json_t *sections = json_array();

    for (guint i = 0; i < shown->len; i++) {
        const ShownSection *section = shown->pdata[i];
        json_t *entry =
            json_pack("{s:s, s:s?, s:s, s:b}", "kind", section->name, "table", section->table,
                      "sql", section->text, "derived", section->line == 0);
        json_object_set_new(entry, "line",
                            section->line ? json_integer(section->line) : json_null());
        json_array_append_new(sections, entry);
    }
    json_object_set_new(object, "has_backfill", json_boolean(revision_has_backfill(revision)));
    json_object_set_new(object, "has_cutover", json_boolean(revision_has_cutover(revision)));
    json_object_set_new(object, "has_contract", json_boolean(revision_has_contract(revision)));
    json_object_set_new(object, "sections", sections);
    return object;
}

/* What @words name, each once. Element-type const Revision *. */
static GPtrArray *
find_all(const GraphView *view, const char *const *words, GError **error)
{
    g_autoptr(RevisionSet) wanted = revision_set_new(view->graph);

    for (; *words; words++) {
        g_autoptr(GPtrArray) points = target_points(view->graph, view->applied, *words, error);

        if (points == NULL)
            return NULL;
        for (guint i = 0; i < points->len; i++)
            revision_set_add(wanted, points->pdata[i]);
    }
    return revision_set_list(wanted);
}

static json_t *
show(const App *app, const GraphView *view, const Revision *header, PgConn *conn, GError **error)
{
    g_autoptr(Revision) revision = graph_read(view->graph, header, error);
    g_autoptr(GPtrArray) shown = NULL;

    if (revision == NULL || !revision_check(revision, error))
        return NULL;
    shown = collect(revision, app->settings, view->graph, conn, error);
    if (shown == NULL)
        return NULL;
    graph_view_print_header(view, app->output, header, app->verbose);
    print_sections(app->output, shown, conn != NULL);
    return to_json(view, header, revision, shown);
}

static bool
asks_database(const char *const *words)
{
    while (*words && !target_needs_database(*words))
        words++;
    return *words != NULL;
}

static PgConn *
connect_to_look(const App *app, GError **error)
{
    const char *url = settings_require_database(app->settings, error);
    const PgConnOptions options = {.purpose = "show",
                                   .schema = app->settings->database_schema,
                                   .allow_standby = true,
                                   .allow_pooler = true};

    return url ? pg_connect(url, &options, error) : NULL;
}

static bool
run_show(App *app, void *data, const char *const *words, GError **error)
{
    const ShowOptions *options = data;
    g_auto(GraphView) view = {0};
    g_autoptr(PgConn) conn = NULL;
    g_autoptr(GPtrArray) revisions = NULL;
    g_autoptr(json_t) list = json_array();

    if (!graph_view_open(&view, app, asks_database(words), error))
        return false;
    if (options->installed) {
        conn = connect_to_look(app, error);
        if (conn == NULL)
            return false;
    }
    revisions = find_all(&view, words, error);
    if (revisions == NULL)
        return false;
    if (revisions->len == 0)
        return error_set(error, ERROR_USAGE,
                         "'%s' is the state before the first revision: there is nothing to show",
                         words[0]);
    for (guint i = 0; i < revisions->len; i++) {
        json_t *object;

        if (i > 0)
            output_line(app->output, "%s", "");
        object = show(app, &view, revisions->pdata[i], conn, error);
        if (object == NULL)
            return false;
        json_array_append_new(list, object);
    }
    output_json(app->output, revisions->len == 1 ? json_incref(json_array_get(list, 0))
                                                 : g_steal_pointer(&list));
    return true;
}

const Command command_show = {
    .group = "Revisions",
    .name = "show",
    .summary = "show a revision and every statement derived from it",
    .usage = "REV...",
    .details =
        "REV is an id, the beginning of one, a branch label, `head`, `heads`, `shop@head`, "
        "`current` (what the database has): see docs/revisions.md. Of several, JSON is a list; of "
        "one, its object. With -v, who revises and requires it too. What is derived from a mapping "
        "- the "
        "reverse mapping, the backfill, the verify query, the triggers - is shown as if "
        "written; writing the section overrides it. Where a table has no schema, the "
        "triggers are shown for `public`. With --installed the database is asked instead: the "
        "triggers as they are, marker columns, and the names that columns have now; nothing "
        "before expand and after contract.",
    .example = "sluice show head\nsluice show current -v\nsluice show 3f2a --installed",
    .args =
        (const ArgSpec[]){{"installed", 0, ARG_FLAG, offsetof(ShowOptions, installed), NULL,
                           "what the database has of its mappings, not what the file will make"},
                          {NULL}},
    .args_size = sizeof(ShowOptions),
    .needs = NEED_SETTINGS,
    .run = run_show,
};
