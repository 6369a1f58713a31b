#include "migrate/script.h"

#include <string.h>

#include "backfill/complete.h"
#include "ledger/events.h"
#include "ledger/mappings.h"
#include "ledger/script.h"
#include "migrate/needs.h"
#include "migrate/next.h"
#include "migrate/scratch.h"
#include "revision/target.h"
#include "sync/sync.h"
#include "sync/table.h"

static const struct {
    const char *name;
    RevisionState reached;
} phases[SCRIPT_PHASE_N] = {
    [SCRIPT_EXPAND] = {"expand", STATE_EXPANDED},
    [SCRIPT_BACKFILL] = {"backfill", STATE_BACKFILLED},
    [SCRIPT_CUTOVER] = {"cutover", STATE_CUT_OVER},
    [SCRIPT_CONTRACT] = {"contract", STATE_CONTRACTED},
};

typedef struct {
    const ScriptOptions *options;
    Scratch scratch;
    GPtrArray *range; /* const Revision * */
    GString *body;
    /* Of the phase that is being printed: */
    Report report;
    int run;            /* of the last statement; 0: none yet */
    bool transaction;   /* is open */
    GHashTable *tables; /* "schema.name" of those whose triggers the script replaces */
} Script;

static void
script_clear(Script *script)
{
    scratch_clear(&script->scratch);
    g_clear_pointer(&script->range, g_ptr_array_unref);
    g_clear_pointer(&script->tables, g_hash_table_unref);
    if (script->body)
        g_string_free(g_steal_pointer(&script->body), TRUE);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Script, script_clear)

static bool
find_phase(const char *name, ScriptPhase *ret_phase, GError **error)
{
    for (int phase = 0; phase < SCRIPT_PHASE_N; phase++)
        if (strcmp(phases[phase].name, name) == 0) {
            *ret_phase = (ScriptPhase) phase;
            return true;
        }
    error_set(error, ERROR_USAGE, "there is no phase '%s' to print", name);
    return error_hint(error, "expand, backfill, cutover, contract; or all.");
}

bool
script_parse_phases(const char *text, ScriptPhase *ret_first, ScriptPhase *ret_last, GError **error)
{
    g_auto(GStrv) names = g_strsplit(text, ",", -1);
    ScriptPhase phase = SCRIPT_EXPAND;

    *ret_first = SCRIPT_EXPAND;
    *ret_last = SCRIPT_CONTRACT;
    if (strcmp(text, "all") == 0)
        return true;
    for (guint i = 0; i < g_strv_length(names); i++) {
        if (!find_phase(names[i], &phase, error))
            return false;
        if (i > 0 && phase != *ret_last + 1) {
            error_set(error, ERROR_USAGE, "%s does not come right after %s", names[i],
                      phases[*ret_last].name);
            return error_hint(error, "Name phases that follow each other: expand,backfill,cutover,"
                                     "contract; or all.");
        }
        if (i == 0)
            *ret_first = phase;
        *ret_last = phase;
    }
    return true;
}

/* --- the statements of a phase, as a dry run tells them ----------------------------------------
 */

static void
begin_transaction(Script *script)
{
    g_string_append(script->body, "BEGIN;\nSET LOCAL lock_timeout = :'lock_timeout';\n");
    script->transaction = true;
}

static void
end_transaction(Script *script)
{
    if (script->transaction)
        g_string_append(script->body, "COMMIT;\n");
    script->transaction = false;
}

static void
print_statement(void *sink, ReportKind kind, const char *text, json_t *facts)
{
    Script *script = sink;
    const int run = (int) json_integer_value(json_object_get(facts, "run"));

    if (kind != REPORT_STEP || run == 0)
        return;
    if (run != script->run)
        end_transaction(script);
    if (run != script->run && json_is_true(json_object_get(facts, "transaction")))
        begin_transaction(script);
    script->run = run;
    g_string_append_printf(script->body, "%s\n", text);
}

static void
ignore_progress(void *sink G_GNUC_UNUSED, const ReportProgress *progress G_GNUC_UNUSED)
{
}

typedef bool (*Apply)(const ApplyContext *context, const Revision *revision, GError **error);

static bool
print_statements(Script *script, Apply apply, const Revision *revision, GError **error)
{
    ApplyContext dry = script->scratch.context.apply;

    script->report = (Report){.line = print_statement, .progress = ignore_progress, .sink = script};
    script->run = 0;
    dry.dry_run = true;
    dry.report = &script->report;
    return apply(&dry, revision, error);
}

/* --- the ledger's rows ---------------------------------------------------------------------------
 */

static const LedgerMapping *
find_mapping(GPtrArray *list, const LedgerMapping *wanted)
{
    for (guint i = 0; i < list->len; i++) {
        const LedgerMapping *mapping = g_ptr_array_index(list, i);

        if (strcmp(mapping->revision, wanted->revision) == 0 &&
            strcmp(mapping->schema, wanted->schema) == 0 &&
            strcmp(mapping->table, wanted->table) == 0)
            return mapping;
    }
    return NULL;
}

/* What the phase made of the mappings, with the text that is installed now. */
static bool
print_mappings(const Script *script, GPtrArray *before, GPtrArray *after, GError **error)
{
    PgConn *conn = script->scratch.context.apply.conn;

    for (guint i = 0; i < before->len; i++) {
        const LedgerMapping *mapping = g_ptr_array_index(before, i);

        if (find_mapping(after, mapping) == NULL &&
            !ledger_remove_mapping(conn, mapping->revision, mapping->schema, mapping->table, error))
            return false;
    }
    for (guint i = 0; i < after->len; i++) {
        const LedgerMapping *mapping = g_ptr_array_index(after, i);
        const LedgerMapping *old = find_mapping(before, mapping);

        if (old && strcmp(old->installed_sql, mapping->installed_sql) == 0)
            continue;
        g_hash_table_add(script->tables, g_strdup_printf("%s.%s", mapping->schema, mapping->table));
        if (!ledger_add_mapping(conn, mapping, error))
            return false;
    }
    return true;
}

/* @row NULL: it was downgraded. */
static bool
print_rows(const Script *script, const Revision *revision, const LedgerRevision *row,
           GPtrArray *before, GPtrArray *after, GError **error)
{
    PgConn *conn = script->scratch.context.apply.conn;
    const char *kind = row ? revision_state_name(row->state) : "downgraded";
    g_autofree char *word = g_strdelimit(g_strdup(kind), " ", '-');
    g_autofree char *text = g_strdup_printf("%s %s, by a script", word, revision->id);

    if (row && !ledger_stamp_revision(conn, revision, row->state, row->final, ORIGIN_RUN, error))
        return false;
    return print_mappings(script, before, after, error) &&
           (row || ledger_remove_revision(conn, revision->id, error)) &&
           ledger_append_event(conn, word, revision->id, 0, text, NULL, error);
}

/* In the transaction that is open, or in one of their own. */
static bool
print_ledger(Script *script, const Revision *revision, GPtrArray *before, GError **error)
{
    PgConn *conn = script->scratch.context.apply.conn;
    g_autoptr(GPtrArray) after = ledger_load_mappings(conn, NULL, NULL, error);
    g_autoptr(LedgerRevisions) rows = after ? ledger_load_revisions(conn, error) : NULL;
    bool ok;

    if (rows == NULL)
        return false;
    if (!script->transaction)
        begin_transaction(script);
    pg_record(conn, script->body);
    ok = print_rows(script, revision, ledger_find_revision(rows, revision->id), before, after,
                    error);
    pg_record(conn, NULL);
    end_transaction(script);
    return ok;
}

/* --- one phase
 * ------------------------------------------------------------------------------------ */

/* Rows fire the sync triggers, but for the mapping that is being filled. */
static void
print_backfill_statement(Script *script, const Revision *revision, const char *sql)
{
    g_autofree char *id = pg_quote_literal(revision->id);
    g_autofree char *text = g_strstrip(g_strdup(sql));

    g_string_append(script->body, "-- all rows in one statement, whose locks last until it ends; "
                                  "`sluice backfill run` takes small parts\n");
    begin_transaction(script);
    g_string_append_printf(script->body, "SET LOCAL " SYNC_SILENCE_SETTING " = %s;\n%s%s\n", id,
                           text, g_str_has_suffix(text, ";") ? "" : ";");
    end_transaction(script);
}

/* Of the mappings between two tables. */
static bool
print_between(Script *script, const Revision *revision, GError **error)
{
    PgConn *conn = script->scratch.context.apply.conn;
    g_autoptr(GPtrArray) rows = ledger_load_table_mappings(conn, revision->id, error);

    for (guint i = 0; rows && i < rows->len; i++) {
        const LedgerTableMapping *row = g_ptr_array_index(rows, i);
        g_autoptr(TableSync) sync = table_sync_parse(row->sections, error);
        g_autofree char *sql = NULL;
        TableRoute route;

        if (sync == NULL)
            return false;
        route = table_route_of(row, sync, false);
        sql = table_backfill_sql(&route, true);
        print_backfill_statement(script, revision, sql);
    }
    return rows != NULL;
}

static bool
print_backfill(Script *script, const Revision *revision, GError **error)
{
    const Section *section = revision_section(revision, SECTION_BACKFILL, NULL);
    g_autoptr(GPtrArray) syncs = revision_syncs(revision, error);

    if (section)
        print_backfill_statement(script, revision, section->text);
    for (guint i = 0; syncs && section == NULL && i < syncs->len; i++) {
        const RevisionSync *sync = g_ptr_array_index(syncs, i);
        g_autoptr(CatalogTable) table = catalog_require_table(script->scratch.context.apply.conn,
                                                              sync->schema, sync->table, error);
        g_autofree char *sql = table ? sync_backfill_sql(table, sync) : NULL;

        if (sql == NULL)
            return false;
        print_backfill_statement(script, revision, sql);
    }
    return syncs != NULL && (section || print_between(script, revision, error));
}

static Apply
apply_of(ScriptPhase phase)
{
    switch (phase) {
    case SCRIPT_EXPAND:
        return apply_expand;
    case SCRIPT_BACKFILL:
        return apply_finish;
    case SCRIPT_CUTOVER:
        return apply_cutover;
    case SCRIPT_CONTRACT:
        return apply_contract;
    case SCRIPT_PHASE_N:
        break;
    }
    g_assert_not_reached();
}

/* On the private server. */
static bool
run_phase(Script *script, const Revision *revision, ScriptPhase phase, GError **error)
{
    const MigrateContext *context = &script->scratch.context;
    BackfillResult result = {0};

    if (phase == SCRIPT_BACKFILL && revision_has_backfill(revision))
        return backfill_complete(&context->backfill, &context->apply, revision, &result, error);
    return apply_of(phase)(&context->apply, revision, error);
}

/* `if` what the ledger says: a script that was cut off goes on where it stopped. */
static void
open_guard(Script *script, const Revision *revision, const char *phase, RevisionState reached)
{
    g_autofree char *guard = ledger_guard_script(revision->id, reached);

    g_string_append_printf(script->body, "\n-- %s %s: %s\n%s", phase, revision->id, revision->title,
                           guard);
}

static bool
print_phase(Script *script, const Revision *revision, ScriptPhase phase, GError **error)
{
    PgConn *conn = script->scratch.context.apply.conn;
    g_autoptr(GPtrArray) before = ledger_load_mappings(conn, NULL, NULL, error);

    if (before == NULL)
        return false;
    open_guard(script, revision, phases[phase].name, phases[phase].reached);
    if (phase == SCRIPT_BACKFILL && !print_backfill(script, revision, error))
        return false;
    if (!print_statements(script, apply_of(phase), revision, error) ||
        !run_phase(script, revision, phase, error) ||
        !print_ledger(script, revision, before, error))
        return false;
    g_string_append(script->body, "\\endif\n");
    return true;
}

/* --- a revision
 * ------------------------------------------------------------------------------------ */

/* Is @phase one that comes for @revision now? */
static bool
has_turn(const Revision *revision, const LedgerRevision *row, ScriptPhase phase)
{
    const char *next = next_phase(revision, row);

    return next && (strcmp(next, phases[phase].name) == 0 ||
                    (phase == SCRIPT_BACKFILL && strcmp(next, "finish") == 0));
}

static bool
check_needs(const Script *script, const Revision *revision, const LedgerRevisions *rows,
            GError **error)
{
    const Graph *graph = script->options->graph;
    const Requirement *unmet = need_find_unmet(graph, rows, revision);

    if (unmet == NULL)
        return true;
    error_set(error, ERROR_STATE, "%s requires %s %s, and the script would leave it %s",
              revision->id, graph_required(graph, unmet)->id, revision_state_name(unmet->state),
              phases[script->options->last].name);
    return error_hint(error, "Print that phase too (--phases all), or end the range before %s.",
                      revision->id);
}

/* The phases @first to @last of one revision, those that it has; printed, or only run. */
static bool
carry(Script *script, const Revision *header, ScriptPhase first, ScriptPhase last, bool printed,
      GError **error)
{
    const ApplyContext *apply = &script->scratch.context.apply;
    g_autoptr(Revision) revision = graph_read(apply->graph, header, error);

    if (revision == NULL || (first == SCRIPT_EXPAND && !revision_check_to_run(revision, error)))
        return false;
    for (int phase = (int) first; phase <= (int) last; phase++) {
        g_autoptr(LedgerRevisions) rows = ledger_load_revisions(apply->conn, error);
        const LedgerRevision *row = rows ? ledger_find_revision(rows, header->id) : NULL;

        if (rows == NULL ||
            (phase == SCRIPT_EXPAND && printed && !check_needs(script, revision, rows, error)))
            return false;
        if (!has_turn(revision, row, (ScriptPhase) phase))
            continue;
        if (!(printed ? print_phase : run_phase)(script, revision, (ScriptPhase) phase, error))
            return false;
    }
    return true;
}

static bool
carry_all(Script *script, GPtrArray *list, ScriptPhase first, ScriptPhase last, bool printed,
          GError **error)
{
    for (guint i = 0; i < list->len; i++)
        if (!carry(script, g_ptr_array_index(list, i), first, last, printed, error))
            return false;
    return true;
}

/* What the range builds on, at the end of its life. */
static GPtrArray *
find_ground(const Script *script)
{
    g_autoptr(RevisionSet) above = revision_set_new(script->options->graph);

    for (guint i = 0; i < script->range->len; i++)
        revision_set_add(above, g_ptr_array_index(script->range, i));
    revision_set_add_ancestors(above, EDGE_ALL);
    for (guint i = 0; i < script->range->len; i++)
        revision_set_remove(above, g_ptr_array_index(script->range, i));
    return revision_set_list(above);
}

/* --- the head of the script
 * ----------------------------------------------------------------------- */

static GPtrArray *
ids_of(GPtrArray *list)
{
    GPtrArray *ids = g_ptr_array_new();

    for (guint i = 0; i < list->len; i++)
        g_ptr_array_add(ids, ((const Revision *) g_ptr_array_index(list, i))->id);
    return ids;
}

/* What the ledger must say for the script to be right. */
static void
append_checks(GString *text, const Script *script, GPtrArray *ground)
{
    g_autoptr(GPtrArray) below = ids_of(ground);
    g_autoptr(GPtrArray) ids = ids_of(script->range);
    g_autofree gpointer *keys = g_hash_table_get_keys_as_array(script->tables, NULL);
    g_autoptr(GPtrArray) tables = g_ptr_array_new();
    g_autofree char *applied = ledger_ground_script(below);
    g_autofree char *known = NULL;

    for (gpointer *key = keys; *key; key++)
        g_ptr_array_add(tables, *key);
    known = ledger_mappings_script(tables, ids);
    g_string_append(text, applied);
    g_string_append(text, known);
}

static char *
assemble(const Script *script, const char *what, GPtrArray *ground)
{
    GString *text = g_string_new(NULL);
    g_autofree char *ledger = ledger_script();
    g_autofree char *lock = ledger_lock_script();

    g_string_append_printf(
        text,
        "-- sluice " SLUICE_VERSION ": %s %s\n"
        "-- For psql, outside of a transaction: psql -X -f this.sql. Run again after a failure, it "
        "goes on behind\n-- the last phase that came to its end. Where a lock is not had in time: "
        "-v lock_timeout=1s allows more.\n"
        "\\set ON_ERROR_STOP on\n"
        "\\if :{?lock_timeout}\n\\else\n\\set lock_timeout '%" G_GINT64_FORMAT "ms'\n\\endif\n\n"
        "%s\n-- one migrator at a time, and on the ground that this script was made for\n%s",
        what, script->options->word, script->options->settings->stall_budget_ms, ledger, lock);
    append_checks(text, script, ground);
    g_string_append(text, script->body->str);
    return g_string_free(text, FALSE);
}

static bool
open_script(Script *script, const ScriptOptions *options, GError **error)
{
    script->options = options;
    script->body = g_string_new(NULL);
    script->tables = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (options->settings->database_schema) {
        error_set(error, ERROR_USAGE, "a script is for a whole database, and not for a tenant");
        return error_hint(error, "Leave out database.schema, or upgrade online.");
    }
    return scratch_open(&script->scratch, options->settings, options->clock, options->graph,
                        error) &&
           ledger_ensure(script->scratch.context.apply.conn, options->clock, error);
}

static bool
fail_on_scratch(GError **error)
{
    if (error && error_is(*error, ERROR_SQL))
        g_prefix_error(error, "on the private server where a script is tried first: ");
    return false;
}

char *
script_upgrade(const ScriptOptions *options, GError **error)
{
    g_auto(Script) script = {.run = 0};
    g_autoptr(GPtrArray) ground = NULL;
    bool ok;

    script.range = target_upgrade(options->graph, NULL, options->word, error);
    if (script.range == NULL || !open_script(&script, options, error))
        return NULL;
    ground = find_ground(&script);
    ok = carry_all(&script, ground, SCRIPT_EXPAND, SCRIPT_CONTRACT, false, error) &&
         (options->first == SCRIPT_EXPAND ||
          carry_all(&script, script.range, SCRIPT_EXPAND, (ScriptPhase) (options->first - 1), false,
                    error)) &&
         carry_all(&script, script.range, options->first, options->last, true, error);
    if (ok)
        return assemble(&script, "upgrade", ground);
    fail_on_scratch(error);
    return NULL;
}

static bool
print_downgrade(Script *script, const Revision *revision, GError **error)
{
    const ApplyContext *apply = &script->scratch.context.apply;
    g_autoptr(GPtrArray) before = ledger_load_mappings(apply->conn, NULL, NULL, error);
    g_autofree char *check = ledger_downgrade_script(revision->id);

    if (before == NULL)
        return false;
    open_guard(script, revision, "downgrade", STATE_PENDING);
    g_string_append(script->body, check);
    if (!print_statements(script, apply_downgrade, revision, error) ||
        !apply_downgrade(apply, revision, error) || !print_ledger(script, revision, before, error))
        return false;
    g_string_append(script->body, "\\endif\n");
    return true;
}

static bool
print_downgrades(Script *script, GPtrArray *ground, GError **error)
{
    g_autoptr(GPtrArray) upwards = g_ptr_array_new();

    for (guint i = script->range->len; i > 0; i--)
        g_ptr_array_add(upwards, g_ptr_array_index(script->range, i - 1));
    if (!carry_all(script, ground, SCRIPT_EXPAND, SCRIPT_CONTRACT, false, error) ||
        !carry_all(script, upwards, SCRIPT_EXPAND, SCRIPT_EXPAND, false, error))
        return false;
    for (guint i = 0; i < script->range->len; i++)
        if (!print_downgrade(script, g_ptr_array_index(script->range, i), error))
            return false;
    return true;
}

char *
script_downgrade(const ScriptOptions *options, GError **error)
{
    g_auto(Script) script = {.run = 0};
    g_autoptr(GPtrArray) ground = NULL;

    script.range = target_downgrade(options->graph, NULL, options->word, error);
    if (script.range == NULL || !open_script(&script, options, error))
        return NULL;
    ground = find_ground(&script);
    if (print_downgrades(&script, ground, error))
        return assemble(&script, "downgrade", ground);
    fail_on_scratch(error);
    return NULL;
}
