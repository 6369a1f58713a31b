#include <string.h>

#include "base/error.h"
#include "cli/args.h"

static bool
parse(Invocation *invocation, const char *line, GError **error)
{
    g_auto(GStrv) words = NULL;
    GStrv copy;

    g_assert_true(g_shell_parse_argv(line, NULL, &words, NULL));
    /* Strings are borrowed from argv: they must live as long as the invocation. */
    copy = g_new0(char *, g_strv_length(words) + 1);
    for (int i = 0; words[i]; i++)
        copy[i] = (char *) (guintptr) g_intern_string(words[i]);
    const bool parsed = invocation_parse(invocation, (const char *const *) copy, error);
    g_free(copy);
    return parsed;
}

static void
assert_refused(const char *line, const char *message, const char *hint)
{
    g_auto(Invocation) invocation = {0};
    g_autoptr(GError) failure = NULL;

    g_assert_false(parse(&invocation, line, &failure));
    g_assert_true(error_is(failure, ERROR_USAGE));
    g_assert_cmpstr(failure->message, ==, message);
    g_assert_cmpstr(error_get_hint(failure), ==, hint);
}

static void
test_globals(void)
{
    g_auto(Invocation) invocation = {0};

    g_assert_true(parse(&invocation, "sluice -vv -C a.yaml help -o a=1 -ob=2 --format=json", NULL));
    g_assert_cmpint(invocation.globals.verbose, ==, 2);
    g_assert_cmpstr(invocation.globals.config, ==, "a.yaml");
    g_assert_cmpstr(invocation.globals.format, ==, "json");
    g_assert_cmpuint(invocation.globals.overrides->len, ==, 2);
    g_assert_cmpstr(invocation.globals.overrides->pdata[1], ==, "b=2");
    g_assert_true(invocation.command == &command_help);
    g_assert_cmpuint(invocation.words->len, ==, 1);
}

static void
test_two_words(void)
{
    g_auto(Invocation) whole = {0};
    g_auto(Invocation) half = {0};

    g_assert_true(parse(&whole, "sluice debug -v fault-points", NULL));
    g_assert_true(whole.command == &command_debug_fault_points);
    g_assert_true(parse(&half, "sluice debug", NULL));
    g_assert_null(half.command);
    g_assert_cmpstr(half.family, ==, "debug");
    assert_refused("sluice debug fault-point", "unknown command 'debug fault-point'",
                   "Did you mean 'sluice debug fault-points'?");
}

static void
test_words(void)
{
    g_auto(Invocation) after = {0};
    g_auto(Invocation) number = {0};

    g_assert_true(parse(&after, "sluice help -- --help -v", NULL));
    g_assert_false(after.globals.help);
    g_assert_cmpuint(after.words->len, ==, 3);
    g_assert_cmpstr(after.words->pdata[0], ==, "--help");
    g_assert_true(parse(&number, "sluice help -1 -", NULL));
    g_assert_cmpstr(number.words->pdata[0], ==, "-1");
    g_assert_cmpstr(number.words->pdata[1], ==, "-");
}

static void
test_help_needs_no_words(void)
{
    g_auto(Invocation) invocation = {0};

    g_assert_true(parse(&invocation, "sluice completion --help", NULL));
    g_assert_true(invocation.globals.help);
}

static void
test_errors(void)
{
    assert_refused("sluice inti", "unknown command 'inti'", "Did you mean 'sluice init'?");
    assert_refused("sluice xyzzy", "unknown command 'xyzzy'",
                   "`sluice --help` lists the commands.");
    assert_refused("sluice init --formt json", "unknown option '--formt'",
                   "Did you mean '--format'?");
    assert_refused("sluice init -x", "unknown option '-x'",
                   "`sluice init --help` lists the options.");
    assert_refused("sluice init --verbose=1", "--verbose takes no value", NULL);
    assert_refused("sluice init --format", "--format needs a value: text|json", NULL);
    assert_refused("sluice init --format yaml", "--format: 'yaml' is none of: text, json", NULL);
    assert_refused("sluice lint --format sari",
                   "--format: 'sari' is none of: text, json, sarif, junit, github, gitlab",
                   "Did you mean 'sarif'?");
    assert_refused("sluice init a b", "unexpected argument 'b'",
                   "Usage: sluice init [FOLDER]; `sluice init --help` lists the options.");
    assert_refused("sluice completion", "'sluice completion' needs bash|fish|zsh",
                   "Usage: sluice completion bash|fish|zsh; `sluice completion --help` lists the "
                   "options.");
    assert_refused("sluice export rails .", "'rails' is none of: alembic", NULL);
    assert_refused("sluice completion bsh", "'bsh' is none of: bash, fish, zsh",
                   "Did you mean 'bash'?");
}

/* So that the error is printed as the user asked for. */
static void
test_globals_behind_an_error(void)
{
    g_auto(Invocation) invocation = {0};
    g_autoptr(GError) failure = NULL;

    g_assert_false(parse(&invocation, "sluice nonsense a --format json", &failure));
    g_assert_cmpstr(invocation.globals.format, ==, "json");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/args/globals", test_globals);
    g_test_add_func("/args/two-words", test_two_words);
    g_test_add_func("/args/words", test_words);
    g_test_add_func("/args/help-needs-no-words", test_help_needs_no_words);
    g_test_add_func("/args/errors", test_errors);
    g_test_add_func("/args/globals-behind-an-error", test_globals_behind_an_error);
    return g_test_run();
}
