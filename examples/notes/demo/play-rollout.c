#include <signal.h>
#include <string.h>

#include "base/error.h"
#include "demo/bystanders.h"
#include "demo/database.h"
#include "demo/db.h"
#include "demo/havoc.h"
#include "demo/loader.h"
#include "demo/people.h"
#include "demo/play.h"
#include "demo/proxy.h"
#include "demo/tool.h"

enum {
    LOOK_US = 10 * 1000,
    LOOK_CLOSELY_US = 2 * 1000, /* CRASH: to be there while a short step lasts */
    BEFORE_US = 5 * 1000 * 1000,
    AFTER_US = 3 * 1000 * 1000,
    ABORTED_US = 5 * 1000 * 1000,
    ABORT_AFTER_US = 2 * 1000 * 1000,
    DOWN_US = 700 * 1000,
    KILLED = 128 + SIGKILL,
    STATUS_CONNECTION = ERROR_CONNECTION,
    STATUS_STATE = ERROR_STATE,
};

static const int ABORT_WEIGHT = 50;

typedef struct {
    Stage *stage;
    PlayKind kind;
    Findings *findings;
    Loader *loader;
    Child *sluice;
    Watch *watch;
    RolloutView view;   /* the newest */
    int shown_step;     /* ordinal that the load was told last */
    char last_step[32]; /* name of the step that ran last */
    People people;
    Havoc havoc;
    gint64 weight_reached; /* us: traffic is at ABORT_WEIGHT; 0: not yet */
} Play;

static bool
start_sluice(Play *play, GError **error)
{
    const char *const words[] = {"rollout", "run", NULL};

    timeline_say(play->stage->timeline, "demo", "$ sluice rollout run");
    play->sluice = tool_start(play->stage, "sluice", words, error);
    return play->sluice != NULL;
}

/* Forgets a sluice that has ended. */
static void
bury_sluice(Play *play)
{
    play->findings->sluice_rss_mb =
        MAX(play->findings->sluice_rss_mb, child_max_rss_mb(play->sluice));
    g_clear_pointer(&play->sluice, child_free);
}

/* A weight and its analysis are one step to the load: the share of the traffic is what counts, and
 * setting it takes no time. Caller owns. */
static char *
load_step(const RolloutView *view)
{
    static const char analysis[] = "analysis-";

    if (!g_str_has_prefix(view->name, analysis))
        return g_strdup(view->name);
    return g_strconcat("weight-", view->name + strlen(analysis), NULL);
}

/* Tells the load in which step we are; after the backfill the table is measured. */
static bool
follow_step(Play *play, GError **error)
{
    Findings *findings = play->findings;
    g_autofree char *name = NULL;

    if (play->view.step < 0 || play->view.step == play->shown_step)
        return true;
    g_strlcpy(play->last_step, play->view.name, sizeof play->last_step);
    name = load_step(&play->view);
    play->shown_step = play->view.step;
    loader_begin_step(play->loader, name);
    if (g_str_has_prefix(name, "weight-") && findings->size_after == 0)
        return database_size_of_users(play->stage, &findings->size_after, error);
    return true;
}

static bool
kill_sluice(Play *play, GError **error)
{
    child_signal(play->sluice, SIGKILL);
    child_wait(play->sluice, G_MAXINT, NULL);
    timeline_say(play->stage->timeline, "demo", "KILLED sluice in step %s%s", play->last_step,
                 play->view.step < 0 ? ", at its end" : "");
    play->findings->kills++;
    bury_sluice(play);
    return start_sluice(play, error);
}

static bool
crash_database(Play *play, GError **error)
{
    timeline_say(play->stage->timeline, "demo", "CRASHED PostgreSQL in step %s", play->last_step);
    loader_database_down(play->loader);
    play->findings->database_crashes++;
    if (!stage_crash_database(play->stage, error))
        return false;
    g_usleep(DOWN_US);
    if (!stage_restart_database(play->stage, error) || !stage_wait_instances(play->stage, error))
        return false;
    loader_database_up(play->loader);
    timeline_say(play->stage->timeline, "demo", "PostgreSQL is up again, every instance answers");
    return true;
}

static bool
wreak_havoc(Play *play, GError **error)
{
    switch (havoc_look(&play->havoc, &play->view)) {
    case HAVOC_KILL_SLUICE:
        return kill_sluice(play, error);
    case HAVOC_CRASH_DATABASE:
        return crash_database(play, error);
    case HAVOC_NOTHING:
        break;
    }
    return true;
}

/* ABORT: traffic must be back before the ledger says so, for it must not need the database. */
static bool
watch_abort(Play *play, Child *abort, GError **error)
{
    const gint64 start = g_get_monotonic_time();
    Findings *findings = play->findings;
    int status;

    while (findings->traffic_back_ms <= 0 || findings->ledger_aborted_ms <= 0) {
        const double ms = (double) (g_get_monotonic_time() - start) / 1000;
        ProxyState proxy;

        if (findings->traffic_back_ms <= 0 && proxy_read(play->stage->proxy_socket, &proxy, NULL) &&
            proxy.new_share <= 0)
            findings->traffic_back_ms = ms;
        if (findings->ledger_aborted_ms <= 0 && watch_look(play->watch, &play->view) &&
            strcmp(play->view.state, "aborted") == 0)
            findings->ledger_aborted_ms = ms;
        if (child_has_ended(abort, &status) && status != 0)
            return error_set(error, ERROR_STATE, "sluice rollout abort ended with status %d",
                             status);
        if (ms > 30 * 1000)
            return error_set(error, ERROR_STATE, "the abort did not come about in 30 s");
    }
    return child_wait(abort, G_MAXINT, &status);
}

static bool
resume(Play *play, GError **error)
{
    const char *const words[] = {"rollout", "resume", NULL};
    int status;

    if (!child_wait(play->sluice, 30 * 1000, &status) || status != STATUS_STATE)
        return error_set(error, ERROR_STATE, "sluice rollout run was to end with status %d",
                         STATUS_STATE);
    bury_sluice(play);
    loader_begin_step(play->loader, "aborted");
    if (!timeline_rest(ABORTED_US, error))
        return false;
    timeline_say(play->stage->timeline, "demo", "$ sluice rollout resume");
    play->shown_step = -1;
    return tool_run(play->stage, "sluice", words, error) && start_sluice(play, error);
}

static bool
abort_when_due(Play *play, GError **error)
{
    const char *const words[] = {"rollout", "abort", "--reason",
                                 "the demo wants to see the way back", NULL};
    g_autoptr(Child) abort = NULL;
    ProxyState proxy;

    if (play->findings->aborted || !proxy_read(play->stage->proxy_socket, &proxy, NULL) ||
        (int) (proxy.new_share * 100 + 0.5) != ABORT_WEIGHT)
        return true;
    if (play->weight_reached == 0)
        play->weight_reached = g_get_monotonic_time();
    if (g_get_monotonic_time() - play->weight_reached < ABORT_AFTER_US)
        return true;
    play->findings->aborted = true;
    timeline_say(play->stage->timeline, "demo", "$ sluice rollout abort");
    abort = tool_start(play->stage, "sluice", words, error);
    return abort && watch_abort(play, abort, error) && resume(play, error);
}

/* After a crash of the database the command may say that it lost it; it is run again, as a person
 * would. */
static bool
judge_end(Play *play, int status, bool *ret_done, GError **error)
{
    bury_sluice(play);
    if (status == 0) {
        *ret_done = true;
        return true;
    }
    if (play->kind == PLAY_CRASH && status == STATUS_CONNECTION)
        return start_sluice(play, error);
    return error_set(error, ERROR_STATE, "sluice rollout run ended with status %d", status);
}

/* What this kind of play does to a sluice that runs. */
static bool
meddle(Play *play, GError **error)
{
    switch (play->kind) {
    case PLAY_CRASH:
        return wreak_havoc(play, error);
    case PLAY_ABORT:
        return abort_when_due(play, error);
    case PLAY_PLAIN:
        break;
    }
    return true;
}

static bool
drive(Play *play, GError **error)
{
    bool done = false;

    while (!done) {
        int status;
        if (!timeline_rest(play->kind == PLAY_CRASH ? LOOK_CLOSELY_US : LOOK_US, error))
            return false;
        if (watch_look(play->watch, &play->view) &&
            (!follow_step(play, error) ||
             !people_look(&play->people, &play->view, play->findings, error)))
            return false;
        if (!(child_has_ended(play->sluice, &status) ? judge_end(play, status, &done, error)
                                                     : meddle(play, error)))
            return false;
    }
    return true;
}

static bool
find_out(Play *play, GError **error)
{
    Findings *findings = play->findings;
    g_autoptr(PGconn) conn = db_open(play->stage->admin_url, "demo/final", error);
    double rows;

    if (conn == NULL || !db_number(conn, "SELECT sum(rows) FROM sluice.backfill", &rows, error) ||
        !db_number(conn,
                   "SELECT extract(epoch FROM max(finished_at) - min(started_at)) "
                   "FROM sluice.backfill",
                   &findings->backfill_seconds, error))
        return false;
    findings->backfill_rows = (gint64) rows;
    return database_is_contracted(play->stage, &findings->contracted, error);
}

static bool
perform(Play *play, GError **error)
{
    Stage *stage = play->stage;
    g_autoptr(Job) job = NULL;
    g_autoptr(Analyst) analyst = NULL;
    g_autoptr(StallSampler) stalls = NULL;

    play->loader = loader_start(stage, error);
    job = play->loader ? job_start(stage->job_url, USER_COUNT, 50, error) : NULL;
    stalls = job ? stall_start(stage->admin_url, "notes_app", "sluice/", error) : NULL;
    if (stalls == NULL || !database_size_of_users(stage, &play->findings->size_before, error))
        return false;
    loader_begin_step(play->loader, "before");
    if (!timeline_rest(BEFORE_US, error))
        return false;
    analyst = analyst_start(stage->analyst_url, stage->timeline, 6000, error);
    if (analyst == NULL || !start_sluice(play, error) || !drive(play, error))
        return false;
    loader_begin_step(play->loader, "after");
    if (!timeline_rest(AFTER_US, error))
        return false;
    stall_read(stalls, &play->findings->stall);
    timeline_say(stage->timeline, "demo", "the load ends: it reads once more whatever it wrote");
    play->findings->load = loader_finish(play->loader, error);
    return play->findings->load && find_out(play, error);
}

bool
play_rollout(Stage *stage, PlayKind kind, guint32 seed, Findings *findings, GError **error)
{
    Play play = {.stage = stage, .kind = kind, .findings = findings, .shown_step = -1};
    bool performed;

    play.watch = watch_new(stage->admin_url);
    people_init(&play.people, stage);
    havoc_init(&play.havoc, seed);
    performed = perform(&play, error);
    child_free(play.sluice);
    loader_free(play.loader);
    watch_free(play.watch);
    havoc_clear(&play.havoc);
    findings->seconds = timeline_seconds(stage->timeline);
    return performed;
}
