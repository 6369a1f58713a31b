#include <string.h>

#include "cli/command.h"

const Command *const commands[] = {
#define COMMAND(name) &command_##name,
#include "cli/commands.def"
#undef COMMAND
    NULL,
};

static bool
is_in_family(const Command *command, const char *family)
{
    const size_t length = strlen(family);

    return strncmp(command->name, family, length) == 0 && command->name[length] == ' ';
}

const Command *
command_find(const char *name)
{
    for (const Command *const *command = commands; *command; command++)
        if (strcmp((*command)->name, name) == 0)
            return *command;
    return NULL;
}

bool
command_is_family(const char *word)
{
    for (const Command *const *command = commands; *command; command++)
        if (is_in_family(*command, word))
            return true;
    return false;
}

GPtrArray *
command_names(const char *family)
{
    GPtrArray *names = g_ptr_array_new();

    for (const Command *const *command = commands; *command; command++)
        if (family ? is_in_family(*command, family) : (*command)->group != NULL)
            g_ptr_array_add(names, (gpointer) (guintptr) (*command)->name);
    g_ptr_array_add(names, NULL);
    return names;
}
