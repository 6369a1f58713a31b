#include "cli/completion.h"

#include <string.h>

#include "cli/args.h"

/* Ids of revisions, for words such as REV. */
#define REVISIONS "sluice history 2>/dev/null | sed '1d;s/ .*//'"

static bool
takes_revision(const Command *command)
{
    return strstr(command->usage, "REV") || strstr(command->usage, "TARGET");
}

/* The choices of the first positional argument, separated by blanks; NULL if it is free. */
static char *
word_choices(const Command *command)
{
    g_auto(GStrv) forms = g_strsplit(command->usage, " ", 2);
    char *choices;

    if (forms[0] == NULL || strchr(forms[0], '|') == NULL)
        return NULL;
    choices = g_strdup(forms[0]);
    g_strdelimit(choices, "[]|.", ' ');
    return g_strstrip(choices);
}

static void
append_option_names(GString *out, const ArgSpec *specs)
{
    for (; specs && specs->name; specs++)
        g_string_append_printf(out, " --%s", specs->name);
}

static char *
joined_keys(const char *suffix)
{
    GString *keys = g_string_new(NULL);

    for (const OptionSpec *option = settings_options; option->key; option++)
        g_string_append_printf(keys, "%s%s%s", keys->len ? " " : "", option->key, suffix);
    for (const ListSpec *list = settings_lists; list->key; list++)
        g_string_append_printf(keys, " %s%s", list->key, suffix);
    return g_string_free(keys, FALSE);
}

/* What may follow "sluice" (@family NULL) or "sluice backfill", with blanks between. */
static char *
next_words(const char *family)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GPtrArray) names = command_names(family);
    GString *words = g_string_new(NULL);

    for (guint i = 0; i + 1 < names->len; i++) {
        const char *name = (const char *) names->pdata[i] + (family ? strlen(family) + 1 : 0);
        g_autofree char *word = g_strndup(name, strcspn(name, " "));
        if (!g_hash_table_contains(seen, word)) {
            g_string_append_printf(words, "%s%s", words->len ? " " : "", word);
            g_hash_table_add(seen, g_steal_pointer(&word));
        }
    }
    return g_string_free(words, FALSE);
}

/* First words of two-word commands. Element-type char *, owned. */
static GPtrArray *
families(void)
{
    g_autoptr(GPtrArray) names = command_names(NULL);
    GPtrArray *found = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i + 1 < names->len; i++) {
        const char *name = names->pdata[i];
        g_autofree char *word = g_strndup(name, strcspn(name, " "));
        if (strchr(name, ' ') && !g_ptr_array_find_with_equal_func(found, word, g_str_equal, NULL))
            g_ptr_array_add(found, g_steal_pointer(&word));
    }
    return found;
}

static void
append_bash_values(GString *out, const ArgSpec *specs)
{
    for (; specs && specs->name; specs++) {
        if (specs->value == NULL)
            continue;
        if (specs->letter)
            g_string_append_printf(out, "-%c|", specs->letter);
        g_string_append_printf(out, "--%s|", specs->name);
    }
}

/* A shell pattern of every option that takes a value. */
static char *
bash_value_options(void)
{
    GString *out = g_string_new(NULL);

    append_bash_values(out, global_args);
    for (const Command *const *command = commands; *command; command++)
        append_bash_values(out, (*command)->args);
    g_string_truncate(out, out->len - 1);
    return g_string_free(out, FALSE);
}

static void
append_bash_command(GString *out, const Command *command)
{
    g_autofree char *choices = word_choices(command);

    g_string_append_printf(out, "    \"%s\")\n        words=\"", command->name);
    if (choices)
        g_string_append(out, choices);
    else if (takes_revision(command))
        g_string_append(out, "$(" REVISIONS ")");
    g_string_append(out, "\"\n        options=\"$options");
    append_option_names(out, command->args);
    g_string_append(out, "\" ;;\n");
}

static char *
bash_function(void)
{
    GString *out = g_string_new("_sluice_words()\n{\n");
    g_autoptr(GPtrArray) groups = families();
    g_autofree char *keys = joined_keys("=");
    g_autofree char *first = next_words(NULL);
    g_autofree char *values = bash_value_options();

    g_string_append_printf(
        out,
        "    local word=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
        "    local command=\"\" words=\"\" options=\"\" i\n"
        "    case \"$previous\" in\n"
        "    --format) COMPREPLY=($(compgen -W \"text json\" -- \"$word\")); return ;;\n"
        "    -C|--config) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n"
        "    -o|--option) compopt -o nospace 2>/dev/null\n"
        "        COMPREPLY=($(compgen -W \"%s\" -- \"$word\")); return ;;\n"
        "    %s) return ;;\n"
        "    esac\n"
        "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
        "        case \"${COMP_WORDS[i]}\" in\n"
        "        %s) ((i++)) ;;\n"
        "        -*|=) ;;\n",
        keys, values, values);
    g_string_append(out, "        *) case \"$command\" in\n           \"\"");
    for (guint i = 0; i < groups->len; i++)
        g_string_append_printf(out, "|%s", (const char *) groups->pdata[i]);
    g_string_append(out, ") command=\"$command${command:+ }${COMP_WORDS[i]}\" ;;\n"
                         "           esac ;;\n        esac\n    done\n    options=\"");
    append_option_names(out, global_args);
    g_string_append_printf(out, "\"\n    case \"$command\" in\n    \"\") words=\"%s\" ;;\n", first);
    for (guint i = 0; i < groups->len; i++) {
        g_autofree char *words = next_words(groups->pdata[i]);
        g_string_append_printf(out, "    %s) words=\"%s\" ;;\n", (const char *) groups->pdata[i],
                               words);
    }
    for (const Command *const *command = commands; *command; command++)
        if ((*command)->group)
            append_bash_command(out, *command);
    g_string_append(out, "    esac\n"
                         "    if [[ $word == -* ]]; then words=\"$options\"; fi\n"
                         "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
                         "}\n");
    return g_string_free(out, FALSE);
}

/* @text within single quotes of a shell; fish reads \' where others want '\''. */
static char *
single_quoted(const char *text, const char *quote)
{
    g_auto(GStrv) pieces = g_strsplit(text, "'", -1);
    g_autofree char *joined = g_strjoinv(quote, pieces);

    return g_strdup_printf("'%s'", joined);
}

static void
append_fish_options(GString *out, const char *condition, const ArgSpec *specs)
{
    for (; specs && specs->name; specs++) {
        g_autofree char *help = single_quoted(specs->help, "\\'");
        g_string_append_printf(out, "complete -c sluice %s -l %s", condition, specs->name);
        if (specs->letter)
            g_string_append_printf(out, " -s %c", specs->letter);
        if (specs->value && strchr(specs->value, '|')) {
            g_autofree char *choices = g_strdelimit(g_strdup(specs->value), "|", ' ');
            g_string_append_printf(out, " -xa '%s'", choices);
        } else if (strcmp(specs->name, "option") == 0) {
            g_autofree char *keys = joined_keys("=");
            g_string_append_printf(out, " -xa '%s'", keys);
        } else if (specs->value) {
            g_string_append(out, strcmp(specs->value, "FILE") == 0 ? " -rF" : " -x");
        }
        g_string_append_printf(out, " -d %s\n", help);
    }
}

static void
append_fish_command(GString *out, const Command *command)
{
    g_auto(GStrv) names = g_strsplit(command->name, " ", 2);
    g_autofree char *help = single_quoted(command->summary, "\\'");
    g_autofree char *choices = word_choices(command);
    g_autoptr(GString) condition = g_string_new("-n '");

    if (names[1]) {
        g_string_append_printf(out,
                               "complete -c sluice -n '__fish_seen_subcommand_from %s; and not "
                               "__fish_seen_subcommand_from %s' -a %s -d %s\n",
                               names[0], names[1], names[1], help);
        g_string_append_printf(condition, "__fish_seen_subcommand_from %s; and ", names[0]);
    } else {
        g_string_append_printf(out, "complete -c sluice -n __fish_use_subcommand -a %s -d %s\n",
                               names[0], help);
    }
    g_string_append_printf(condition, "__fish_seen_subcommand_from %s'",
                           names[1] ? names[1] : names[0]);
    if (choices)
        g_string_append_printf(out, "complete -c sluice %s -a '%s'\n", condition->str, choices);
    else if (takes_revision(command))
        g_string_append_printf(out, "complete -c sluice %s -a \"(" REVISIONS ")\"\n",
                               condition->str);
    append_fish_options(out, condition->str, command->args);
}

char *
completion_fish(void)
{
    GString *out = g_string_new("# fish completion of sluice, made by `sluice completion fish`\n"
                                "complete -c sluice -f\n");
    g_autoptr(GPtrArray) groups = families();

    for (guint i = 0; i < groups->len; i++)
        g_string_append_printf(out, "complete -c sluice -n __fish_use_subcommand -a %s\n",
                               (const char *) groups->pdata[i]);
    append_fish_options(out, "", global_args);
    for (const Command *const *command = commands; *command; command++)
        if ((*command)->group)
            append_fish_command(out, *command);
    return g_string_free(out, FALSE);
}

char *
completion_bash(void)
{
    g_autofree char *words = bash_function();

    return g_strconcat("# bash completion of sluice, made by `sluice completion bash`\n", words,
                       "complete -F _sluice_words sluice\n", NULL);
}

/* zsh runs bash's function: one description of the command line instead of two. It is either
 * autoloaded as _sluice from $fpath, and then completes at once, or sourced. */
char *
completion_zsh(void)
{
    g_autofree char *words = bash_function();

    return g_strconcat("#compdef sluice\n"
                       "# zsh completion of sluice, made by `sluice completion zsh`\n"
                       "autoload -U +X bashcompinit && bashcompinit\n",
                       words,
                       "if [[ $funcstack[1] = _sluice ]]; then\n"
                       "    _bash_complete -F _sluice_words\n"
                       "else\n"
                       "    complete -F _sluice_words sluice\n"
                       "fi\n",
                       NULL);
}
