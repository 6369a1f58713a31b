/* Indexes: made, dropped, built anew. */
#include <string.h>

#include "lint/gone.h"
#include "lint/recipe-steps.h"

/* May CONCURRENTLY be written into the statement where it stands? */
static bool
may_run_alone(const LintContext *context)
{
    if (facts_by_sluice(context))
        return context->unit->outer == NULL && !facts_in_section(context, SECTION_CUTOVER) &&
               !facts_in_section(context, SECTION_CUTOVER_UNDO);
    return context->unit->outer == NULL && !session_in_transaction(context->session);
}

/* Where the word @token of the statement ends, as bytes of its script. */
static gsize
end_of_token(const LintContext *context, PgQuery__Token token)
{
    const SqlTree *tree = context->statement->tree;
    const guint count = tree_token_count(tree);

    for (guint i = tree_token_at(tree, (int) context->statement->start); i < count; i++)
        if (tree_token(tree, i)->token == token)
            return (gsize) tree_token(tree, i)->end;
    return context->statement->start;
}

/* The statement with CONCURRENTLY behind @token, as recipe and, where it can run there, as fix. */
static void
recommend_concurrently(const LintContext *context, PgQuery__Token token, bool fixes)
{
    const gsize at = end_of_token(context, token);
    const gsize head = at - context->statement->start;
    const char *text = sql_statement_text(context->statement);

    lint_recipe(context, "%.*s CONCURRENTLY%s; -- alone, outside of a transaction", (int) head,
                text, text + head);
    if (fixes && may_run_alone(context))
        lint_fix_replace(context, at, at, " CONCURRENTLY");
}

static bool
is_partitioned(const LintContext *context, DdlName relation)
{
    const ModelTable *table = model_table(context->model, relation);

    return table != NULL && table->partitioned;
}

static bool
is_matview(const LintContext *context, DdlName relation)
{
    const ModelTable *table = model_table(context->model, relation);

    return table != NULL && table->kind == MODEL_MATVIEW;
}

static bool
makes_unless_there(const LintContext *context, const SessionStatement *statement G_GNUC_UNUSED,
                   const DdlChange *change, const void *data)
{
    const DdlChange *index = data;

    return change->kind == CHANGE_CREATE_TABLE && change->if_not_exists && !change->temporary &&
           facts_same(context, change->relation, index->other);
}

/* The file made the table IF NOT EXISTS: where it was there already, it is in use. */
static void
create_on_perhaps_old(const LintContext *context, const DdlChange *change)
{
    g_autofree char *label = ddl_name_label(change->other);

    if (model_is_complete(context->model) || !facts_is_new(context, change->other) ||
        facts_before(context, false, CHANGE_CREATE_TABLE, makes_unless_there, change) == NULL)
        return;
    lint_report(context, change, "CREATE INDEX blocks all writes of %s, if that was there already",
                label);
    lint_level(context, LINT_NOTE);
    lint_possible(context, "whether IF NOT EXISTS has made %s just now", label);
    if (change->if_not_exists)
        recipe_index_again(context, change);
    else
        recommend_concurrently(context, PG_QUERY__TOKEN__INDEX, false);
}

static void
create_blocking(const LintContext *context, const DdlChange *change)
{
    const PredictedWork *work;
    g_autofree char *label = NULL;

    if (change->concurrently || is_partitioned(context, change->other) ||
        is_matview(context, change->other))
        return;
    work = cost_of(context, change, WORK_BUILD);
    if (work == NULL) {
        create_on_perhaps_old(context, change);
        return;
    }
    label = cost_label(context, change->other);
    lint_report(context, change, "CREATE INDEX blocks all writes of %s until the index is built",
                label);
    cost_add(context, work);
    if (change->only && model_table(context->model, change->other) == NULL) {
        lint_possible(context,
                      "whether %s is partitioned: ON ONLY of a partitioned table builds nothing",
                      label);
        recipe_once(context, "%s is partitioned, so that ON ONLY builds nothing", label);
        return;
    }
    if (change->if_not_exists)
        recipe_index_again(context, change);
    else
        recommend_concurrently(context, PG_QUERY__TOKEN__INDEX, change->relation.name != NULL);
}

const LintRule lint_rule_index_create_blocking = {
    .id = "index-create-blocking",
    .level = LINT_ERROR,
    .title = "CREATE INDEX blocks writes of the table while it is built",
    .at_change = create_blocking,
    .kinds = LINT_KINDS(CHANGE_CREATE_INDEX),
};

/* CONCURRENTLY takes one name, and no CASCADE. */
static void
recommend_each(const LintContext *context)
{
    g_autoptr(GString) steps = g_string_new("-- each alone, outside of a transaction");

    for (guint i = 0; i < ddl_changes_count(context->changes); i++) {
        const DdlChange *drop = ddl_changes_get(context->changes, i);
        g_autofree char *name = ddl_name_label(drop->relation);

        g_string_append_printf(steps, "\nDROP INDEX CONCURRENTLY %s%s;",
                               drop->if_exists ? "IF EXISTS " : "", name);
    }
    lint_recipe(context, "%s", steps->str);
    if (ddl_changes_get(context->changes, 0)->cascade)
        return;
    if (facts_by_sluice(context) && may_run_alone(context))
        recipe_is_fix_everywhere(context);
    else
        recipe_is_fix(context);
}

static bool
alters_table(const LintContext *context, const LintUnit *unit G_GNUC_UNUSED, const DdlChange *later,
             void *data)
{
    return (later->kind == CHANGE_DROP_COLUMN || later->kind == CHANGE_RENAME_COLUMN) &&
           model_table(context->model, later->relation) == data;
}

/* sluice's transaction has the lock anyhow, for what it drops or renames of the table. */
static bool
is_locked_anyhow(const LintContext *context, const DdlChange *change, ModelTable *table)
{
    const GPtrArray *locks = session_locks(context->session);

    if (!facts_by_sluice(context))
        return false;
    for (guint i = 0; i < locks->len; i++) {
        const SessionLock *lock = locks->pdata[i];

        if (lock->table == table && lock->mode == LOCK_ACCESS_EXCLUSIVE)
            return true;
    }
    return gone_each_later(context, change, alters_table, table) != NULL;
}

/* What the server says against the CONCURRENTLY of @change; NULL: nothing that is known. */
static const char *
refusal(const LintContext *context, const DdlChange *change)
{
    const ModelIndex *index = model_index(context->model, change->relation);

    if (ddl_changes_count(context->changes) > 1)
        return "it takes one index a statement";
    if (change->cascade)
        return "it does not go with CASCADE";
    return index != NULL && index->table->partitioned ? "the index is of a partitioned table"
                                                      : NULL;
}

static void
drop_refused(const LintContext *context, const DdlChange *change)
{
    const char *why = refusal(context, change);

    if (why == NULL || change != ddl_changes_get(context->changes, 0))
        return;
    lint_report(context, change, "the server refuses DROP INDEX CONCURRENTLY: %s", why);
    lint_level(context, LINT_ERROR);
    if (ddl_changes_count(context->changes) > 1 || change->cascade)
        recommend_each(context);
    else
        recipe_once(context, "CONCURRENTLY is left out, with a short lock_timeout");
}

static void
drop_blocking(const LintContext *context, const DdlChange *change)
{
    const ModelIndex *index;
    g_autofree char *label = NULL, *table = NULL;

    if (change->object != OBJECT(INDEX))
        return;
    if (change->concurrently) {
        drop_refused(context, change);
        return;
    }
    if (facts_is_new(context, change->relation))
        return;
    index = model_index(context->model, change->relation);
    if (index == NULL && change->if_exists && model_is_complete(context->model))
        return;
    if (index != NULL && (session_is_new(context->session, index->table) ||
                          is_locked_anyhow(context, change, index->table)))
        return;
    label = ddl_name_label(change->relation);
    table = index != NULL ? model_table_label(index->table) : g_strdup("its table");
    lint_report(context, change,
                "DROP INDEX %s takes ACCESS EXCLUSIVE on %s: it waits for every reader, and all "
                "that comes behind waits for it",
                label, table);
    lint_add_locks(context);
    if (index != NULL && index->table->partitioned)
        recipe_once(context, "the index of a partitioned table cannot go CONCURRENTLY");
    else if (change->cascade || ddl_changes_count(context->changes) > 1)
        recommend_each(context);
    else
        recommend_concurrently(context, PG_QUERY__TOKEN__INDEX, true);
}

const LintRule lint_rule_index_drop_blocking = {
    .id = "index-drop-blocking",
    .level = LINT_WARNING,
    .title = "DROP INDEX blocks reads and writes of the table",
    .at_change = drop_blocking,
    .kinds = LINT_KINDS(CHANGE_DROP),
};

static PgQuery__Token
reindexed_token(PgQuery__ObjectType object)
{
    switch ((int) object) {
    case OBJECT(INDEX):
        return PG_QUERY__TOKEN__INDEX;
    case OBJECT(TABLE):
        return PG_QUERY__TOKEN__TABLE;
    case OBJECT(SCHEMA):
        return PG_QUERY__TOKEN__SCHEMA;
    default:
        return PG_QUERY__TOKEN__DATABASE;
    }
}

static void
reindex(const LintContext *context, const DdlChange *change)
{
    const ModelIndex *index;
    g_autofree char *label = NULL;

    if (change->concurrently || facts_is_new(context, change->relation))
        return;
    index = change->object == OBJECT(INDEX) ? model_index(context->model, change->relation) : NULL;
    if (index != NULL && session_is_new(context->session, index->table))
        return;
    label =
        change->relation.name != NULL ? ddl_name_label(change->relation) : g_strdup("the database");
    lint_report(context, change,
                "REINDEX of %s blocks writes, and reads that would use the index (or plan with "
                "it), until it is built anew",
                label);
    lint_add_locks(context);
    if (g_strcmp0(change->text, "system") == 0)
        recipe_once(context,
                    "it runs in a window, with the app stopped: CONCURRENTLY is refused for "
                    "the system's catalogs");
    else
        recommend_concurrently(context, reindexed_token(change->object),
                               context->server_version >= 12);
}

const LintRule lint_rule_reindex_blocking = {
    .id = "reindex-blocking",
    .level = LINT_ERROR,
    .title = "REINDEX blocks writes, and reads that use the index",
    .at_change = reindex,
    .kinds = LINT_KINDS(CHANGE_REINDEX),
};

static bool
has_transactional(const LintFile *file)
{
    for (guint i = 0; i < file->units->len; i++) {
        const LintUnit *unit = file->units->pdata[i];
        if (unit->statement != NULL && sql_statement_is_transactional(unit->statement))
            return true;
    }
    return false;
}

/* Flyway runs a file that holds such a statement without a transaction, but for one that holds
 * others too. */
static void
mixed_in_flyway(const LintContext *context)
{
    if (context->file->runner != RUNNER_FLYWAY || context->unit->outer != NULL ||
        sql_statement_is_transactional(context->statement) || !has_transactional(context->file))
        return;
    lint_report(context, NULL,
                "%s cannot run inside a transaction block, other statements of the file can: "
                "Flyway refuses to mix them",
                sql_statement_verb(context->statement));
    lint_possible(context, "flyway.mixed, and executeInTransaction of the file");
    lint_recipe(context, "%s; -- in a file of its own", sql_statement_text(context->statement));
}

static void
in_transaction(const LintContext *context)
{
    const char *block;

    mixed_in_flyway(context);
    if ((!session_in_transaction(context->session) && context->unit->outer == NULL) ||
        !locks_refuses_transaction(context->model, context->statement, context->changes))
        return;
    block = context->unit->outer != NULL ? "in a body of code"
            : session_in_explicit_transaction(context->session)
                ? "between BEGIN and COMMIT"
                : "in the transaction that the runner opens around the file";
    lint_report(context, NULL, "%s is refused %s: \"cannot run inside a transaction block\"",
                sql_statement_verb(context->statement), block);
    lint_recipe(context,
                "-- in a file of its own, which the runner executes without a transaction\n%s;",
                sql_statement_text(context->statement));
    lint_recipe_yields(context);
    recipe_fix_leave_transaction(context);
}

const LintRule lint_rule_concurrently_in_transaction = {
    .id = "concurrently-in-transaction",
    .level = LINT_ERROR,
    .title = "the server refuses the statement inside of a transaction",
    .at_statement = in_transaction,
};

static bool
shares_first_column(const ModelIndex *index, const DdlIndex *other)
{
    return index->columns->len > 0 && other->columns->len > 0 && index->columns->pdata[0] != NULL &&
           other->columns->pdata[0] != NULL &&
           g_str_equal(index->columns->pdata[0], other->columns->pdata[0]);
}

/* Another index that serves the same queries meanwhile. */
static bool
is_covered(const ModelIndex *dropped)
{
    const GPtrArray *indexes = dropped->table->indexes;

    for (guint i = 0; i < indexes->len; i++) {
        const ModelIndex *index = indexes->pdata[i];

        if (index == dropped || index->valid != KNOWN_YES || index->where != NULL ||
            index->columns->len == 0 || dropped->columns->len == 0 ||
            (dropped->unique && !index->unique))
            continue;
        if (g_strcmp0(index->columns->pdata[0], dropped->columns->pdata[0]) == 0)
            return true;
    }
    return false;
}

/* "orders_state" is likely over column state: all that can be told of an index that is not known.
 */
static bool
sounds_alike(const DdlChange *drop, const DdlChange *create)
{
    const char *column = create->index->columns->len > 0 ? create->index->columns->pdata[0] : NULL;

    return column != NULL && create->other.name != NULL &&
           strstr(drop->relation.name, create->other.name) != NULL &&
           strstr(drop->relation.name, column) != NULL;
}

/* What the file makes later in the place of the index that @drop drops, and where; NULL: nothing.
 */
static const DdlChange *
replacement(const LintContext *context, const DdlChange *drop, const ModelIndex *index,
            const SqlStatement **ret_statement)
{
    for (guint i = context->unit->index + 1; i < context->file->units->len; i++) {
        const LintUnit *unit = context->file->units->pdata[i];

        for (guint k = 0; unit->changes != NULL && k < ddl_changes_count(unit->changes); k++) {
            const DdlChange *change = ddl_changes_get(unit->changes, k);

            if (change->kind != CHANGE_CREATE_INDEX || unit->section != context->unit->section)
                continue;
            *ret_statement = unit->statement;
            if (g_strcmp0(change->relation.name, drop->relation.name) == 0)
                return change;
            if (index != NULL && model_table(context->model, change->other) == index->table &&
                shares_first_column(index, change->index))
                return change;
            if (index == NULL && sounds_alike(drop, change))
                return change;
        }
    }
    return NULL;
}

/* What a failed build may have left is dropped before it is built again. */
static bool
is_leftover(const DdlChange *change, const ModelIndex *index)
{
    return index == NULL ? change->if_exists : index->valid != KNOWN_YES;
}

/* Under a name of its own, where it has the old one's. */
static void
recommend_new_first(const LintContext *context, const DdlChange *drop, const DdlChange *later,
                    const SqlStatement *statement)
{
    const bool is_same = g_strcmp0(drop->relation.name, later->relation.name) == 0;
    g_autofree char *dropped = ddl_name_label(drop->relation);
    g_autofree char *name = recipe_name(drop->relation.name, "new", NULL);
    g_autofree char *create = recipe_index(statement, is_same ? name : NULL);
    g_autofree char *last = ddl_name_label((DdlName){NULL, drop->relation.name});
    g_autofree char *rename =
        is_same ? g_strdup_printf("\nALTER INDEX %s%s%s RENAME TO %s;",
                                  drop->relation.schema ? drop->relation.schema : "",
                                  drop->relation.schema ? "." : "", name, last)
                : g_strdup("");

    lint_recipe(context, "%s;\nDROP INDEX CONCURRENTLY %s;%s", create, dropped, rename);
}

static void
replace_gap(const LintContext *context, const DdlChange *change)
{
    const ModelIndex *index;
    const SqlStatement *statement = NULL;
    const DdlChange *later;
    g_autofree char *dropped = NULL, *made = NULL;

    /* Inside of one transaction nobody sees the gap. */
    if (change->object != OBJECT(INDEX) || session_in_transaction(context->session) ||
        context->unit->outer != NULL || facts_is_new(context, change->relation))
        return;
    index = model_index(context->model, change->relation);
    if (is_leftover(change, index) ||
        (index != NULL && (session_is_new(context->session, index->table) || is_covered(index))))
        return;
    later = replacement(context, change, index, &statement);
    if (later == NULL)
        return;
    dropped = ddl_name_label(change->relation);
    made = later->relation.name != NULL ? ddl_name_label(later->relation) : g_strdup("the new one");
    lint_report(context, change,
                "between DROP INDEX %s and the end of the build of %s there is no such index: "
                "queries are slow, and what was unique is not",
                dropped, made);
    if (index == NULL && g_strcmp0(later->relation.name, change->relation.name) != 0)
        lint_possible(context, "the columns of %s", dropped);
    recommend_new_first(context, change, later, statement);
}

const LintRule lint_rule_index_replace_gap = {
    .id = "index-replace-gap",
    .level = LINT_WARNING,
    .title = "an index is dropped before the one that replaces it is there",
    .at_change = replace_gap,
    .kinds = LINT_KINDS(CHANGE_DROP),
};

static void
too_wide(const LintContext *context, const DdlChange *change)
{
    enum { WIDE = 3 };

    if (change->index->unique || change->index->columns->len <= WIDE)
        return;
    lint_report(context, change,
                "an index of %u columns is large, and few queries use more than its first %d",
                change->index->columns->len, WIDE);
    lint_possible(context, "which columns the queries compare (pg_stat_user_indexes tells whether "
                           "an index is used)");
    recipe_once(context, "queries compare all of its columns; what they only read is in INCLUDE");
}

const LintRule lint_rule_index_too_wide = {
    .id = "index-too-wide",
    .level = LINT_NOTE,
    .title = "an index of more than three columns",
    .at_change = too_wide,
    .kinds = LINT_KINDS(CHANGE_CREATE_INDEX),
};

static void
corruption(const LintContext *context, const DdlChange *change)
{
    if (!change->concurrently || context->server_version != 14)
        return;
    lint_report(context, change,
                "PostgreSQL 14.0 to 14.3 may build a corrupt index with CONCURRENTLY");
    lint_possible(context, "the server's minor version: 14.4 and newer are right");
    recipe_once(context, "the server is 14.4 or newer");
}

const LintRule lint_rule_index_cic_corruption = {
    .id = "index-cic-corruption",
    .level = LINT_WARNING,
    .title = "CONCURRENTLY on PostgreSQL 14.0 to 14.3 may corrupt the index",
    .at_change = corruption,
    .kinds = LINT_KINDS(CHANGE_CREATE_INDEX, CHANGE_REINDEX),
};

static void
hash_unlogged(const LintContext *context, const DdlChange *change)
{
    const SqlToken *using;
    g_autofree char *btree = NULL;

    if (g_strcmp0(change->index->method, "hash") != 0 || context->server_version >= 10)
        return;
    lint_report(context, change,
                "hash indexes are not written to the WAL before PostgreSQL 10: after a crash, and "
                "on replicas, they are wrong");
    using = recipe_token(context, PG_QUERY__TOKEN__USING, (int) context->statement->start);
    btree = recipe_replacing(context, recipe_next(context, using)->start, 0, "btree");
    lint_recipe(context, "%s;", btree);
}

const LintRule lint_rule_index_hash_unlogged = {
    .id = "index-hash-unlogged",
    .level = LINT_ERROR,
    .title = "a hash index of a server that does not log it",
    .at_change = hash_unlogged,
    .kinds = LINT_KINDS(CHANGE_CREATE_INDEX),
};
