#include "catalog/names.h"

#include <string.h>

bool
name_is_table(const char *written, const char *table)
{
    const char *a = strrchr(written, '.'), *b = strrchr(table, '.');

    if ((a == NULL) == (b == NULL))
        return strcmp(written, table) == 0;
    return strcmp(a ? a + 1 : written, b ? b + 1 : table) == 0;
}

bool
name_is_column(const char *written, const char *table, const char *column)
{
    const char *dot = strrchr(written, '.');
    g_autofree char *written_table = NULL;

    if (dot == NULL || strcmp(dot + 1, column) != 0)
        return false;
    written_table = g_strndup(written, (gsize) (dot - written));
    return name_is_table(written_table, table);
}
