#include "cli/migrate-output.h"

#include <string.h>

void
migrate_output_end(MigrateOutput *output)
{
    if (output->is_empty && json_array_size(output->list) == output->headings)
        output_line(output->app->output, "-- no statement; the ledger's rows alone");
    output->is_empty = false;
}

static void
show_heading(gpointer data, const Revision *revision, const char *phase)
{
    MigrateOutput *output = data;

    if (!output->dry_run)
        return;
    migrate_output_end(output);
    output_line(output->app->output, "-- %s %s: %s", phase, revision->id, revision->title);
    output->is_empty = true;
    output->headings = json_array_size(output->list);
}

static void
show_reached(gpointer data, const Revision *revision, RevisionState state, gint64 took_ms)
{
    MigrateOutput *output = data;
    const char *name = state == STATE_PENDING ? "downgraded" : revision_state_name(state);

    output_line(output->app->output, "%s %s %s (%" G_GINT64_FORMAT " ms)", name, revision->id,
                revision->title, took_ms);
    json_array_append_new(output->list,
                          json_pack("{s:s, s:s, s:s, s:I}", "revision", revision->id, "title",
                                    revision->title, "state", name, "ms", (json_int_t) took_ms));
}

static void
print_line(void *data, ReportKind kind, const char *text, json_t *facts)
{
    const MigrateOutput *output = data;

    if (kind == REPORT_DETAIL)
        return;
    output_line(output->app->output, kind == REPORT_WARNING ? "-- warning: %s" : "%s", text);
    if (facts)
        json_array_append(output->list, facts);
}

static void
ignore_progress(void *data G_GNUC_UNUSED, const ReportProgress *progress G_GNUC_UNUSED)
{
}

void
migrate_output_init(MigrateOutput *output, App *app, MigrateContext *context)
{
    *output = (MigrateOutput){.app = app, .dry_run = context->apply.dry_run, .list = json_array()};
    output->report = (Report){.line = print_line, .progress = ignore_progress, .sink = output};
    if (output->dry_run)
        context->apply.report = &output->report;
    context->on_begin = show_heading;
    context->on_reached = show_reached;
    context->data = output;
}

void
migrate_output_clear(MigrateOutput *output)
{
    g_clear_pointer(&output->list, json_decref);
}

bool
migrate_output_script(App *app, const char *range, const char *phases,
                      char *(*make)(const ScriptOptions *options, GError **error), GError **error)
{
    g_autoptr(Graph) graph = graph_load(app->settings->migrations, error);
    ScriptOptions options = {
        .settings = app->settings,
        .clock = app->clock,
        .graph = graph,
        .word = range,
    };
    g_autofree char *script = NULL;

    if (graph == NULL || !script_parse_phases(phases, &options.first, &options.last, error))
        return false;
    script = make(&options, error);
    if (script == NULL)
        return false;
    output_text(app->output, script);
    output_json(app->output, json_pack("{s:s, s:s}", "range", range, "sql", script));
    return true;
}
