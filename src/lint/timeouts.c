#include "lint/timeouts.h"

#include <string.h>

#include "sql/tree.h"

static const char *const names[TIMEOUT_N] = {
    [TIMEOUT_LOCK] = "lock_timeout",
    [TIMEOUT_STATEMENT] = "statement_timeout",
};

const char *
timeout_name(TimeoutKind kind)
{
    return names[kind];
}

TimeoutKind
timeout_kind_of(const char *name)
{
    for (TimeoutKind kind = 0; kind < TIMEOUT_N; kind++)
        if (name != NULL && g_ascii_strcasecmp(name, names[kind]) == 0)
            return kind;
    return TIMEOUT_N;
}

Timeouts
timeouts_of_role(gint64 lock_ms, gint64 statement_ms)
{
    return (Timeouts){
        .session_ms = {[TIMEOUT_LOCK] = lock_ms, [TIMEOUT_STATEMENT] = statement_ms},
        .role_ms = {[TIMEOUT_LOCK] = lock_ms, [TIMEOUT_STATEMENT] = statement_ms},
    };
}

gint64
timeouts_get(const Timeouts *timeouts, TimeoutKind kind)
{
    return timeouts->is_local[kind] ? timeouts->local_ms[kind] : timeouts->session_ms[kind];
}

gint64
timeout_parse(const char *value)
{
    static const struct {
        const char *unit;
        double ms;
    } units[] = {{"", 1},        {"ms", 1},      {"us", 0.001},  {"s", 1000},
                 {"min", 60000}, {"h", 3600000}, {"d", 86400000}};
    g_autofree char *bare = g_strdup(value);
    char *end;
    double number;

    g_strdelimit(bare, "'", ' ');
    g_strstrip(bare);
    number = g_ascii_strtod(bare, &end);
    if (end == bare)
        return TIMEOUT_UNKNOWN;
    g_strchug(end);
    for (guint i = 0; i < G_N_ELEMENTS(units); i++)
        if (g_str_equal(end, units[i].unit))
            return (gint64) (number * units[i].ms);
    return TIMEOUT_UNKNOWN;
}

static void
set(Timeouts *timeouts, TimeoutKind kind, gint64 ms, bool local, bool in_transaction)
{
    if (local && !in_transaction)
        return; /* the server only warns */
    if (local) {
        timeouts->local_ms[kind] = ms;
        timeouts->is_local[kind] = true;
    } else {
        timeouts->session_ms[kind] = ms;
        timeouts->is_local[kind] = false;
    }
}

/* A constant as text; NULL: it is none. */
static const char *
constant_text(const PgQuery__Node *node)
{
    if (node != NULL && node->node_case == PG_QUERY__NODE__NODE_TYPE_CAST)
        node = node->type_cast->arg;
    if (node == NULL || node->node_case != PG_QUERY__NODE__NODE_A_CONST ||
        node->a_const->val_case != PG_QUERY__A__CONST__VAL_SVAL)
        return NULL;
    return node->a_const->sval->sval;
}

static bool
constant_is_true(const PgQuery__Node *node)
{
    if (node->node_case == PG_QUERY__NODE__NODE_A_CONST &&
        node->a_const->val_case == PG_QUERY__A__CONST__VAL_BOOLVAL)
        return node->a_const->boolval->boolval;
    return false;
}

typedef struct {
    const PgQuery__FuncCall *call;
} Search;

static bool
find_set_config(ProtobufCMessage *message, void *data)
{
    Search *search = data;
    const PgQuery__FuncCall *call = TREE_AS(message, FuncCall, func_call);

    if (call != NULL && call->n_args == 3 && call->n_funcname > 0 &&
        g_strcmp0(tree_string(call->funcname[call->n_funcname - 1]), "set_config") == 0)
        search->call = call;
    return search->call == NULL;
}

bool
timeout_set_config(const DdlChange *change, const char **ret_name, const char **ret_value,
                   bool *ret_local)
{
    Search search = {NULL};

    if (change->kind != CHANGE_SELECT || change->node == NULL)
        return false;
    tree_walk((ProtobufCMessage *) &change->node->base, find_set_config, &search);
    if (search.call == NULL)
        return false;
    *ret_name = constant_text(search.call->args[0]);
    *ret_value = constant_text(search.call->args[1]);
    *ret_local = constant_is_true(search.call->args[2]);
    return true;
}

void
timeouts_apply(Timeouts *timeouts, const DdlChange *change, bool in_transaction)
{
    const char *name = change->text, *value = change->value;
    bool local = change->local;
    TimeoutKind kind;

    if (change->kind != CHANGE_SET && !timeout_set_config(change, &name, &value, &local))
        return;
    if (change->kind == CHANGE_SET && name != NULL && g_ascii_strcasecmp(name, "all") == 0) {
        for (kind = 0; kind < TIMEOUT_N; kind++)
            set(timeouts, kind, timeouts->role_ms[kind], false, in_transaction);
        return;
    }
    kind = timeout_kind_of(name);
    if (kind == TIMEOUT_N)
        return;
    set(timeouts, kind, value ? timeout_parse(value) : timeouts->role_ms[kind], local,
        in_transaction);
}

void
timeouts_begin(Timeouts *timeouts)
{
    memcpy(timeouts->begin_ms, timeouts->session_ms, sizeof timeouts->begin_ms);
}

void
timeouts_end(Timeouts *timeouts, bool committed)
{
    memset(timeouts->is_local, 0, sizeof timeouts->is_local);
    if (!committed)
        memcpy(timeouts->session_ms, timeouts->begin_ms, sizeof timeouts->begin_ms);
}
