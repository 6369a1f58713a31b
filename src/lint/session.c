#include "lint/session.h"

#include "lint/held.h"

typedef struct {
    char *name;
    Model *model;
    GPtrArray *locks; /* those that were held */
} Savepoint;

/* Which statements have a change of one kind: filled as far as somebody has asked. */
typedef struct {
    GPtrArray *statements; /* SessionStatement *; NULL: nobody has */
    guint seen;            /* statements of the session that were looked at for it */
} KindIndex;

enum { FEW_STATEMENTS = 64 }; /* are looked through as fast as an index is made of them */

struct Session {
    Model *model;
    GPtrArray *retired; /* Model *: undone ones; what ran before points into them */
    Timeouts role, timeouts;
    bool is_history;
    SessionAtCommit at_commit;
    void *at_commit_data;

    const LintFile *file;
    bool keeps_snapshots; /* the file rolls back somewhere */
    SectionKind section;
    Model *before_undo; /* what the section that undoes something goes back to */
    Mapped *mapped;     /* NULL: the file has no mapping */
    guint file_start;

    bool is_open;   /* a transaction is, whoever began it */
    bool validated; /* the transaction is sluice's, of a VALIDATE alone */
    bool is_explicit;
    guint bodies;     /* how deep in bodies */
    bool body_is_all; /* the transaction was begun for one */
    GPtrArray *kept;  /* LintBody * */
    guint transaction, transaction_start;
    Model *begin; /* NULL: there is nothing that goes back to it */
    GPtrArray *savepoints;
    GPtrArray *locks; /* SessionLock * */

    const LintUnit *unit;
    Prediction *prediction;
    GPtrArray *statements; /* SessionStatement * */
    KindIndex *by_kind;    /* of each DdlChangeKind */
    GHashTable *orders;    /* "first\nthen" -> place of the transaction */
};

static void
statement_free(SessionStatement *statement)
{
    prediction_free(statement->prediction);
    g_free(statement);
}

static void
savepoint_free(Savepoint *savepoint)
{
    g_free(savepoint->name);
    model_free(savepoint->model);
    g_ptr_array_unref(savepoint->locks);
    g_free(savepoint);
}

Session *
session_new(Model *take_model, const Timeouts *role)
{
    Session *session = g_new0(Session, 1);

    session->model = take_model;
    session->role = *role;
    session->timeouts = *role;
    session->section = SECTION_N;
    session->retired = g_ptr_array_new_with_free_func((GDestroyNotify) model_free);
    session->savepoints = g_ptr_array_new_with_free_func((GDestroyNotify) savepoint_free);
    session->kept = g_ptr_array_new_with_free_func((GDestroyNotify) body_free);
    session->locks = held_new();
    session->orders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    session->statements = g_ptr_array_new_with_free_func((GDestroyNotify) statement_free);
    session->by_kind = g_new0(KindIndex, CHANGE_N);
    return session;
}

static void
forget_kinds(Session *session)
{
    for (int kind = 0; kind < CHANGE_N; kind++) {
        g_clear_pointer(&session->by_kind[kind].statements, g_ptr_array_unref);
        session->by_kind[kind].seen = 0;
    }
}

void
session_free(Session *session)
{
    if (session == NULL)
        return;
    forget_kinds(session);
    g_free(session->by_kind);
    g_ptr_array_unref(session->statements);
    g_ptr_array_unref(session->kept);
    g_hash_table_unref(session->orders);
    g_ptr_array_unref(session->locks);
    g_ptr_array_unref(session->savepoints);
    prediction_free(session->prediction);
    mapped_free(session->mapped);
    model_free(session->before_undo);
    model_free(session->begin);
    model_free(session->model);
    g_ptr_array_unref(session->retired);
    g_free(session);
}

void
session_set_at_commit(Session *session, SessionAtCommit at_commit, void *data)
{
    session->at_commit = at_commit;
    session->at_commit_data = data;
}

void
session_set_history(Session *session)
{
    session->is_history = true;
}

bool
session_is_history(const Session *session)
{
    return session->is_history;
}

/* The strings of what ran before are the old model's. */
static void
go_back_to(Session *session, Model *take_model)
{
    g_ptr_array_add(session->retired, session->model);
    session->model = take_model;
    held_look_up(session->locks, 0, session->model);
}

static void
begin(Session *session)
{
    session->is_open = true;
    session->transaction++;
    session->transaction_start = model_step(session->model);
    timeouts_begin(&session->timeouts);
    if (session->keeps_snapshots)
        session->begin = model_copy(session->model);
}

static void
end(Session *session, bool committed)
{
    if (committed && session->at_commit != NULL && session->is_open)
        session->at_commit(session, session->at_commit_data);
    if (committed)
        held_record_orders(session->locks, session->orders);
    if (!committed && session->begin != NULL)
        go_back_to(session, g_steal_pointer(&session->begin));
    g_clear_pointer(&session->begin, model_free);
    timeouts_end(&session->timeouts, committed);
    g_ptr_array_set_size(session->savepoints, 0);
    g_ptr_array_set_size(session->locks, 0);
    session->is_open = session->is_explicit = false;
}

static void
forget_statements(Session *session)
{
    forget_kinds(session);
    g_ptr_array_set_size(session->statements, 0);
    g_clear_pointer(&session->prediction, prediction_free);
    g_ptr_array_set_size(session->retired, 0);
    g_ptr_array_set_size(session->kept, 0);
    session->unit = NULL;
}

void
session_begin_file(Session *session, const LintFile *file)
{
    session->file = file;
    session->section = SECTION_N;
    session->timeouts = session->role;
    session->keeps_snapshots = lint_file_rolls_back(file);
    session->file_start = session->transaction_start = model_step(session->model);
    forget_statements(session);
    g_clear_pointer(&session->mapped, mapped_free);
    if (file->revision != NULL)
        session->mapped = mapped_new(file->revision);
    if (file->wrapped)
        begin(session);
}

static bool
undoes(SectionKind section)
{
    return section == SECTION_DOWNGRADE || section == SECTION_CUTOVER_UNDO;
}

static void
leave_section(Session *session)
{
    if (session->is_open)
        end(session, true);
    if (session->before_undo != NULL)
        go_back_to(session, g_steal_pointer(&session->before_undo));
    session->section = SECTION_N;
}

static void
enter_section(Session *session, SectionKind section)
{
    leave_section(session);
    session->section = section;
    if (session->mapped != NULL)
        mapped_reach(session->mapped, section, session->model);
    session->file_start = model_step(session->model);
    if (undoes(section))
        session->before_undo = model_copy(session->model);
}

/* sluice makes a transaction of neighbours that may be in one, but for a VALIDATE; of finish each
 * statement is one. */
static void
enter_run(Session *session, const LintUnit *unit)
{
    const bool may = unit->statement == NULL || sql_statement_is_transactional(unit->statement);
    const bool validates = unit->statement != NULL && sql_statement_validates(unit->statement);
    const bool alone = unit->section == SECTION_FINISH || validates || session->validated ||
                       session->file->revision->statement_transactions;

    if (unit->section != session->section)
        enter_section(session, unit->section);
    if (session->is_open && (!may || alone))
        end(session, true);
    session->validated = validates;
    if (!session->is_open && may)
        begin(session);
}

void
session_enter(Session *session, const LintUnit *unit)
{
    session->unit = unit;
    if (session->file->revision != NULL && unit->outer == NULL)
        enter_run(session, unit);
    if (!session->is_open) {
        session->transaction++;
        session->transaction_start = model_step(session->model);
    }
    g_clear_pointer(&session->prediction, prediction_free);
    if (unit->statement != NULL)
        session->prediction =
            locks_predict(session->model, unit->statement, unit->changes, session->file_start);
}

static int
find_savepoint(const Session *session, const char *name)
{
    for (guint i = session->savepoints->len; i > 0; i--) {
        const Savepoint *savepoint = session->savepoints->pdata[i - 1];
        if (g_strcmp0(savepoint->name, name) == 0)
            return (int) i - 1;
    }
    return -1;
}

static void
set_savepoint(Session *session, const char *name)
{
    Savepoint *savepoint = g_new0(Savepoint, 1);

    savepoint->name = g_strdup(name);
    savepoint->model = session->keeps_snapshots ? model_copy(session->model) : NULL;
    savepoint->locks = held_copy(session->locks);
    g_ptr_array_add(session->savepoints, savepoint);
}

/* Locks that were taken since go, and so does what was made. */
static void
roll_back_to(Session *session, const char *name)
{
    const int at = find_savepoint(session, name);
    Savepoint *savepoint;

    if (at < 0)
        return;
    savepoint = session->savepoints->pdata[at];
    g_ptr_array_set_size(session->savepoints, at + 1);
    if (savepoint->model != NULL)
        go_back_to(session, model_copy(savepoint->model));
    g_ptr_array_unref(session->locks);
    session->locks = held_copy(savepoint->locks);
    held_look_up(session->locks, 0, session->model);
}

static void
release_savepoint(Session *session, const char *name)
{
    const int at = find_savepoint(session, name);

    if (at >= 0)
        g_ptr_array_set_size(session->savepoints, at);
}

static void
control(Session *session, const DdlChange *change)
{
    const char *word = change->text;

    if (g_str_equal(word, "begin")) {
        if (!session->is_open)
            begin(session);
        session->is_explicit = true;
    } else if (g_str_equal(word, "commit") || g_str_equal(word, "prepare")) {
        end(session, true);
    } else if (g_str_equal(word, "rollback")) {
        end(session, false);
    } else if (g_str_equal(word, "savepoint")) {
        set_savepoint(session, change->new_name);
    } else if (g_str_equal(word, "rollback to")) {
        roll_back_to(session, change->new_name);
    } else if (g_str_equal(word, "release")) {
        release_savepoint(session, change->new_name);
    }
}

static void
follow(Session *session, const LintUnit *unit)
{
    for (guint i = 0; i < ddl_changes_count(unit->changes); i++) {
        const DdlChange *change = ddl_changes_get(unit->changes, i);

        timeouts_apply(&session->timeouts, change, session->is_open);
        if (change->kind == CHANGE_TRANSACTION)
            control(session, change);
    }
}

static void
forget_tables(const Prediction *prediction)
{
    for (guint i = 0; i < prediction->locks->len; i++)
        ((PredictedLock *) prediction->locks->pdata[i])->table = NULL;
    for (guint i = 0; i < prediction->works->len; i++)
        ((PredictedWork *) prediction->works->pdata[i])->table = NULL;
}

void
session_leave(Session *session)
{
    const LintUnit *unit = session->unit;
    SessionStatement *statement = g_new0(SessionStatement, 1);
    const bool was_open = session->is_open;
    guint held;

    statement->unit = unit;
    statement->transaction = session->transaction;
    statement->step = model_step(session->model);
    statement->timeouts = session->timeouts;
    statement->prediction = g_steal_pointer(&session->prediction);
    g_ptr_array_add(session->statements, statement);
    if (unit->statement == NULL) {
        model_set_complete(session->model, false); /* it may have made anything */
        return;
    }
    held = session->locks->len;
    for (guint i = 0; was_open && i < statement->prediction->locks->len; i++)
        held_add(session->locks, statement->prediction->locks->pdata[i], unit);
    model_apply(session->model, unit->changes);
    forget_tables(statement->prediction);
    held_look_up(session->locks, held_stays(unit->changes) ? held : 0, session->model);
    follow(session, unit);
    if (!was_open && !session->is_open) {
        session->is_open = true;
        end(session, true);
    }
}

void
session_end_sections(Session *session)
{
    if (session->file->revision == NULL)
        return;
    leave_section(session);
    if (session->mapped != NULL)
        mapped_reach(session->mapped, SECTION_N, session->model);
}

void
session_end_file(Session *session)
{
    leave_section(session);
}

void
session_begin_body(Session *session)
{
    if (session->bodies++ > 0 || session->is_open)
        return;
    begin(session);
    session->body_is_all = true;
}

void
session_end_body(Session *session, LintBody *take_body)
{
    g_ptr_array_add(session->kept, take_body);
    if (--session->bodies > 0 || !session->body_is_all)
        return;
    end(session, true);
    session->body_is_all = false;
}

const Model *
session_model(const Session *session)
{
    return session->model;
}

const Prediction *
session_prediction(const Session *session)
{
    return session->prediction;
}

bool
session_in_transaction(const Session *session)
{
    return session->is_open;
}

bool
session_in_explicit_transaction(const Session *session)
{
    return session->is_explicit;
}

guint
session_transaction(const Session *session)
{
    return session->transaction;
}

const GPtrArray *
session_locks(const Session *session)
{
    return session->locks;
}

const SessionLock *
session_strongest(const Session *session)
{
    const SessionLock *strongest = NULL;

    for (guint i = 0; i < session->locks->len; i++) {
        const SessionLock *lock = session->locks->pdata[i];
        if (!lock->is_new && (strongest == NULL || lock->mode > strongest->mode))
            strongest = lock;
    }
    return strongest;
}

const char *
session_locked_before(const Session *session, const char *first, const char *then)
{
    g_autofree char *key = g_strdup_printf("%s\n%s", first, then);

    return g_hash_table_lookup(session->orders, key);
}

gint64
session_lock_timeout_ms(const Session *session)
{
    return timeouts_get(&session->timeouts, TIMEOUT_LOCK);
}

gint64
session_statement_timeout_ms(const Session *session)
{
    return timeouts_get(&session->timeouts, TIMEOUT_STATEMENT);
}

const GPtrArray *
session_statements(const Session *session)
{
    return session->statements;
}

static bool
has_kind(const SessionStatement *statement, DdlChangeKind kind)
{
    const DdlChanges *changes = statement->unit->changes;

    for (guint i = 0; changes != NULL && i < ddl_changes_count(changes); i++)
        if (ddl_changes_get(changes, i)->kind == kind)
            return true;
    return false;
}

const GPtrArray *
session_statements_with(const Session *session, DdlChangeKind kind)
{
    KindIndex *index;

    if (kind == CHANGE_N || session->statements->len <= FEW_STATEMENTS)
        return session->statements;
    index = &session->by_kind[kind];
    if (index->statements == NULL)
        index->statements = g_ptr_array_new();
    for (; index->seen < session->statements->len; index->seen++) {
        SessionStatement *statement = session->statements->pdata[index->seen];

        if (has_kind(statement, kind))
            g_ptr_array_add(index->statements, statement);
    }
    return index->statements;
}

guint
session_transaction_begin(const Session *session, const GPtrArray *statements)
{
    guint begin = 0, end = statements->len;

    while (begin < end) {
        const guint middle = begin + (end - begin) / 2;
        const SessionStatement *statement = statements->pdata[middle];

        if (statement->transaction < session->transaction)
            begin = middle + 1;
        else
            end = middle;
    }
    return begin;
}

const GPtrArray *
session_mapped(const Session *session)
{
    return session->mapped != NULL ? mapped_columns(session->mapped) : NULL;
}

guint
session_file_start(const Session *session)
{
    return session->file_start;
}

guint
session_transaction_start(const Session *session)
{
    return session->transaction_start;
}

bool
session_is_new(const Session *session, const ModelTable *table)
{
    return table != NULL && (table->temporary || table->since > session->file_start);
}

/* The statement that is being looked at makes it. */
static bool
is_made_now(const Session *session, DdlName name)
{
    const DdlChanges *changes = session->unit ? session->unit->changes : NULL;

    for (guint i = 0; changes && i < ddl_changes_count(changes); i++) {
        const DdlChange *change = ddl_changes_get(changes, i);

        if ((change->kind == CHANGE_CREATE_TABLE || change->kind == CHANGE_CREATE_TABLE_AS) &&
            g_strcmp0(change->relation.name, name.name) == 0 &&
            g_strcmp0(change->relation.schema, name.schema) == 0)
            return true;
    }
    return false;
}

bool
session_name_is_new(const Session *session, DdlName name)
{
    const ModelTable *table = model_table(session->model, name);
    const ModelIndex *index;

    if (table != NULL)
        return session_is_new(session, table);
    if (is_made_now(session, name))
        return true;
    index = model_index(session->model, name);
    return index != NULL &&
           (index->since > session->file_start || session_is_new(session, index->table));
}
