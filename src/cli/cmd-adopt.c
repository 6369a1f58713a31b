#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/workspace.h"
#include "peers/adoption.h"
#include "peers/keep.h"

typedef struct {
    const char *table;
    const char *project;
    bool partial;
    bool no_keep;
    bool dry_run;
} AdoptOptions;

typedef struct {
    App *app;
    const AdoptOptions *options;
    Workspace workspace;
    LedgerRevisions *rows;
    PeerRelation *relation;
    AdoptionDifference difference;
    bool is_kept;   /* from now on */
    bool is_follow; /* it was before: the ledger follows the table, in both directions */
} Adopt;

static void
adopt_clear(Adopt *adopt)
{
    adoption_difference_clear(&adopt->difference);
    g_clear_pointer(&adopt->relation, peer_relation_free);
    g_clear_pointer(&adopt->rows, ledger_revisions_free);
    workspace_clear(&adopt->workspace);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Adopt, adopt_clear)

static bool
fail_several(GPtrArray *found, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);
    const PeerRelation *first = g_ptr_array_index(found, 0);

    for (guint i = 0; i < found->len; i++) {
        const PeerRelation *relation = g_ptr_array_index(found, i);
        g_string_append_printf(names, "%s%s (%s)", i ? ", " : "", relation->relation,
                               relation->table->tool);
    }
    error_set(error, ERROR_USAGE, "the database has the tables of several tools: %s", names->str);
    return error_hint(error, "Name the tool: `sluice adopt %s`.", first->table->tool);
}

static PeerRelation *
detect(const Adopt *adopt, GError **error)
{
    PgConn *conn = adopt->workspace.conn;
    g_autoptr(GPtrArray) found = peer_relations_find(conn, error);

    if (found == NULL)
        return NULL;
    if (found->len > 1) {
        fail_several(found, error);
        return NULL;
    }
    if (found->len == 1)
        return g_ptr_array_steal_index(found, 0);
    error_set(error, ERROR_STATE, "%s has no table of another tool in its search_path",
              pg_target(conn));
    error_hint(error, "Name the tool and its table: `sluice adopt alembic --table SCHEMA.NAME`.");
    return NULL;
}

static const LedgerAdoption *
find_adoption(const LedgerRevisions *rows, const char *tool)
{
    for (guint i = 0; i < rows->adoptions->len; i++) {
        const LedgerAdoption *adoption = g_ptr_array_index(rows->adoptions, i);
        if (strcmp(adoption->tool, tool) == 0)
            return adoption;
    }
    return NULL;
}

static bool
open_relation(Adopt *adopt, const char *tool, GError **error)
{
    const PeerTable *table = tool ? peer_table_of(tool, error) : NULL;

    if (tool == NULL && (adopt->options->table || adopt->options->project)) {
        error_set(error, ERROR_USAGE, "--table and --project need the tool's name");
        return error_hint(error,
                          "For example: `sluice adopt alembic --table app.alembic_version`.");
    }
    if (tool == NULL)
        adopt->relation = detect(adopt, error);
    else if (table)
        adopt->relation =
            peer_relation_open(adopt->workspace.conn, table, adopt->options->table, error);
    return adopt->relation != NULL;
}

/* One table at most is kept: a second one would be told of what the first one's tool undid. */
static bool
decide_keeping(Adopt *adopt, GError **error)
{
    const PeerTable *table = adopt->relation->table;
    const LedgerAdoption *kept = adoption_kept(adopt->rows);

    adopt->is_kept = table->key && !adopt->options->no_keep && !adopt->options->partial;
    adopt->is_follow = adopt->is_kept && kept && strcmp(kept->tool, table->tool) == 0 &&
                       strcmp(kept->relation, adopt->relation->relation) == 0;
    if (!adopt->is_kept || kept == NULL || strcmp(kept->tool, table->tool) == 0)
        return true;
    error_set(error, ERROR_STATE, "%s is kept already, for %s", kept->relation, kept->tool);
    return error_hint(error,
                      "End that with `sluice adopt %s --no-keep`, or adopt this one with "
                      "`--no-keep`.",
                      kept->tool);
}

static bool
compare(Adopt *adopt, GError **error)
{
    const Workspace *workspace = &adopt->workspace;

    adoption_difference_clear(&adopt->difference);
    return decide_keeping(adopt, error) &&
           adoption_compare(workspace->conn, workspace->graph, adopt->rows, adopt->relation,
                            adopt->options->project, &adopt->difference, error) &&
           (adopt->options->partial || adoption_check_known(&adopt->difference, error) ||
            error_hint(error,
                       "Bring the files over: `sluice import %s DIR`; or leave these out with "
                       "`--partial` (then the table is not kept true).",
                       adopt->relation->table->tool));
}

static bool
is_recorded(const Adopt *adopt)
{
    const LedgerAdoption *known = find_adoption(adopt->rows, adopt->relation->table->tool);

    return known && known->kept == adopt->is_kept &&
           strcmp(known->relation, adopt->relation->relation) == 0;
}

static json_t *
show(const Adopt *adopt, GPtrArray *revisions, const char *would, const char *did)
{
    json_t *ids = json_array();

    for (guint i = 0; i < revisions->len; i++) {
        const Revision *revision = g_ptr_array_index(revisions, i);

        output_line(adopt->app->output, "%s %s %s", adopt->options->dry_run ? would : did,
                    revision->id, revision->title);
        json_array_append_new(ids, json_string(revision->id));
    }
    return ids;
}

static void
warn_of_lacking(const Adopt *adopt)
{
    for (guint i = 0; i < adopt->difference.lacking->len; i++) {
        const Revision *revision = g_ptr_array_index(adopt->difference.lacking, i);
        report_warning(adopt->app->report, "the ledger has %s (%s), which %s does not",
                       revision->id, revision->title, adopt->relation->relation);
    }
}

static void
show_all(const Adopt *adopt)
{
    const AdoptionDifference *difference = &adopt->difference;
    const bool is_told = adopt->is_kept && !adopt->is_follow;
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    json_t *adopted = show(adopt, difference->adopted, "would adopt", "adopted");
    json_t *told = show(adopt, is_told ? difference->lacking : none,
                        "would write to the table:", "wrote to the table:");
    json_t *taken_back =
        show(adopt, adopt->is_follow ? difference->lacking : none, "would take back", "took back");
    json_t *unknown = json_array();

    for (guint i = 0; i < difference->rows.unknown->len; i++) {
        const char *name = g_ptr_array_index(difference->rows.unknown, i);
        report_warning(adopt->app->report, "%s holds %s, which no revision file has: left out",
                       adopt->relation->relation, name);
        json_array_append_new(unknown, json_string(name));
    }
    if (!adopt->is_kept)
        warn_of_lacking(adopt);
    output_json(adopt->app->output,
                json_pack("{s:s, s:s, s:b, s:b, s:o, s:o, s:o, s:o}", "tool",
                          adopt->relation->table->tool, "relation", adopt->relation->relation,
                          "kept", adopt->is_kept, "dry_run", adopt->options->dry_run, "adopted",
                          adopted, "told", told, "taken_back", taken_back, "unknown", unknown));
}

static bool
write_under_lock(Adopt *adopt, GError **error)
{
    const Workspace *workspace = &adopt->workspace;
    g_clear_pointer(&adopt->rows, ledger_revisions_free);
    adopt->rows = ledger_load_revisions(workspace->conn, error);
    if (adopt->rows == NULL || !compare(adopt, error))
        return false;
    if (adopt->is_follow)
        return adoption_follow(workspace->conn, workspace->graph, adopt->rows, &report_none, error);
    return adoption_record(workspace->conn, workspace->graph, adopt->rows, &adopt->difference,
                           adopt->is_kept, error);
}

static bool
settle(Adopt *adopt, GError **error)
{
    bool ok;

    if (!apply_lock(&adopt->workspace.apply, error))
        return false;
    ok = write_under_lock(adopt, error);
    apply_unlock(&adopt->workspace.apply);
    return ok;
}

static bool
adopt_table(Adopt *adopt, const char *tool, GError **error)
{
    Output *output = adopt->app->output;
    bool is_done;

    if (!open_relation(adopt, tool, error) || !compare(adopt, error))
        return false;
    is_done = is_recorded(adopt) && adopt->difference.adopted->len == 0 &&
              (!adopt->is_kept || adopt->difference.lacking->len == 0);
    if (!is_done && !adopt->options->dry_run && !settle(adopt, error))
        return false;
    show_all(adopt);
    if (is_done)
        output_line(output, "nothing to do: the ledger has what %s has", adopt->relation->relation);
    output_line(output, "%s is %s", adopt->relation->relation,
                adopt->is_kept ? "kept true from now on" : "not kept true");
    return true;
}

/* Needs no table: it may be gone already. */
static bool
end_keeping(Adopt *adopt, const LedgerAdoption *kept, GError **error)
{
    const LedgerAdoption ended = {.tool = kept->tool, .relation = kept->relation, .kept = false};
    const bool dry_run = adopt->options->dry_run;

    if (!dry_run && !ledger_set_adoption(adopt->workspace.conn, &ended, error))
        return false;
    output_line(adopt->app->output, "%s %s kept true any more", kept->relation,
                dry_run ? "would not be" : "is not");
    output_json(adopt->app->output,
                json_pack("{s:s, s:s, s:b, s:b, s:[], s:[], s:[], s:[]}", "tool", kept->tool,
                          "relation", kept->relation, "kept", false, "dry_run", dry_run, "adopted",
                          "told", "taken_back", "unknown"));
    return true;
}

static bool
run_adopt(App *app, void *options, const char *const *words, GError **error)
{
    g_auto(Adopt) adopt = {.app = app, .options = options};
    const LedgerAdoption *kept;

    if (!workspace_open(&adopt.workspace, app, "adopt", error))
        return false;
    adopt.rows = adopt.options->dry_run
                     ? ledger_load_revisions(adopt.workspace.conn, error)
                     : ledger_load_revisions_to_change(adopt.workspace.conn, app->clock, error);
    if (adopt.rows == NULL)
        return false;
    kept = adoption_kept(adopt.rows);
    if (adopt.options->no_keep && kept && (words[0] == NULL || strcmp(words[0], kept->tool) == 0))
        return end_keeping(&adopt, kept, error);
    return adopt_table(&adopt, words[0], error);
}

static const ArgSpec adopt_args[] = {
    {.name = "table",
     .type = ARG_TEXT,
     .offset = offsetof(AdoptOptions, table),
     .value = "NAME",
     .help = "its table, where it has another name or schema: app.alembic_version"},
    {.name = "project",
     .type = ARG_TEXT,
     .offset = offsetof(AdoptOptions, project),
     .value = "NAME",
     .help = "Sqitch's project, where the registry has several"},
    {.name = "partial",
     .type = ARG_FLAG,
     .offset = offsetof(AdoptOptions, partial),
     .help = "leave out what no revision file has, and do not keep the table true"},
    {.name = "no-keep",
     .type = ARG_FLAG,
     .offset = offsetof(AdoptOptions, no_keep),
     .help = "do not keep the tool's table true, or not any more"},
    {.name = "dry-run",
     .type = ARG_FLAG,
     .offset = offsetof(AdoptOptions, dry_run),
     .help = "show what would be adopted, change nothing"},
    {0},
};

const Command command_adopt = {
    .group = "Moving over",
    .name = "adopt",
    .summary = "take over what another tool has applied to this database",
    .usage = "[TOOL]",
    .details =
        "Reads the tool's own table (alembic_version, schema_migrations of Rails or dbmate, "
        "flyway_schema_history, sqitch.changes), finds its revisions among the files that `sluice "
        "import` wrote, and records them in the ledger; no statement of theirs is run. From then "
        "on the tables of Alembic, Rails and dbmate are kept true: each upgrade and downgrade "
        "writes them too, and what the tool itself applies or undoes is taken over by the next "
        "command, so both can be used in turn. Safe to repeat; nothing of the tool's is dropped.",
    .example = "sluice adopt --dry-run\nsluice adopt alembic --table app.alembic_version\n"
               "sluice adopt alembic --no-keep",
    .args = adopt_args,
    .args_size = sizeof(AdoptOptions),
    .needs = NEED_SETTINGS | NEED_DATABASE,
    .run = run_adopt,
};
