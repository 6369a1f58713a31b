#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cli/terminal.h"

/* A terminal that writes into memory, and a clock that stands until it is moved. */
typedef struct {
    gint64 now_us;
    Clock clock;
    FILE *stream;
    char *text;
    size_t length;
    Terminal *terminal;
} Fixture;

static gint64
fixture_monotonic_us(void *data)
{
    return ((Fixture *) data)->now_us;
}

static void
fixture_open(Fixture *fixture, TerminalOptions options)
{
    fixture->now_us = 5000000;
    fixture->clock = (Clock){.monotonic_us = fixture_monotonic_us, .data = fixture};
    fixture->stream = open_memstream(&fixture->text, &fixture->length);
    options.stream = fixture->stream;
    options.clock = &fixture->clock;
    fixture->terminal = terminal_new(&options);
}

static const Report *
fixture_report(const Fixture *fixture)
{
    return terminal_report(fixture->terminal);
}

static void
fixture_clear(Fixture *fixture)
{
    terminal_free(fixture->terminal);
    fclose(fixture->stream);
    free(fixture->text);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Fixture, fixture_clear)

static void
test_lines(void)
{
    g_auto(Fixture) fixture = {0};

    fixture_open(&fixture, (TerminalOptions){0});
    report_step(fixture_report(&fixture), "expand %s", "a");
    fixture.now_us += 1500000;
    report_wait(fixture_report(&fixture), "waits for pid 7");
    report_detail(fixture_report(&fixture), "not without -v");
    report_warning(fixture_report(&fixture), "odd");
    g_assert_cmpstr(fixture.text, ==,
                    "     0ms  expand a\n"
                    "    1.5s    ... waits for pid 7\n"
                    "    1.5s  warning: odd\n");
}

static ReportProgress
progress_of(gint64 done)
{
    return (ReportProgress){.what = "backfill users",
                            .done = done,
                            .total = 300000,
                            .per_second = 12345,
                            .eta_ms = 13000,
                            .note = NULL};
}

/* In a log: a line every few seconds, not one a call. */
static void
test_progress_in_a_log(void)
{
    g_auto(Fixture) fixture = {0};

    fixture_open(&fixture, (TerminalOptions){0});
    for (int i = 0; i < 60; i++) {
        const ReportProgress progress = progress_of(i * 5000);
        report_progress(fixture_report(&fixture), &progress);
        fixture.now_us += 100000;
    }
    g_assert_cmpstr(fixture.text, ==,
                    "     0ms  backfill users  0%  0 of 300,000  12,345/s  13.0s left\n"
                    "    5.0s  backfill users  83%  250,000 of 300,000  12,345/s  13.0s left\n");
}

static void
test_progress_is_redrawn(void)
{
    g_auto(Fixture) fixture = {0};
    const ReportProgress progress = progress_of(150000);

    fixture_open(&fixture, (TerminalOptions){.redraw = true});
    report_progress(fixture_report(&fixture), &progress);
    report_step(fixture_report(&fixture), "done");
    g_assert_cmpstr(fixture.text, ==,
                    "\r\033[Kbackfill users  [##########..........]  50%  150,000 of 300,000  "
                    "12,345/s  13.0"
                    "\r\033[K     0ms  done\n");
}

/* What comes next may be printed by somebody else, on the same line. */
static void
test_progress_ends(void)
{
    g_auto(Fixture) fixture = {0};
    ReportProgress progress = {.what = "x", .done = 1, .total = -1, .per_second = -1, .eta_ms = -1};

    progress.note = "waits";
    progress.detail = "HOT 71 %";
    fixture_open(&fixture, (TerminalOptions){.redraw = true});
    report_progress_end(fixture_report(&fixture));
    report_progress(fixture_report(&fixture), &progress);
    report_progress_end(fixture_report(&fixture));
    g_assert_cmpstr(fixture.text, ==, "\r\033[Kx  1  (waits)  HOT 71 %\r\033[K");
}

static void
test_json(void)
{
    g_auto(Fixture) fixture = {0};
    g_autoptr(json_t) facts = json_pack("{s:i, s:s}", "pass", 2, "what", "another");
    const ReportProgress progress = {"x", 1, -1, -1, -1, "note", .data = facts};
    const char *kind, *text, *what;
    int n, done;

    fixture_open(&fixture, (TerminalOptions){.json = true, .redraw = true, .colour = true});
    report_data(fixture_report(&fixture), REPORT_STEP, json_pack("{s:i}", "n", 1), "a \xff");
    report_progress(fixture_report(&fixture), &progress);
    g_auto(GStrv) lines = g_strsplit(fixture.text, "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), ==, 3);
    g_autoptr(json_t) line = json_loads(lines[0], 0, NULL);
    g_autoptr(json_t) second = json_loads(lines[1], 0, NULL);
    g_assert_cmpint(
        json_unpack(line, "{s:s, s:s, s:{s:i}}", "kind", &kind, "text", &text, "data", "n", &n), ==,
        0);
    g_assert_cmpstr(kind, ==, "step");
    g_assert_cmpstr(text, ==, "a \xef\xbf\xbd");
    g_assert_cmpint(json_unpack(second, "{s:s, s:i}", "what", &what, "done", &done), ==, 0);
    g_assert_true(json_is_null(json_object_get(second, "total")));
    g_assert_cmpstr(what, ==, "x");
    g_assert_cmpint(json_integer_value(json_object_get(second, "pass")), ==, 2);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/terminal/lines", test_lines);
    g_test_add_func("/terminal/progress-in-a-log", test_progress_in_a_log);
    g_test_add_func("/terminal/progress-is-redrawn", test_progress_is_redrawn);
    g_test_add_func("/terminal/progress-ends", test_progress_ends);
    g_test_add_func("/terminal/json", test_json);
    return g_test_run();
}
