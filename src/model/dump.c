#include "model/load.h"

void
model_load_text(Model *model, const char *text, const char *file, guint *ret_left_out)
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

void
model_settle_load(Model *model, bool complete)
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

bool
model_load_dump(Model *model, const char *text, const char *file, guint *ret_left_out,
                GError **error)
{
    guint left_out;

    model_load_text(model, text, file, &left_out);
    if (model->step == 0 && left_out > 0)
        return error_set(error, ERROR_SQL, "%s holds no statement that can be read",
                         file != NULL ? file : "the dump");
    model_settle_load(model, left_out == 0);
    if (ret_left_out != NULL)
        *ret_left_out = left_out;
    return true;
}
