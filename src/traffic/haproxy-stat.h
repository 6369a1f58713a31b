/*
 * traffic/haproxy-stat.h - the tables that HAProxy prints, read by the names of their columns.
 *
 * Private to the room. Column numbers differ between versions, names do not.
 */
#pragma once

#include <glib.h>

typedef struct {
    GHashTable *columns; /* name -> index */
    GPtrArray *rows;     /* GStrv */
} StatTable;

/* `show stat`: comma-separated, values may be quoted; the header begins with "# ". NULL with
 * ERROR_CONFIG if @text has no such header. Caller owns. */
StatTable *stat_table_parse_csv(const char *text, GError **error);
/* `show servers state`: a version line, the header, values separated by blanks. */
StatTable *stat_table_parse_words(const char *text, GError **error);
void stat_table_free(StatTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StatTable, stat_table_free)

/* "" where the column is missing. Borrowed. */
const char *stat_table_text(const StatTable *table, guint row, const char *column);
/* 0 where it is missing or empty. */
gint64 stat_table_number(const StatTable *table, guint row, const char *column);
/* `show info`: the value of "Name: value", 0 if there is none. */
gint64 stat_info_number(const char *text, const char *name);
