/* Locks that a statement takes on what it does not seem to be about, or waits for without end. */
#include "lint/recipe-steps.h"

/* Of a CREATE TABLE: the table that it references, if it was there before. */
static void
fk_in_create_table(const LintContext *context, const DdlChange *change)
{
    const DdlConstraint *constraint = change->constraint;
    g_autofree char *label = NULL;

    if (!change->in_definition || constraint->kind != CONSTRAINT_FOREIGN_KEY ||
        ddl_changes_get(context->changes, 0)->kind != CHANGE_CREATE_TABLE ||
        facts_same(context, constraint->referenced, change->relation) ||
        facts_is_new(context, constraint->referenced))
        return;
    label = ddl_name_label(constraint->referenced);
    lint_report(context, change,
                "the foreign key of the new table takes SHARE ROW EXCLUSIVE on %s until the "
                "transaction ends: writes of %s wait for it",
                label, label);
    recipe_alone(context);
}

const LintRule lint_rule_fk_in_create_table_locks_parent = {
    .id = "fk-in-create-table-locks-parent",
    .level = LINT_NOTE,
    .title = "a new table's foreign key locks the table that it references",
    .at_change = fk_in_create_table,
    .kinds = LINT_KINDS(CHANGE_ADD_CONSTRAINT),
};

static bool
may_drop_a_key(const DdlChange *change)
{
    return change->kind == CHANGE_DROP_CONSTRAINT || change->kind == CHANGE_DROP_COLUMN ||
           (change->kind == CHANGE_DROP && change->object == PG_QUERY__OBJECT_TYPE__OBJECT_TABLE);
}

/* Is it a foreign key, of a table that was there, that @change takes with it? */
static bool
goes_with(const LintContext *context, const DdlChange *change, const ModelConstraint *constraint)
{
    if (constraint->kind != CONSTRAINT_FOREIGN_KEY || constraint->referenced == constraint->table ||
        session_is_new(context->session, constraint->referenced))
        return false;
    if (change->kind == CHANGE_DROP_CONSTRAINT)
        return g_strcmp0(change->constraint_name, constraint->name) == 0;
    return change->kind == CHANGE_DROP ||
           g_ptr_array_find_with_equal_func(constraint->columns, change->column, g_str_equal, NULL);
}

/* A foreign key of @table that @change takes with it; NULL: none that is known. */
static const ModelConstraint *
dropped_key(const LintContext *context, const DdlChange *change, const ModelTable *table)
{
    for (guint i = 0; i < table->constraints->len; i++)
        if (goes_with(context, change, table->constraints->pdata[i]))
            return table->constraints->pdata[i];
    return NULL;
}

static void
recommend_key_first(const LintContext *context, const DdlChange *change, const ModelTable *table,
                    const char *label)
{
    g_autoptr(GString) steps = g_string_new("-- each by itself; again, when the lock is not had\n");

    for (guint i = 0; i < table->constraints->len; i++) {
        const ModelConstraint *key = table->constraints->pdata[i];
        g_autofree char *name = NULL;

        if (!goes_with(context, change, key) || key->name == NULL)
            continue;
        name = ddl_name_label((DdlName){NULL, key->name});
        g_string_append_printf(
            steps,
            "BEGIN;\nSET LOCAL lock_timeout = '2s';\n"
            "-- sluice: allow constraint-drop-fk, fk-drop-locks-parent because no "
            "app relies on it, and nothing else is in the transaction\n"
            "ALTER TABLE %s DROP CONSTRAINT %s;\nCOMMIT;\n",
            label, name);
    }
    if (change->kind == CHANGE_DROP_CONSTRAINT)
        g_string_truncate(steps, steps->len - 1); /* the last newline */
    else
        g_string_append_printf(steps, "%s;", sql_statement_text(context->statement));
    lint_recipe(context, "%s", steps->str);
}

static void
fk_drop_locks_parent(const LintContext *context, const DdlChange *change)
{
    const ModelTable *table =
        may_drop_a_key(change) ? model_table(context->model, change->relation) : NULL;
    const ModelConstraint *key = table ? dropped_key(context, change, table) : NULL;
    g_autofree char *label = NULL, *parent = NULL;

    if (key == NULL || session_is_new(context->session, table))
        return;
    label = model_table_label(table);
    parent = model_table_label(key->referenced);
    lint_report(context, change,
                "the foreign key %s goes with it, which takes ACCESS EXCLUSIVE on %s as well as on "
                "%s",
                key->name ? key->name : "", parent, label);
    if (facts_by_sluice(context))
        lint_level(context, LINT_NOTE);
    recommend_key_first(context, change, table, label);
}

const LintRule lint_rule_fk_drop_locks_parent = {
    .id = "fk-drop-locks-parent",
    .level = LINT_WARNING,
    .title = "dropping a foreign key locks the table that it references too",
    .at_change = fk_drop_locks_parent,
    .kinds = LINT_KINDS(CHANGE_DROP, CHANGE_DROP_COLUMN, CHANGE_DROP_CONSTRAINT),
};

static void
lock_table(const LintContext *context, const DdlChange *change)
{
    const gint64 timeout_ms = session_lock_timeout_ms(context->session);
    g_autofree char *label = NULL;

    if (change->nowait || timeout_ms > 0 || change->mode < LOCK_SHARE || facts_by_sluice(context) ||
        facts_is_new(context, change->relation))
        return;
    label = ddl_name_label(change->relation);
    lint_report(context, change,
                "LOCK TABLE waits without end for %s on %s, and everybody behind it waits too",
                lock_mode_name(change->mode), label);
    if (timeout_ms < 0)
        lint_possible(context, "the role's lock_timeout (lint.lock_timeout)");
    recipe_alone(context);
}

const LintRule lint_rule_lock_table_explicit = {
    .id = "lock-table-explicit",
    .level = LINT_WARNING,
    .title = "LOCK TABLE waits without end",
    .at_change = lock_table,
    .kinds = LINT_KINDS(CHANGE_LOCK),
};

static void
comment_stats(const LintContext *context, const DdlChange *change)
{
    const PredictedLock *lock = facts_lock(context->prediction, LOCK_SHARE_UPDATE_EXCLUSIVE);
    g_autofree char *label = NULL;

    if (lock == NULL || lock->mode != LOCK_SHARE_UPDATE_EXCLUSIVE || facts_by_sluice(context) ||
        session_lock_timeout_ms(context->session) > 0)
        return;
    label = facts_lock_label(lock);
    lint_report(context, change,
                "%s needs SHARE UPDATE EXCLUSIVE on %s: it waits behind an autovacuum against "
                "wraparound, CREATE INDEX CONCURRENTLY or VALIDATE, and the next ALTER behind it",
                sql_statement_verb(context->statement), label);
    lint_possible(context, "whether one of them runs on %s", label);
    lint_recipe(context, "SET lock_timeout = '2s';\n%s; -- again, if it had to wait",
                sql_statement_text(context->statement));
}

const LintRule lint_rule_comment_stats_blocked = {
    .id = "comment-stats-blocked",
    .level = LINT_NOTE,
    .title = "COMMENT, CREATE STATISTICS or SET (..) waits for a vacuum or an index build",
    .at_change = comment_stats,
    .kinds = LINT_KINDS(CHANGE_RELATION_OPTIONS, CHANGE_CREATE_STATISTICS, CHANGE_COMMENT),
};

static void
hot_window(const LintContext *context)
{
    const PredictedLock *lock = facts_lock(context->prediction, LOCK_ACCESS_EXCLUSIVE);
    g_autofree char *label = NULL;

    if (lock == NULL)
        return;
    label = facts_lock_label(lock);
    lint_report(
        context, NULL,
        "the ACCESS EXCLUSIVE lock on %s is replayed on standbys: it cancels queries there, "
        "or waits for them up to max_standby_streaming_delay",
        label);
    lint_possible(context, "whether standbys serve queries of %s", label);
}

const LintRule lint_rule_ddl_in_hot_window = {
    .id = "ddl-in-hot-window",
    .level = LINT_OFF,
    .title = "an ACCESS EXCLUSIVE lock reaches the queries on standbys",
    .at_statement = hot_window,
};

static void
rewrite_maintenance(const LintContext *context, const DdlChange *change)
{
    const bool is_vacuum = change->kind == CHANGE_VACUUM;
    g_autofree char *label = NULL;

    if ((is_vacuum && !change->full) ||
        (change->relation.name != NULL && facts_is_new(context, change->relation)))
        return;
    label = change->relation.name ? ddl_name_label(change->relation) : g_strdup("every table");
    lint_report(context, change,
                "%s writes %s anew, with all its indexes, and nobody reads or writes it meanwhile",
                is_vacuum ? "VACUUM FULL" : "CLUSTER", label);
    lint_recipe(context,
                "-- pg_repack writes the table anew beside the running app:\n"
                "--   pg_repack --table %s\nVACUUM %s;",
                label, change->relation.name ? label : "");
}

const LintRule lint_rule_table_rewrite_maintenance = {
    .id = "table-rewrite-maintenance",
    .level = LINT_WARNING,
    .title = "VACUUM FULL or CLUSTER locks everybody out while it rewrites",
    .at_change = rewrite_maintenance,
    .kinds = LINT_KINDS(CHANGE_CLUSTER, CHANGE_VACUUM),
};
