#include "cli/graph-view.h"

#include "migrate/migrate.h"

void
graph_view_set_applied(GraphView *view, const LedgerRevisions *rows)
{
    view->applied = integrity_applied(view->graph, rows, STATE_EXPANDED);
    view->current = revision_set_heads(view->applied, EDGE_ALL);
}

static bool
ask(GraphView *view, const App *app, GError **error)
{
    const char *url = settings_require_database(app->settings, error);
    const PgConnOptions options = {.purpose = "history",
                                   .schema = app->settings->database_schema,
                                   .allow_standby = true,
                                   .allow_pooler = true};
    g_autoptr(PgConn) conn = url ? pg_connect(url, &options, error) : NULL;
    g_autoptr(LedgerRevisions) rows = conn ? ledger_load_states(conn, error) : NULL;

    if (rows == NULL)
        return false;
    graph_view_set_applied(view, rows);
    return true;
}

bool
graph_view_open(GraphView *view, const App *app, bool ask_database, GError **error)
{
    g_autoptr(RevisionSet) all = NULL;

    *view = (GraphView){.graph = graph_load(app->settings->migrations, error)};
    if (view->graph == NULL)
        return false;
    all = revision_set_new(view->graph);
    for (guint i = 0; i < graph_count(view->graph); i++)
        revision_set_add(all, graph_get(view->graph, i));
    view->heads = revision_set_heads(all, EDGE_REVISES);
    view->effective = revision_set_heads(all, EDGE_ALL);
    return !ask_database || ask(view, app, error);
}

void
graph_view_clear(GraphView *view)
{
    revision_set_free(view->heads);
    revision_set_free(view->effective);
    revision_set_free(view->applied);
    revision_set_free(view->current);
    graph_free(view->graph);
    *view = (GraphView){0};
}

static char *
join(const GPtrArray *words)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < words->len; i++)
        g_string_append_printf(text, "%s%s", i ? ", " : "", (const char *) words->pdata[i]);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

char *
graph_view_revises(const Revision *revision)
{
    return join(revision->revises);
}

char *
graph_view_requires(const Revision *revision)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < revision->requires->len; i++) {
        const Requirement *requirement = g_ptr_array_index(revision->requires, i);

        g_string_append_printf(text, "%s%s", i ? ", " : "", requirement->id);
        if (requirement->state != STATE_CONTRACTED)
            g_string_append_printf(text, " %s", revision_state_name(requirement->state));
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

char *
graph_view_ids(const GPtrArray *list)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < list->len; i++)
        g_string_append_printf(text, "%s%s", i ? ", " : "",
                               ((const Revision *) list->pdata[i])->id);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static bool
is_branch_point(const GraphView *view, const Revision *revision)
{
    g_autoptr(GPtrArray) children = graph_children(view->graph, revision);

    return children->len > 1;
}

char *
graph_view_marks(const GraphView *view, const Revision *revision)
{
    g_autoptr(GString) marks = g_string_new(NULL);
    const bool is_head = revision_set_has(view->heads, revision);

    for (guint i = 0; i < revision->labels->len; i++)
        g_string_append_printf(marks, " (%s)", (const char *) revision->labels->pdata[i]);
    if (is_head && revision_set_has(view->effective, revision)) {
        g_string_append(marks, " (head)");
    } else if (is_head) {
        g_autoptr(GPtrArray) requirers = graph_requirers(view->graph, revision);
        g_autofree char *ids = graph_view_ids(requirers);
        g_string_append_printf(marks, " (head, required by %s)", ids);
    }
    if (is_branch_point(view, revision))
        g_string_append(marks, " (branch point)");
    if (revision->revises->len > 1)
        g_string_append(marks, " (merge)");
    if (view->current && revision_set_has(view->current, revision))
        g_string_append(marks, " (current)");
    return g_string_free(g_steal_pointer(&marks), FALSE);
}

static void
print_field(Output *output, const char *name, const char *value)
{
    if (value && *value)
        output_line(output, "-- %s: %s", name, value);
}

void
graph_view_print_header(const GraphView *view, Output *output, const Revision *revision,
                        bool verbose)
{
    g_autofree char *parents = join(revision->revises), *labels = join(revision->labels);
    g_autoptr(GPtrArray) children = graph_children(view->graph, revision);
    g_autoptr(GPtrArray) requirers = graph_requirers(view->graph, revision);
    g_autofree char *below = graph_view_ids(children), *after = graph_view_ids(requirers);

    print_field(output, "Revision", revision->id);
    print_field(output, "Revises", parents);
    for (guint i = 0; i < revision->requires->len; i++) {
        const Requirement *requirement = g_ptr_array_index(revision->requires, i);
        output_line(output, "-- Requires: %s %s", requirement->id,
                    revision_state_name(requirement->state));
    }
    print_field(output, "Branch", labels);
    print_field(output, "Title", revision->title);
    print_field(output, "Created", revision->created);
    print_field(output, "File", revision->path);
    if (!verbose)
        return;
    print_field(output, "Revised by", below);
    print_field(output, "Required by", after);
    if (view->applied)
        print_field(output, "In the database",
                    revision_set_has(view->applied, revision) ? "yes" : "no");
}

static json_t *
words_json(const GPtrArray *words)
{
    json_t *list = json_array();

    for (guint i = 0; i < words->len; i++)
        json_array_append_new(list, json_string(words->pdata[i]));
    return list;
}

static json_t *
requires_json(const Revision *revision)
{
    json_t *list = json_array();

    for (guint i = 0; i < revision->requires->len; i++) {
        const Requirement *requirement = g_ptr_array_index(revision->requires, i);
        json_array_append_new(list, json_pack("{s:s, s:s}", "id", requirement->id, "state",
                                              revision_state_name(requirement->state)));
    }
    return list;
}

json_t *
graph_view_json(const GraphView *view, const Revision *revision)
{
    json_t *object =
        json_pack("{s:s, s:o, s:o, s:o, s:s, s:s?, s:s}", "id", revision->id, "revises",
                  words_json(revision->revises), "requires", requires_json(revision), "labels",
                  words_json(revision->labels), "title", revision->title, "created",
                  revision->created, "path", revision->path);

    json_object_set_new(object, "head", json_boolean(revision_set_has(view->heads, revision)));
    json_object_set_new(object, "effective_head",
                        json_boolean(revision_set_has(view->effective, revision)));
    json_object_set_new(object, "branch_point", json_boolean(is_branch_point(view, revision)));
    json_object_set_new(object, "merge", json_boolean(revision->revises->len > 1));
    if (view->applied) {
        json_object_set_new(object, "applied",
                            json_boolean(revision_set_has(view->applied, revision)));
        json_object_set_new(object, "current",
                            json_boolean(revision_set_has(view->current, revision)));
    }
    return object;
}
