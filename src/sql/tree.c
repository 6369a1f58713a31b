#include "sql/tree.h"

#include <pg_query.h>
#include <stdlib.h>
#include <string.h>

#include "base/stack.h"
#include "base/text.h"
#include "sql/blocks.h"
#include "sql/handover.h"
#include "sql/skim.h"

enum {
    STACK_PER_TOKEN = 10 << 10, /* a chain of operands costs up to 20 kB for each two */
    SHALLOW = 128,              /* words and marks within each other that fit into any stack */
    NESTED_MOST = 64000,        /* of them, to be parsed at all: the time grows as their square */
    TREE_DEPTH_LIMIT = 6000,
};

/* What the parser is given and what it leaves. */
typedef struct {
    const char *text;
    PgQuery__ParseResult *result;
    SqlBlock *blocks;
    char *message; /* of the parser's error; NULL: none */
    int cursor;    /* its place: characters from 1, 0 unknown */
} ParseJob;

static bool
field_is_set(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    if (!(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
        return true;
    return *(const guint32 *) ((const char *) message + field->quantifier_offset) == field->id;
}

static size_t
field_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return *(const size_t *) ((const char *) message + field->quantifier_offset);
}

static const void *
field_value(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return (const char *) message + field->offset;
}

typedef void (*ChildVisitor)(ProtobufCMessage *child, void *data);

/* What a Node is, is one of some 230 members of a union, each a pointer to a message. NULL:
 * @message is no Node; *@ret_child may be NULL. */
static const PgQuery__Node *
as_node(const ProtobufCMessage *message, ProtobufCMessage **ret_child)
{
    const PgQuery__Node *node = (const PgQuery__Node *) message;

    if (message->descriptor != &pg_query__node__descriptor)
        return NULL;
    *ret_child =
        node->node_case != PG_QUERY__NODE__NODE__NOT_SET ? (ProtobufCMessage *) node->alias : NULL;
    return node;
}

static void
each_child(const ProtobufCMessage *message, ChildVisitor visit, void *data)
{
    ProtobufCMessage *only;

    if (as_node(message, &only) != NULL) {
        if (only != NULL)
            visit(only, data);
        return;
    }
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];

        if (field->type != PROTOBUF_C_TYPE_MESSAGE || !field_is_set(message, field))
            continue;
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            ProtobufCMessage *const *children =
                *(ProtobufCMessage *const *const *) field_value(message, field);
            for (size_t k = 0; k < field_count(message, field); k++)
                visit(children[k], data);
        } else {
            ProtobufCMessage *child = *(ProtobufCMessage *const *) field_value(message, field);
            if (child != NULL)
                visit(child, data);
        }
    }
}

typedef struct {
    int depth, deepest;
} Depth;

static void
measure_depth(ProtobufCMessage *message, void *data)
{
    Depth *depth = data;

    depth->depth++;
    depth->deepest = MAX(depth->deepest, depth->depth);
    each_child(message, measure_depth, depth);
    depth->depth--;
}

/* @shallow: nothing to measure. */
static void
parse(ParseJob *job, bool shallow)
{
    Depth depth = {0};
    PgQueryProtobufParseResult parsed = pg_query_parse_protobuf(job->text);

    job->result = handover_take(&parsed.parse_tree, &job->blocks);
    if (parsed.error != NULL) {
        job->message = g_strdup(parsed.error->message);
        job->cursor = parsed.error->cursorpos;
    } else if (!shallow) {
        measure_depth(&job->result->base, &depth);
        if (depth.deepest > TREE_DEPTH_LIMIT)
            job->result = NULL;
    }
    pg_query_free_protobuf_parse_result(parsed);
}

static void
parse_deep(void *data)
{
    parse(data, false);
}

/* What nests to the left or without parentheses, past the commas of its lists. */
static bool
nests_past_commas(const Skim *skim)
{
    static const char *const words[] = {"case", "except", "intersect", "join", "union"};

    if (skim->kind != SKIM_WORD || skim->end - skim->start > strlen("intersect"))
        return false;
    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        if (skim_is(skim, words[i]))
            return true;
    return false;
}

/* Neighbours in a list do not nest, so a tree is never deeper than the tokens since the last comma
 * of each parenthesis that is open: how many; @most + 1: more than @most. */
static int
nested_tokens(const char *text, int most)
{
    /* By open parentheses: tokens that may lie around the next one; and the same behind a comma. */
    g_autofree int *depths = g_new0(int, most + 1), *floors = g_new0(int, most + 1);
    int open = 0, deepest = 0;

    for (Skim skim = skim_begin(text, 0, strlen(text)); skim_next(&skim);) {
        if (skim.kind == SKIM_COMMA)
            depths[open] = floors[open];
        else if (skim.kind == SKIM_SEMICOLON && open == 0)
            depths[0] = floors[0] = 0;
        else if (skim.kind == SKIM_CLOSE)
            open = MAX(open - 1, 0);
        else if (++depths[open] > most)
            return most + 1;
        deepest = MAX(deepest, depths[open]);
        if (nests_past_commas(&skim))
            floors[open]++;
        if (skim.kind == SKIM_OPEN) {
            open++;
            depths[open] = floors[open] = depths[open - 1];
        }
    }
    return deepest;
}

bool
tree_is_shallow(const char *text)
{
    return nested_tokens(text, SHALLOW) <= SHALLOW;
}

/* On a large stack. */
static bool
run_deep(ParseJob *job, Place origin, GError **error)
{
    const int nested = nested_tokens(job->text, NESTED_MOST);

    if (nested > NESTED_MOST)
        return error_set_at(error, ERROR_SQL, origin,
                            "a statement has more than %d words without a comma between them",
                            NESTED_MOST);
    return stack_run((gsize) nested * STACK_PER_TOKEN, parse_deep, job, error);
}

SqlTree *
tree_parse(const char *text, Place origin, GError **error)
{
    ParseJob job = {.text = text};
    g_autoptr(SqlTree) tree = g_new0(SqlTree, 1);
    g_autofree char *message = NULL;

    tree->text = g_strdup(text);
    tree->file = g_strdup(origin.file);
    tree->origin =
        (Place){.file = tree->file, .line = MAX(origin.line, 1), .column = MAX(origin.column, 1)};
    if (!g_utf8_validate(text, -1, NULL)) {
        const char *bad;
        g_utf8_validate(text, -1, &bad);
        error_set_at(error, ERROR_SQL, tree_place(tree, (int) (bad - text)),
                     "this is not UTF-8 text");
        return NULL;
    }
    if (tree_is_shallow(text))
        parse(&job, true);
    else if (!run_deep(&job, tree->origin, error))
        return NULL;
    message = job.message;
    tree->result = job.result;
    tree->blocks = job.blocks;
    if (message != NULL) {
        const char *at = g_utf8_offset_to_pointer(text, MAX(job.cursor - 1, 0));
        error_set_at(error, ERROR_SQL, tree_place(tree, (int) (at - text)), "%s", message);
        return NULL;
    }
    if (tree->result == NULL) {
        error_set_at(error, ERROR_SQL, tree->origin,
                     "an expression is nested more than %d levels deep", TREE_DEPTH_LIMIT / 2);
        return NULL;
    }
    return g_steal_pointer(&tree);
}

void
tree_free(SqlTree *tree)
{
    if (tree == NULL)
        return;
    g_free(tree->text);
    g_free(tree->file);
    blocks_free(tree->blocks);
    g_clear_pointer(&tree->tokens, g_array_unref);
    g_free(tree);
}

GArray *
tree_scan(const char *text)
{
    PgQueryScanResult scanned = pg_query_scan(text);
    g_autoptr(GArray) tokens = NULL;
    PgQuery__ScanResult *result = NULL;

    if (scanned.error == NULL)
        result = pg_query__scan_result__unpack(NULL, scanned.pbuf.len,
                                               (const guint8 *) scanned.pbuf.data);
    pg_query_free_scan_result(scanned);
    if (result == NULL)
        return NULL;

    tokens = g_array_sized_new(FALSE, FALSE, sizeof(SqlToken), (guint) result->n_tokens);
    for (size_t i = 0; i < result->n_tokens; i++) {
        const PgQuery__ScanToken *from = result->tokens[i];
        const SqlToken token = {from->start, from->end, from->token, from->keyword_kind};

        if (token.token != PG_QUERY__TOKEN__SQL_COMMENT &&
            token.token != PG_QUERY__TOKEN__C_COMMENT)
            g_array_append_val(tokens, token);
    }
    pg_query__scan_result__free_unpacked(result, NULL);
    return g_steal_pointer(&tokens);
}

Place
tree_place(const SqlTree *tree, int offset)
{
    Place place = tree->origin;
    int line, column;

    if (offset < 0)
        return place;
    text_position(tree->text, (size_t) offset, &line, &column);
    place.column = line == 1 ? place.column + column - 1 : column;
    place.line += line - 1;
    return place;
}

static const GArray *
tokens_of(const SqlTree *tree)
{
    if (tree->tokens == NULL) {
        ((SqlTree *) tree)->tokens = tree_scan(tree->text);
        /* What has been parsed can be scanned. */
        g_assert(tree->tokens != NULL);
    }
    return tree->tokens;
}

guint
tree_token_count(const SqlTree *tree)
{
    return tokens_of(tree)->len;
}

guint
tree_token_at(const SqlTree *tree, int offset)
{
    guint low = 0, high = tree_token_count(tree);

    while (low < high) {
        const guint middle = low + (high - low) / 2;
        if (tree_token(tree, middle)->start < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const SqlToken *
tree_token(const SqlTree *tree, guint index)
{
    g_assert(index < tree_token_count(tree));
    return &g_array_index(tokens_of(tree), SqlToken, index);
}

char *
tree_fold(const SqlTree *tree, guint from, guint to)
{
    g_autoptr(GString) folded = g_string_new(NULL);

    for (guint i = from; i < to; i++) {
        const SqlToken *token = tree_token(tree, i);
        if (i > from && tree_token(tree, i - 1)->end < token->start)
            g_string_append_c(folded, ' ');
        g_string_append_len(folded, tree->text + token->start, token->end - token->start);
    }
    return g_string_free(g_steal_pointer(&folded), FALSE);
}

typedef struct {
    TreeVisitor visit;
    void *data;
} Walk;

static void
walk_child(ProtobufCMessage *child, void *data)
{
    const Walk *walk = data;

    if (walk->visit(child, walk->data))
        each_child(child, walk_child, data);
}

void
tree_walk(ProtobufCMessage *message, TreeVisitor visit, void *data)
{
    Walk walk = {visit, data};

    walk_child(message, &walk);
}

static bool
field_equal(const ProtobufCMessage *a, const ProtobufCMessage *b,
            const ProtobufCFieldDescriptor *field)
{
    const void *left = field_value(a, field), *right = field_value(b, field);

    if (g_str_equal(field->name, "location"))
        return true;
    if (field_is_set(a, field) != field_is_set(b, field))
        return false;
    if (!field_is_set(a, field))
        return true;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        const size_t count = field_count(a, field);

        if (count != field_count(b, field))
            return false;
        /* The grammar's tree repeats nothing but messages. */
        for (size_t i = 0; i < count; i++) {
            if (!tree_equal((*(ProtobufCMessage *const *const *) left)[i],
                            (*(ProtobufCMessage *const *const *) right)[i]))
                return false;
        }
        return true;
    }
    switch ((int) field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        return tree_equal(*(ProtobufCMessage *const *) left, *(ProtobufCMessage *const *) right);
    case PROTOBUF_C_TYPE_STRING:
        return g_strcmp0(*(char *const *) left, *(char *const *) right) == 0;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return memcmp(left, right, 8) == 0;
    default:
        return memcmp(left, right, 4) == 0;
    }
}

bool
tree_equal(const ProtobufCMessage *a, const ProtobufCMessage *b)
{
    ProtobufCMessage *left, *right;
    const PgQuery__Node *node;

    if (a == NULL || b == NULL)
        return a == b;
    if (a->descriptor != b->descriptor)
        return false;
    node = as_node(a, &left);
    if (node != NULL)
        return node->node_case == as_node(b, &right)->node_case && tree_equal(left, right);
    for (unsigned i = 0; i < a->descriptor->n_fields; i++) {
        if (!field_equal(a, b, &a->descriptor->fields[i]))
            return false;
    }
    return true;
}

/* @field is a pointer of a message that so far is the original's bytes: its own from here on. */
static void
copy_field(ProtobufCMessage *copy, const ProtobufCFieldDescriptor *field, SqlBlock **blocks)
{
    void **value = (void **) (guintptr) field_value(copy, field);

    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        const size_t count = field_count(copy, field);
        ProtobufCMessage *const *from = *value;
        ProtobufCMessage **to = count > 0 ? blocks_alloc(blocks, count * sizeof *to) : NULL;

        for (size_t i = 0; i < count; i++)
            to[i] = tree_copy(from[i], blocks);
        *value = to;
    } else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        *value = tree_copy(*value, blocks);
    } else if (field->type == PROTOBUF_C_TYPE_STRING && *value != field->default_value) {
        const gsize size = strlen(*value) + 1;
        *value = memcpy(blocks_alloc(blocks, size), *value, size);
    }
}

void *
tree_copy(const void *message, SqlBlock **blocks)
{
    const ProtobufCMessage *from = message;
    ProtobufCMessage *copy, *only;
    gsize size;

    if (from == NULL)
        return NULL;
    size = from->descriptor->sizeof_message;
    copy = memcpy(blocks_alloc(blocks, size), from, size);
    if (as_node(from, &only) != NULL) {
        ((PgQuery__Node *) copy)->alias = tree_copy(only, blocks);
        return copy;
    }
    for (unsigned i = 0; i < from->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &from->descriptor->fields[i];

        if (field_is_set(from, field))
            copy_field(copy, field, blocks);
    }
    return copy;
}

const char *
tree_string(const PgQuery__Node *node)
{
    return node != NULL && node->node_case == PG_QUERY__NODE__NODE_STRING ? node->string->sval
                                                                          : NULL;
}

const char *
tree_bare_column(const PgQuery__Node *node)
{
    if (node == NULL || node->node_case != PG_QUERY__NODE__NODE_COLUMN_REF ||
        node->column_ref->n_fields != 1)
        return NULL;
    return tree_string(node->column_ref->fields[0]);
}

/* Those that the grammar does not take for a name everywhere, sorted. */
static const char *const keywords[] = {
#include "sql/keywords.def"
};

static int
compare_keyword(const void *name, const void *keyword)
{
    return strcmp(name, *(const char *const *) keyword);
}

static bool
is_plain_identifier(const char *name)
{
    if (!g_ascii_islower(name[0]) && name[0] != '_')
        return false;
    for (const char *c = name; *c; c++) {
        if (!g_ascii_islower(*c) && !g_ascii_isdigit(*c) && *c != '_')
            return false;
    }
    return bsearch(name, keywords, G_N_ELEMENTS(keywords), sizeof keywords[0], compare_keyword) ==
           NULL;
}

char *
tree_quote(const char *name)
{
    g_autoptr(GString) quoted = NULL;

    if (is_plain_identifier(name))
        return g_strdup(name);
    quoted = g_string_new("\"");
    for (const char *c = name; *c; c++) {
        if (*c == '"')
            g_string_append_c(quoted, '"');
        g_string_append_c(quoted, *c);
    }
    g_string_append_c(quoted, '"');
    return g_string_free(g_steal_pointer(&quoted), FALSE);
}
