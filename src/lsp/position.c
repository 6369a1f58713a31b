#include "lsp/position.h"

#include <string.h>

/* A character that does not fit into 16 bits takes two code units. */
static int
units_of(const char *character)
{
    return ((guchar) *character & 0xF8) == 0xF0 ? 2 : 1;
}

json_t *
position_of(const char *text, gsize offset)
{
    const char *line = text, *end = text + MIN(offset, strlen(text));
    int number = 0, units = 0;

    for (const char *at = text; at < end; at++) {
        if (*at == '\n') {
            number++;
            line = at + 1;
        }
    }
    for (const char *at = line; at < end; at = g_utf8_next_char(at))
        units += units_of(at);
    return json_pack("{s:i, s:i}", "line", number, "character", units);
}

json_t *
position_range(const char *text, gsize start, gsize end)
{
    return json_pack("{s:o, s:o}", "start", position_of(text, start), "end",
                     position_of(text, end));
}

gsize
position_offset(const char *text, const json_t *position)
{
    json_int_t line = json_integer_value(json_object_get(position, "line"));
    json_int_t units = json_integer_value(json_object_get(position, "character"));
    const char *at = text;

    for (; line > 0 && strchr(at, '\n') != NULL; line--)
        at = strchr(at, '\n') + 1;
    while (units > 0 && *at != '\0' && *at != '\n') {
        units -= units_of(at);
        at = g_utf8_next_char(at);
    }
    return (gsize) (at - text);
}
