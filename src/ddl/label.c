/* Names, types and changes as people write them. */
#include "ddl/build.h"

char *
ddl_name_label(DdlName name)
{
    g_autofree char *schema = name.schema != NULL ? tree_quote(name.schema) : NULL;
    g_autofree char *last = tree_quote(name.name != NULL ? name.name : "");

    return schema != NULL ? g_strdup_printf("%s.%s", schema, last) : g_steal_pointer(&last);
}

/* The grammar's name of a type, and the one that people use. */
static const char *
spelled_out(const char *name)
{
    static const struct {
        const char *name, *spelling;
    } types[] = {
        {"bool", "boolean"},  {"bpchar", "char"},
        {"float4", "real"},   {"float8", "double precision"},
        {"int2", "smallint"}, {"int4", "integer"},
        {"int8", "bigint"},   {"varbit", "bit varying"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(types); i++)
        if (g_str_equal(name, types[i].name))
            return types[i].spelling;
    return NULL;
}

/* Names of types may be keywords ("varchar") where no other name may. */
static bool
is_plain(const char *name)
{
    for (const char *c = name; *c != '\0'; c++)
        if (!g_ascii_islower(*c) && !g_ascii_isdigit(*c) && *c != '_')
            return false;
    return !g_ascii_isdigit(name[0]);
}

static char *
base_label(const DdlType *type)
{
    const char *spelling = type->name.schema == NULL ? spelled_out(type->name.name) : NULL;

    if (spelling != NULL)
        return g_strdup(spelling);
    return type->name.schema == NULL && is_plain(type->name.name) ? g_strdup(type->name.name)
                                                                  : ddl_name_label(type->name);
}

char *
ddl_type_label(const DdlType *type)
{
    g_autofree char *base = type->name.name != NULL ? base_label(type) : g_strdup("?");
    GString *label = g_string_new(base);

    if (type->words != NULL)
        g_string_append_printf(label, "(%s)", type->words);
    else if (type->n_modifiers == 1)
        g_string_append_printf(label, "(%d)", type->modifiers[0]);
    else if (type->n_modifiers == 2)
        g_string_append_printf(label, "(%d,%d)", type->modifiers[0], type->modifiers[1]);
    for (int i = 0; i < type->dimensions; i++)
        g_string_append(label, "[]");
    return g_string_free(label, FALSE);
}

bool
ddl_type_equal(const DdlType *a, const DdlType *b)
{
    return g_strcmp0(a->name.schema, b->name.schema) == 0 &&
           g_strcmp0(a->name.name, b->name.name) == 0 && g_strcmp0(a->words, b->words) == 0 &&
           a->n_modifiers == b->n_modifiers && a->modifiers[0] == b->modifiers[0] &&
           a->modifiers[1] == b->modifiers[1] && a->interval_fields == b->interval_fields &&
           (a->dimensions > 0) == (b->dimensions > 0);
}

DdlType
ddl_type_copy(const DdlType *type)
{
    DdlType copy = *type;

    copy.name.schema = g_strdup(type->name.schema);
    copy.name.name = g_strdup(type->name.name);
    copy.words = g_strdup(type->words);
    return copy;
}

void
ddl_type_clear(DdlType *type)
{
    g_free((char *) type->name.schema);
    g_free((char *) type->name.name);
    g_free((char *) type->words);
    *type = (DdlType){0};
}

static const char *const verbs[CHANGE_N] = {
    [CHANGE_CREATE_TABLE] = "CREATE TABLE",
    [CHANGE_CREATE_TABLE_AS] = "CREATE TABLE AS",
    [CHANGE_DROP] = "DROP",
    [CHANGE_RENAME] = "RENAME",
    [CHANGE_SET_SCHEMA] = "SET SCHEMA",
    [CHANGE_OWNER] = "OWNER TO",
    [CHANGE_TRUNCATE] = "TRUNCATE",
    [CHANGE_CLUSTER] = "CLUSTER",
    [CHANGE_VACUUM] = "VACUUM",
    [CHANGE_ANALYZE] = "ANALYZE",
    [CHANGE_LOCK] = "LOCK TABLE",
    [CHANGE_INHERIT] = "INHERIT",
    [CHANGE_LIKE] = "LIKE",
    [CHANGE_ATTACH_PARTITION] = "ATTACH PARTITION",
    [CHANGE_DETACH_PARTITION] = "DETACH PARTITION",
    [CHANGE_PERSISTENCE] = "SET LOGGED",
    [CHANGE_ACCESS_METHOD] = "SET ACCESS METHOD",
    [CHANGE_TABLESPACE] = "SET TABLESPACE",
    [CHANGE_RELATION_OPTIONS] = "SET (..)",
    [CHANGE_REPLICA_IDENTITY] = "REPLICA IDENTITY",
    [CHANGE_ROW_SECURITY] = "ENABLE ROW LEVEL SECURITY",
    [CHANGE_ADD_COLUMN] = "ADD COLUMN",
    [CHANGE_DROP_COLUMN] = "DROP COLUMN",
    [CHANGE_RENAME_COLUMN] = "RENAME COLUMN",
    [CHANGE_COLUMN_TYPE] = "ALTER COLUMN TYPE",
    [CHANGE_SET_DEFAULT] = "SET DEFAULT",
    [CHANGE_DROP_DEFAULT] = "DROP DEFAULT",
    [CHANGE_SET_NOT_NULL] = "SET NOT NULL",
    [CHANGE_DROP_NOT_NULL] = "DROP NOT NULL",
    [CHANGE_ADD_IDENTITY] = "ADD GENERATED AS IDENTITY",
    [CHANGE_SET_IDENTITY] = "SET GENERATED",
    [CHANGE_DROP_IDENTITY] = "DROP IDENTITY",
    [CHANGE_DROP_EXPRESSION] = "DROP EXPRESSION",
    [CHANGE_COLUMN_OPTIONS] = "ALTER COLUMN SET",
    [CHANGE_ADD_CONSTRAINT] = "ADD CONSTRAINT",
    [CHANGE_DROP_CONSTRAINT] = "DROP CONSTRAINT",
    [CHANGE_VALIDATE_CONSTRAINT] = "VALIDATE CONSTRAINT",
    [CHANGE_ALTER_CONSTRAINT] = "ALTER CONSTRAINT",
    [CHANGE_RENAME_CONSTRAINT] = "RENAME CONSTRAINT",
    [CHANGE_CREATE_INDEX] = "CREATE INDEX",
    [CHANGE_REINDEX] = "REINDEX",
    [CHANGE_ATTACH_INDEX] = "ATTACH PARTITION",
    [CHANGE_CREATE_TRIGGER] = "CREATE TRIGGER",
    [CHANGE_TRIGGER_STATE] = "ENABLE TRIGGER",
    [CHANGE_CREATE_RULE] = "CREATE RULE",
    [CHANGE_RULE_STATE] = "ENABLE RULE",
    [CHANGE_CREATE_POLICY] = "CREATE POLICY",
    [CHANGE_ALTER_POLICY] = "ALTER POLICY",
    [CHANGE_CREATE_VIEW] = "CREATE VIEW",
    [CHANGE_REFRESH] = "REFRESH MATERIALIZED VIEW",
    [CHANGE_CREATE_FUNCTION] = "CREATE FUNCTION",
    [CHANGE_ALTER_FUNCTION] = "ALTER FUNCTION",
    [CHANGE_CREATE_ENUM] = "CREATE TYPE",
    [CHANGE_ADD_VALUE] = "ALTER TYPE ADD VALUE",
    [CHANGE_RENAME_VALUE] = "ALTER TYPE RENAME VALUE",
    [CHANGE_CREATE_DOMAIN] = "CREATE DOMAIN",
    [CHANGE_ALTER_DOMAIN] = "ALTER DOMAIN",
    [CHANGE_CREATE_TYPE] = "CREATE TYPE",
    [CHANGE_ADD_ATTRIBUTE] = "ADD ATTRIBUTE",
    [CHANGE_DROP_ATTRIBUTE] = "DROP ATTRIBUTE",
    [CHANGE_ATTRIBUTE_TYPE] = "ALTER ATTRIBUTE TYPE",
    [CHANGE_CREATE_SEQUENCE] = "CREATE SEQUENCE",
    [CHANGE_ALTER_SEQUENCE] = "ALTER SEQUENCE",
    [CHANGE_CREATE_SCHEMA] = "CREATE SCHEMA",
    [CHANGE_CREATE_EXTENSION] = "CREATE EXTENSION",
    [CHANGE_ALTER_EXTENSION] = "ALTER EXTENSION",
    [CHANGE_CREATE_STATISTICS] = "CREATE STATISTICS",
    [CHANGE_CREATE_PUBLICATION] = "CREATE PUBLICATION",
    [CHANGE_ALTER_PUBLICATION] = "ALTER PUBLICATION",
    [CHANGE_CREATE_EVENT_TRIGGER] = "CREATE EVENT TRIGGER",
    [CHANGE_CREATE_OTHER] = "CREATE",
    [CHANGE_ALTER_OTHER] = "ALTER",
    [CHANGE_COMMENT] = "COMMENT",
    [CHANGE_GRANT] = "GRANT",
    [CHANGE_INSERT] = "INSERT",
    [CHANGE_UPDATE] = "UPDATE",
    [CHANGE_DELETE] = "DELETE",
    [CHANGE_MERGE] = "MERGE",
    [CHANGE_COPY] = "COPY",
    [CHANGE_SELECT] = "SELECT",
    [CHANGE_SET] = "SET",
    [CHANGE_TRANSACTION] = "BEGIN",
    [CHANGE_DO] = "DO",
    [CHANGE_CALL] = "CALL",
    [CHANGE_SESSION] = "SESSION",
    [CHANGE_SERVER] = "ALTER SYSTEM",
    [CHANGE_UNKNOWN] = "this statement",
};

static const char *
drop_verb(PgQuery__ObjectType object)
{
    switch ((int) object) {
    case OBJECT(TABLE):
        return "DROP TABLE";
    case OBJECT(INDEX):
        return "DROP INDEX";
    case OBJECT(VIEW):
        return "DROP VIEW";
    case OBJECT(MATVIEW):
        return "DROP MATERIALIZED VIEW";
    case OBJECT(SEQUENCE):
        return "DROP SEQUENCE";
    case OBJECT(SCHEMA):
        return "DROP SCHEMA";
    case OBJECT(TYPE):
        return "DROP TYPE";
    case OBJECT(DOMAIN):
        return "DROP DOMAIN";
    case OBJECT(FUNCTION):
        return "DROP FUNCTION";
    case OBJECT(PROCEDURE):
        return "DROP PROCEDURE";
    case OBJECT(TRIGGER):
        return "DROP TRIGGER";
    case OBJECT(RULE):
        return "DROP RULE";
    case OBJECT(POLICY):
        return "DROP POLICY";
    case OBJECT(EXTENSION):
        return "DROP EXTENSION";
    case OBJECT(FOREIGN_TABLE):
        return "DROP FOREIGN TABLE";
    default:
        return "DROP";
    }
}

static const char *
removing_verb(const DdlChange *change)
{
    switch ((int) change->kind) {
    case CHANGE_INHERIT:
        return "NO INHERIT";
    case CHANGE_PERSISTENCE:
        return "SET UNLOGGED";
    case CHANGE_RELATION_OPTIONS:
        return "RESET (..)";
    case CHANGE_ROW_SECURITY:
        return change->forced ? "NO FORCE ROW LEVEL SECURITY" : "DISABLE ROW LEVEL SECURITY";
    case CHANGE_TRIGGER_STATE:
        return "DISABLE TRIGGER";
    case CHANGE_RULE_STATE:
        return "DISABLE RULE";
    case CHANGE_GRANT:
        return "REVOKE";
    default:
        return verbs[change->kind];
    }
}

const char *
ddl_change_verb(const DdlChange *change)
{
    if (change->kind == CHANGE_DROP)
        return drop_verb(change->object);
    if (change->kind == CHANGE_ROW_SECURITY && change->forced && !change->removes)
        return "FORCE ROW LEVEL SECURITY";
    if (change->kind == CHANGE_CREATE_TABLE_AS && change->object == OBJECT(MATVIEW))
        return "CREATE MATERIALIZED VIEW";
    return change->removes ? removing_verb(change) : verbs[change->kind];
}
