#include "cli/help.h"

#include <string.h>

#include "cli/args.h"

enum { NAME_COLUMNS = 24, WRAP_COLUMNS = 80 };

const HelpStatus help_statuses[] = {
    {0, "done"},
    {2, "the command line is wrong"},
    {3, "the configuration or a revision file is wrong"},
    {4, "no connection to the database"},
    {5, "the server refused a statement"},
    {6, "a lock was not had in time: run it again later"},
    {7, "another process does this work"},
    {8, "not allowed in the state that things are in"},
    {9, "a gate or check did not pass"},
    {10, "files and database differ"},
    {70, "a defect in sluice"},
    {130, "interrupted: run it again to go on"},
    {0, NULL},
};

/* @text in lines of at most WRAP_COLUMNS, each indented; the first goes on at column @at. */
static void
append_wrapped(GString *out, const char *text, size_t indent, size_t at)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);

    for (char **word = words; *word; word++) {
        if (at > indent && at + 1 + strlen(*word) > WRAP_COLUMNS) {
            g_string_append_printf(out, "\n%*s", (int) indent, "");
            at = indent;
        } else if (at > indent) {
            g_string_append_c(out, ' ');
            at++;
        }
        g_string_append(out, *word);
        at += strlen(*word);
    }
    g_string_append_c(out, '\n');
}

static void
append_entry(GString *out, const char *name, const char *text)
{
    const size_t indent = NAME_COLUMNS + 2;

    if (strlen(name) + 4 > indent)
        g_string_append_printf(out, "  %s\n%*s", name, (int) indent, "");
    else
        g_string_append_printf(out, "  %-*s", NAME_COLUMNS, name);
    append_wrapped(out, text, indent, indent);
}

char *
help_option_form(const ArgSpec *spec)
{
    GString *form = g_string_new(NULL);

    if (spec->letter)
        g_string_append_printf(form, "-%c, ", spec->letter);
    g_string_append_printf(form, "--%s", spec->name);
    if (spec->value)
        g_string_append_printf(form, " %s", spec->value);
    return g_string_free(form, FALSE);
}

static void
append_options(GString *out, const ArgSpec *specs)
{
    for (; specs && specs->name; specs++) {
        g_autofree char *form = help_option_form(specs);
        append_entry(out, form, specs->help);
    }
}

char *
help_usage(const Command *command)
{
    return g_strdup_printf("sluice %s [OPTIONS]%s%s", command->name, *command->usage ? " " : "",
                           command->usage);
}

char *
help_overview(void)
{
    GString *out = g_string_new("Usage: sluice COMMAND [OPTIONS]\n"
                                "\n"
                                "Carries a PostgreSQL schema change from its file to the last DROP "
                                "COLUMN,\nwhile old and new versions of the app run.\n");
    const char *group = NULL;

    for (const Command *const *command = commands; *command; command++) {
        if ((*command)->group == NULL)
            continue;
        if (group == NULL || strcmp(group, (*command)->group) != 0)
            g_string_append_printf(out, "\n%s:\n", (*command)->group);
        group = (*command)->group;
        append_entry(out, (*command)->name, (*command)->summary);
    }
    g_string_append(out, "\nOptions of all commands:\n");
    append_options(out, global_args);
    g_string_append(out, "\nExit status:\n");
    for (const HelpStatus *row = help_statuses; row->meaning; row++) {
        g_autofree char *status = g_strdup_printf("%d", row->status);
        append_entry(out, status, row->meaning);
    }
    g_string_append(out,
                    "\n`sluice COMMAND --help` tells more of a command, `sluice help settings` of\n"
                    "the options of sluice.yaml.\n");
    return g_string_free(out, FALSE);
}

char *
help_command(const Command *command)
{
    g_autofree char *usage = help_usage(command);
    GString *out = g_string_new(NULL);

    g_string_append_printf(out, "Usage: %s\n\n", usage);
    g_string_append_printf(out, "%c%s.\n", g_ascii_toupper(*command->summary),
                           command->summary + 1);
    if (command->details) {
        g_string_append_c(out, '\n');
        append_wrapped(out, command->details, 0, 0);
    }
    if (command->args && command->args->name) {
        g_string_append(out, "\nOptions:\n");
        append_options(out, command->args);
    }
    g_string_append(out, "\nOptions of all commands:\n");
    append_options(out, global_args);
    if (command->example) {
        g_auto(GStrv) lines = g_strsplit(command->example, "\n", -1);
        g_string_append(out, "\nExample:\n");
        for (char **line = lines; *line; line++)
            g_string_append_printf(out, "  %s\n", *line);
    }
    return g_string_free(out, FALSE);
}

char *
help_settings(void)
{
    GString *out =
        g_string_new("Options of sluice.yaml, of the environment (SLUICE_<KEY>), of .env "
                     "and of -o KEY=VALUE:\n");

    for (const OptionSpec *option = settings_options; option->key; option++) {
        g_autofree char *text =
            option->default_text
                ? g_strdup_printf("%s (default %s)", option->help, option->default_text)
                : g_strdup(option->help);
        append_entry(out, option->key, text);
    }
    g_string_append(out, "\nLists, in sluice.yaml:\n");
    for (const ListSpec *list = settings_lists; list->key; list++)
        append_entry(out, list->key, list->help);
    return g_string_free(out, FALSE);
}

char *
help_family(const char *family)
{
    g_autoptr(GPtrArray) names = command_names(family);
    GString *out = g_string_new(NULL);

    g_string_append_printf(out, "Usage: sluice %s COMMAND [OPTIONS]\n\nCommands:\n", family);
    for (guint i = 0; i + 1 < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        append_entry(out, name, command_find(name)->summary);
    }
    g_string_append_printf(out, "\n`sluice %s COMMAND --help` tells more of a command.\n", family);
    return g_string_free(out, FALSE);
}
