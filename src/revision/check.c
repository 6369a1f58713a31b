/* What can be said of a revision without a database. */
#include "revision/revision.h"
#include "revision/swap.h"
#include "revision/table-sync.h"

void
revision_sync_free(RevisionSync *sync)
{
    if (sync == NULL)
        return;
    g_free(sync->revision);
    g_free(sync->schema);
    g_free(sync->table);
    sql_mapping_free(sync->forward);
    sql_mapping_free(sync->reverse);
    g_free(sync);
}

/* "full_name, nick": for a message. */
static char *
columns_label(const SqlMapping *mapping)
{
    g_autoptr(GString) label = g_string_new(NULL);

    for (guint i = 0; i < mapping->pairs->len; i++) {
        const SqlPair *pair = mapping->pairs->pdata[i];
        for (guint k = 0; k < pair->sources->len; k++)
            g_string_append_printf(label, "%s.. AS %s", label->len ? ", " : "",
                                   (const char *) pair->sources->pdata[k]);
    }
    return g_string_free(g_steal_pointer(&label), FALSE);
}

static SqlMapping *
reverse_of(const Revision *revision, const Section *section, const SqlMapping *forward,
           GError **error)
{
    const Section *written = revision_section(revision, SECTION_SYNC_REVERSE, section->argument);
    const Place marker = {section->place.file, section->place.line - 1, 1};
    g_autofree char *columns = NULL;
    SqlMapping *derived;

    if (written != NULL)
        return sql_mapping_parse(written->text, written->place, error);
    derived = sql_mapping_reverse(forward);
    if (derived != NULL)
        return derived;
    columns = columns_label(forward);
    error_set_at(error, ERROR_CONFIG, marker,
                 "the way back of the mapping on '%s' cannot be derived: not every pair is one "
                 "bare column",
                 section->argument);
    error_hint(error, "Add a section `-- sluice: sync %s reverse` with `SELECT %s;`.",
               section->argument, columns);
    return NULL;
}

static RevisionSync *
sync_of(const Revision *revision, const Section *section, GError **error)
{
    g_autoptr(RevisionSync) sync = g_new0(RevisionSync, 1);
    const Place marker = {section->place.file, section->place.line - 1, 1};

    if (!sql_name_parse(section->argument, marker, &sync->schema, &sync->table, error))
        return NULL;
    sync->revision = g_strdup(revision->id);
    sync->not_null = section->not_null;
    sync->forward = sql_mapping_parse(section->text, section->place, error);
    if (sync->forward == NULL)
        return NULL;
    sync->reverse = reverse_of(revision, section, sync->forward, error);
    return sync->reverse != NULL ? g_steal_pointer(&sync) : NULL;
}

GPtrArray *
revision_syncs(const Revision *revision, GError **error)
{
    g_autoptr(GPtrArray) syncs =
        g_ptr_array_new_with_free_func((GDestroyNotify) revision_sync_free);

    for (guint i = 0; i < revision->sections->len; i++) {
        const Section *section = revision->sections->pdata[i];
        RevisionSync *sync;

        if (section->kind == SECTION_SYNC_REVERSE &&
            revision_section(revision, SECTION_SYNC, section->argument) == NULL) {
            const Place marker = {section->place.file, section->place.line - 1, 1};
            error_set_at(error, ERROR_CONFIG, marker,
                         "'sync %s reverse' stands without its 'sync %s'", section->argument,
                         section->argument);
            return NULL;
        }
        if (section->kind != SECTION_SYNC)
            continue;
        sync = sync_of(revision, section, error);
        if (sync == NULL)
            return NULL;
        g_ptr_array_add(syncs, sync);
    }
    return g_steal_pointer(&syncs);
}

/* Sections that an old app lives through: nothing it needs may go there. */
static bool
is_survived(SectionKind kind)
{
    return kind == SECTION_EXPAND || kind == SECTION_FINISH;
}

/* What an old app does not survive of @statement; NULL: nothing. @created: what the section has
 * made before: no app knows it yet. Caller owns. */
static char *
destroys(const SqlStatement *statement, GHashTable *created)
{
    g_autofree char *reason = sql_statement_destroys(statement);
    g_autofree char *altered = sql_statement_alters(statement);
    char *made = sql_statement_creates(statement);

    if (made != NULL)
        g_hash_table_add(created, made);
    if (altered != NULL && g_hash_table_contains(created, altered))
        return NULL;
    return g_steal_pointer(&reason);
}

static GHashTable *
created_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static bool
check_survived(const Section *section, const SqlStatement *statement, GHashTable *created,
               GError **error)
{
    g_autofree char *reason = destroys(statement, created);
    g_autoptr(GPtrArray) filled = sql_statement_adds_filled_columns(statement);

    if (reason == NULL)
        return true;
    error_set_at(error, ERROR_CHECK, sql_statement_place(statement),
                 "'%s' %s, which an app in its old version does not survive",
                 section_kind_name(section->kind), reason);
    return error_hint(error, filled->len > 0
                                 ? "Add the column bare, and make it NOT NULL in contract."
                                 : "Move it to contract.");
}

static bool
check_statement(const Section *section, const SqlStatement *statement, GError **error)
{
    const Place place = sql_statement_place(statement);
    const char *name = section_kind_name(section->kind);
    bool concurrently = g_str_has_suffix(sql_statement_verb(statement), " CONCURRENTLY");

    if (sql_statement_is_transaction_control(statement)) {
        error_set_at(error, ERROR_CHECK, place, "%s is not allowed in a revision",
                     sql_statement_verb(statement));
        return error_hint(error, "Remove it: sluice opens and ends the transactions. `-- "
                                 "Transaction: statement` makes each statement one.");
    }
    if (sql_statement_is_client_copy(statement)) {
        error_set_at(error, ERROR_CHECK, place,
                     "COPY from or to the client is not allowed in a revision");
        return error_hint(error, "Write INSERT .. VALUES; pg_dump does with --inserts.");
    }
    if ((section->kind == SECTION_CUTOVER || section->kind == SECTION_CUTOVER_UNDO) &&
        (!sql_statement_is_transactional(statement) || sql_statement_validates(statement))) {
        error_set_at(error, ERROR_CHECK, place, "%s cannot run in the one transaction of '%s'",
                     sql_statement_verb(statement), name);
        return error_hint(error, "Move it to finish.");
    }
    if (concurrently && g_str_has_prefix(sql_statement_verb(statement), "CREATE INDEX") &&
        !sql_statement_creates_index(statement, NULL, NULL, NULL, NULL)) {
        error_set_at(error, ERROR_CHECK, place, "CREATE INDEX CONCURRENTLY without a name");
        return error_hint(error, "Name the index, so that it can be found again after a crash.");
    }
    return true;
}

/* Whatever plain statements stand there are allowed. */
static bool
takes_any(const Section *section)
{
    return section->kind == SECTION_DOWNGRADE || section->kind == SECTION_CONTRACT;
}

static bool
check_script(const Section *section, bool survived, GError **error)
{
    g_autoptr(GHashTable) created = created_new();
    g_autoptr(SqlScript) script = NULL;

    if (takes_any(section) && sql_is_plain(section->text))
        return true;
    script = section_parse(section, error);
    if (script == NULL)
        return false;
    for (guint i = 0; i < sql_script_count(script); i++) {
        const SqlStatement *statement = sql_script_get(script, i);

        if (!check_statement(section, statement, error))
            return false;
        if (survived && !check_survived(section, statement, created, error))
            return false;
    }
    return true;
}

static bool
check_verify(const Section *section, GError **error)
{
    g_autoptr(SqlScript) script = section_parse(section, error);

    if (script == NULL)
        return false;
    if (sql_script_count(script) == 1 &&
        g_str_equal(sql_statement_verb(sql_script_get(script, 0)), "SELECT"))
        return true;
    error_set_at(error, ERROR_SQL, section->place, "'verify' is one SELECT");
    return error_hint(error, "It returns the rows that are wrong, and none if all is well.");
}

static bool
check_backfill(const Section *section, GError **error)
{
    g_autoptr(GPtrArray) backfills = section_backfills(section, error);

    return backfills != NULL;
}

static bool
check_filled_in(const Section *section, GError **error)
{
    if (section->fill_in == NULL)
        return true;
    error_set_at(error, ERROR_CHECK, section->place, "'%s' is not filled in: %s",
                 section_kind_name(section->kind),
                 section->fill_in[0] ? section->fill_in : "it says no more");
    return error_hint(error, "Write it as SQL, and remove the line `-- sluice: fill in ..`.");
}

/* Imported history has run where it ran: its expand is as the other tool made it. */
static bool
must_survive(const Revision *revision, const Section *section)
{
    return is_survived(section->kind) &&
           !(revision->imported != NULL && section->kind == SECTION_EXPAND);
}

static bool
check_section(const Revision *revision, const Section *section, GError **error)
{
    if (!check_filled_in(section, error))
        return false;
    switch (section->kind) {
    case SECTION_SYNC:
    case SECTION_SYNC_REVERSE:
    case SECTION_SYNC_TO:
        return true; /* by revision_syncs, revision_table_syncs */
    case SECTION_BACKFILL:
        return check_backfill(section, error);
    case SECTION_VERIFY:
        return check_verify(section, error);
    case SECTION_EXPAND:
    case SECTION_FINISH:
    case SECTION_CUTOVER:
    case SECTION_CUTOVER_UNDO:
    case SECTION_CONTRACT:
    case SECTION_DOWNGRADE:
    case SECTION_N:
        break;
    }
    return check_script(section, must_survive(revision, section), error);
}

static bool
sets_column(const SqlMapping *mapping, const char *column)
{
    for (guint i = 0; i < mapping->pairs->len; i++) {
        const SqlPair *pair = mapping->pairs->pdata[i];
        if (g_str_equal(pair->column, column))
            return true;
    }
    return false;
}

static bool
reads_column(const SqlMapping *mapping, const char *column)
{
    for (guint i = 0; i < mapping->pairs->len; i++) {
        const SqlPair *pair = mapping->pairs->pdata[i];
        if (g_ptr_array_find_with_equal_func(pair->sources, column, g_str_equal, NULL))
            return true;
    }
    return false;
}

/* A column belongs to the old shape or to the new one. */
static bool
check_directions(const RevisionSync *sync, GError **error)
{
    for (guint i = 0; i < sync->forward->pairs->len; i++) {
        const SqlPair *pair = sync->forward->pairs->pdata[i];
        if (sets_column(sync->reverse, pair->column)) {
            error_set_at(error, ERROR_CHECK, pair->place,
                         "both directions of the mapping set column '%s'", pair->column);
            return error_hint(error, "A column belongs to the old shape or to the new one.");
        }
        if (reads_column(sync->forward, pair->column)) {
            error_set_at(error, ERROR_CHECK, pair->place, "the mapping reads and sets column '%s'",
                         pair->column);
            return error_hint(error, "Map it onto a new column, and drop the old one in contract.");
        }
    }
    return true;
}

/* Is "schema.table.column" or "table.column", as a statement writes it, set by the mapping? */
static bool
is_target(const RevisionSync *sync, const char *label)
{
    g_auto(GStrv) parts = g_strsplit(label, ".", 3);
    const guint count = g_strv_length(parts);

    if (count == 3 && sync->schema != NULL && !g_str_equal(parts[0], sync->schema))
        return false;
    return count >= 2 && g_str_equal(parts[count - 2], sync->table) &&
           sets_column(sync->forward, parts[count - 1]);
}

/* The targets among the columns that @statement adds; NULL: none. Borrowed from @columns. */
static const char *
first_target(const RevisionSync *sync, const GPtrArray *columns)
{
    for (guint i = 0; i < columns->len; i++) {
        if (is_target(sync, columns->pdata[i]))
            return columns->pdata[i];
    }
    return NULL;
}

static bool
check_added_column(const Revision *revision, const RevisionSync *sync,
                   const SqlStatement *statement, guint run, int *first_run, GError **error)
{
    g_autoptr(GPtrArray) added = sql_statement_adds_columns(statement);
    g_autoptr(GPtrArray) filled = sql_statement_adds_filled_columns(statement);
    const Place place = sql_statement_place(statement);
    const char *column = first_target(sync, filled);

    if (column != NULL) {
        error_set_at(error, ERROR_CHECK, place,
                     "column '%s' is the target of a mapping and cannot have NOT NULL or a default "
                     "yet",
                     column);
        return error_hint(error, "Add it bare; set the default, and NOT NULL, in contract. In "
                                 "expand a filled column could not be told from a given one.");
    }
    column = first_target(sync, added);
    if (column == NULL)
        return true;
    if (*first_run >= 0 && *first_run != (int) run) {
        error_set_at(error, ERROR_CHECK, place,
                     "column '%s' is added in another transaction than the mapping's other columns",
                     column);
        return error_hint(error,
                          revision->statement_transactions
                              ? "Add all columns of the mapping in one ALTER TABLE."
                              : "Put the statement that cannot run in a transaction behind it.");
    }
    *first_run = (int) run;
    return true;
}

/* All columns of a mapping come in one run, with its triggers: else an old app's write could meet
 * half a mapping. */
static bool
check_runs(const Revision *revision, const RevisionSync *sync, GError **error)
{
    const Section *expand = revision_section(revision, SECTION_EXPAND, NULL);
    g_autoptr(SqlScript) script = NULL;
    int first_run = -1;
    guint run = 0;

    if (expand == NULL)
        return true;
    script = section_parse(expand, error);
    if (script == NULL)
        return false;
    for (guint i = 0; i < sql_script_count(script); i++) {
        const SqlStatement *statement = sql_script_get(script, i);

        if (revision->statement_transactions || !sql_statement_is_transactional(statement) ||
            sql_statement_validates(statement))
            run++;
        if (!check_added_column(revision, sync, statement, run, &first_run, error))
            return false;
    }
    return true;
}

/* A query has one set of names, and the columns have two: before the cutover and after. */
static bool
check_verify_names(const Revision *revision, const RevisionSync *sync, GError **error)
{
    const Section *verify = revision_section(revision, SECTION_VERIFY, NULL);
    bool swaps = false;

    if (!revision_swaps(revision, sync, &swaps, error))
        return false;
    if (!swaps || verify == NULL)
        return true;
    error_set_at(error, ERROR_CHECK, verify->place,
                 "the cutover renames columns of %s, and this query has their old names",
                 sync->table);
    return error_hint(error, "Leave the section verify out: sluice derives it from the mapping, "
                             "with the names that the columns have.");
}

static bool
check_all(const Revision *revision, GError **error)
{
    g_autoptr(GPtrArray) syncs = NULL;

    for (guint i = 0; i < revision->sections->len; i++) {
        if (!check_section(revision, revision->sections->pdata[i], error))
            return false;
    }
    syncs = revision_syncs(revision, error);
    if (syncs == NULL)
        return false;
    for (guint i = 0; i < syncs->len; i++) {
        if (!check_directions(syncs->pdata[i], error) ||
            !check_runs(revision, syncs->pdata[i], error) ||
            !check_verify_names(revision, syncs->pdata[i], error))
            return false;
    }
    return table_syncs_check(revision, error);
}

bool
revision_check(const Revision *revision, GError **error)
{
    if (check_all(revision, error))
        return true;
    if (error && error_get_hint(*error) == NULL)
        error_hint(error, "Correct the file; `sluice show %s` checks it without a database.",
                   revision->id);
    return false;
}

/* As `sluice revision` leaves a file for its author to write. */
static bool
is_unwritten(const Revision *revision)
{
    for (guint i = 0; i < revision->sections->len; i++) {
        g_autoptr(SqlScript) script = section_parse(revision->sections->pdata[i], NULL);
        if (script == NULL || sql_script_count(script) > 0)
            return false;
    }
    return revision_section(revision, SECTION_EXPAND, NULL) != NULL && revision->imported == NULL;
}

bool
revision_check_to_run(const Revision *revision, GError **error)
{
    if (!revision_check(revision, error))
        return false;
    if (!is_unwritten(revision))
        return true;
    error_set_at(error, ERROR_CHECK, revision_section(revision, SECTION_EXPAND, NULL)->place,
                 "no section of %s holds a statement yet", revision->id);
    return error_hint(error, "Write what it does, and run the same command again; a revision that "
                             "is to do nothing has no `-- sluice: expand` line.");
}

GPtrArray *
revision_destroys(const Revision *revision, GError **error)
{
    g_autoptr(GPtrArray) reasons = g_ptr_array_new_with_free_func(g_free);
    const Section *expand = revision_section(revision, SECTION_EXPAND, NULL);
    g_autoptr(GHashTable) created = created_new();
    g_autoptr(SqlScript) script = NULL;

    if (revision->imported == NULL || expand == NULL)
        return g_steal_pointer(&reasons);
    script = section_parse(expand, error);
    if (script == NULL)
        return NULL;
    for (guint i = 0; i < sql_script_count(script); i++) {
        char *reason = destroys(sql_script_get(script, i), created);

        if (reason != NULL)
            g_ptr_array_add(reasons, reason);
    }
    return g_steal_pointer(&reasons);
}
