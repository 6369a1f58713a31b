#include "lint/facts.h"

bool
facts_by_sluice(const LintContext *context)
{
    return context->file->revision != NULL;
}

bool
facts_in_section(const LintContext *context, SectionKind section)
{
    return context->unit != NULL && context->unit->section == section;
}

bool
facts_is_new(const LintContext *context, DdlName relation)
{
    return session_name_is_new(context->session, relation);
}

const PredictedLock *
facts_lock(const Prediction *prediction, LockMode mode)
{
    for (guint i = 0; prediction && i < prediction->locks->len; i++) {
        const PredictedLock *lock = prediction->locks->pdata[i];
        if (!lock->is_new && lock->mode >= mode)
            return lock;
    }
    return NULL;
}

const SessionLock *
facts_held(const LintContext *context, LockMode mode)
{
    const GPtrArray *locks = session_locks(context->session);

    for (guint i = 0; i < locks->len; i++) {
        const SessionLock *lock = locks->pdata[i];
        if (!lock->is_new && lock->mode >= mode)
            return lock;
    }
    return NULL;
}

bool
facts_works(const LintContext *context, WorkKind kind)
{
    const PredictedWork *work = prediction_dearest(context->prediction);

    return work != NULL && work->kind >= kind && work->kind != WORK_ROWS &&
           !facts_is_new(context, work->relation);
}

char *
facts_lock_label(const PredictedLock *lock)
{
    return lock->table ? model_table_label(lock->table) : ddl_name_label(lock->name);
}

bool
facts_is_concurrent(const DdlChanges *changes)
{
    for (guint i = 0; i < ddl_changes_count(changes); i++)
        if (ddl_changes_get(changes, i)->concurrently)
            return true;
    return false;
}

static bool
reads_a_table(const DdlChange *change)
{
    const PgQuery__Node *query = change->query;

    return query != NULL && query->node_case == PG_QUERY__NODE__NODE_SELECT_STMT &&
           query->select_stmt->n_from_clause > 0;
}

bool
facts_is_control(const DdlChanges *changes)
{
    for (guint i = 0; i < ddl_changes_count(changes); i++) {
        const DdlChange *change = ddl_changes_get(changes, i);
        const bool calls = change->kind == CHANGE_SELECT && !reads_a_table(change);

        if (change->kind != CHANGE_SET && change->kind != CHANGE_TRANSACTION &&
            change->kind != CHANGE_SESSION && !calls)
            return false;
    }
    return true;
}

bool
facts_is_bookkeeping(DdlName relation)
{
    static const char *const tables[] = {"alembic_version",
                                         "schema_migrations",
                                         "ar_internal_metadata",
                                         "django_migrations",
                                         "schema_version",
                                         "flyway_schema_history",
                                         "databasechangelog",
                                         "goose_db_version",
                                         "gorp_migrations",
                                         "databasechangeloglock",
                                         "pgmigrations",
                                         "_prisma_migrations",
                                         "_sqlx_migrations",
                                         "knex_migrations",
                                         "atlas_schema_revisions",
                                         "__EFMigrationsHistory",
                                         NULL};

    return relation.name != NULL && g_strv_contains(tables, relation.name);
}

bool
facts_is_bulk(const DdlChange *change)
{
    if (facts_is_bookkeeping(change->relation))
        return false;
    return change->kind == CHANGE_UPDATE || change->kind == CHANGE_DELETE ||
           (change->kind == CHANGE_MERGE && (change->query == NULL || reads_a_table(change))) ||
           (change->kind == CHANGE_INSERT && reads_a_table(change));
}

const SessionStatement *
facts_before(const LintContext *context, bool transaction, DdlChangeKind kind, FactsEach each,
             const void *data)
{
    const GPtrArray *statements = session_statements_with(context->session, kind);

    for (guint i = transaction ? session_transaction_begin(context->session, statements) : 0;
         i < statements->len; i++) {
        const SessionStatement *statement = statements->pdata[i];
        const DdlChanges *changes = statement->unit->changes;

        for (guint k = 0; changes != NULL && k < ddl_changes_count(changes); k++)
            if (each(context, statement, ddl_changes_get(changes, k), data))
                return statement;
    }
    return NULL;
}

bool
facts_same_lock(const SessionLock *held, const PredictedLock *lock)
{
    if (held->table != NULL || lock->table != NULL)
        return held->table == lock->table;
    return g_strcmp0(held->relation.name, lock->name.name) == 0 &&
           g_strcmp0(held->relation.schema, lock->name.schema) == 0;
}

bool
facts_same(const LintContext *context, DdlName a, DdlName b)
{
    const ModelTable *table;

    if (a.name == NULL || b.name == NULL || !g_str_equal(a.name, b.name))
        return false;
    if (g_strcmp0(a.schema, b.schema) == 0)
        return true;
    if (a.schema != NULL && b.schema != NULL)
        return false;
    table = model_table(context->model, a);
    return table == NULL || table == model_table(context->model, b);
}
