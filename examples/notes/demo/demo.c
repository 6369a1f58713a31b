/*
 * demo - one schema change carried from its file to contract, under live traffic.
 *
 *   demo                the road with sluice; exit status 0 only if every bar held
 *   demo --naive        the same change the usual way: what goes wrong
 *   demo --crash        sluice is killed in every step, PostgreSQL once
 *   demo --abort        aborted at half of the traffic, resumed, finished
 */
#include <glib.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>

#include "base/error.h"
#include "base/stop.h"
#include "demo/play.h"
#include "demo/report.h"

typedef struct {
    gboolean naive, crash, abort;
    int seed;
    char *folder, *sluice;
} Options;

static void
options_clear(Options *options)
{
    g_free(options->folder);
    g_free(options->sluice);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

static bool
parse_options(int argc, char **argv, Options *options)
{
    g_autoptr(GOptionContext) context = g_option_context_new("- sluice under live traffic");
    g_autoptr(GError) error = NULL;
    const GOptionEntry entries[] = {
        {"naive", 0, 0, G_OPTION_ARG_NONE, &options->naive, "The usual way, without sluice", NULL},
        {"crash", 0, 0, G_OPTION_ARG_NONE, &options->crash, "Kill sluice and PostgreSQL", NULL},
        {"abort", 0, 0, G_OPTION_ARG_NONE, &options->abort, "Abort at weight 50, resume", NULL},
        {"seed", 0, 0, G_OPTION_ARG_INT, &options->seed, "Of --crash's moments (random)", "N"},
        {"folder", 0, 0, G_OPTION_ARG_FILENAME, &options->folder, "Logs, report (build/demo)",
         "DIR"},
        {"sluice", 0, 0, G_OPTION_ARG_FILENAME, &options->sluice, "Another build of it", "PROGRAM"},
        G_OPTION_ENTRY_NULL};

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        g_printerr("demo: %s\n", error->message);
        return false;
    }
    if (options->naive + options->crash + options->abort <= 1)
        return true;
    g_printerr("demo: one of --naive, --crash, --abort at a time\n");
    return false;
}

static bool
play(const Options *options, Stage *stage, bool *ret_held, GError **error)
{
    const PlayKind kind = options->crash ? PLAY_CRASH : options->abort ? PLAY_ABORT : PLAY_PLAIN;
    const gint32 seed = options->seed ? options->seed : g_random_int_range(1, 10000);
    g_autofree char *path = g_build_filename(stage->folder, "report.json", NULL);
    Findings findings = {0};
    bool done;

    if (options->naive) {
        done =
            play_naive(stage, &findings, error) && report_naive(&findings, path, ret_held, error);
    } else {
        if (options->crash)
            timeline_say(stage->timeline, "demo", "the moments of the crashes: --seed %d", seed);
        done = play_rollout(stage, kind, (guint32) seed, &findings, error) &&
               report_rollout(&findings, kind, path, ret_held, error);
    }
    json_decref(findings.load);
    return done;
}

/* What it sets up it stops, also after Ctrl-C. */
static bool
run(const Options *options, bool *ret_held, GError **error)
{
    const char *folder = options->folder ? options->folder : "build/demo";
    g_autoptr(Timeline) timeline = timeline_new();
    g_autoptr(Stage) stage = stage_new(timeline, folder, options->sluice, error);
    const bool done = stage && stage_set(stage, error) && play(options, stage, ret_held, error);

    stop_obeyed();
    return done;
}

int
main(int argc, char **argv)
{
    g_auto(Options) options = {0};
    g_autoptr(GError) error = NULL;
    bool held = false;

    setlocale(LC_CTYPE, "");
    if (!parse_options(argc, argv, &options))
        return ERROR_USAGE;
    signal(SIGPIPE, SIG_IGN);
    stop_install();
    if (!run(&options, &held, &error)) {
        fprintf(stderr, "demo: %s\n", error->message);
        return error->code == ERROR_INTERRUPTED ? ERROR_INTERRUPTED : 1;
    }
    if (options.naive)
        printf("\n  %s\n", held ? "It fails as it should." : "It did NOT show any harm.");
    else
        printf("\n  %s\n", held ? "Every bar held." : "NOT every bar held.");
    return held ? 0 : ERROR_CHECK;
}
