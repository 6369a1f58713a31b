#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/text.h"
#include "cli/args.h"
#include "cli/help.h"
#include "cli/terminal.h"
#include "cli/workspace.h"

static bool
wants_colour(const GlobalOptions *globals, int fd)
{
    const char *no_color = g_getenv("NO_COLOR");
    const char *term = g_getenv("TERM");

    return !globals->no_color && !(no_color && *no_color) && isatty(fd) && term &&
           strcmp(term, "dumb") != 0;
}

static bool
apply_override(Settings *settings, const char *override, GError **error)
{
    const char *equals = strchr(override, '=');

    if (equals == NULL)
        return error_set(error, ERROR_USAGE, "--option: '%s' is not KEY=VALUE", override);
    g_autofree char *key = g_strndup(override, (gsize) (equals - override));
    if (strcmp(key, "database.url") == 0 &&
        !args_check_url("--option", "DATABASE_URL", equals + 1, error))
        return false;
    return settings_set(settings, key, equals + 1, error);
}

/* It takes the place of those that the file lists; tenants are looked for in it. */
static bool
pick_database(Settings *settings, const char *url, GError **error)
{
    return settings_set(settings, "database.url", url, error) &&
           settings_set(settings, "databases.list", "[]", error) &&
           settings_set(settings, "databases.query", "", error);
}

static Settings *
load_settings(const GlobalOptions *globals, const Command *command, GError **error)
{
    g_autoptr(Settings) settings = NULL;

    if (globals->database &&
        !args_check_url("--database", "DATABASE_URL", globals->database, error))
        return NULL;
    settings = settings_load(globals->config, error);
    if (settings == NULL)
        return NULL;
    for (guint i = 0; globals->overrides && i < globals->overrides->len; i++)
        if (!apply_override(settings, g_ptr_array_index(globals->overrides, i), error))
            return NULL;
    if (globals->database && !pick_database(settings, globals->database, error))
        return NULL;
    if ((command->needs & NEED_DATABASE) && !(command->many && settings_has_databases(settings)) &&
        !workspace_check_database(settings, command->name, error))
        return NULL;
    return g_steal_pointer(&settings);
}

static bool
run_command(const Invocation *invocation, Output *output, GError **error)
{
    const GlobalOptions *globals = &invocation->globals;
    const Command *command = invocation->command;
    g_autoptr(Settings) settings = NULL;
    g_autoptr(Terminal) terminal = terminal_new(&(TerminalOptions){
        .stream = stderr,
        .clock = &clock_system,
        .json = output_format(output) == FORMAT_JSON,
        .colour = wants_colour(globals, STDERR_FILENO),
        .redraw = isatty(STDERR_FILENO) != 0,
        .verbose = globals->verbose > 0,
    });
    App app = {.clock = &clock_system,
               .report = terminal_report(terminal),
               .output = output,
               .format = globals->format,
               .verbose = globals->verbose > 0};

    if (command->needs & (NEED_SETTINGS | NEED_DATABASE)) {
        settings = load_settings(globals, command, error);
        if (settings == NULL)
            return false;
        app.settings = settings;
    }
    return command->run(&app, invocation->options, (const char *const *) invocation->words->pdata,
                        error);
}

static bool
run_invocation(const Invocation *invocation, Output *output, GError **error)
{
    g_autofree char *help = NULL;

    if (invocation->globals.version) {
        output_line(output, "sluice %s", SLUICE_VERSION);
        output_json(output, json_pack("{s:s}", "version", SLUICE_VERSION));
        return true;
    }
    if (invocation->command && !invocation->globals.help)
        return run_command(invocation, output, error);
    if (invocation->command)
        help = help_command(invocation->command);
    else
        help = invocation->family ? help_family(invocation->family) : help_overview();
    output_text(output, help);
    output_json(output, json_pack("{s:s}", "help", help));
    return true;
}

/* What a server or a file says may hold anything. */
static void
print_printable(const char *before, const char *text, const char *after)
{
    g_autofree char *shown = text_printable(text);

    fprintf(stderr, "%s%s%s", before, shown, after);
}

static void
print_failure(const GError *failure, bool colour)
{
    const char *sqlstate = error_get_sqlstate(failure);
    const char *detail = error_get_detail(failure);
    const char *hint = error_get_hint(failure);

    fprintf(stderr, "%ssluice: error:%s ", colour ? "\033[1;31m" : "", colour ? "\033[0m" : "");
    print_printable("", failure->message, "");
    if (sqlstate && strstr(failure->message, sqlstate) == NULL)
        fprintf(stderr, " (SQLSTATE %s)", sqlstate);
    fputc('\n', stderr);
    if (detail)
        print_printable("  detail: ", detail, "\n");
    if (hint)
        print_printable("  hint: ", hint, "\n");
}

int
main(int argc G_GNUC_UNUSED, char **argv)
{
    g_auto(Invocation) invocation = {0};
    g_autoptr(Output) output = NULL;
    g_autoptr(GError) failure = NULL;
    g_autoptr(GError) unwritten = NULL;
    bool parsed;

    setlocale(LC_CTYPE, "");
    stop_install();
    parsed = invocation_parse(&invocation, (const char *const *) argv, &failure);
    log_set_level((LogLevel) MIN(invocation.globals.verbose, (int) LOG_DEBUG));
    output = output_new(
        stdout, g_strcmp0(invocation.globals.format, "json") == 0 ? FORMAT_JSON : FORMAT_TEXT,
        wants_colour(&invocation.globals, STDOUT_FILENO));
    if (parsed)
        run_invocation(&invocation, output, &failure);
    if (!output_finish(output, failure, &unwritten) && failure == NULL)
        failure = g_steal_pointer(&unwritten);
    if (failure == NULL)
        return 0;
    if (output_format(output) == FORMAT_TEXT)
        print_failure(failure, wants_colour(&invocation.globals, STDERR_FILENO));
    return error_exit_status(failure);
}
