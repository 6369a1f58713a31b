#include "cli/terminal.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/json.h"
#include "base/text.h"

enum { REDRAW_MS = 100, REPEAT_MS = 5000, BAR_CELLS = 20, DEFAULT_COLUMNS = 80 };

struct Terminal {
    TerminalOptions options;
    Report report;
    GMutex mutex;
    gint64 started_ms;
    gint64 progress_ms; /* when the last one was shown; -1: never */
    bool progress_stands;
};

static const char *const kind_names[] = {
    [REPORT_STEP] = "step",
    [REPORT_WAIT] = "wait",
    [REPORT_DETAIL] = "detail",
    [REPORT_WARNING] = "warning",
};

static gint64
elapsed_ms(const Terminal *terminal)
{
    return clock_now_ms(terminal->options.clock) - terminal->started_ms;
}

static void
clear_progress(Terminal *terminal)
{
    if (terminal->progress_stands)
        fputs("\r\033[K", terminal->options.stream);
    terminal->progress_stands = false;
}

static void
print_json(Terminal *terminal, json_t *take_object)
{
    g_autoptr(json_t) object = take_object;

    json_object_set_new(object, "elapsed_ms", json_integer(elapsed_ms(terminal)));
    json_dumpf(object, terminal->options.stream, JSON_COMPACT);
    fputc('\n', terminal->options.stream);
    fflush(terminal->options.stream);
}

static json_t *
line_to_json(ReportKind kind, const char *text, json_t *data)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    json_t *object = json_pack("{s:s, s:s}", "kind", kind_names[kind], "text", valid);

    if (data)
        json_object_set(object, "data", data);
    return object;
}

static void
print_line(Terminal *terminal, ReportKind kind, const char *text)
{
    static const char *const colours[] = {[REPORT_STEP] = "",
                                          [REPORT_WAIT] = "\033[33m",
                                          [REPORT_DETAIL] = "\033[2m",
                                          [REPORT_WARNING] = "\033[1;33m"};
    static const char *const prefixes[] = {[REPORT_STEP] = "",
                                           [REPORT_WAIT] = "  ... ",
                                           [REPORT_DETAIL] = "      ",
                                           [REPORT_WARNING] = "warning: "};
    const bool coloured = terminal->options.colour && *colours[kind];
    g_autofree char *elapsed = text_format_duration_ms(elapsed_ms(terminal));
    g_autofree char *shown = text_printable(text);

    clear_progress(terminal);
    fprintf(terminal->options.stream, "%8s  %s%s%s%s\n", elapsed, coloured ? colours[kind] : "",
            prefixes[kind], shown, coloured ? "\033[0m" : "");
    fflush(terminal->options.stream);
}

static void
on_line(void *sink, ReportKind kind, const char *text, json_t *data)
{
    Terminal *terminal = sink;

    if (kind == REPORT_DETAIL && !terminal->options.verbose)
        return;
    g_mutex_lock(&terminal->mutex);
    if (terminal->options.json)
        print_json(terminal, line_to_json(kind, text, data));
    else
        print_line(terminal, kind, text);
    g_mutex_unlock(&terminal->mutex);
}

static json_t *
progress_to_json(const ReportProgress *progress)
{
    g_autofree char *note = progress->note ? g_utf8_make_valid(progress->note, -1) : NULL;
    json_t *object = json_pack("{s:s, s:s, s:I, s:s?}", "kind", "progress", "what", progress->what,
                               "done", (json_int_t) progress->done, "note", note);

    json_object_set_new(object, "total",
                        progress->total < 0 ? json_null() : json_integer(progress->total));
    json_object_set_new(object, "per_second",
                        progress->per_second < 0 ? json_null() : json_real(progress->per_second));
    json_object_set_new(object, "eta_ms",
                        progress->eta_ms < 0 ? json_null() : json_integer(progress->eta_ms));
    if (progress->data)
        json_object_update_missing(object, (json_t *) (guintptr) progress->data);
    return object;
}

static void
append_bar(GString *line, double share)
{
    const int full = (int) (share * BAR_CELLS);

    g_string_append(line, "  [");
    for (int i = 0; i < BAR_CELLS; i++)
        g_string_append_c(line, i < full ? '#' : '.');
    g_string_append_c(line, ']');
}

static char *
progress_to_text(const ReportProgress *progress, bool bar)
{
    GString *line = g_string_new(progress->what);
    g_autofree char *done = text_format_count(progress->done);

    if (progress->total > 0) {
        const double share = CLAMP((double) progress->done / (double) progress->total, 0, 1);
        g_autofree char *total = text_format_count(progress->total);
        if (bar)
            append_bar(line, share);
        g_string_append_printf(line, "  %d%%  %s of %s", (int) (share * 100), done, total);
    } else {
        g_string_append_printf(line, "  %s", done);
    }
    if (progress->per_second >= 0) {
        g_autofree char *speed = text_format_count((gint64) progress->per_second);
        g_string_append_printf(line, "  %s/s", speed);
    }
    if (progress->eta_ms >= 0) {
        g_autofree char *eta = text_format_duration_ms(progress->eta_ms);
        g_string_append_printf(line, "  %s left", eta);
    }
    if (progress->note)
        g_string_append_printf(line, "  (%s)", progress->note);
    if (progress->detail)
        g_string_append_printf(line, "  %s", progress->detail);
    return g_string_free(line, FALSE);
}

static size_t
terminal_columns(FILE *stream)
{
    struct winsize size;

    if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return DEFAULT_COLUMNS;
}

/* One line that does not wrap: a wrapped one could not be cleared. */
static void
draw_progress(Terminal *terminal, const ReportProgress *progress)
{
    g_autofree char *text = progress_to_text(progress, true);
    g_autofree char *valid = text_printable(text);
    const size_t columns = terminal_columns(terminal->options.stream) - 1;
    g_autofree char *cut =
        g_utf8_substring(valid, 0, (glong) MIN(columns, (size_t) g_utf8_strlen(valid, -1)));

    fprintf(terminal->options.stream, "\r\033[K%s", cut);
    fflush(terminal->options.stream);
    terminal->progress_stands = true;
}

static void
on_progress(void *sink, const ReportProgress *progress)
{
    Terminal *terminal = sink;
    const bool redraw = terminal->options.redraw && !terminal->options.json;
    const gint64 now = elapsed_ms(terminal);

    g_mutex_lock(&terminal->mutex);
    if (progress == NULL) {
        clear_progress(terminal);
        fflush(terminal->options.stream);
    } else if (terminal->progress_ms < 0 ||
               now - terminal->progress_ms >= (redraw ? REDRAW_MS : REPEAT_MS)) {
        terminal->progress_ms = now;
        if (terminal->options.json) {
            print_json(terminal, progress_to_json(progress));
        } else if (redraw) {
            draw_progress(terminal, progress);
        } else {
            g_autofree char *text = progress_to_text(progress, false);
            print_line(terminal, REPORT_STEP, text);
        }
    }
    g_mutex_unlock(&terminal->mutex);
}

Terminal *
terminal_new(const TerminalOptions *options)
{
    Terminal *terminal = g_new0(Terminal, 1);

    terminal->options = *options;
    terminal->report = (Report){.line = on_line, .progress = on_progress, .sink = terminal};
    terminal->started_ms = clock_now_ms(options->clock);
    terminal->progress_ms = -1;
    g_mutex_init(&terminal->mutex);
    return terminal;
}

void
terminal_free(Terminal *terminal)
{
    if (terminal == NULL)
        return;
    clear_progress(terminal);
    fflush(terminal->options.stream);
    g_mutex_clear(&terminal->mutex);
    g_free(terminal);
}

const Report *
terminal_report(const Terminal *terminal)
{
    return &terminal->report;
}
