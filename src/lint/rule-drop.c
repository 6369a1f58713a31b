/* What is dropped or emptied, and what of the old app goes with it. */
#include <string.h>

#include "lint/gone.h"
#include "lint/recipe-steps.h"

/* IF EXISTS of what nobody has shown to exist. */
static void
add_doubt(const LintContext *context, const DdlChange *change, const char *label)
{
    if (change->if_exists && model_exists(context->model, change->relation) != KNOWN_YES)
        lint_possible(context, "whether %s is there (--seed, --from-database)", label);
}

static void
drop_table(const LintContext *context, const DdlChange *change)
{
    g_autofree char *label = NULL, *users = NULL;

    if ((change->object != OBJECT(TABLE) && change->object != OBJECT(FOREIGN_TABLE)) ||
        gone_is_expected(context) || !gone_is_used(context, change->relation) ||
        gone_is_refused(context, change))
        return;
    label = ddl_name_label(change->relation);
    users = gone_users(context, change->relation, NULL);
    lint_report(context, change, "DROP TABLE %s loses its data%s%s", label,
                users != NULL ? "; used by " : ", and an app that still uses it fails",
                users != NULL ? users : "");
    add_doubt(context, change, label);
    lint_add_locks(context);
    lint_breaks(context, "every statement that names %s", label);
    recipe_contract(context,
                    "pg_stat_user_tables shows that nothing uses %s, and nobody needs its rows",
                    label);
}

const LintRule lint_rule_table_drop = {
    .id = "table-drop",
    .level = LINT_WARNING,
    .title = "DROP TABLE loses data, and breaks an app that still uses the table",
    .at_change = drop_table,
    .kinds = LINT_KINDS(CHANGE_DROP),
};

static void
drop_schema(const LintContext *context, const DdlChange *change)
{
    g_autofree char *label = NULL;

    if (change->object != OBJECT(SCHEMA) || gone_is_expected(context) ||
        change->relation.name == NULL || gone_schema_is_new(context, change->relation) ||
        gone_is_refused(context, change))
        return;
    if (model_is_complete(context->model) &&
        !model_has_schema(context->model, change->relation.name))
        return;
    label = ddl_name_label(change->relation);
    lint_report(context, change,
                change->cascade
                    ? "DROP SCHEMA %s CASCADE loses all that is in it, and what depends on that"
                    : "DROP SCHEMA %s takes a name from the app; one that holds anything the "
                      "server does not drop without CASCADE",
                label);
    if (!change->cascade) {
        lint_level(context, LINT_NOTE);
        lint_possible(context, "whether anything is in %s, or an app looks for it", label);
    }
    lint_add_locks(context);
    lint_breaks(context, "every statement that names something of %s", label);
    recipe_contract(context, "nobody uses what is in %s, or depends on it", label);
}

const LintRule lint_rule_schema_drop = {
    .id = "schema-drop",
    .level = LINT_WARNING,
    .title = "DROP SCHEMA loses what is in it",
    .at_change = drop_schema,
    .kinds = LINT_KINDS(CHANGE_DROP),
};

static void
drop_database(const LintContext *context, const DdlChange *change)
{
    if (change->node == NULL || change->node->node_case != PG_QUERY__NODE__NODE_DROPDB_STMT)
        return;
    lint_report(context, change, "DROP DATABASE %s loses all of its data, and no ROLLBACK helps",
                change->node->dropdb_stmt->dbname);
}

const LintRule lint_rule_database_drop = {
    .id = "database-drop",
    .level = LINT_ERROR,
    .title = "DROP DATABASE loses all of its data",
    .at_change = drop_database,
    .kinds = LINT_KINDS(CHANGE_SERVER),
};

static bool
drops_table(const LintContext *context, const SessionStatement *statement G_GNUC_UNUSED,
            const DdlChange *change, const void *data)
{
    const DdlChange *create = data;

    return change->kind == CHANGE_DROP && change->object == OBJECT(TABLE) &&
           facts_same(context, change->relation, create->relation);
}

/* Under another name, until the rows are there. */
static void
recommend_beside(const LintContext *context, const DdlChange *change, const char *label)
{
    const PgQuery__Node *node = context->statement->node;
    g_autofree char *fresh = recipe_name(change->relation.name, "new", NULL);
    g_autofree char *text = NULL;
    const SqlToken *name;

    if (node->node_case != PG_QUERY__NODE__NODE_CREATE_STMT)
        return;
    name = recipe_next(
        context, recipe_token(context, PG_QUERY__TOKEN__TABLE, (int) context->statement->start));
    while (name->start < node->create_stmt->relation->location)
        name = recipe_next(context, name);
    if (change->relation.schema != NULL) /* schema . name */
        name = recipe_next(context, recipe_next(context, name));
    text = recipe_replacing(context, name->start, name->end, fresh);
    lint_recipe(context,
                "-- in the place of both; or ALTER TABLE does what differs\n%s;\n"
                "-- the rows are copied, apps go over; then %s goes, in a later file",
                text, label);
}

static void
create_force(const LintContext *context, const DdlChange *change)
{
    g_autofree char *label = NULL;

    if (change->temporary || gone_is_expected(context) ||
        facts_before(context, false, CHANGE_DROP, drops_table, change) == NULL)
        return;
    label = ddl_name_label(change->relation);
    lint_report(context, change,
                "%s is dropped and made anew in one file: where it was there, its data is lost",
                label);
    recommend_beside(context, change, label);
}

const LintRule lint_rule_create_table_force = {
    .id = "create-table-force",
    .level = LINT_WARNING,
    .title = "a table is dropped and made anew under its name",
    .at_change = create_force,
    .kinds = LINT_KINDS(CHANGE_CREATE_TABLE),
};

/* Those that reference @relation, down to the last, and then itself. */
static void
append_emptied(const LintContext *context, GString *steps, GPtrArray *done, DdlName relation)
{
    const ModelTable *table = model_table(context->model, relation);
    g_autoptr(GPtrArray) tables = NULL, keys = NULL;
    g_autofree char *own = NULL;

    if (table != NULL && g_ptr_array_find(done, table, NULL))
        return;
    if (table != NULL) {
        g_ptr_array_add(done, (gpointer) (guintptr) table);
        keys = model_referencing(context->model, table, &tables);
        for (guint i = 0; i < tables->len; i++) {
            const ModelTable *other = tables->pdata[i];
            append_emptied(context, steps, done, (DdlName){other->schema, other->name});
        }
    }
    own = recipe_delete(context, relation, NULL);
    g_string_append_printf(steps, "%s%s", steps->len > 0 ? "\n" : "", own);
}

static char *
empty_all(const LintContext *context, DdlName relation)
{
    g_autoptr(GPtrArray) done = g_ptr_array_new();
    GString *steps = g_string_new(NULL);

    append_emptied(context, steps, done, relation);
    return g_string_free(steps, FALSE);
}

static void
truncate_cascade(const LintContext *context, const DdlChange *change)
{
    g_autofree char *label = NULL, *steps = NULL;

    if (!change->cascade || !gone_is_used(context, change->relation))
        return;
    label = ddl_name_label(change->relation);
    lint_report(context, change,
                "TRUNCATE %s CASCADE empties every table that references it too, and locks them "
                "all",
                label);
    lint_add_locks(context);
    steps = empty_all(context, change->relation);
    lint_recipe(context, "-- what references it first\n%s", steps);
}

const LintRule lint_rule_truncate_cascade = {
    .id = "truncate-cascade",
    .level = LINT_ERROR,
    .title = "TRUNCATE .. CASCADE empties tables that it does not name",
    .at_change = truncate_cascade,
    .kinds = LINT_KINDS(CHANGE_TRUNCATE),
};

static void
truncate_table(const LintContext *context, const DdlChange *change)
{
    g_autofree char *label = NULL, *steps = NULL;

    if (change->cascade || !gone_is_used(context, change->relation))
        return;
    label = ddl_name_label(change->relation);
    lint_report(context, change,
                "TRUNCATE blocks reads and writes of %s, loses its rows, and transactions with an "
                "older snapshot see it empty",
                label);
    lint_add_locks(context);
    steps = recipe_delete(context, change->relation, NULL);
    lint_recipe(context, "%s", steps);
}

const LintRule lint_rule_truncate = {
    .id = "truncate",
    .level = LINT_WARNING,
    .title = "TRUNCATE blocks reads and writes, and is not MVCC-safe",
    .at_change = truncate_table,
    .kinds = LINT_KINDS(CHANGE_TRUNCATE),
};

static const char *
kind_of(PgQuery__ObjectType object)
{
    switch ((int) object) {
    case OBJECT(VIEW):
        return "VIEW";
    case OBJECT(MATVIEW):
        return "MATERIALIZED VIEW";
    case OBJECT(FUNCTION):
        return "FUNCTION";
    case OBJECT(PROCEDURE):
        return "PROCEDURE";
    case OBJECT(ROUTINE):
        return "ROUTINE";
    case OBJECT(TYPE):
        return "TYPE";
    case OBJECT(DOMAIN):
        return "DOMAIN";
    case OBJECT(SEQUENCE):
        return "SEQUENCE";
    case OBJECT(EXTENSION):
        return "EXTENSION";
    case OBJECT(AGGREGATE):
        return "AGGREGATE";
    case OBJECT(OPERATOR):
        return "OPERATOR";
    case OBJECT(OPCLASS):
        return "OPERATOR CLASS";
    case OBJECT(COLLATION):
        return "COLLATION";
    case OBJECT(FOREIGN_SERVER):
        return "SERVER";
    default:
        return NULL;
    }
}

static bool
creates_it(const LintContext *context, const SessionStatement *statement G_GNUC_UNUSED,
           const DdlChange *change, const void *data)
{
    const DdlChange *drop = data;

    switch ((int) change->kind) {
    case CHANGE_CREATE_VIEW:
    case CHANGE_CREATE_TABLE_AS:
    case CHANGE_CREATE_FUNCTION:
    case CHANGE_CREATE_ENUM:
    case CHANGE_CREATE_DOMAIN:
    case CHANGE_CREATE_TYPE:
    case CHANGE_CREATE_SEQUENCE:
    case CHANGE_CREATE_EXTENSION:
        return facts_same(context, change->relation, drop->relation);
    default:
        return false;
    }
}

static bool
makes_again(const LintContext *context, const DdlChange *drop, const DdlChange *later)
{
    return creates_it(context, NULL, later, drop);
}

static bool
is_known_missing(const LintContext *context, const DdlChange *change)
{
    if (!model_is_complete(context->model))
        return false;
    switch ((int) change->object) {
    case OBJECT(FUNCTION):
    case OBJECT(PROCEDURE):
    case OBJECT(ROUTINE):
        return model_function(context->model, change->relation, -1) == NULL;
    case OBJECT(VIEW):
    case OBJECT(MATVIEW):
    case OBJECT(TYPE):
    case OBJECT(DOMAIN):
    case OBJECT(SEQUENCE):
        return model_exists(context->model, change->relation) == KNOWN_NO;
    default: /* the model does not keep them */
        return false;
    }
}

/* What a role has: all that it owns in the database, and its rights there. */
static void
drop_of_role(const LintContext *context, const DdlChange *change)
{
    const bool is_owned = g_strcmp0(change->text, "owned") == 0;
    g_autofree char *role = ddl_name_label(change->relation);

    if (is_owned) {
        lint_report(context, change,
                    "DROP OWNED BY %s drops every table and other object of the role in this "
                    "database, and takes back its rights",
                    role);
        lint_level(context, LINT_ERROR);
        lint_breaks(context, "every statement that uses what %s owns, or its rights", role);
        recipe_contract(context, "all that is %s's has another owner (REASSIGN OWNED)", role);
        return;
    }
    lint_report(context, change, "DROP ROLE %s: an app that logs in as it, or by it, is refused",
                role);
    lint_possible(context, "whether an app still has the role");
    recipe_contract(context, "no app logs in as %s", role);
}

static void
drop_object(const LintContext *context, const DdlChange *change)
{
    const char *kind;
    g_autofree char *label = NULL, *users = NULL;

    if (gone_is_expected(context))
        return;
    if (change->object == OBJECT(ROLE)) {
        drop_of_role(context, change);
        return;
    }
    kind = kind_of(change->object);
    if (kind == NULL || facts_is_new(context, change->relation) ||
        is_known_missing(context, change) ||
        facts_before(context, false, CHANGE_N, creates_it, change) != NULL ||
        gone_later(context, makes_again, change) != NULL || gone_is_refused(context, change))
        return;
    label = ddl_name_label(change->relation);
    users = gone_users(context, change->relation, NULL);
    lint_report(context, change, "DROP %s %s breaks an app that still uses it%s%s%s", kind, label,
                users != NULL ? "; used by " : "", users != NULL ? users : "",
                change->cascade ? "; CASCADE drops what depends on it, columns included" : "");
    add_doubt(context, change, label);
    lint_add_locks(context);
    lint_breaks(context, "statements that use %s", label);
    recipe_contract(context, "no version of the app, and nothing else, uses %s", label);
}

const LintRule lint_rule_drop_used_object = {
    .id = "drop-used-object",
    .level = LINT_WARNING,
    .title = "an object is dropped that an app or other objects may use",
    .at_change = drop_object,
    .kinds = LINT_KINDS(CHANGE_DROP),
};

/* Functions whose text names the column; the server does not know of them. */
static char *
hidden_users(const LintContext *context, const ModelTable *table, const char *column)
{
    g_autoptr(GPtrArray) users = model_dependents(context->model, table, column);
    g_autoptr(GPtrArray) hidden = g_ptr_array_new();

    for (guint i = 0; i < users->len; i++)
        if (g_str_has_prefix(users->pdata[i], "function "))
            g_ptr_array_add(hidden, users->pdata[i]);
    if (hidden->len == 0)
        return NULL;
    g_ptr_array_add(hidden, NULL);
    return g_strjoinv(", ", (char **) hidden->pdata);
}

static void
hidden_dependents(const LintContext *context, const DdlChange *change)
{
    const ModelTable *table;
    g_autofree char *label = NULL, *users = NULL;

    if (change->column == NULL || facts_in_section(context, SECTION_DOWNGRADE))
        return;
    table = model_table(context->model, change->relation);
    if (table == NULL)
        return;
    users = hidden_users(context, table, change->column);
    if (users == NULL)
        return;
    label = model_table_label(table);
    lint_report(context, change,
                "the body of %s names %s of %s: the server lets the column go, and the body fails "
                "when it runs next",
                users, change->column, label);
    lint_possible(context, "whether the body means this column");
    recipe_once(context, "%s does without the column", users);
}

const LintRule lint_rule_drop_column_hidden_dependents = {
    .id = "drop-column-hidden-dependents",
    .level = LINT_WARNING,
    .title = "the body of a function names a column that goes",
    .at_change = hidden_dependents,
    .kinds = LINT_KINDS(CHANGE_DROP_COLUMN, CHANGE_RENAME_COLUMN),
};

static bool
makes_unique(const LintContext *context, const DdlChange *drop, const DdlChange *later)
{
    bool is_key = later->kind == CHANGE_ADD_CONSTRAINT && later->constraint != NULL &&
                  (later->constraint->kind == CONSTRAINT_UNIQUE ||
                   later->constraint->kind == CONSTRAINT_PRIMARY_KEY);
    const ModelIndex *index;

    if (is_key && drop->kind == CHANGE_DROP_CONSTRAINT)
        return facts_same(context, later->relation, drop->relation);
    if (later->kind == CHANGE_CREATE_INDEX && later->index->unique && later->index->where == NULL &&
        drop->kind == CHANGE_DROP_CONSTRAINT)
        return facts_same(context, later->other, drop->relation);
    index = drop->kind == CHANGE_DROP ? model_index(context->model, drop->relation) : NULL;
    return index != NULL && later->kind == CHANGE_CREATE_INDEX && later->index->unique &&
           later->index->where == NULL &&
           facts_same(context, later->other, (DdlName){index->table->schema, index->table->name});
}

/* The unique index that goes; NULL: none, or it is not known. */
static const ModelIndex *
dropped_unique(const LintContext *context, const DdlChange *change)
{
    const ModelTable *table;
    const ModelConstraint *constraint;
    const ModelIndex *index = NULL;

    if (change->kind == CHANGE_DROP && change->object == OBJECT(INDEX)) {
        index = model_index(context->model, change->relation);
    } else if (change->kind == CHANGE_DROP_CONSTRAINT && change->object != OBJECT(DOMAIN)) {
        table = model_table(context->model, change->relation);
        constraint = table != NULL ? model_constraint(table, change->constraint_name) : NULL;
        if (constraint != NULL && constraint->index != NULL)
            index = model_index(context->model, (DdlName){table->schema, constraint->index});
    }
    return index != NULL && index->unique ? index : NULL;
}

static bool
has_column(const ModelIndex *index, const char *column)
{
    return column != NULL &&
           g_ptr_array_find_with_equal_func(index->columns, column, g_str_equal, NULL);
}

/* Another unique index over the same columns serves ON CONFLICT as well. */
static bool
has_twin(const ModelIndex *index)
{
    for (guint i = 0; i < index->table->indexes->len; i++) {
        const ModelIndex *other = index->table->indexes->pdata[i];
        guint found = 0;

        if (other == index || !other->unique || other->where != NULL || other->valid == KNOWN_NO ||
            other->has_expressions || other->columns->len != index->columns->len)
            continue;
        for (guint k = 0; k < index->columns->len; k++)
            found += has_column(other, index->columns->pdata[k]);
        if (found == index->columns->len)
            return true;
    }
    return false;
}

static void
unique_drop(const LintContext *context, const DdlChange *change)
{
    const ModelIndex *index = dropped_unique(context, change);
    g_autofree char *label = NULL;

    if (index == NULL || gone_is_expected(context) ||
        session_is_new(context->session, index->table) || has_twin(index) ||
        gone_later(context, makes_unique, change) != NULL)
        return;
    label = model_table_label(index->table);
    lint_report(context, change,
                "without unique index %s, INSERT .. ON CONFLICT of %s that names its columns "
                "fails, and duplicates get in",
                index->name, label);
    lint_add_locks(context);
    lint_breaks(context, "INSERT INTO %s .. ON CONFLICT (..)", label);
    recipe_contract(context, "no version that runs inserts into %s ON CONFLICT of these columns",
                    label);
}

const LintRule lint_rule_unique_drop_breaks_upsert = {
    .id = "unique-drop-breaks-upsert",
    .level = LINT_WARNING,
    .title = "ON CONFLICT of an old app fails without its unique index",
    .at_change = unique_drop,
    .kinds = LINT_KINDS(CHANGE_DROP, CHANGE_DROP_CONSTRAINT),
};
