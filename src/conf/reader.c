#include "conf/reader.h"

#include <string.h>

struct Reader {
    char *file;
    yaml_document_t document;
    GPtrArray *problems; /* GError * */
};

static void
parser_clear(yaml_parser_t *parser)
{
    yaml_parser_delete(parser);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(yaml_parser_t, parser_clear)

static bool
fail_syntax(const yaml_parser_t *parser, const char *file, GError **error)
{
    const Place place = {file, (int) parser->problem_mark.line + 1,
                         (int) parser->problem_mark.column + 1};
    const char *problem = parser->problem ? parser->problem : "not YAML";

    if (parser->context)
        return error_set_at(error, ERROR_CONFIG, place, "%s %s that begins in line %d", problem,
                            parser->context, (int) parser->context_mark.line + 1);
    return error_set_at(error, ERROR_CONFIG, place, "%s", problem);
}

static bool
refuse_second_document(yaml_parser_t *parser, const char *file, GError **error)
{
    yaml_document_t second;
    const yaml_node_t *root;
    Place place = {file, 0, 0};

    if (!yaml_parser_load(parser, &second))
        return fail_syntax(parser, file, error);
    root = yaml_document_get_root_node(&second);
    if (root) {
        place.line = (int) root->start_mark.line + 1;
        place.column = (int) root->start_mark.column + 1;
    }
    yaml_document_delete(&second);
    return root == NULL || error_set_at(error, ERROR_CONFIG, place, "a second document begins");
}

Reader *
reader_open(const char *file, const char *text, GError **error)
{
    g_auto(yaml_parser_t) parser;
    g_autoptr(Reader) reader = NULL;
    yaml_document_t document;

    yaml_parser_initialize(&parser);
    yaml_parser_set_input_string(&parser, (const unsigned char *) text, strlen(text));
    if (!yaml_parser_load(&parser, &document)) {
        fail_syntax(&parser, file, error);
        return NULL;
    }
    reader = g_new0(Reader, 1);
    reader->file = g_strdup(file);
    reader->document = document;
    reader->problems = g_ptr_array_new_with_free_func((GDestroyNotify) g_error_free);
    if (reader_root(reader) && !refuse_second_document(&parser, file, error))
        return NULL;
    return g_steal_pointer(&reader);
}

void
reader_free(Reader *reader)
{
    if (reader == NULL)
        return;
    g_free(reader->file);
    yaml_document_delete(&reader->document);
    g_ptr_array_unref(reader->problems);
    g_free(reader);
}

const yaml_node_t *
reader_root(Reader *reader)
{
    return yaml_document_get_root_node(&reader->document);
}

const yaml_node_t *
reader_node(Reader *reader, int index)
{
    return yaml_document_get_node(&reader->document, index);
}

Place
reader_place(const Reader *reader, const yaml_node_t *node)
{
    return (Place){reader->file, (int) node->start_mark.line + 1,
                   (int) node->start_mark.column + 1};
}

void
reader_fail(Reader *reader, const yaml_node_t *node, const char *format, ...)
{
    GError *problem = NULL;
    va_list args;

    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    error_set_at(&problem, ERROR_CONFIG, reader_place(reader, node), "%s", message);
    g_ptr_array_add(reader->problems, problem);
}

guint
reader_problems(const Reader *reader)
{
    return reader->problems->len;
}

bool
reader_finish(const Reader *reader, GError **error)
{
    g_autoptr(GString) message = NULL;
    GError *first;

    if (reader->problems->len == 0)
        return true;
    if (error == NULL)
        return false;
    first = g_ptr_array_index(reader->problems, 0);
    message = g_string_new(first->message);
    for (guint i = 1; i < reader->problems->len; i++) {
        const GError *other = g_ptr_array_index(reader->problems, i);
        g_string_append_printf(message, "\n%s", other->message);
    }
    *error = g_error_copy(first);
    g_free((*error)->message);
    (*error)->message = g_string_free(g_steal_pointer(&message), FALSE);
    return false;
}

bool
reader_is_null(const yaml_node_t *node)
{
    static const char *const nulls[] = {"", "~", "null", NULL};

    return node->type == YAML_SCALAR_NODE && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           g_strv_contains(nulls, (const char *) node->data.scalar.value);
}

const char *
reader_kind(const yaml_node_t *node)
{
    if (node->type == YAML_SEQUENCE_NODE)
        return "a list";
    if (node->type == YAML_MAPPING_NODE)
        return "a section";
    return reader_is_null(node) ? "nothing" : "text";
}

const char *
reader_scalar(Reader *reader, const yaml_node_t *node, const char *key, const char *what)
{
    if (node->type == YAML_SCALAR_NODE && !reader_is_null(node))
        return (const char *) node->data.scalar.value;
    reader_fail(reader, node, "'%s' must be %s, not %s", key, what, reader_kind(node));
    return NULL;
}

void
reader_each(Reader *reader, const yaml_node_t *node, const char *key, ReaderEach each, void *data)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    if (reader_is_null(node))
        return;
    if (node->type != YAML_MAPPING_NODE) {
        reader_fail(reader, node, "'%s' must be a section, not %s", key, reader_kind(node));
        return;
    }
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key_node = reader_node(reader, pair->key);
        const char *name =
            key_node->type == YAML_SCALAR_NODE ? (const char *) key_node->data.scalar.value : NULL;
        if (name == NULL) {
            reader_fail(reader, key_node, "a key must be text, not %s", reader_kind(key_node));
            continue;
        }
        if (!g_hash_table_add(seen, (gpointer) (guintptr) name))
            reader_fail(reader, key_node, "'%s' is given twice", name);
        each(reader, name, key_node, reader_node(reader, pair->value), data);
    }
}
