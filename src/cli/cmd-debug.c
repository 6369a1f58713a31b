#include "base/error.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/command.h"
#include "locks/predict.h"

static bool
run_fault_points(App *app, void *options G_GNUC_UNUSED, const char *const *words G_GNUC_UNUSED,
                 GError **error G_GNUC_UNUSED)
{
    g_autoptr(json_t) names = json_array();

    for (const char *const *name = fault_points; *name; name++) {
        output_line(app->output, "%s", *name);
        json_array_append_new(names, json_string(*name));
    }
    output_json(app->output, g_steal_pointer(&names));
    return true;
}

const Command command_debug_fault_points = {
    .name = "debug fault-points",
    .summary = "list the points at which the crash tests kill the process",
    .usage = "",
    .run = run_fault_points,
};

typedef struct {
    const char *seed;
    gint64 server_version;
} PredictOptions;

static const ArgSpec predict_args[] = {
    {"seed", 0, ARG_TEXT, offsetof(PredictOptions, seed), "FILE",
     "dump of the schema that the files begin with"},
    {"server-version", 0, ARG_INT, offsetof(PredictOptions, server_version), "MAJOR",
     "major version of the server"},
    {NULL},
};

static json_t *
lock_json(const PredictedLock *lock)
{
    g_autofree char *relation = ddl_name_label(lock->name);

    return json_pack("{s:s, s:s, s:b, s:b, s:b}", "relation", relation, "lock",
                     lock_mode_name(lock->mode), "index", lock->kind == RELATION_INDEX, "implicit",
                     lock->implicit, "new", lock->is_new);
}

static json_t *
work_json(const PredictedWork *work)
{
    static const char *const names[] = {"nothing", "metadata", "scan", "build", "rewrite", "rows"};
    g_autofree char *relation = ddl_name_label(work->relation);

    return json_pack("{s:s, s:s, s:b, s:b, s:s?, s:s?}", "work", names[work->kind], "relation",
                     relation, "certain", work->certainty == KNOWN_YES, "new", work->is_new, "why",
                     work->why, "settled_by", work->settled_by);
}

static json_t *
prediction_json(const SqlStatement *statement, const Prediction *prediction, bool refused)
{
    json_t *locks = json_array(), *works = json_array();

    for (guint i = 0; i < prediction->locks->len; i++)
        json_array_append_new(locks, lock_json(prediction->locks->pdata[i]));
    for (guint i = 0; i < prediction->works->len; i++)
        json_array_append_new(works, work_json(prediction->works->pdata[i]));
    return json_pack("{s:s, s:i, s:o, s:o, s:b, s:s?}", "statement", sql_statement_verb(statement),
                     "line", sql_statement_place(statement).line, "locks", locks, "works", works,
                     "unknown", prediction->unknown, "failure",
                     refused ? "cannot run inside a transaction block" : prediction->failure);
}

/* Follows BEGIN and COMMIT: then all up to the end is one transaction. */
static void
follow_transaction(const DdlChanges *changes, bool *in_transaction)
{
    const DdlChange *change = ddl_changes_count(changes) > 0 ? ddl_changes_get(changes, 0) : NULL;

    if (change != NULL && change->kind == CHANGE_TRANSACTION)
        *in_transaction = g_strcmp0(change->text, "begin") == 0;
}

static json_t *
predict_file(const Model *seed, const char *path, GError **error)
{
    g_autofree char *text = file_read(path, error);
    g_autoptr(Model) model = model_copy(seed);
    g_autoptr(SqlScript) script = NULL;
    json_t *statements;
    bool in_transaction = false;
    guint since = 0;

    script = text != NULL ? sql_parse(text, (Place){path, 1, 1}, error) : NULL;
    if (script == NULL)
        return NULL;
    statements = json_array();
    for (guint i = 0; i < sql_script_count(script); i++) {
        const SqlStatement *statement = sql_script_get(script, i);
        g_autoptr(DdlChanges) changes = ddl_changes(statement);
        g_autoptr(Prediction) prediction = NULL;

        since = in_transaction ? since : model_step(model);
        prediction = locks_predict(model, statement, changes, since);
        json_array_append_new(
            statements, prediction_json(statement, prediction,
                                        in_transaction &&
                                            locks_refuses_transaction(model, statement, changes)));
        follow_transaction(changes, &in_transaction);
        model_apply(model, changes);
    }
    return statements;
}

static bool
run_predict(App *app, void *data, const char *const *words, GError **error)
{
    const PredictOptions *options = data;
    g_autoptr(Model) seed = model_new();
    g_autoptr(json_t) files = json_object();

    if (options->seed != NULL) {
        g_autofree char *text = file_read(options->seed, error);
        if (text == NULL || !model_load_dump(seed, text, options->seed, NULL, error))
            return false;
        model_set_complete(seed, true);
    }
    model_set_server_version(seed, (int) options->server_version);
    for (; *words; words++) {
        json_t *statements = predict_file(seed, *words, error);
        if (statements == NULL)
            return false;
        json_object_set_new(files, *words, statements);
    }
    output_json(app->output, g_steal_pointer(&files));
    return true;
}

const Command command_debug_predict = {
    .name = "debug predict",
    .summary = "show the locks and the work that are foretold for each statement of SQL files",
    .usage = "FILE...",
    .args = predict_args,
    .args_size = sizeof(PredictOptions),
    .run = run_predict,
};
