#include <string.h>

#include "model/state.h"

/* NAMEDATALEN - 1 */
enum { NAME_BYTES = 63 };

/* How much of the first @length bytes of @text are whole characters. */
static size_t
whole_characters(const char *text, size_t length)
{
    while (length > 0 && length < strlen(text) && ((guchar) text[length] & 0xC0) == 0x80)
        length--;
    return length;
}

/* The server's makeObjectName: the longer of both names is cut first. */
static char *
object_name(const char *name1, const char *name2, const char *label)
{
    size_t length1 = strlen(name1), length2 = name2 != NULL ? strlen(name2) : 0;
    size_t over = (name2 != NULL ? 1 : 0) + strlen(label) + 1;
    size_t room = NAME_BYTES - over;
    GString *name = g_string_new(NULL);

    while (length1 + length2 > room) {
        if (length1 > length2)
            length1--;
        else
            length2--;
    }
    g_string_append_len(name, name1, (gssize) whole_characters(name1, length1));
    if (name2 != NULL) {
        g_string_append_c(name, '_');
        g_string_append_len(name, name2, (gssize) whole_characters(name2, length2));
    }
    g_string_append_printf(name, "_%s", label);
    return g_string_free(name, FALSE);
}

static bool
constraint_is_there(const Model *model, DdlName name)
{
    return g_hash_table_lookup(model->constraint_names, &name) != NULL;
}

static bool
relation_is_there(const Model *model, DdlName name)
{
    const ModelType *type;

    if (g_hash_table_contains(model->tables_by_name, &name) ||
        g_hash_table_contains(model->indexes_by_name, &name))
        return true;
    type = g_hash_table_lookup(model->types_by_name, &name);
    return type != NULL && type->kind == MODEL_COMPOSITE;
}

typedef struct {
    const char *schema, *name1, *name2, *label;
    bool relations, constraints; /* names of these are taken */
} Wanted;

static const char *
choose(Model *model, const Wanted *wanted)
{
    for (guint pass = 0;; pass++) {
        g_autofree char *label =
            pass == 0 ? g_strdup(wanted->label) : g_strdup_printf("%s%u", wanted->label, pass);
        g_autofree char *name = object_name(wanted->name1, wanted->name2, label);
        DdlName full = {wanted->schema, name};

        if ((wanted->relations && relation_is_there(model, full)) ||
            (wanted->constraints && constraint_is_there(model, full)))
            continue;
        return model_intern(model, name);
    }
}

const char *
model_choose_relation(Model *model, const char *schema, const char *name1, const char *name2,
                      const char *label, bool is_constraint)
{
    return choose(model, &(Wanted){schema, name1, name2, label, true, is_constraint});
}

const char *
model_choose_constraint(Model *model, const char *schema, const char *name1, const char *name2,
                        const char *label)
{
    return choose(model, &(Wanted){schema, name1, name2, label, false, true});
}

static bool
is_taken(const GPtrArray *names, const char *name)
{
    for (guint i = 0; i < names->len; i++)
        if (strcmp(g_ptr_array_index(names, i), name) == 0)
            return true;
    return false;
}

const char *
model_join_columns(Model *model, const GPtrArray *columns)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GString) joined = g_string_new(NULL);

    for (guint i = 0; i < columns->len; i++) {
        const char *column = g_ptr_array_index(columns, i);
        char *name = g_strdup(column != NULL ? column : "expr");

        for (guint number = 1; is_taken(names, name); number++) {
            g_free(name);
            name = g_strdup_printf("%s%u", column != NULL ? column : "expr", number);
        }
        g_ptr_array_add(names, name);
        g_string_append_printf(joined, "%s%s", i > 0 ? "_" : "", name);
        if (joined->len >= NAME_BYTES + 1)
            break;
    }
    return model_intern(model, joined->str);
}
