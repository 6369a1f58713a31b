#include "conf/steps.h"

#include <string.h>

#include "base/text.h"

typedef enum { VALUE_NONE, VALUE_WEIGHT, VALUE_COUNT, VALUE_DURATION } ValueType;

/* A field of a step; name "" is the value itself: `soak: 24h`. */
typedef struct {
    const char *name;
    ValueType type;
    size_t offset;
    bool required;
} StepField;

typedef struct {
    const char *name;
    StepField fields[2];
} StepForm;

static const StepForm forms[STEP_KIND_N] = {
    [STEP_KIND_EXPAND] = {"expand", {{NULL}}},
    [STEP_KIND_DEPLOY] = {"deploy", {{NULL}}},
    [STEP_KIND_BACKFILL] = {"backfill", {{NULL}}},
    [STEP_KIND_WEIGHT] = {"weight", {{"", VALUE_WEIGHT, offsetof(StepSpec, weight), true}}},
    [STEP_KIND_ANALYSIS] = {"analysis",
                            {{"for", VALUE_DURATION, offsetof(StepSpec, duration_ms), true}}},
    [STEP_KIND_PAUSE] = {"pause", {{"", VALUE_DURATION, offsetof(StepSpec, duration_ms), false}}},
    [STEP_KIND_CUTOVER] = {"cutover",
                           {{"approve", VALUE_COUNT, offsetof(StepSpec, approvals), false}}},
    [STEP_KIND_SOAK] = {"soak", {{"", VALUE_DURATION, offsetof(StepSpec, duration_ms), true}}},
    [STEP_KIND_RETIRE] = {"retire", {{NULL}}},
    [STEP_KIND_CONTRACT] = {"contract",
                            {{"approve", VALUE_COUNT, offsetof(StepSpec, approvals), false},
                             {"quiet", VALUE_DURATION, offsetof(StepSpec, quiet_ms), false}}},
};

static const char *const value_names[] = {
    [VALUE_WEIGHT] = "a share of the traffic in per cent, 0 to 100",
    [VALUE_COUNT] = "a number of people, 0 to 100",
    [VALUE_DURATION] = "a duration, such as '5m'",
};

const char *
step_kind_name(StepKind kind)
{
    return forms[kind].name;
}

static const StepField *
find_field(StepKind kind, const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(forms[kind].fields); i++) {
        const StepField *field = &forms[kind].fields[i];
        if (field->name && strcmp(field->name, name) == 0)
            return field;
    }
    return NULL;
}

/* How a step of this kind is written, for messages. */
static char *
describe(StepKind kind)
{
    const StepForm *form = &forms[kind];
    const StepField *first = &form->fields[0];
    const StepField *second = &form->fields[1];
    const char *sample = first->type == VALUE_DURATION ? "5m" : "1";

    if (first->name == NULL)
        return g_strdup_printf("'%s'", form->name);
    if (*first->name == '\0')
        return g_strdup_printf("'%s: %s'", form->name, first->type == VALUE_WEIGHT ? "5" : "10m");
    if (second->name)
        return g_strdup_printf("'%s: {%s: %s, %s: 5m}'", form->name, first->name, sample,
                               second->name);
    return g_strdup_printf("'%s: {%s: %s}'", form->name, first->name, sample);
}

static bool
find_kind(const char *word, StepKind *ret_kind)
{
    for (int kind = 0; kind < STEP_KIND_N; kind++)
        if (strcmp(forms[kind].name, word) == 0) {
            *ret_kind = (StepKind) kind;
            return true;
        }
    return false;
}

static void
fail_kind(Reader *reader, const yaml_node_t *node, const char *word)
{
    const char *names[STEP_KIND_N + 1] = {NULL};
    const char *near;

    for (int kind = 0; kind < STEP_KIND_N; kind++)
        names[kind] = forms[kind].name;
    near = text_nearest(word, names);
    if (near) {
        reader_fail(reader, node, "unknown step '%s'; did you mean '%s'?", word, near);
        return;
    }
    g_autofree char *list = g_strjoinv(", ", (char **) names);
    reader_fail(reader, node, "unknown step '%s'; known are %s", word, list);
}

static void
read_value(Reader *reader, const yaml_node_t *node, const StepField *field, StepSpec *spec)
{
    const char *label = *field->name ? field->name : forms[spec->kind].name;
    const char *text = reader_scalar(reader, node, label, value_names[field->type]);
    void *slot = (char *) spec + field->offset;
    gint64 number = 0;
    bool fits;

    if (text == NULL)
        return;
    if (field->type == VALUE_DURATION) {
        fits = text_parse_duration_ms(text, slot, NULL);
    } else {
        fits = text_parse_int(text, &number, NULL) && number >= 0 && number <= 100;
        if (fits)
            *(int *) slot = (int) number;
    }
    if (!fits)
        reader_fail(reader, node, "'%s' must be %s, not '%s'", label, value_names[field->type],
                    text);
}

typedef struct {
    StepSpec *spec;
    bool given[2];
} FieldsContext;

static void
read_field(Reader *reader, const char *key, const yaml_node_t *key_node, const yaml_node_t *value,
           void *data)
{
    FieldsContext *context = data;
    const StepField *field = *key ? find_field(context->spec->kind, key) : NULL;
    g_autofree char *form = describe(context->spec->kind);

    if (field == NULL) {
        reader_fail(reader, key_node, "unknown key '%s' in step '%s'; write %s", key,
                    forms[context->spec->kind].name, form);
        return;
    }
    context->given[field - forms[context->spec->kind].fields] = true;
    read_value(reader, value, field, context->spec);
}

/* @value is NULL for a bare word. */
static void
read_step_value(Reader *reader, const yaml_node_t *node, const yaml_node_t *value, StepSpec *spec)
{
    const StepField *direct = find_field(spec->kind, "");
    const guint problems = reader_problems(reader);
    FieldsContext context = {.spec = spec};
    g_autofree char *form = describe(spec->kind);

    if (value && direct && value->type == YAML_SCALAR_NODE && !reader_is_null(value)) {
        read_value(reader, value, direct, spec);
        context.given[0] = true;
    } else if (value && value->type != YAML_MAPPING_NODE && !reader_is_null(value)) {
        reader_fail(reader, value, "step '%s' is written %s", forms[spec->kind].name, form);
    } else if (value) {
        reader_each(reader, value, forms[spec->kind].name, read_field, &context);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(context.given); i++)
        if (forms[spec->kind].fields[i].required && !context.given[i] &&
            reader_problems(reader) == problems)
            reader_fail(reader, node, "step '%s' needs a value: write %s", forms[spec->kind].name,
                        form);
}

static void
read_step(Reader *reader, const yaml_node_t *node, GArray *steps)
{
    const yaml_node_t *value = NULL;
    const yaml_node_t *word_node = node;
    StepSpec spec = {.quiet_ms = -1, .place = reader_place(reader, node)};
    const char *word;

    if (node->type == YAML_MAPPING_NODE) {
        const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
        if (node->data.mapping.pairs.top - pair != 1) {
            reader_fail(reader, node, "a step has one key; begin the next one with '- '");
            return;
        }
        word_node = reader_node(reader, pair->key);
        value = reader_node(reader, pair->value);
    }
    word = reader_scalar(reader, word_node, "rollout.steps", "a list of steps");
    if (word == NULL)
        return;
    if (!find_kind(word, &spec.kind)) {
        fail_kind(reader, word_node, word);
        return;
    }
    spec.place.file = g_intern_string(spec.place.file);
    read_step_value(reader, node, value, &spec);
    g_array_append_val(steps, spec);
}

void
steps_read(Reader *reader, const char *key, const yaml_node_t *node, GArray *steps)
{
    g_array_set_size(steps, 0);
    if (reader_is_null(node))
        return;
    if (node->type != YAML_SEQUENCE_NODE) {
        reader_fail(reader, node, "'%s' must be a list, not %s", key, reader_kind(node));
        return;
    }
    for (const yaml_node_item_t *item = node->data.sequence.items.start;
         item < node->data.sequence.items.top; item++)
        read_step(reader, reader_node(reader, *item), steps);
}
