#include "lint/replay.h"

#include "base/stop.h"
#include "base/text.h"
#include "lint/allow.h"
#include "lint/body.h"

struct Replay {
    const LintLevels *levels;
    const Settings *settings;
    Session *session;
    LintSink sink;
    bool reports; /* the file is a reported one */
};

static LintContext
context_of(Replay *replay, const LintUnit *unit)
{
    const int version = model_server_version(session_model(replay->session));

    return (LintContext){
        .session = replay->session,
        .model = session_model(replay->session),
        .file = replay->sink.file,
        .unit = unit,
        .prediction = session_prediction(replay->session),
        .statement = unit ? unit->statement : NULL,
        .changes = unit ? unit->changes : NULL,
        .settings = replay->settings,
        .server_version = version > 0 ? version : replay->settings->lint_server_version,
        .sink = &replay->sink,
    };
}

/* Only what the server runs holds for sure: a statement that it refuses never gets there. */
static void
run_rules(Replay *replay, const LintUnit *unit)
{
    const LintContext context = context_of(replay, unit);
    const LintLevels *levels = replay->levels;
    const guint first = replay->sink.findings->len;

    for (guint i = 0; i < levels->statements->len; i++) {
        replay->sink.rule = levels->statements->pdata[i];
        replay->sink.rule->at_statement(&context);
    }
    for (guint k = 0; k < ddl_changes_count(unit->changes); k++) {
        const DdlChange *change = ddl_changes_get(unit->changes, k);
        const GPtrArray *rules = levels->changes[change->kind];

        for (guint i = 0; i < rules->len; i++) {
            replay->sink.rule = rules->pdata[i];
            replay->sink.rule->at_change(&context, change);
        }
    }
    sink_settle(&replay->sink, first);
}

static void
at_commit(Session *session G_GNUC_UNUSED, void *data)
{
    Replay *replay = data;
    const GPtrArray *statements = session_statements(replay->session);
    LintContext context;

    if (!replay->reports || statements->len == 0)
        return;
    context = context_of(replay,
                         ((const SessionStatement *) statements->pdata[statements->len - 1])->unit);
    context.prediction = NULL;
    for (guint i = 0; i < replay->levels->commits->len; i++) {
        replay->sink.rule = replay->levels->commits->pdata[i];
        replay->sink.rule->at_commit(&context);
    }
}

Replay *
replay_new(Model *take_model, const LintLevels *levels, const Settings *settings, bool is_history)
{
    Replay *replay = g_new0(Replay, 1);
    const gint64 lock = settings->lint_lock_timeout_ms;
    const gint64 statement = settings->lint_statement_timeout_ms;
    const Timeouts role = timeouts_of_role(lock > 0 ? lock : TIMEOUT_UNKNOWN,
                                           statement > 0 ? statement : TIMEOUT_UNKNOWN);

    replay->levels = levels;
    replay->settings = settings;
    replay->session = session_new(take_model, &role);
    replay->sink.levels = levels;
    if (is_history) {
        session_set_history(replay->session);
        replay->sink.awaited = sink_awaited_new();
    }
    session_set_at_commit(replay->session, at_commit, replay);
    return replay;
}

void
replay_free(Replay *replay)
{
    if (replay == NULL)
        return;
    session_free(replay->session);
    g_clear_pointer(&replay->sink.awaited, g_ptr_array_unref);
    g_free(replay);
}

const Model *
replay_model(const Replay *replay)
{
    return session_model(replay->session);
}

static void replay_unit(Replay *replay, const LintUnit *unit, int depth);

/* What a DO, or a function that it calls, runs. */
static void
replay_body(Replay *replay, const LintUnit *unit, int depth)
{
    g_autoptr(LintBody) body = NULL;

    if (depth >= BODY_DEPTH)
        return;
    body = body_of(session_model(replay->session), unit);
    if (body == NULL)
        return;
    session_begin_body(replay->session);
    for (guint i = 0; i < body->units->len; i++)
        replay_unit(replay, body->units->pdata[i], depth + 1);
    session_end_body(replay->session, g_steal_pointer(&body));
}

static void
replay_unit(Replay *replay, const LintUnit *unit, int depth)
{
    session_enter(replay->session, unit);
    if (replay->reports && unit->problem != NULL)
        sink_report_problem(&replay->sink, unit);
    else if (replay->reports)
        run_rules(replay, unit);
    session_leave(replay->session);
    if (unit->changes != NULL)
        replay_body(replay, unit, depth);
}

static int
by_place(gconstpointer a, gconstpointer b)
{
    const LintFinding *left = *(LintFinding *const *) a, *right = *(LintFinding *const *) b;

    if (left->place.line != right->place.line)
        return left->place.line - right->place.line;
    if (left->place.column != right->place.column)
        return left->place.column - right->place.column;
    return g_strcmp0(left->rule, right->rule);
}

/* Two findings of a file are told apart by rule, statement and which of its kind they are: not by
 * place, which every edit moves. */
static void
add_fingerprints(const LintFile *file, GPtrArray *findings)
{
    g_autoptr(GHashTable) counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autofree char *name = g_path_get_basename(file->path);
    g_autofree char *words = g_strdup("");
    const SqlStatement *latest = NULL; /* what @words are of: neighbours are often about the same */

    for (guint i = 0; i < findings->len; i++) {
        LintFinding *finding = findings->pdata[i];
        g_autofree char *all = NULL;
        char *key;
        int count;

        if (finding->statement != latest) {
            latest = finding->statement;
            g_free(words);
            words = latest ? sql_statement_words(latest) : g_strdup("");
        }
        key = g_strjoin("\n", name, finding->rule, words, NULL);
        count = GPOINTER_TO_INT(g_hash_table_lookup(counts, key)) + 1;
        all = g_strdup_printf("%s\n%d", key, count);
        finding->fingerprint = text_sha256(all);
        finding->statement = NULL;
        g_hash_table_insert(counts, key, GINT_TO_POINTER(count));
    }
}

static void
run_file_ends(Replay *replay, const GPtrArray *rules)
{
    const LintContext context = context_of(replay, NULL);

    for (guint i = 0; i < rules->len; i++) {
        const LintRule *rule = rules->pdata[i];

        replay->sink.rule = rule;
        (rules == replay->levels->ends ? rule->at_end : rule->at_file_end)(&context);
    }
}

void
replay_file(Replay *replay, const LintFile *file, GPtrArray *findings)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new();

    replay->reports = file->reported;
    replay->sink.file = file;
    replay->sink.findings = found;
    session_begin_file(replay->session, file);
    if (file->error != NULL && file->reported)
        sink_report_error(&replay->sink);
    for (guint i = 0; i < file->units->len && !stop_requested(); i++)
        replay_unit(replay, file->units->pdata[i], 0);
    session_end_sections(replay->session);
    if (file->reported)
        run_file_ends(replay, replay->levels->file_ends);
    session_end_file(replay->session);
    if (!file->reported)
        return;
    allow_apply(file, found);
    allow_report(file, &replay->sink);
    g_ptr_array_sort(found, by_place);
    for (guint i = 0; i < found->len && g_hash_table_size(file->placeholders) > 0; i++)
        lint_finding_restore_placeholders(found->pdata[i], file->placeholders);
    add_fingerprints(file, found);
    g_ptr_array_extend(findings, found, NULL, NULL);
}

void
replay_end(Replay *replay, const LintFile *file, GPtrArray *findings)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new();

    replay->sink.file = file;
    replay->sink.findings = found;
    sink_settle_awaited(&replay->sink, session_model(replay->session), findings);
    run_file_ends(replay, replay->levels->ends);
    add_fingerprints(file, found);
    g_ptr_array_extend(findings, found, NULL, NULL);
}
