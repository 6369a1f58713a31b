#include "lint/body.h"

#include <string.h>

#include "sql/body.h"
#include "sql/statement.h"

static void
unit_free(LintUnit *unit)
{
    ddl_changes_free(unit->changes);
    g_free(unit->problem);
    g_free(unit);
}

void
body_free(LintBody *body)
{
    if (body == NULL)
        return;
    g_ptr_array_unref(body->units);
    g_ptr_array_unref(body->scripts);
    g_free(body);
}

static LintBody *
body_new(void)
{
    LintBody *body = g_new0(LintBody, 1);

    body->units = g_ptr_array_new_with_free_func((GDestroyNotify) unit_free);
    body->scripts = g_ptr_array_new_with_free_func((GDestroyNotify) sql_script_free);
    return body;
}

/* Where the text of the body's statement stands in the file, if it does so literally; it is looked
 * for behind @from. */
static void
locate(LintUnit *unit, const char *text, gsize *from)
{
    const LintUnit *outer = unit->outer;
    const char *found =
        g_strstr_len(outer->file->text + *from, (gssize) (outer->end - *from), text);

    unit->start = unit->base = outer->start;
    unit->end = outer->end;
    if (found == NULL)
        return;
    unit->start = unit->base = (gsize) (found - outer->file->text);
    unit->end = unit->start + strlen(text);
    *from = unit->end;
}

/* @statement: what is known of its place; NULL: a body in SQL, which has none. */
static void
add_statement(LintBody *body, const LintUnit *outer, const char *text,
              const BodyStatement *statement, gsize *from)
{
    SqlScript *script = sql_parse(text, (Place){.file = outer->file->path}, NULL);

    if (script == NULL)
        return; /* it may name variables where the grammar wants a name */
    g_ptr_array_add(body->scripts, script);
    for (guint i = 0; i < sql_script_count(script); i++) {
        LintUnit *unit = g_new0(LintUnit, 1);

        unit->file = outer->file;
        unit->outer = outer;
        unit->section = outer->section;
        unit->index = outer->index;
        unit->undone = outer->undone;
        unit->conditional = outer->conditional || (statement && statement->conditional);
        unit->repeated = outer->repeated || (statement && statement->repeated);
        unit->statement = sql_script_get(script, i);
        unit->changes = ddl_changes(unit->statement);
        locate(unit, sql_statement_text(unit->statement), from);
        g_ptr_array_add(body->units, unit);
    }
}

/* @text: a DO or CREATE FUNCTION in PL/pgSQL. */
static LintBody *
plpgsql_body(const LintUnit *outer, const char *text)
{
    g_autoptr(GPtrArray) statements = body_statements(text, NULL);
    LintBody *body;
    gsize from = outer->start;

    if (statements == NULL)
        return NULL;
    body = body_new();
    for (guint i = 0; i < statements->len; i++) {
        const BodyStatement *statement = statements->pdata[i];

        if (statement->text != NULL)
            add_statement(body, outer, statement->text, statement, &from);
        else
            body->opaque = true;
    }
    return body;
}

static LintBody *
function_body(const LintUnit *outer, const ModelFunction *function)
{
    g_autofree char *text = NULL;
    LintBody *body;
    gsize from = outer->start;

    if (function == NULL || function->body == NULL)
        return NULL;
    if (g_strcmp0(function->language, "plpgsql") == 0) {
        text = g_strdup_printf("CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS "
                               "$sluice_body$%s$sluice_body$",
                               function->body);
        return plpgsql_body(outer, text);
    }
    if (g_strcmp0(function->language, "sql") != 0)
        return NULL;
    body = body_new();
    add_statement(body, outer, function->body, NULL, &from);
    return body;
}

typedef struct {
    const Model *model;
    const ModelFunction *function;
} CallSearch;

static bool
find_call(ProtobufCMessage *message, void *data)
{
    CallSearch *search = data;
    const PgQuery__FuncCall *call = TREE_AS(message, FuncCall, func_call);
    DdlName name = {0};

    if (call != NULL && call->n_funcname > 0) {
        name.name = tree_string(call->funcname[call->n_funcname - 1]);
        if (call->n_funcname > 1)
            name.schema = tree_string(call->funcname[call->n_funcname - 2]);
        search->function = model_function(search->model, name, (int) call->n_args);
    }
    return search->function == NULL;
}

LintBody *
body_of(const Model *model, const LintUnit *unit)
{
    const DdlChange *change =
        ddl_changes_count(unit->changes) > 0 ? ddl_changes_get(unit->changes, 0) : NULL;
    CallSearch search = {model, NULL};

    if (change == NULL)
        return NULL;
    if (change->kind == CHANGE_DO)
        return change->value == NULL || g_str_equal(change->value, "plpgsql")
                   ? plpgsql_body(unit, sql_statement_text(unit->statement))
                   : NULL;
    if (change->kind != CHANGE_SELECT && change->kind != CHANGE_CALL)
        return NULL;
    TREE_WALK(unit->statement->node, find_call, &search);
    return function_body(unit, search.function);
}
