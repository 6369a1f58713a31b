#include "lint/gone.h"

#include "sql/statement.h"

bool
gone_is_expected(const LintContext *context)
{
    return context->unit->undone || facts_in_section(context, SECTION_CONTRACT) ||
           facts_in_section(context, SECTION_DOWNGRADE) ||
           facts_in_section(context, SECTION_CUTOVER_UNDO);
}

bool
gone_is_used(const LintContext *context, DdlName relation)
{
    return !facts_is_new(context, relation) && model_exists(context->model, relation) != KNOWN_NO;
}

char *
gone_users(const LintContext *context, DdlName relation, const char *column)
{
    const ModelTable *table = model_table(context->model, relation);
    g_autoptr(GPtrArray) users = NULL;

    if (table == NULL)
        return NULL;
    users = model_dependents(context->model, table, column);
    if (users->len == 0)
        return NULL;
    g_ptr_array_add(users, NULL);
    return g_strjoinv(", ", (char **) users->pdata);
}

bool
gone_is_refused(const LintContext *context, const DdlChange *change)
{
    const char *failure = context->prediction->failure;

    if (failure == NULL || change->cascade)
        return false;
    lint_report(context, change, "the server refuses %s: %s", ddl_change_verb(change), failure);
    lint_recipe(context,
                "-- first, by name, what depends on it: CASCADE would drop that unseen; then\n%s;",
                sql_statement_text(context->statement));
    return true;
}

typedef struct {
    DdlName relation;
    const char *column;
} Column;

static bool
adds_column(const LintContext *context, const SessionStatement *statement G_GNUC_UNUSED,
            const DdlChange *change, const void *data)
{
    const Column *wanted = data;

    return change->kind == CHANGE_ADD_COLUMN && change->definition != NULL &&
           g_strcmp0(change->definition->name, wanted->column) == 0 &&
           facts_same(context, change->relation, wanted->relation);
}

bool
gone_column_is_new(const LintContext *context, DdlName relation, const char *column)
{
    return facts_before(context, false, CHANGE_ADD_COLUMN, adds_column,
                        &(Column){relation, column}) != NULL;
}

static bool
creates_schema(const LintContext *context G_GNUC_UNUSED,
               const SessionStatement *statement G_GNUC_UNUSED, const DdlChange *change,
               const void *data)
{
    const DdlName *schema = data;

    return change->kind == CHANGE_CREATE_SCHEMA &&
           g_strcmp0(change->relation.name, schema->name) == 0;
}

bool
gone_schema_is_new(const LintContext *context, DdlName schema)
{
    return facts_before(context, false, CHANGE_CREATE_SCHEMA, creates_schema, &schema) != NULL;
}

/* Of a revision sluice makes a transaction of neighbours that may be in one. */
static bool
ends_transaction(const LintContext *context, const LintUnit *unit)
{
    if (!facts_by_sluice(context))
        return false;
    return unit->section != context->unit->section || unit->section == SECTION_FINISH ||
           context->file->revision->statement_transactions ||
           (unit->statement != NULL && (!sql_statement_is_transactional(unit->statement) ||
                                        sql_statement_validates(unit->statement)));
}

static bool
is_end(const DdlChange *change)
{
    return change->kind == CHANGE_TRANSACTION &&
           (g_strcmp0(change->text, "commit") == 0 || g_strcmp0(change->text, "rollback") == 0);
}

typedef struct {
    const LintContext *context;
    GoneEach each;
    void *data;
} Walk;

/* *@ret_found: the change of @unit, behind @after (NULL: any), at which the walk ends. False: the
 * transaction ends there. */
static bool
walk_unit(const Walk *walk, const LintUnit *unit, const DdlChange *after,
          const DdlChange **ret_found)
{
    const guint count = unit->changes != NULL ? ddl_changes_count(unit->changes) : 0;
    bool is_behind = after == NULL;

    for (guint k = 0; k < count && *ret_found == NULL; k++) {
        const DdlChange *later = ddl_changes_get(unit->changes, k);

        if (is_behind && is_end(later))
            return false;
        if (is_behind && walk->each(walk->context, unit, later, walk->data))
            *ret_found = later;
        is_behind |= later == after;
    }
    return true;
}

const DdlChange *
gone_each_later(const LintContext *context, const DdlChange *change, GoneEach each, void *data)
{
    const Walk walk = {context, each, data};
    const GPtrArray *units = context->file->units;
    const LintUnit *outermost = context->unit;
    const DdlChange *found = NULL;

    while (outermost->outer != NULL)
        outermost = outermost->outer;
    if (!walk_unit(&walk, context->unit, change, &found) ||
        !session_in_transaction(context->session))
        return found;
    for (guint i = outermost->index + 1; i < units->len && found == NULL; i++)
        if (ends_transaction(context, units->pdata[i]) ||
            !walk_unit(&walk, units->pdata[i], NULL, &found))
            break;
    return found;
}

typedef struct {
    const DdlChange *change;
    bool (*is)(const LintContext *context, const DdlChange *change, const DdlChange *later);
} Later;

static bool
is_later(const LintContext *context, const LintUnit *unit G_GNUC_UNUSED, const DdlChange *later,
         void *data)
{
    const Later *wanted = data;

    return wanted->is(context, wanted->change, later);
}

const DdlChange *
gone_later(const LintContext *context,
           bool (*is)(const LintContext *context, const DdlChange *change, const DdlChange *later),
           const DdlChange *change)
{
    return gone_each_later(context, change, is_later, &(Later){change, is});
}

/* A column's name, followed to the end of the transaction. */
typedef struct {
    DdlName relation;
    const char *name;
    bool is_there;
    const char *from; /* how the column is called now; NULL: it is added */
} Followed;

static bool
follow_name(const LintContext *context, const LintUnit *unit G_GNUC_UNUSED, const DdlChange *later,
            void *data)
{
    Followed *followed = data;

    if (!facts_same(context, later->relation, followed->relation))
        return false;
    if (later->kind == CHANGE_RENAME_COLUMN && g_strcmp0(later->new_name, followed->name) == 0) {
        followed->is_there = true;
        followed->from = later->column;
    } else if ((later->kind == CHANGE_RENAME_COLUMN || later->kind == CHANGE_DROP_COLUMN) &&
               g_strcmp0(later->column, followed->name) == 0) {
        followed->is_there = false;
    } else if (later->kind == CHANGE_ADD_COLUMN && g_strcmp0(later->column, followed->name) == 0) {
        followed->is_there = true;
        followed->from = NULL;
    }
    return false;
}

static Followed
follow(const LintContext *context, const DdlChange *change, const char *name)
{
    Followed followed = {.relation = change->relation, .name = name};

    if (lint_file_may(context->file, FATE_GIVEN, change->relation, name))
        gone_each_later(context, change, follow_name, &followed);
    return followed;
}

bool
gone_name_returns(const LintContext *context, const DdlChange *rename)
{
    return follow(context, rename, rename->column).is_there;
}

static bool
gives_up_name(const LintContext *context, const SessionStatement *statement G_GNUC_UNUSED,
              const DdlChange *change, const void *data)
{
    const DdlChange *rename = data;

    return change->kind == CHANGE_RENAME_COLUMN &&
           g_strcmp0(change->column, rename->new_name) == 0 &&
           facts_same(context, change->relation, rename->relation);
}

/* RENAME COLUMN is a statement's only change. */
static const DdlChange *
given_up(const LintContext *context, const DdlChange *rename)
{
    const SessionStatement *before =
        lint_file_may(context->file, FATE_GIVEN_UP, rename->relation, rename->new_name)
            ? facts_before(context, true, CHANGE_RENAME_COLUMN, gives_up_name, rename)
            : NULL;

    return before != NULL ? ddl_changes_get(before->unit->changes, 0) : NULL;
}

bool
gone_takes_name(const LintContext *context, const DdlChange *rename)
{
    return given_up(context, rename) != NULL;
}

static bool
has(const GPtrArray *names, const char *name)
{
    return name != NULL && g_ptr_array_find_with_equal_func((GPtrArray *) (guintptr) names, name,
                                                            g_str_equal, NULL);
}

/* Does a mapping of this revision fill @fresh from @old? */
static bool
is_pair(const LintContext *context, DdlName relation, const char *old, const char *fresh)
{
    const GPtrArray *columns = session_mapped(context->session);

    for (guint i = 0; columns != NULL && i < columns->len; i++) {
        const MappedColumn *column = columns->pdata[i];

        if (g_strcmp0(column->column, fresh) == 0 && has(column->sources, old) &&
            facts_same(context, relation, column->table))
            return true;
    }
    return false;
}

static bool
gives_name(const LintContext *context, const SessionStatement *statement G_GNUC_UNUSED,
           const DdlChange *change, const void *data)
{
    const Followed *wanted = data;

    return change->kind == CHANGE_RENAME_COLUMN && g_strcmp0(change->new_name, wanted->name) == 0 &&
           facts_same(context, change->relation, wanted->relation);
}

bool
gone_swaps_sides(const LintContext *context, const DdlChange *rename)
{
    const Followed followed = follow(context, rename, rename->column);
    const DdlChange *before = followed.is_there ? NULL : given_up(context, rename);
    const char *name = followed.is_there ? rename->column : rename->new_name;
    const char *goes_to = before != NULL ? before->new_name : rename->new_name;
    const char *comes_from = before != NULL ? rename->column : followed.from;
    const Followed aside = {.relation = rename->relation, .name = comes_from};

    if (!followed.is_there && before == NULL)
        return false;
    return is_pair(context, rename->relation, name, comes_from) ||
           (is_pair(context, rename->relation, name, goes_to) &&
            facts_before(context, false, CHANGE_RENAME_COLUMN, gives_name, &aside) != NULL);
}

static bool
is_side(const LintContext *context, DdlName relation, const char *name)
{
    const GPtrArray *columns = session_mapped(context->session);

    for (guint i = 0; columns != NULL && i < columns->len; i++) {
        const MappedColumn *column = columns->pdata[i];

        if ((g_strcmp0(column->column, name) == 0 || has(column->sources, name)) &&
            facts_same(context, relation, column->table))
            return true;
    }
    return false;
}

bool
gone_stays_filled(const LintContext *context, DdlName relation, const char *column)
{
    const Followed wanted = {.relation = relation, .name = column};
    const SessionStatement *renamed =
        facts_before(context, false, CHANGE_RENAME_COLUMN, gives_name, &wanted);

    return is_side(context, relation, column) ||
           (renamed != NULL &&
            is_side(context, relation, ddl_changes_get(renamed->unit->changes, 0)->column));
}

/* Does the foreign key @other say of each row what @key says? */
static bool
says_the_same(const LintContext *context, const DdlChange *drop, const ModelConstraint *key,
              const ModelConstraint *other)
{
    bool is_mapped = false;

    if (other == key || other->kind != CONSTRAINT_FOREIGN_KEY ||
        other->referenced != key->referenced || other->columns->len != key->columns->len)
        return false;
    for (guint i = 0; i < key->columns->len; i++) {
        const char *column = key->columns->pdata[i], *own = other->columns->pdata[i];
        Followed followed;

        if (g_strcmp0(column, own) == 0)
            continue;
        if (is_pair(context, drop->relation, column, own) ||
            is_pair(context, drop->relation, own, column)) {
            is_mapped = true;
            continue;
        }
        followed = follow(context, drop, column);
        if (!followed.is_there || g_strcmp0(followed.from, own) != 0)
            return false;
    }
    return other->valid || is_mapped;
}

/* The table itself, or a partition of it. */
static bool
is_part(const LintContext *context, DdlName relation, const ModelTable *table)
{
    const ModelTable *part = model_table(context->model, relation);

    while (part != NULL && part != table)
        part = part->parent;
    return part != NULL;
}

static bool
same_columns(const GPtrArray *a, const GPtrArray *b)
{
    for (guint i = 0; i < a->len && i < b->len; i++)
        if (g_strcmp0(a->pdata[i], b->pdata[i]) != 0)
            return false;
    return a->len == b->len;
}

/* It is added again; or a column of it goes. */
static bool
comes_again(const LintContext *context, const LintUnit *unit G_GNUC_UNUSED, const DdlChange *later,
            void *data)
{
    const ModelConstraint *key = data;

    if (!is_part(context, later->relation, key->table))
        return false;
    if (later->kind == CHANGE_DROP_COLUMN)
        return has(key->columns, later->column);
    return later->kind == CHANGE_ADD_CONSTRAINT &&
           later->constraint->kind == CONSTRAINT_FOREIGN_KEY &&
           same_columns(later->constraint->columns, key->columns) &&
           facts_same(context, later->constraint->referenced,
                      (DdlName){key->referenced_schema, key->referenced_name});
}

static bool
adds_constraint(const LintContext *context, const SessionStatement *statement G_GNUC_UNUSED,
                const DdlChange *change, const void *data)
{
    const DdlChange *drop = data;

    return change->kind == CHANGE_ADD_CONSTRAINT &&
           g_strcmp0(change->constraint->name, drop->constraint_name) == 0 &&
           facts_same(context, change->relation, drop->relation);
}

/* A revision's contract may be many transactions: its foreign keys go first, one by one. */
static bool
contract_drops_column(const LintContext *context, const ModelConstraint *key)
{
    const GPtrArray *units = context->file->units;

    for (guint i = context->unit->index + 1; i < units->len; i++) {
        const LintUnit *unit = units->pdata[i];

        for (guint k = 0; unit->section == SECTION_CONTRACT && unit->changes != NULL &&
                          k < ddl_changes_count(unit->changes);
             k++) {
            const DdlChange *later = ddl_changes_get(unit->changes, k);

            if (later->kind == CHANGE_DROP_COLUMN && has(key->columns, later->column) &&
                is_part(context, later->relation, key->table))
                return true;
        }
    }
    return false;
}

bool
gone_keeps_key(const LintContext *context, const DdlChange *drop, const ModelConstraint *constraint)
{
    const GPtrArray *constraints = constraint->table->constraints;

    for (guint i = 0; i < constraints->len; i++)
        if (says_the_same(context, drop, constraint, constraints->pdata[i]))
            return true;
    if (facts_in_section(context, SECTION_DOWNGRADE) &&
        facts_before(context, false, CHANGE_ADD_CONSTRAINT, adds_constraint, drop) != NULL)
        return true;
    if (facts_in_section(context, SECTION_CONTRACT) && contract_drops_column(context, constraint))
        return true;
    return gone_each_later(context, drop, comes_again, (void *) (guintptr) constraint) != NULL;
}

static bool
gives_default(const LintContext *context, const DdlChange *drop, const DdlChange *later)
{
    return (later->kind == CHANGE_SET_DEFAULT || later->kind == CHANGE_ADD_IDENTITY) &&
           g_strcmp0(later->column, drop->column) == 0 &&
           facts_same(context, later->relation, drop->relation);
}

bool
gone_default_returns(const LintContext *context, const DdlChange *drop)
{
    if (drop->column == NULL)
        return false;
    /* Of one ALTER the server drops first, in whatever order it is written. */
    for (guint i = 0; i < ddl_changes_count(context->changes); i++)
        if (gives_default(context, drop, ddl_changes_get(context->changes, i)))
            return true;
    return gone_later(context, gives_default, drop) != NULL;
}
