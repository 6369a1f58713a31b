#include "cli/args.h"

#include <string.h>

#include "base/text.h"

#define AT(field) offsetof(GlobalOptions, field)

const ArgSpec global_args[] = {
    {"config", 'C', ARG_TEXT, AT(config), "FILE",
     "read this file instead of the nearest sluice.yaml"},
    {"database", 0, ARG_TEXT, AT(database), "URL",
     "the database; other users see arguments: a URL with a password belongs in DATABASE_URL"},
    {"format", 0, ARG_TEXT, AT(format), "text|json", "how the result is printed"},
    {"option", 'o', ARG_LIST, AT(overrides), "KEY=VALUE",
     "set an option of sluice.yaml for this run"},
    {"verbose", 'v', ARG_COUNT, AT(verbose), NULL, "say more; twice: for debugging"},
    {"no-color", 0, ARG_FLAG, AT(no_color), NULL, "no colours (NO_COLOR does the same)"},
    {"help", 'h', ARG_FLAG, AT(help), NULL, "show help"},
    {"version", 0, ARG_FLAG, AT(version), NULL, "show the version"},
    {NULL},
};

typedef struct {
    Invocation *invocation;
    const char *const *next; /* the argument after the one that is read */
    bool options_ended;
    bool command_unknown;
} Parser;

static const ArgSpec *
find_in(const ArgSpec *specs, const char *name, char letter)
{
    for (; specs && specs->name; specs++)
        if (name ? strcmp(specs->name, name) == 0 : specs->letter == letter)
            return specs;
    return NULL;
}

/* The option, and the struct that it is parsed into. */
static const ArgSpec *
find_option(const Parser *parser, const char *name, char letter, void **ret_target)
{
    Invocation *invocation = parser->invocation;
    const ArgSpec *spec =
        invocation->command ? find_in(invocation->command->args, name, letter) : NULL;

    *ret_target = invocation->options;
    if (spec == NULL) {
        spec = find_in(global_args, name, letter);
        *ret_target = &invocation->globals;
    }
    return spec;
}

static bool
fail_unknown_option(const Parser *parser, const char *shown, const char *name, GError **error)
{
    const Command *command = parser->invocation->command;
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const char *near;

    for (const ArgSpec *spec = command ? command->args : NULL; spec && spec->name; spec++)
        g_ptr_array_add(names, (gpointer) (guintptr) spec->name);
    for (const ArgSpec *spec = global_args; spec->name; spec++)
        g_ptr_array_add(names, (gpointer) (guintptr) spec->name);
    g_ptr_array_add(names, NULL);
    near = name ? text_nearest(name, (const char *const *) names->pdata) : NULL;
    error_set(error, ERROR_USAGE, "unknown option '%s'", shown);
    if (near)
        return error_hint(error, "Did you mean '--%s'?", near);
    if (command)
        return error_hint(error, "`sluice %s --help` lists the options.", command->name);
    return error_hint(error, "Options of a command stand behind its name; `sluice --help` lists "
                             "the commands.");
}

static bool
check_choice(const char *choices, const char *what, const char *value, GError **error)
{
    g_auto(GStrv) names = g_strsplit(choices, "|", -1);
    const char *near = text_nearest(value, (const char *const *) names);

    if (g_strv_contains((const char *const *) names, value))
        return true;
    g_autofree char *list = g_strjoinv(", ", names);
    error_set(error, ERROR_USAGE, "%s'%s' is none of: %s", what, value, list);
    return near ? error_hint(error, "Did you mean '%s'?", near) : false;
}

/* "text|json"; the command may know more formats than the others. Caller owns. */
static char *
choices_of(const Command *command, const ArgSpec *spec)
{
    if (command && command->formats && g_str_equal(spec->name, "format"))
        return g_strjoin("|", spec->value, command->formats, NULL);
    return g_strdup(spec->value);
}

static bool
store_value(const Command *command, const ArgSpec *spec, void *target, const char *value,
            GError **error)
{
    void *slot = (char *) target + spec->offset;
    g_autoptr(GError) cause = NULL;
    g_autofree char *what = g_strdup_printf("--%s: ", spec->name);
    g_autofree char *choices = choices_of(command, spec);

    if (strchr(choices, '|') && !check_choice(choices, what, value, error))
        return false;
    if (spec->type == ARG_TEXT) {
        *(const char **) slot = value;
        return true;
    }
    if (spec->type == ARG_LIST) {
        GPtrArray **list = slot;
        if (*list == NULL)
            *list = g_ptr_array_new();
        g_ptr_array_add(*list, (gpointer) (guintptr) value);
        return true;
    }
    if (spec->type == ARG_DURATION ? text_parse_duration_ms(value, slot, &cause)
                                   : text_parse_int(value, slot, &cause)) {
        if (*(gint64 *) slot >= 0)
            return true;
        g_set_error(&cause, SLUICE_ERROR, ERROR_USAGE, "'%s' is negative", value);
    }
    return error_set(error, ERROR_USAGE, "%s%s", what, cause->message);
}

static bool
takes_value(const ArgSpec *spec)
{
    return spec->type != ARG_FLAG && spec->type != ARG_COUNT;
}

static void
store_flag(const ArgSpec *spec, void *target)
{
    void *slot = (char *) target + spec->offset;

    if (spec->type == ARG_COUNT)
        ++*(int *) slot;
    else
        *(bool *) slot = true;
}

static bool
store_with_next(Parser *parser, const ArgSpec *spec, void *target, const char *value,
                GError **error)
{
    if (value == NULL && *parser->next)
        value = *parser->next++;
    if (value == NULL)
        return error_set(error, ERROR_USAGE, "--%s needs a value: %s", spec->name, spec->value);
    return store_value(parser->invocation->command, spec, target, value, error);
}

static bool
parse_long(Parser *parser, const char *argument, GError **error)
{
    const char *equals = strchr(argument, '=');
    g_autofree char *name =
        g_strndup(argument + 2, equals ? (gsize) (equals - argument - 2) : strlen(argument + 2));
    void *target;
    const ArgSpec *spec = find_option(parser, name, 0, &target);

    if (spec == NULL)
        return fail_unknown_option(parser, argument, name, error);
    if (takes_value(spec))
        return store_with_next(parser, spec, target, equals ? equals + 1 : NULL, error);
    if (equals)
        return error_set(error, ERROR_USAGE, "--%s takes no value", name);
    store_flag(spec, target);
    return true;
}

static bool
parse_short(Parser *parser, const char *argument, GError **error)
{
    for (const char *letter = argument + 1; *letter; letter++) {
        void *target;
        const ArgSpec *spec = find_option(parser, NULL, *letter, &target);

        if (spec == NULL)
            return fail_unknown_option(parser, argument, NULL, error);
        if (takes_value(spec))
            return store_with_next(parser, spec, target, letter[1] ? letter + 1 : NULL, error);
        store_flag(spec, target);
    }
    return true;
}

static bool
fail_unknown_command(Parser *parser, const char *name, GError **error)
{
    const char *family = parser->invocation->family;
    g_autoptr(GPtrArray) names = command_names(family);
    const char *near = text_nearest(name, (const char *const *) names->pdata);

    parser->command_unknown = true;
    parser->invocation->family = NULL;
    error_set(error, ERROR_USAGE, "unknown command '%s'", name);
    if (near)
        return error_hint(error, "Did you mean 'sluice %s'?", near);
    return error_hint(error, "`sluice %s%s--help` lists the commands.", family ? family : "",
                      family ? " " : "");
}

static bool
parse_command_word(Parser *parser, const char *word, GError **error)
{
    Invocation *invocation = parser->invocation;
    g_autofree char *name =
        invocation->family ? g_strdup_printf("%s %s", invocation->family, word) : g_strdup(word);
    const Command *command = command_find(name);

    if (command) {
        invocation->command = command;
        invocation->family = NULL;
        invocation->options = g_malloc0(MAX(command->args_size, 1));
        return true;
    }
    if (invocation->family == NULL && command_is_family(word)) {
        invocation->family = word;
        return true;
    }
    return fail_unknown_command(parser, name, error);
}

static bool
parse_argument(Parser *parser, const char *argument, GError **error)
{
    const bool is_option = argument[0] == '-' && argument[1] != '\0' &&
                           !g_ascii_isdigit(argument[1]) && !parser->options_ended;

    if (is_option && strcmp(argument, "--") == 0) {
        parser->options_ended = true;
        return true;
    }
    if (is_option)
        return argument[1] == '-' ? parse_long(parser, argument, error)
                                  : parse_short(parser, argument, error);
    if (parser->command_unknown)
        return true;
    if (parser->invocation->command == NULL)
        return parse_command_word(parser, argument, error);
    g_ptr_array_add(parser->invocation->words, (gpointer) (guintptr) argument);
    return true;
}

static bool
fail_words(const Command *command, GError **error)
{
    return error_hint(error, "Usage: sluice %s%s%s; `sluice %s --help` lists the options.",
                      command->name, *command->usage ? " " : "", command->usage, command->name);
}

/* The words against the command's usage: as many as it names, and of its choices. */
static bool
check_words(const Command *command, const GPtrArray *words, GError **error)
{
    g_auto(GStrv) forms = g_strsplit(command->usage, " ", -1);
    guint at = 0;
    bool repeated = false;

    for (char **form = forms; *form; form++) {
        g_autofree char *name = g_strdup(*form);
        const bool optional = *name == '[';

        if (*name == '\0' || strcmp(name, "--") == 0)
            continue;
        repeated = g_str_has_suffix(name, "...");
        g_strdelimit(name, "[].", ' ');
        g_strstrip(name);
        if (at == words->len && !optional) {
            error_set(error, ERROR_USAGE, "'sluice %s' needs %s", command->name, name);
            return fail_words(command, error);
        }
        if (at == words->len)
            continue;
        if (g_ascii_islower(*name) && !check_choice(name, "", g_ptr_array_index(words, at), error))
            return false;
        at++;
    }
    if (at < words->len && !repeated) {
        error_set(error, ERROR_USAGE, "unexpected argument '%s'",
                  (const char *) g_ptr_array_index(words, at));
        return fail_words(command, error);
    }
    return true;
}

bool
invocation_parse(Invocation *invocation, const char *const *argv, GError **error)
{
    Parser parser = {.invocation = invocation, .next = *argv ? argv + 1 : argv};
    g_autoptr(GError) first = NULL;

    *invocation = (Invocation){.words = g_ptr_array_new()};
    while (*parser.next) {
        const char *argument = *parser.next++;
        parse_argument(&parser, argument, first ? NULL : &first);
    }
    if (first == NULL && invocation->command && !invocation->globals.help)
        check_words(invocation->command, invocation->words, &first);
    g_ptr_array_add(invocation->words, NULL);
    if (first == NULL)
        return true;
    g_propagate_error(error, g_steal_pointer(&first));
    return false;
}

static void
clear_lists(const ArgSpec *specs, void *target)
{
    for (; specs && specs->name; specs++) {
        GPtrArray **list = (GPtrArray **) (void *) ((char *) target + specs->offset);
        if (specs->type == ARG_LIST && *list)
            g_ptr_array_unref(*list);
    }
}

void
invocation_clear(Invocation *invocation)
{
    clear_lists(global_args, &invocation->globals);
    if (invocation->command)
        clear_lists(invocation->command->args, invocation->options);
    g_free(invocation->options);
    if (invocation->words)
        g_ptr_array_unref(invocation->words);
}

bool
args_check_url(const char *option, const char *variable, const char *url, GError **error)
{
    g_autofree char *redacted = text_redact_url(url);

    if (strcmp(redacted, url) == 0)
        return true;
    error_set(error, ERROR_USAGE, "%s holds a password, which other users of this machine can see",
              option);
    return error_hint(error,
                      "Put the URL into the environment variable %s, or the password into "
                      "PGPASSWORD or ~/.pgpass.",
                      variable);
}
