/* What every row of the command table must keep to, so that help, docs and completion can be made
 * of it. */
#include <string.h>

#include "cli/args.h"
#include "cli/completion.h"
#include "cli/docs.h"
#include "cli/help.h"

static void
check_text(const char *text)
{
    g_assert_nonnull(text);
    g_assert_false(g_str_has_suffix(text, "."));
    g_assert_null(strchr(text, '\n'));
}

static void
check_args(const Command *command)
{
    for (const ArgSpec *spec = command->args; spec && spec->name; spec++) {
        check_text(spec->help);
        g_assert_cmpuint(spec->offset, <, command->args_size);
        g_assert_true((spec->value != NULL) == (spec->type != ARG_FLAG && spec->type != ARG_COUNT));
        for (const ArgSpec *global = global_args; global->name; global++) {
            /* Only a flag may share a name with a global option, and only behind the command. */
            g_assert_true(spec->type == ARG_FLAG || strcmp(spec->name, global->name) != 0);
            g_assert_true(spec->letter == 0 || spec->letter != global->letter);
        }
        for (const ArgSpec *other = command->args; other < spec; other++) {
            g_assert_cmpstr(spec->name, !=, other->name);
            g_assert_true(spec->letter == 0 || spec->letter != other->letter);
        }
    }
}

static void
test_rows(void)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

    for (const Command *const *row = commands; *row; row++) {
        const Command *command = *row;
        g_test_message("%s", command->name);
        g_assert_true(g_hash_table_add(names, (gpointer) (guintptr) command->name));
        g_assert_nonnull(command->run);
        g_assert_nonnull(command->usage);
        check_text(command->summary);
        g_assert_true(g_ascii_islower(*command->summary));
        if (command->group)
            g_assert_nonnull(command->example);
        g_assert_true(command->details == NULL || g_str_has_suffix(command->details, "."));
        g_assert_true(command->example == NULL || !g_str_has_suffix(command->example, "\n"));
        check_args(command);
    }
}

/* A group's heading is printed when the group changes: its rows stand together. */
static void
test_groups_are_whole(void)
{
    g_autoptr(GHashTable) ended = g_hash_table_new(g_str_hash, g_str_equal);
    const char *group = NULL;

    for (const Command *const *row = commands; *row; row++) {
        if (group && g_strcmp0((*row)->group, group) != 0)
            g_hash_table_add(ended, (gpointer) (guintptr) group);
        group = (*row)->group;
        g_assert_true(group == NULL || !g_hash_table_contains(ended, group));
    }
}

static void
test_every_command_is_everywhere(void)
{
    g_autofree char *overview = help_overview();
    g_autofree char *cli = docs_cli();
    g_autofree char *man = docs_man();
    g_autofree char *bash = completion_bash();

    for (const Command *const *row = commands; *row; row++) {
        g_autofree char *heading = g_strdup_printf("### sluice %s\n", (*row)->name);
        g_autofree char *help = help_command(*row);
        g_autofree char *branch = g_strdup_printf("\"%s\")", (*row)->name);
        const bool shown = (*row)->group != NULL;
        g_assert_true((strstr(overview, (*row)->summary) != NULL) == shown ||
                      strlen((*row)->summary) > 50);
        g_assert_true((strstr(cli, heading) != NULL) == shown);
        g_assert_true((strstr(bash, branch) != NULL) == shown);
        g_assert_nonnull(strstr(help, (*row)->name));
    }
    for (const OptionSpec *option = settings_options; option->key; option++) {
        g_assert_nonnull(strstr(man, option->key));
        g_assert_nonnull(strstr(bash, option->key));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tables/rows", test_rows);
    g_test_add_func("/tables/groups-are-whole", test_groups_are_whole);
    g_test_add_func("/tables/every-command-is-everywhere", test_every_command_is_everywhere);
    return g_test_run();
}
