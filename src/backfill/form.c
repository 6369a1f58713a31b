#include "backfill/form.h"

static const char *
from_word(const SqlBackfill *statement)
{
    return statement->kind == BACKFILL_DELETE ? " USING" : " FROM";
}

/* " FROM a, ONLY leaf AS b": @word and the FROM list with the task's table in it; "" if there is
 * none. */
static char *
from_list_of(const BackfillTask *task, const char *word, const char *source)
{
    const SqlBackfill *statement = task->statement;

    if (statement->from == NULL)
        return g_strdup("");
    if (statement->drives_target)
        return g_strdup_printf("%s %s", word, statement->from);
    return g_strdup_printf("%s %s%s%s %s", word, statement->from, statement->from[0] ? " " : "",
                           source, statement->from_rest);
}

/* Are the driving rows locked before they are read? Not where the statement is only looked at. */
static bool
locks_driving(const BackfillTask *task, const char *within)
{
    return task->locks_driving && within != NULL;
}

/* "WITH sluice_driving AS (..) " where they are, and "" where not. What a locked row is now is what
 * the rest of the statement sees, and its triggers wait: else a row that an app changed or deleted
 * since the statement began would be written as it was. */
static char *
driving_claim(const BackfillTask *task, const char *within, const char *skip)
{
    const SqlBackfill *statement = task->statement;
    const char *alias = statement->driving.alias;
    const bool is_alone = statement->from != NULL && statement->from[0] == '\0';
    g_autofree char *undone = NULL;

    if (!locks_driving(task, within))
        return g_strdup("");
    if (is_alone && statement->kind == BACKFILL_INSERT)
        undone = g_strdup_printf(" AND (%s)", statement->where);
    else if (is_alone && statement->kind == BACKFILL_UPDATE)
        undone = g_strdup_printf(" AND EXISTS (SELECT FROM %s AS %s WHERE %s)",
                                 task->target->quoted, statement->target.alias, statement->where);
    return g_strdup_printf("WITH sluice_driving AS MATERIALIZED (SELECT %s.* FROM ONLY %s AS %s "
                           "WHERE %s%s FOR SHARE OF %s%s) ",
                           alias, task->table->quoted, alias, within, undone ? undone : "", alias,
                           skip);
}

static char *
from_list(const BackfillTask *task, const char *word, const char *within)
{
    g_autofree char *table = g_strdup_printf("ONLY %s", task->table->quoted);

    return from_list_of(task, word, locks_driving(task, within) ? "sluice_driving" : table);
}

/* "ONLY leaf AS u": the table that is written. */
static char *
target(const BackfillTask *task)
{
    const SqlBackfill *statement = task->statement;

    return g_strdup_printf("%s%s AS %s", statement->drives_target ? "ONLY " : "",
                           statement->drives_target ? task->table->quoted : task->target->quoted,
                           statement->target.alias);
}

static char *
condition(const BackfillTask *task, const char *within)
{
    return within ? g_strdup_printf("(%s) AND %s", task->statement->where, within)
                  : g_strdup(task->statement->where);
}

/* The same for a statement that reads the driving rows: locked ones are @within already. */
static char *
body_condition(const BackfillTask *task, const char *within)
{
    return condition(task, locks_driving(task, within) ? NULL : within);
}

static char *
quoted_list(const GPtrArray *columns)
{
    GString *list = g_string_new(NULL);

    for (guint i = 0; i < columns->len; i++) {
        g_autofree char *quoted = pg_quote_identifier(columns->pdata[i]);

        g_string_append_printf(list, "%s%s", i > 0 ? ", " : "", quoted);
    }
    return g_string_free(list, FALSE);
}

static char *
insert_statement(const BackfillTask *task, const char *within, const char *skip)
{
    const SqlBackfill *statement = task->statement;
    g_autofree char *columns = quoted_list(statement->columns);
    g_autofree char *key = quoted_list(statement->key);
    g_autofree char *from = from_list(task, " FROM", within);
    g_autofree char *where = body_condition(task, within);
    g_autofree char *driving = driving_claim(task, within, skip);

    return g_strdup_printf("%sINSERT INTO %s AS %s (%s) SELECT %s%s WHERE %s ON CONFLICT%s%s%s DO "
                           "NOTHING",
                           driving, task->target->quoted, statement->target.alias, columns,
                           statement->select, from, where, key[0] ? " (" : "", key,
                           key[0] ? ")" : "");
}

char *
form_statement(const BackfillTask *task, const char *within)
{
    const SqlBackfill *statement = task->statement;
    g_autofree char *where = body_condition(task, within);
    g_autofree char *table = target(task);
    g_autofree char *from = from_list(task, from_word(statement), within);
    g_autofree char *driving = driving_claim(task, within, "");

    if (statement->kind == BACKFILL_INSERT)
        return insert_statement(task, within, "");
    if (statement->kind == BACKFILL_DELETE)
        return g_strdup_printf("%sDELETE FROM %s%s WHERE %s", driving, table, from, where);
    return g_strdup_printf("%sUPDATE %s SET %s%s WHERE %s", driving, table, statement->set, from,
                           where);
}

/* Which of the written rows: their places, and their partition where there may be several. */
static char *
claimed(const BackfillTask *task)
{
    const char *alias = task->statement->target.alias;

    if (task->statement->drives_target)
        return g_strdup_printf("%s.ctid = sluice_claimed.tid", alias);
    return g_strdup_printf("%s.ctid = sluice_claimed.tid AND %s.tableoid = sluice_claimed.rel",
                           alias, alias);
}

/* The FROM list again, behind the claimed rows: what SET reads is in it. */
static char *
from_claimed(const BackfillTask *task, const char *within)
{
    const SqlBackfill *statement = task->statement;

    if (statement->kind == BACKFILL_DELETE || statement->from == NULL)
        return g_strdup_printf("%s sluice_claimed", from_word(statement));
    return from_list(task, " FROM sluice_claimed,", within);
}

static char *
claiming(const BackfillTask *task, const char *where, const char *within)
{
    const SqlBackfill *statement = task->statement;
    const bool deletes = statement->kind == BACKFILL_DELETE;
    const char *alias = statement->target.alias;
    g_autofree char *table = target(task);
    g_autofree char *list = from_list(task, ",", within);
    g_autofree char *places = claimed(task);
    g_autofree char *from = from_claimed(task, within);
    g_autofree char *driving = driving_claim(task, within, " SKIP LOCKED");
    g_autofree char *claim = NULL;

    if (statement->kind == BACKFILL_INSERT)
        return insert_statement(task, within, " SKIP LOCKED");
    claim = g_strdup_printf(
        "%s%s sluice_claimed AS MATERIALIZED (SELECT %s.ctid AS tid%s%s%s "
        "FROM %s%s WHERE %s FOR %s OF %s SKIP LOCKED) ",
        driving, *driving ? "," : "WITH", alias, statement->drives_target ? "" : ", ",
        statement->drives_target ? "" : alias, statement->drives_target ? "" : ".tableoid AS rel",
        table, list, where, deletes ? "UPDATE" : "NO KEY UPDATE", alias);
    /* The bounds again: without them the join would be free to read the whole table. They are on
     * the driving table, which a DELETE by another one has no more need of. */
    if (deletes)
        return g_strdup_printf("%sDELETE FROM %s%s WHERE %s%s%s", claim, table, from, places,
                               statement->drives_target && within ? " AND " : "",
                               statement->drives_target && within ? within : "");
    if (statement->from == NULL)
        return g_strdup_printf("%sUPDATE %s SET %s%s WHERE %s%s%s", claim, table, statement->set,
                               from, places, within ? " AND " : "", within ? within : "");
    return g_strdup_printf("%sUPDATE %s SET %s%s WHERE %s AND (%s)", claim, table, statement->set,
                           from, places, where);
}

char *
form_claiming(const BackfillTask *task, const char *within)
{
    g_autofree char *where = body_condition(task, within);

    return claiming(task, where, within);
}

char *
form_claiming_only(const BackfillTask *task, const char *within)
{
    g_autofree char *where = NULL;

    if (task->statement->from != NULL)
        return form_claiming(task, within);
    where = g_strdup_printf("CASE WHEN %s THEN (%s) ELSE false END AND %s", within,
                            task->statement->where, within);
    return claiming(task, where, within);
}

/* An INSERT's rows whose key is not there. Their values become the column's type as INSERT does it.
 */
static char *
insert_left(const BackfillTask *task, const char *where, const char *source)
{
    const SqlBackfill *statement = task->statement;
    g_autofree char *columns = quoted_list(statement->columns);
    g_autofree char *from = from_list_of(task, " FROM", source);
    g_autoptr(GString) same = g_string_new(NULL);

    for (guint i = 0; i < statement->key->len; i++) {
        const CatalogColumn *column = catalog_column(task->target, statement->key->pdata[i]);
        g_autofree char *name = pg_quote_identifier(statement->key->pdata[i]);

        g_string_append_printf(same, "%ssluice_there.%s = CAST(sluice_new.%s AS %s)",
                               i > 0 ? " AND " : "", name, name, column ? column->type : "unknown");
    }
    return g_strdup_printf("SELECT 1 FROM (SELECT %s%s WHERE %s) AS sluice_new (%s) WHERE NOT "
                           "EXISTS (SELECT 1 FROM %s AS sluice_there WHERE %s)",
                           statement->select, from, where, columns, task->target->quoted,
                           same->str);
}

char *
form_left(const BackfillTask *task, const char *within, const char *source)
{
    const SqlBackfill *statement = task->statement;
    g_autofree char *table = g_strdup_printf("ONLY %s", task->table->quoted);
    const char *driving = source ? source : table;
    g_autofree char *where = condition(task, within);
    g_autofree char *list = NULL;

    if (statement->finished_by_key)
        return insert_left(task, where, driving);
    if (statement->kind == BACKFILL_INSERT) {
        list = from_list_of(task, " FROM", driving);
        return g_strdup_printf("SELECT 1%s WHERE %s", list, where);
    }
    list = from_list_of(task, ",", driving);
    return g_strdup_printf("SELECT 1 FROM %s AS %s%s WHERE %s",
                           statement->drives_target ? driving : task->target->quoted,
                           statement->target.alias, list, where);
}

char *
form_rows(const BackfillTask *task)
{
    const SqlBackfill *statement = task->statement;
    g_autofree char *from = from_list(task, " FROM", NULL);

    return g_strdup_printf("SELECT %s, %s.ctid%s WHERE %s", statement->select,
                           statement->driving.alias, from, statement->where);
}
