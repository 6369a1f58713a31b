#include "cli/docs.h"

#include <string.h>

#include "cli/args.h"
#include "cli/help.h"

/* A table cell: "|" would end it. */
static char *
cell(const char *text)
{
    g_auto(GStrv) pieces = g_strsplit(text, "|", -1);

    return g_strjoinv("\\|", pieces);
}

static void
append_options(GString *out, const ArgSpec *specs)
{
    g_string_append(out, "\n| option | |\n|---|---|\n");
    for (; specs->name; specs++) {
        g_autofree char *form = help_option_form(specs);
        g_autofree char *shown = cell(form);
        g_autofree char *help = cell(specs->help);
        g_string_append_printf(out, "| `%s` | %s |\n", shown, help);
    }
}

static void
append_command(GString *out, const Command *command)
{
    g_autofree char *usage = help_usage(command);

    g_string_append_printf(out, "\n### sluice %s\n\n%c%s.\n\n    %s\n", command->name,
                           g_ascii_toupper(*command->summary), command->summary + 1, usage);
    if (command->details)
        g_string_append_printf(out, "\n%s\n", command->details);
    if (command->args && command->args->name)
        append_options(out, command->args);
    if (command->example) {
        g_auto(GStrv) lines = g_strsplit(command->example, "\n", -1);
        g_autofree char *example = g_strjoinv("\n    ", lines);
        g_string_append_printf(out, "\nExample:\n\n    %s\n", example);
    }
}

char *
docs_cli(void)
{
    GString *out = g_string_new(
        "# Commands\n\n"
        "<!-- Made by `sluice docs cli` from the command table: change that, not this file. -->\n\n"
        "`sluice COMMAND [OPTIONS]`. The result goes to standard output, as text or as one JSON\n"
        "document (`--format json`); what happens meanwhile to standard error.\n\n"
        "## Options of all commands\n");
    const char *group = NULL;

    append_options(out, global_args);
    g_string_append(out, "\n## Exit status\n\n| status | |\n|---|---|\n");
    for (const HelpStatus *row = help_statuses; row->meaning; row++)
        g_string_append_printf(out, "| %d | %s |\n", row->status, row->meaning);
    g_string_append(out, "\nWith `--format json` an error is the member `error` of the document:\n"
                         "`{\"error\": {\"code\", \"status\", \"message\", \"hint\", \"sqlstate\", "
                         "\"detail\", \"file\", \"line\", \"column\"}}`;\n"
                         "what there is nothing to say about is null.\n");
    for (const Command *const *command = commands; *command; command++) {
        if ((*command)->group == NULL)
            continue;
        if (group == NULL || strcmp(group, (*command)->group) != 0)
            g_string_append_printf(out, "\n## %s\n", (*command)->group);
        group = (*command)->group;
        append_command(out, *command);
    }
    return g_string_free(out, FALSE);
}

static void
append_option_row(GString *out, const OptionSpec *option)
{
    g_autofree char *choices =
        option->choices ? cell(option->choices) : g_strdup(option_type_name(option->type));
    g_autofree char *help = cell(option->help);
    g_auto(GStrv) variables = g_strsplit(option->env, " ", -1);
    g_autofree char *names = g_strjoinv("`, `", variables);
    const char *tick = option->default_text ? "`" : "";

    g_string_append_printf(out, "| `%s` | %s. Variable: `%s` | %s | %s%s%s |\n", option->key, help,
                           names, choices, tick, option->default_text ? option->default_text : "",
                           tick);
}

char *
docs_configuration(void)
{
    GString *out = g_string_new(
        "# Configuration\n\n"
        "<!-- Made by `sluice docs configuration` from the option table: change that, not this "
        "file. -->\n\n"
        "`sluice.yaml` is looked for in the working folder and above, or named with `-C FILE`.\n"
        "Relative paths start at its folder. An option can also be set in the environment, in a\n"
        "file `.env` beside `sluice.yaml` (`NAME=VALUE` a line), and with `-o KEY=VALUE`. The\n"
        "command line wins over the environment, the environment over `.env`, `.env` over\n"
        "`sluice.yaml`. An unknown key is an error; nothing is expanded in values.\n\n"
        "A key `lock.stall_budget` is written as\n\n"
        "    lock:\n"
        "      stall_budget: 50ms\n\n"
        "Durations have a unit (`50ms`, `30s`, `5m`, `24h`, `7d`), sizes too (`64MB`: powers of "
        "1024);\nshares are `0.1%` or `0.001`.\n\n"
        "Database URLs are accepted as web frameworks write them: `postgres://`,\n"
        "`postgresql+psycopg2://` and the like mean `postgresql://`.\n\n"
        "| key | meaning | value | default |\n|---|---|---|---|\n");

    for (const OptionSpec *option = settings_options; option->key; option++)
        append_option_row(out, option);
    g_string_append(out,
                    "\n## Lists\n\nThese stand in `sluice.yaml` only (`-o` takes them as YAML: "
                    "`-o 'app.roles=[notes]'`).\n");
    for (const ListSpec *list = settings_lists; list->key; list++) {
        g_autofree char *section = g_strndup(list->key, strcspn(list->key, "."));
        g_auto(GStrv) lines = g_strsplit(list->example, "\n", -1);
        g_autofree char *example = g_strjoinv("\n      ", lines);
        g_string_append_printf(out, "\n### %s\n\n%c%s.\n\n    %s:\n      %s\n", list->key,
                               g_ascii_toupper(*list->help), list->help + 1, section, example);
    }
    return g_string_free(out, FALSE);
}

/* Text for roff: a backslash and a dash would be taken as its own; so would a dot or a quote at the
 * begin of a line. */
static void
append_roff(GString *out, const char *text)
{
    bool at_begin = true;

    for (; *text; text++) {
        if (at_begin && (*text == '.' || *text == '\''))
            g_string_append(out, "\\&");
        if (*text == '\\')
            g_string_append(out, "\\e");
        else if (*text == '-')
            g_string_append(out, "\\-");
        else
            g_string_append_c(out, *text);
        at_begin = *text == '\n';
    }
}

static void
append_roff_entry(GString *out, const char *term, const char *text)
{
    g_string_append(out, ".TP\n\\fB");
    append_roff(out, term);
    g_string_append(out, "\\fR\n");
    append_roff(out, text);
    g_string_append_c(out, '\n');
}

static void
append_roff_options(GString *out, const ArgSpec *specs)
{
    for (; specs && specs->name; specs++) {
        g_autofree char *form = help_option_form(specs);
        append_roff_entry(out, form, specs->help);
    }
}

static void
append_roff_command(GString *out, const Command *command)
{
    g_autofree char *usage = help_usage(command);
    g_autofree char *summary =
        g_strdup_printf("%c%s.", g_ascii_toupper(*command->summary), command->summary + 1);

    g_string_append(out, ".SS ");
    append_roff(out, usage);
    g_string_append_c(out, '\n');
    append_roff(out, summary);
    g_string_append_c(out, '\n');
    if (command->details) {
        g_string_append(out, ".PP\n");
        append_roff(out, command->details);
        g_string_append_c(out, '\n');
    }
    append_roff_options(out, command->args);
    if (command->example) {
        g_string_append(out, ".PP\n.EX\n");
        append_roff(out, command->example);
        g_string_append(out, "\n.EE\n");
    }
}

char *
docs_man(void)
{
    GString *out = g_string_new(
        ".\\\" Made by `sluice docs man` from the command table: change that, not this file.\n"
        ".TH SLUICE 1 \"\" \"sluice " SLUICE_VERSION "\" \"User Commands\"\n"
        ".SH NAME\nsluice \\- carry a PostgreSQL schema change through an app's rollout\n"
        ".SH SYNOPSIS\n\\fBsluice\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR]\n"
        ".SH DESCRIPTION\n"
        "sluice carries a PostgreSQL schema change from the file a developer writes to the last\n"
        "DROP COLUMN, together with the rollout of the app versions that use it. Its state lives "
        "in\n"
        "the schema sluice of the database that it changes; after a crash the same command goes\n"
        "on.\n"
        ".SH OPTIONS\n");

    append_roff_options(out, global_args);
    g_string_append(out, ".SH COMMANDS\n");
    for (const Command *const *command = commands; *command; command++)
        if ((*command)->group)
            append_roff_command(out, *command);
    g_string_append(out, ".SH CONFIGURATION\nKeys of sluice.yaml, and of \\fB\\-o\\fR.\n");
    for (const OptionSpec *option = settings_options; option->key; option++) {
        g_autofree char *text =
            option->default_text
                ? g_strdup_printf("%s (default %s)", option->help, option->default_text)
                : g_strdup(option->help);
        append_roff_entry(out, option->key, text);
    }
    for (const ListSpec *list = settings_lists; list->key; list++)
        append_roff_entry(out, list->key, list->help);
    g_string_append(out, ".SH ENVIRONMENT\n");
    append_roff_entry(out, "DATABASE_URL, SLUICE_<KEY>",
                      "set an option, the dots of its key as underscores");
    append_roff_entry(out, "NO_COLOR", "no colours if set");
    g_string_append(out, ".SH EXIT STATUS\n");
    for (const HelpStatus *row = help_statuses; row->meaning; row++) {
        g_autofree char *status = g_strdup_printf("%d", row->status);
        append_roff_entry(out, status, row->meaning);
    }
    return g_string_free(out, FALSE);
}
