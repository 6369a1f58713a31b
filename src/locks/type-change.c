/* ALTER COLUMN TYPE: which changes are free, and what hangs on the column nevertheless. */
#include <string.h>

#include "locks/predictor.h"

/* Binary-coercible pairs of the server's own types, apart from length and precision. */
static const char *const coercible[][2] = {
    {"varchar", "text"}, {"text", "varchar"}, {"bit", "varbit"},     {"varbit", "bit"},
    {"cidr", "inet"},    {"xml", "text"},     {"xml", "varchar"},    {"xml", "bpchar"},
    {"citext", "text"},  {"text", "citext"},  {"citext", "varchar"}, {"varchar", "citext"},
    {"int4", "oid"},     {"oid", "int4"},
};

/* Types that are an oid underneath: to and from it, and from int4. */
static const char *const oid_types[] = {
    "regproc", "regprocedure", "regoper",   "regoperator",   "regclass",     "regtype",
    "regrole", "regnamespace", "regconfig", "regdictionary", "regcollation", NULL};

/* What a type of the server's own, or of an extension that everybody has, is called. */
static const char *const known_types[] = {"bool",
                                          "bytea",
                                          "char",
                                          "name",
                                          "int8",
                                          "int2",
                                          "int4",
                                          "text",
                                          "oid",
                                          "json",
                                          "xml",
                                          "point",
                                          "lseg",
                                          "path",
                                          "box",
                                          "polygon",
                                          "line",
                                          "float4",
                                          "float8",
                                          "circle",
                                          "money",
                                          "macaddr",
                                          "macaddr8",
                                          "inet",
                                          "cidr",
                                          "bpchar",
                                          "varchar",
                                          "date",
                                          "time",
                                          "timestamp",
                                          "timestamptz",
                                          "interval",
                                          "timetz",
                                          "bit",
                                          "varbit",
                                          "numeric",
                                          "uuid",
                                          "tsvector",
                                          "tsquery",
                                          "jsonb",
                                          "jsonpath",
                                          "int4range",
                                          "numrange",
                                          "tsrange",
                                          "tstzrange",
                                          "daterange",
                                          "int8range",
                                          "int4multirange",
                                          "nummultirange",
                                          "tsmultirange",
                                          "tstzmultirange",
                                          "datemultirange",
                                          "int8multirange",
                                          "pg_lsn",
                                          "xid",
                                          "xid8",
                                          "cid",
                                          "tid",
                                          "txid_snapshot",
                                          "pg_snapshot",
                                          "regproc",
                                          "regprocedure",
                                          "regoper",
                                          "regoperator",
                                          "regclass",
                                          "regtype",
                                          "regrole",
                                          "regnamespace",
                                          "regconfig",
                                          "regdictionary",
                                          "regcollation",
                                          "refcursor",
                                          "citext",
                                          "hstore",
                                          "ltree",
                                          "geometry",
                                          "geography",
                                          "vector",
                                          NULL};

static const ModelType *
type_of(const Model *model, const DdlType *type)
{
    return model_type(model, type->name);
}

bool
predictor_knows_type(const Model *model, const DdlType *type)
{
    return g_strv_contains(known_types, type->name.name) || type_of(model, type) != NULL;
}

Known
predictor_domain_checks(const Model *model, const DdlType *type)
{
    const ModelType *known = type_of(model, type);

    if (type->dimensions > 0)
        return KNOWN_NO; /* an array is no domain, whatever it is of */
    if (known == NULL)
        return g_strv_contains(known_types, type->name.name) || model_is_complete(model)
                   ? KNOWN_NO
                   : KNOWN_MAYBE;
    if (known->kind != MODEL_DOMAIN)
        return KNOWN_NO;
    if (known->not_null || known->constraints->len > 0)
        return KNOWN_YES;
    return predictor_domain_checks(model, &known->base_type);
}

/* What the values are: the type under all domains. */
static const DdlType *
base_of(const Model *model, const DdlType *type)
{
    const ModelType *known = type_of(model, type);

    while (known != NULL && known->kind == MODEL_DOMAIN && type->dimensions == 0) {
        type = &known->base_type;
        known = type_of(model, type);
    }
    return type;
}

static bool
is(const DdlType *type, const char *name)
{
    return g_strcmp0(type->name.name, name) == 0;
}

/* Does @to hold whatever the length or precision of @from allows? Both are of one family. */
static bool
is_as_wide(const DdlType *from, const DdlType *to)
{
    enum { MOST_PRECISE = 6 };

    if (is(to, "interval") && to->interval_fields != 0 &&
        to->interval_fields != from->interval_fields)
        return false;
    if (to->n_modifiers == 0)
        return true;
    if (is(to, "timestamp") || is(to, "timestamptz") || is(to, "time") || is(to, "timetz") ||
        is(to, "interval"))
        return to->modifiers[0] >= (from->n_modifiers > 0 ? from->modifiers[0] : MOST_PRECISE);
    if (from->n_modifiers == 0)
        return false;
    if (is(to, "varchar") || (is(to, "varbit") && is(from, "varbit")))
        return to->modifiers[0] >= from->modifiers[0];
    if (is(to, "numeric")) {
        const int scale = from->n_modifiers > 1 ? from->modifiers[1] : 0;
        return to->modifiers[0] >= from->modifiers[0] &&
               (to->n_modifiers > 1 ? to->modifiers[1] : 0) == scale;
    }
    return false;
}

static bool
is_coercible(const DdlType *from, const DdlType *to)
{
    for (guint i = 0; i < G_N_ELEMENTS(coercible); i++) {
        if (is(from, coercible[i][0]) && is(to, coercible[i][1]))
            return true;
    }
    return ((is(from, "oid") || is(from, "int4")) && g_strv_contains(oid_types, to->name.name)) ||
           ((is(to, "oid") || is(to, "int4")) && g_strv_contains(oid_types, from->name.name));
}

static bool
is_zoned_pair(const DdlType *from, const DdlType *to)
{
    return (is(from, "timestamp") && is(to, "timestamptz")) ||
           (is(from, "timestamptz") && is(to, "timestamp"));
}

/* The same type, arrays too, whose length or precision is no more limited. */
static bool
is_same_but_for_length(const DdlType *from, const DdlType *to)
{
    return is(from, to->name.name) && (from->dimensions > 0) == (to->dimensions > 0) &&
           to->n_modifiers == 0 && to->words == NULL && to->interval_fields == 0;
}

/* KNOWN_YES: no value changes. KNOWN_MAYBE: *@ret_settles says what decides. */
static Known
is_free(const Model *model, const DdlType *from, const DdlType *to, char **ret_settles)
{
    g_autofree char *label = ddl_type_label(to);
    const Known checks = predictor_domain_checks(model, to);

    if (ddl_type_equal(from, to))
        return KNOWN_YES;
    if (checks == KNOWN_YES)
        return KNOWN_NO;
    from = base_of(model, from);
    to = base_of(model, to);
    if (ddl_type_equal(from, to))
        return KNOWN_YES;
    if (is_same_but_for_length(from, to))
        return KNOWN_YES;
    if (from->dimensions > 0 || to->dimensions > 0)
        return KNOWN_NO;
    if (!predictor_knows_type(model, from) || !predictor_knows_type(model, to)) {
        *ret_settles = g_strdup_printf("what type %s is", label);
        return KNOWN_MAYBE;
    }
    if (is_zoned_pair(from, to) && is_as_wide(from, to)) {
        *ret_settles = g_strdup("whether the session's TimeZone is UTC: then nothing is rewritten");
        return KNOWN_MAYBE;
    }
    if (is(from, to->name.name) && !is(from, "bpchar") && !is(from, "bit"))
        return is_as_wide(from, to) ? KNOWN_YES : KNOWN_NO;
    return is_coercible(from, to) && (to->n_modifiers == 0 || is_as_wide(from, to)) &&
                   (!is(to, "varchar") || to->n_modifiers == 0 || is(from, "varchar"))
               ? KNOWN_YES
               : KNOWN_NO;
}

/* Operators of an index go by these: a change from one to another builds it anew. */
static const char *
operators_of(const DdlType *type)
{
    if (is(type, "varchar"))
        return "text";
    if (is(type, "cidr"))
        return "inet";
    if (g_strv_contains(oid_types, type->name.name))
        return "oid";
    return type->name.name;
}

static bool
reads_column(const PgQuery__Node *expression, const char *column)
{
    g_autoptr(GPtrArray) read = g_ptr_array_new();

    if (expression == NULL)
        return false;
    ddl_columns_read(expression, read);
    for (guint i = 0; i < read->len; i++) {
        if (g_strcmp0(read->pdata[i], column) == 0)
            return true;
    }
    return false;
}

/* An index that is built anew though no value changes; NULL: none. */
static const ModelIndex *
index_built_anew(const ModelTable *table, const char *column, bool other_operators)
{
    for (guint i = 0; i < table->indexes->len; i++) {
        const ModelIndex *index = table->indexes->pdata[i];

        if (reads_column(index->where, column))
            return index;
        for (guint k = 0; k < index->expressions->len; k++) {
            if (reads_column(index->expressions->pdata[k], column))
                return index;
        }
        for (guint k = 0; other_operators && k < index->columns->len; k++) {
            if (g_strcmp0(index->columns->pdata[k], column) == 0)
                return index;
        }
    }
    return NULL;
}

/* A type change that is free itself: what hangs on the column? */
static WorkKind
dependents_work(const Model *model, const ModelTable *table, const ModelColumn *column,
                const DdlColumn *to, char **ret_why)
{
    const DdlType *from = base_of(model, &column->parsed), *base = base_of(model, &to->type);
    const bool other_operators =
        g_strcmp0(operators_of(from), operators_of(base)) != 0 ||
        (to->collation != NULL && g_strcmp0(to->collation, column->collation) != 0);
    const ModelIndex *index = index_built_anew(table, column->name, other_operators);

    if (index != NULL) {
        *ret_why = g_strdup_printf("index %s is built anew", index->name);
        return WORK_BUILD;
    }
    for (guint i = 0; i < table->constraints->len; i++) {
        const ModelConstraint *check = table->constraints->pdata[i];
        if (check->kind == CONSTRAINT_CHECK && check->valid &&
            reads_column(check->expression, column->name)) {
            *ret_why = g_strdup_printf("CHECK %s is verified again", check->name);
            return WORK_SCAN;
        }
    }
    return WORK_METADATA;
}

/* The type of a cast, as far as it is one of the server's own or has no modifiers. */
static DdlType
cast_type(const PgQuery__TypeName *name)
{
    DdlType type = {.dimensions = (int) name->n_array_bounds};

    type.name.name = name->names[name->n_names - 1]->string->sval;
    for (size_t i = 0; i < name->n_typmods && i < G_N_ELEMENTS(type.modifiers); i++) {
        const PgQuery__Node *modifier = name->typmods[i];
        if (modifier->node_case == PG_QUERY__NODE__NODE_A_CONST &&
            modifier->a_const->val_case == PG_QUERY__A__CONST__VAL_IVAL)
            type.modifiers[type.n_modifiers++] = modifier->a_const->ival->ival;
    }
    return type;
}

/* `USING column`, with casts that change no value; anything else computes. */
static Known
using_is_free(const Model *model, const ModelColumn *column, const DdlColumn *to,
              const PgQuery__Node *using, char **ret_settles)
{
    g_autoptr(GPtrArray) read = g_ptr_array_new();
    const PgQuery__Node *inner = using;

    while (inner->node_case == PG_QUERY__NODE__NODE_TYPE_CAST)
        inner = inner->type_cast->arg;
    if (inner->node_case != PG_QUERY__NODE__NODE_COLUMN_REF)
        return KNOWN_NO;
    ddl_columns_read(inner, read);
    if (read->len != 1 || g_strcmp0(read->pdata[0], column->name) != 0)
        return KNOWN_NO;
    for (const PgQuery__Node *cast = using; cast != inner; cast = cast->type_cast->arg) {
        const DdlType type = cast_type(cast->type_cast->type_name);
        if (is_free(model, &column->parsed, &type, ret_settles) != KNOWN_YES ||
            is_free(model, &type, &to->type, ret_settles) != KNOWN_YES)
            return KNOWN_NO;
    }
    return is_free(model, &column->parsed, &to->type, ret_settles);
}

WorkKind
locks_type_change(const Model *model, const ModelTable *table, const ModelColumn *column,
                  const DdlColumn *to, const PgQuery__Node *using, Known *ret_certainty,
                  char **ret_why)
{
    g_autofree char *label = ddl_type_label(&to->type);
    char *settles = NULL;
    Known free_of_work;

    *ret_why = NULL;
    *ret_certainty = KNOWN_YES;
    if (column == NULL || column->parsed.name.name == NULL || table == NULL) {
        *ret_certainty = KNOWN_MAYBE;
        *ret_why = g_strdup("the column's type, indexes and constraints");
        return WORK_REWRITE;
    }
    free_of_work = using != NULL ? using_is_free(model, column, to, using, &settles)
                                 : is_free(model, &column->parsed, &to->type, &settles);
    if (free_of_work == KNOWN_YES) {
        g_free(settles);
        return dependents_work(model, table, column, to, ret_why);
    }
    if (free_of_work == KNOWN_MAYBE) {
        *ret_certainty = KNOWN_MAYBE;
        *ret_why = settles;
        return WORK_REWRITE;
    }
    g_free(settles);
    *ret_why = using != NULL ? g_strdup_printf("each value is computed to %s", label)
                             : g_strdup_printf("values of type %s are stored otherwise than %s",
                                               column->type, label);
    return WORK_REWRITE;
}
