#include "load/memory.h"

#include <stdio.h>
#include <string.h>

/* Between the two stand tag and generation. The name holds what tends to break on the way. */
static const struct {
    const char *before, *after;
} patterns[] = {
    [CELL_NAME] = {"Zoë O'Hara ", ""},
    [CELL_EMAIL] = {"zoe.", "@example.org"},
    [CELL_NOTE] = {"note ", ""},
};

char *
cell_text(CellKind kind, gint64 tag, guint32 generation)
{
    return g_strdup_printf("%s%" G_GINT64_FORMAT ".%u%s", patterns[kind].before, tag, generation,
                           patterns[kind].after);
}

bool
cell_parse(CellKind kind, gint64 tag, const char *text, guint32 *ret_generation)
{
    g_autofree char *back = NULL;
    const char *dot;
    guint32 generation;

    if (text == NULL || !g_str_has_prefix(text, patterns[kind].before))
        return false;
    dot = strchr(text + strlen(patterns[kind].before), '.');
    if (dot == NULL || sscanf(dot + 1, "%" G_GUINT32_FORMAT, &generation) != 1)
        return false;
    back = cell_text(kind, tag, generation);
    if (strcmp(back, text) != 0)
        return false;
    *ret_generation = generation;
    return true;
}

guint32
cell_begin_write(Cell *cell)
{
    cell->open = true;
    cell->written = true;
    return ++cell->attempted;
}

void
cell_acknowledge(Cell *cell)
{
    cell->known = cell->attempted;
    cell->open = false;
}

ReadVerdict
cell_check(Cell *cell, CellKind kind, gint64 tag, const char *text)
{
    const guint32 oldest = cell->known;
    const guint32 newest = cell->open ? cell->attempted : cell->known;
    guint32 got;

    if (!cell_parse(kind, tag, text, &got))
        return READ_WRONG;
    cell->known = got;
    cell->open = false;
    if (got < oldest)
        return READ_LOST;
    return got > newest ? READ_WRONG : READ_RIGHT;
}

void
user_add_note(User *user, guint32 generation)
{
    if (user->notes == NULL)
        user->notes = g_array_new(FALSE, FALSE, sizeof(guint32));
    g_array_append_val(user->notes, generation);
}

bool
user_has_note(const User *user, guint32 generation)
{
    for (guint i = 0; i < user_note_count(user); i++)
        if (g_array_index(user->notes, guint32, i) == generation)
            return true;
    return false;
}

guint
user_note_count(const User *user)
{
    return user->notes ? user->notes->len : 0;
}

void
user_clear(User *user)
{
    g_clear_pointer(&user->notes, g_array_unref);
}
