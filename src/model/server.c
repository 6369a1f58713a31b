#include "model/embedded.h"
#include "model/load.h"

static bool
load_schema(Model *model, PgConn *conn, guint *ret_left_out, GError **error)
{
    g_autoptr(PgRows) rows = pg_query(conn, error, sql_model_schema);
    g_autoptr(GString) text = g_string_new(NULL);

    if (rows == NULL)
        return false;
    for (int i = 0; i < pg_rows_count(rows); i++)
        g_string_append_printf(text, "%s;\n", pg_text(rows, i, 0));
    model_load_text(model, text->str, pg_target(conn), ret_left_out);
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
    model_settle_load(model, left_out == 0);
    model_set_server_version(model, pg_server_version(conn) / 10000);
    return true;
}
