#include "ledger/revisions.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "ledger/embedded.h"
#include "ledger/row.h"
#include "ledger/tenant.h"

/* The state whose phase runs a section: from then on it is frozen. */
static const struct {
    SectionKind section;
    RevisionState state;
} frozen[] = {
    {SECTION_EXPAND, STATE_EXPANDED},       {SECTION_SYNC, STATE_EXPANDED},
    {SECTION_SYNC_REVERSE, STATE_EXPANDED}, {SECTION_SYNC_TO, STATE_EXPANDED},
    {SECTION_BACKFILL, STATE_BACKFILLED},   {SECTION_VERIFY, STATE_BACKFILLED},
    {SECTION_FINISH, STATE_BACKFILLED},     {SECTION_CUTOVER, STATE_CUT_OVER},
    {SECTION_CUTOVER_UNDO, STATE_CUT_OVER}, {SECTION_CONTRACT, STATE_CONTRACTED},
};

static const char *const origin_names[] = {
    [ORIGIN_RUN] = "run",
    [ORIGIN_STAMPED] = "stamped",
    [ORIGIN_ADOPTED] = "adopted",
};

const char *
revision_origin_name(RevisionOrigin origin)
{
    return origin_names[origin];
}

static RevisionOrigin
origin_of(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(origin_names); i++)
        if (strcmp(origin_names[i], name) == 0)
            return (RevisionOrigin) i;
    g_assert_not_reached(); /* a CHECK of the table */
}

static RevisionState
state_of(const char *name)
{
    for (RevisionState state = STATE_PENDING; state <= STATE_CONTRACTED; state++)
        if (strcmp(revision_state_name(state), name) == 0)
            return state;
    g_assert_not_reached(); /* a CHECK of the table */
}

static char *
text_or_null(const PgRows *rows, int row, int column)
{
    return pg_is_null(rows, row, column) ? NULL : g_strdup(pg_text(rows, row, column));
}

static GHashTable *
checksums_of(const char *document)
{
    GHashTable *checksums = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(json_t) object = json_loads(document, 0, NULL);
    const char *section;
    json_t *checksum;

    json_object_foreach(object, section, checksum)
        g_hash_table_insert(checksums, g_strdup(section), g_strdup(json_string_value(checksum)));
    return checksums;
}

LedgerRevision *
ledger_row_new(const char *id, const char *state, bool final)
{
    LedgerRevision *row = g_new0(LedgerRevision, 1);

    row->id = g_strdup(id);
    row->title = g_strdup("");
    row->state = state_of(state);
    row->final = final;
    row->applied_by = g_strdup("");
    row->checksums = checksums_of("{}");
    return row;
}

static LedgerRevision *
row_of(const PgConn *conn, const PgRows *rows, int i)
{
    LedgerRevision *row = g_new0(LedgerRevision, 1);

    row->id = g_strdup(ledger_id(conn, pg_text(rows, i, 2)));
    row->title = g_strdup(pg_text(rows, i, 3));
    row->state = state_of(pg_text(rows, i, 4));
    row->final = pg_bool(rows, i, 5);
    row->partly = text_or_null(rows, i, 6);
    row->expanded_at = text_or_null(rows, i, 7);
    row->backfilled_at = text_or_null(rows, i, 8);
    row->cut_over_at = text_or_null(rows, i, 9);
    row->contracted_at = text_or_null(rows, i, 10);
    row->applied_by = g_strdup(pg_text(rows, i, 11));
    row->origin = origin_of(pg_text(rows, i, 12));
    row->checksums = checksums_of(pg_text(rows, i, 13));
    return row;
}

static void
free_row(LedgerRevision *row)
{
    g_free(row->id);
    g_free(row->title);
    g_free(row->partly);
    g_free(row->expanded_at);
    g_free(row->backfilled_at);
    g_free(row->cut_over_at);
    g_free(row->contracted_at);
    g_free(row->applied_by);
    g_hash_table_unref(row->checksums);
    g_free(row);
}

static void
free_adoption(LedgerAdoption *adoption)
{
    g_free(adoption->tool);
    g_free(adoption->relation);
    g_free(adoption);
}

LedgerRevisions *
ledger_revisions_new(void)
{
    LedgerRevisions *revisions = g_new0(LedgerRevisions, 1);

    revisions->list = g_ptr_array_new_with_free_func((GDestroyNotify) free_row);
    revisions->by_id = g_hash_table_new(g_str_hash, g_str_equal);
    revisions->tried = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    revisions->adoptions = g_ptr_array_new_with_free_func((GDestroyNotify) free_adoption);
    return revisions;
}

/* @document: NULL, or a JSON array of them. */
static void
add_adoptions(const PgConn *conn, LedgerRevisions *revisions, const char *document)
{
    g_autoptr(json_t) list = json_loads(document, 0, NULL);
    json_t *object;
    size_t i;

    json_array_foreach(list, i, object)
    {
        LedgerAdoption *adoption = g_new0(LedgerAdoption, 1);

        adoption->tool =
            g_strdup(ledger_id(conn, json_string_value(json_object_get(object, "tool"))));
        adoption->relation = g_strdup(json_string_value(json_object_get(object, "relation")));
        adoption->kept = json_is_true(json_object_get(object, "kept"));
        g_ptr_array_add(revisions->adoptions, adoption);
    }
}

void
ledger_revisions_add(LedgerRevisions *revisions, LedgerRevision *take_row)
{
    g_ptr_array_add(revisions->list, take_row);
    g_hash_table_insert(revisions->by_id, take_row->id, take_row);
}

void
ledger_revisions_note(LedgerRevisions *revisions, const Revision *revision, RevisionState state,
                      bool final)
{
    LedgerRevision *row = g_hash_table_lookup(revisions->by_id, revision->id);

    if (row == NULL) {
        row = ledger_row_new(revision->id, revision_state_name(state), final);
        ledger_revisions_add(revisions, row);
    }
    row->state = state;
    row->final = final;
    g_clear_pointer(&row->partly, g_free);
}

void
ledger_revisions_free(LedgerRevisions *revisions)
{
    if (revisions == NULL)
        return;
    g_ptr_array_unref(revisions->adoptions);
    g_hash_table_unref(revisions->by_id);
    g_hash_table_unref(revisions->tried);
    g_ptr_array_unref(revisions->list);
    g_free(revisions);
}

static void
add_row(LedgerRevisions *revisions, LedgerRevision *take_row)
{
    if (take_row->state > STATE_PENDING || take_row->partly) {
        ledger_revisions_add(revisions, take_row);
        return;
    }
    g_hash_table_add(revisions->tried, g_strdup(take_row->id));
    free_row(take_row);
}

LedgerRevisions *
ledger_load_revisions(PgConn *conn, GError **error)
{
    g_autoptr(LedgerRevisions) revisions = ledger_revisions_new();
    g_autoptr(GError) cause = NULL;
    g_autoptr(PgRows) rows = pg_query(conn, &cause, sql_load_revisions, ledger_tenant(conn));
    int version = 0;

    if (rows == NULL && !ledger_is_absent(cause)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        ledger_hint_rights(conn, error);
        return NULL;
    }
    if (rows == NULL && (!ledger_find(conn, &version, error) ||
                         (version > 0 && !ledger_check_upgraded(conn, version, error))))
        return NULL;
    if (rows == NULL)
        return g_steal_pointer(&revisions);
    if (!ledger_check_version(conn, (int) pg_integer(rows, 0, 0), error))
        return NULL;
    add_adoptions(conn, revisions, pg_text(rows, 0, 1));
    for (int i = 0; i < pg_rows_count(rows); i++)
        if (!pg_is_null(rows, i, 2))
            add_row(revisions, row_of(conn, rows, i));
    return g_steal_pointer(&revisions);
}

LedgerRevisions *
ledger_load_revisions_to_change(PgConn *conn, const Clock *clock, GError **error)
{
    g_autoptr(GError) cause = NULL;
    LedgerRevisions *revisions = ledger_load_revisions(conn, &cause);
    int version = 0;

    if (revisions)
        return revisions;
    if (ledger_find(conn, &version, NULL) && version > 0 && version < LEDGER_VERSION)
        return ledger_ensure(conn, clock, error) ? ledger_load_revisions(conn, error) : NULL;
    g_propagate_error(error, g_steal_pointer(&cause));
    return NULL;
}

LedgerRevisions *
ledger_load_states(PgConn *conn, GError **error)
{
    g_autoptr(LedgerRevisions) revisions = ledger_revisions_new();
    g_autoptr(GError) cause = NULL;
    g_autoptr(PgRows) rows = pg_query(
        conn, &cause, "SELECT revision, state, final FROM sluice.schema_state WHERE tenant = $1",
        ledger_tenant(conn));

    if (rows == NULL && !ledger_is_absent(cause)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return NULL;
    }
    for (int i = 0; rows && i < pg_rows_count(rows); i++)
        ledger_revisions_add(revisions, ledger_row_new(pg_text(rows, i, 0), pg_text(rows, i, 1),
                                                       pg_bool(rows, i, 2)));
    return g_steal_pointer(&revisions);
}

const LedgerRevision *
ledger_find_revision(const LedgerRevisions *revisions, const char *id)
{
    return g_hash_table_lookup(revisions->by_id, id);
}

/* As a text[]. */
static char *
parents_array(const Revision *revision)
{
    GString *text = g_string_new("{");

    for (guint i = 0; i < revision->revises->len; i++) {
        g_string_append(text, i > 0 ? ",\"" : "\"");
        for (const char *c = g_ptr_array_index(revision->revises, i); *c; c++) {
            if (*c == '"' || *c == '\\')
                g_string_append_c(text, '\\');
            g_string_append_c(text, *c);
        }
        g_string_append_c(text, '"');
    }
    g_string_append_c(text, '}');
    return g_string_free(text, FALSE);
}

static const char tool[] = "sluice " SLUICE_VERSION;

bool
ledger_begin_phase(PgConn *conn, const Revision *revision, const char *phase, GError **error)
{
    g_autofree char *key = ledger_key(conn, revision->id);
    g_autofree char *parents = parents_array(revision);
    g_autofree char *actor = ledger_actor();

    g_assert(!pg_in_transaction(conn));
    return pg_exec(conn, error,
                   "INSERT INTO sluice.revision (id, title, parents, partly, applied_by, tool) "
                   "VALUES ($1, $2, $3, $4, $5, $6) "
                   "ON CONFLICT (id) DO UPDATE SET partly = excluded.partly",
                   key, revision->title, parents, phase, actor, tool);
}

/* Of the @index-th of those that freeze, NULL if it is not there or has not run in @state. */
static char *
frozen_checksum(const Revision *revision, RevisionState state, guint index)
{
    return frozen[index].state <= state ? revision_checksum(revision, frozen[index].section) : NULL;
}

/* {"expand": checksum, ..} of the sections that have run once @state is reached. */
static char *
frozen_checksums_json(const Revision *revision, RevisionState state)
{
    g_autoptr(json_t) object = json_object();

    for (guint i = 0; i < G_N_ELEMENTS(frozen); i++) {
        g_autofree char *checksum = frozen_checksum(revision, state, i);
        if (checksum)
            json_object_set_new(object, section_kind_name(frozen[i].section),
                                json_string(checksum));
    }
    return json_dumps(object, JSON_COMPACT);
}

struct LedgerRecord {
    const Revision *revision;
    const char *phase;
    GPtrArray *steps; /* borrowed; may be NULL */
    RevisionState state;
    bool final;
    char *key, *actor;
    GPtrArray *texts; /* char *: the parameters that are made for it */
    GArray *params;   /* const char *, of all commands */
    GArray *commands; /* PgCommand */
};

/* Adds @sql with its parameters. They stand behind each other, and are found by record_commands
 * once there are no more. */
static void
add_command(LedgerRecord *record, const char *name, const char *sql, const char *const *params,
            guint n_params)
{
    const PgCommand command = {.sql = sql, .name = name, .n_params = n_params};

    g_array_append_vals(record->params, params, n_params);
    g_array_append_val(record->commands, command);
}

/* With a name, for many are written by one session. */
#define ADD_COMMAND(record, name, sql, ...)                                                        \
    add_command((record), (name), (sql), (const char *const[]){__VA_ARGS__},                       \
                G_N_ELEMENTS(((const char *const[]){__VA_ARGS__})))

static const char *
own(LedgerRecord *record, char *take_text)
{
    g_ptr_array_add(record->texts, take_text);
    return take_text;
}

/* NULL for NULL. */
static char *
steps_json(GPtrArray *steps)
{
    g_autoptr(json_t) list = json_array();

    for (guint i = 0; steps && i < steps->len; i++) {
        const LedgerStep *step = g_ptr_array_index(steps, i);
        json_array_append_new(list, json_pack("{s:i, s:s, s:s}", "ordinal", step->ordinal,
                                              "statement", step->statement, "hash", step->hash));
    }
    return steps ? json_dumps(list, JSON_COMPACT) : NULL;
}

/* One statement, whatever is there already. */
static void
add_phase(LedgerRecord *record)
{
    const Revision *revision = record->revision;
    const char *number = own(record, g_strdup_printf("%d", (int) record->state));

    ADD_COMMAND(record, "sluice_record", sql_record_phase, record->key, revision->title,
                own(record, parents_array(revision)), revision_state_name(record->state), number,
                record->final ? "t" : "f", record->actor, tool,
                own(record, frozen_checksums_json(revision, record->state)), record->phase,
                own(record, steps_json(record->steps)));
}

/* Nothing can be there to be changed, and plain rows cost the server half. */
static void
add_first_phase(LedgerRecord *record)
{
    const Revision *revision = record->revision;

    ADD_COMMAND(record, "sluice_record_revision",
                "INSERT INTO sluice.revision "
                "(id, title, parents, state, final, applied_by, tool, expanded_at) "
                "VALUES ($1, $2, $3, $4, $5, $6, $7, now())",
                record->key, revision->title, own(record, parents_array(revision)),
                revision_state_name(record->state), record->final ? "t" : "f", record->actor, tool);
    for (guint i = 0; i < G_N_ELEMENTS(frozen); i++) {
        char *checksum = frozen_checksum(revision, record->state, i);

        if (checksum)
            ADD_COMMAND(record, "sluice_record_section",
                        "INSERT INTO sluice.section (revision, section, checksum) "
                        "VALUES ($1, $2, $3)",
                        record->key, section_kind_name(frozen[i].section), own(record, checksum));
    }
    for (guint i = 0; i < record->steps->len; i++) {
        const LedgerStep *step = g_ptr_array_index(record->steps, i);

        ADD_COMMAND(record, "sluice_record_step",
                    "INSERT INTO sluice.step (revision, phase, ordinal, statement, hash, state, "
                    "attempts, lock_wait_ms, duration_ms, started_at, finished_at) "
                    "VALUES ($1, $2, $3, $4, $5, 'done', 1, 0, "
                    "1000 * extract(epoch FROM clock_timestamp() - now()), now(), "
                    "clock_timestamp())",
                    record->key, record->phase, own(record, g_strdup_printf("%d", step->ordinal)),
                    step->statement, step->hash);
    }
}

static void
find_params(LedgerRecord *record)
{
    const char *const *params = (const char *const *) (gpointer) record->params->data;

    for (guint i = 0; i < record->commands->len; i++) {
        PgCommand *command = &g_array_index(record->commands, PgCommand, i);

        command->params = params;
        params += command->n_params;
    }
}

LedgerRecord *
ledger_record_new(PgConn *conn, const Revision *revision, RevisionState state, bool final,
                  const char *phase, GPtrArray *steps, bool is_first)
{
    LedgerRecord *record = g_new0(LedgerRecord, 1);

    g_assert(!is_first || (steps && state == STATE_EXPANDED));
    *record = (LedgerRecord){
        .revision = revision,
        .phase = phase,
        .steps = steps,
        .state = state,
        .final = final,
        .key = ledger_key(conn, revision->id),
        .actor = ledger_actor(),
        .texts = g_ptr_array_new_with_free_func(g_free),
        .params = g_array_new(FALSE, FALSE, sizeof(const char *)),
        .commands = g_array_new(FALSE, FALSE, sizeof(PgCommand)),
    };
    if (is_first)
        add_first_phase(record);
    else
        add_phase(record);
    find_params(record);
    return record;
}

void
ledger_record_free(LedgerRecord *record)
{
    if (record == NULL)
        return;
    g_free(record->key);
    g_free(record->actor);
    g_ptr_array_unref(record->texts);
    g_array_unref(record->params);
    g_array_unref(record->commands);
    g_free(record);
}

const PgCommand *
ledger_record_commands(const LedgerRecord *record, guint *ret_count)
{
    *ret_count = record->commands->len;
    return (const PgCommand *) (gpointer) record->commands->data;
}

bool
ledger_record_write(PgConn *conn, const LedgerRecord *record, GError **error)
{
    for (guint i = 0; i < record->commands->len; i++) {
        const PgCommand *command = &g_array_index(record->commands, PgCommand, i);

        if (!pg_exec_array(conn, command->sql, command->params, command->n_params, NULL, error))
            return false;
    }
    return true;
}

bool
ledger_stamp_revision(PgConn *conn, const Revision *revision, RevisionState state, bool final,
                      RevisionOrigin origin, GError **error)
{
    g_autofree char *key = ledger_key(conn, revision->id);
    g_autofree char *parents = parents_array(revision);
    g_autofree char *number = g_strdup_printf("%d", (int) state);
    g_autofree char *actor = ledger_actor();
    g_autofree char *checksums = frozen_checksums_json(revision, state);

    return pg_exec(conn, error, sql_stamp_revision, key, revision->title, parents,
                   revision_state_name(state), number, final ? "t" : "f", actor, tool, checksums,
                   revision_origin_name(origin));
}

bool
ledger_remove_revision(PgConn *conn, const char *id, GError **error)
{
    g_autofree char *key = ledger_key(conn, id);

    return pg_exec(conn, error, "DELETE FROM sluice.revision WHERE id = $1", key);
}

bool
ledger_set_adoption(PgConn *conn, const LedgerAdoption *adoption, GError **error)
{
    g_autofree char *key = ledger_key(conn, adoption->tool);
    g_autofree char *actor = ledger_actor();

    return pg_exec(conn, error,
                   "INSERT INTO sluice.adoption AS a (tool, relation, kept, adopted_by) "
                   "VALUES ($1, $2, $3, $4) "
                   "ON CONFLICT (tool) DO UPDATE "
                   "   SET relation = excluded.relation, kept = excluded.kept",
                   key, adoption->relation, adoption->kept ? "t" : "f", actor);
}

bool
ledger_remove_adoption(PgConn *conn, const char *tool_name, GError **error)
{
    g_autofree char *key = ledger_key(conn, tool_name);

    return pg_exec(conn, error, "DELETE FROM sluice.adoption WHERE tool = $1", key);
}
