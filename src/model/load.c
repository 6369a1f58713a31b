#include "model/apply.h"
#include "model/embedded.h"
#include "model/state.h"

/* Applies all that can be parsed; the rest is counted. */
static void
load_text(Model *model, const char *text, const char *file, guint *ret_left_out)
{
    g_autoptr(GPtrArray) problems = NULL;
    g_autoptr(SqlScript) script =
        sql_parse_lenient(text, (Place){.file = file, .line = 1, .column = 1}, &problems);

    for (guint i = 0; i < sql_script_count(script); i++) {
        g_autoptr(DdlChanges) changes = ddl_changes(sql_script_get(script, i));
        model_apply(model, changes);
    }
    *ret_left_out = problems->len;
}

/* What has been loaded was there at the start. */
static void
settle(Model *model, bool complete)
{
    g_ptr_array_set_size(model->search_path, 0);
    g_ptr_array_add(model->search_path, (void *) model_intern(model, "public"));
    for (guint i = 0; i < model->tables->len; i++) {
        ModelTable *table = g_ptr_array_index(model->tables, i);

        table->since = 0;
        table->rows_loaded = false;
        for (guint k = 0; k < table->constraints->len; k++)
            ((ModelConstraint *) g_ptr_array_index(table->constraints, k))->since = 0;
        for (guint k = 0; k < table->indexes->len; k++)
            ((ModelIndex *) g_ptr_array_index(table->indexes, k))->since = 0;
    }
    for (guint i = 0; i < model->types->len; i++)
        ((ModelType *) g_ptr_array_index(model->types, i))->since = 0;
    model->step = 0;
    model->complete = complete;
}

/* The ledger, the functions of sync with the triggers that call them, and marker columns: a server
 * is read without them too. */
static void
leave_out_sluice(Model *model)
{
    const DdlChange schema = {.object = PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA,
                              .relation = {NULL, "sluice"}};

    apply_drop(model, &schema);
    for (guint i = 0; i < model->tables->len; i++) {
        const ModelTable *table = g_ptr_array_index(model->tables, i);

        for (guint k = table->columns->len; k-- > 0;) {
            const ModelColumn *column = g_ptr_array_index(table->columns, k);
            const DdlChange marker = {.relation = {table->schema, table->name},
                                      .column = column->name};

            if (g_str_has_prefix(column->name, "sluice_filled_"))
                apply_drop_column(model, &marker);
        }
    }
}

bool
model_load_dump(Model *model, const char *text, const char *file, guint *ret_left_out,
                GError **error)
{
    guint left_out;

    load_text(model, text, file, &left_out);
    if (model->step == 0 && left_out > 0)
        return error_set(error, ERROR_SQL, "%s holds no statement that can be read",
                         file != NULL ? file : "the dump");
    leave_out_sluice(model);
    settle(model, left_out == 0);
    if (ret_left_out != NULL)
        *ret_left_out = left_out;
    return true;
}

static bool
load_schema(Model *model, PgConn *conn, guint *ret_left_out, GError **error)
{
    g_autoptr(PgRows) rows = pg_query(conn, error, sql_model_schema);
    g_autoptr(GString) text = g_string_new(NULL);

    if (rows == NULL)
        return false;
    for (int i = 0; i < pg_rows_count(rows); i++)
        g_string_append_printf(text, "%s;\n", pg_text(rows, i, 0));
    load_text(model, text->str, pg_target(conn), ret_left_out);
    return true;
}

static bool
load_facts(Model *model, PgConn *conn, GError **error)
{
    g_autoptr(PgRows) rows = pg_query(conn, error, sql_model_facts);

    if (rows == NULL)
        return false;
    for (int i = 0; i < pg_rows_count(rows); i++) {
        DdlName name = {pg_text(rows, i, 0), pg_text(rows, i, 1)};
        ModelIndex *index = pg_bool(rows, i, 2) ? model_find_index(model, name) : NULL;
        ModelTable *table = pg_bool(rows, i, 2) ? NULL : model_find_table(model, name);

        if (index != NULL)
            index->valid = pg_bool(rows, i, 5) ? KNOWN_YES : KNOWN_NO;
        if (table == NULL)
            continue;
        table->rows = pg_integer(rows, i, 3);
        table->bytes = pg_integer(rows, i, 4);
    }
    return true;
}

/* What the server has recorded, in place of what the query's text lets one guess. */
static bool
load_reads(Model *model, PgConn *conn, GError **error)
{
    g_autoptr(PgRows) rows = pg_query(conn, error, sql_model_reads);

    if (rows == NULL)
        return false;
    for (guint i = 0; i < model->tables->len; i++)
        model_forget_reads(g_ptr_array_index(model->tables, i));
    for (int i = 0; i < pg_rows_count(rows); i++) {
        ModelTable *view =
            model_find_table(model, (DdlName){pg_text(rows, i, 0), pg_text(rows, i, 1)});
        ModelTable *table =
            model_find_table(model, (DdlName){pg_text(rows, i, 2), pg_text(rows, i, 3)});

        if (view == NULL || table == NULL)
            continue;
        model_add_read(view, table, NULL);
        if (!pg_is_null(rows, i, 4))
            model_add_read(view, table, model_intern(model, pg_text(rows, i, 4)));
    }
    return true;
}

/* Without a search_path the server qualifies every name that it prints. */
static bool
load(Model *model, PgConn *conn, guint *ret_left_out, GError **error)
{
    return pg_exec(conn, error, "SET LOCAL search_path TO ''") &&
           load_schema(model, conn, ret_left_out, error) && load_facts(model, conn, error) &&
           load_reads(model, conn, error);
}

bool
model_load_server(Model *model, PgConn *conn, GError **error)
{
    guint left_out = 0;
    bool done;

    g_assert(!pg_in_transaction(conn));
    if (!pg_begin(conn, error))
        return false;
    done = load(model, conn, &left_out, error);
    pg_rollback(conn);
    if (!done)
        return false;
    settle(model, left_out == 0);
    model_set_server_version(model, pg_server_version(conn) / 10000);
    return true;
}
