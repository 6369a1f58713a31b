/*
 * base/text.h - durations, sizes, percentages, near names: how values look to people.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* "50ms", "30s", "5m", "24h", "7d", or a bare 0. Any other bare number is refused: it has no unit.
 */
bool text_parse_duration_ms(const char *text, gint64 *ret_ms, GError **error);
/* The same words back: "50ms", "1.5s", "2m 05s", "3h 20m". Caller owns. */
char *text_format_duration_ms(gint64 ms);

/* "64MB", "512kB", "1GB", "100B": powers of 1024, PostgreSQL's spelling. */
bool text_parse_size(const char *text, gint64 *ret_bytes, GError **error);
char *text_format_size(gint64 bytes);

/* "0.1%" gives 0.001; a bare "0.001" is accepted too. */
bool text_parse_ratio(const char *text, double *ret_ratio, GError **error);

bool text_parse_int(const char *text, gint64 *ret_value, GError **error);
/* yes/no, true/false, on/off. */
bool text_parse_bool(const char *text, bool *ret_value, GError **error);

/* 1234567 as "1,234,567". Caller owns. */
char *text_format_count(gint64 n);

/* The name of @names (NULL-ended) that is nearest to @word by Levenshtein distance, or NULL if none
 * is within a third of its length (at least 2). Borrowed from @names. */
const char *text_nearest(const char *word, const char *const *names);

/* @url with its password replaced by "***", in URL and in key=value form; also "password=" in a
 * query string. Caller owns. */
char *text_redact_url(const char *url);

/* @text as it may be written to a terminal: control characters (but newline and tab) and bytes that
 * are no UTF-8 become U+FFFD, so that a name in a database cannot move the cursor. Caller owns. */
char *text_printable(const char *text);

/* Line and column (from 1, columns count characters) of byte @offset in @text. */
void text_position(const char *text, size_t offset, int *ret_line, int *ret_column);
/* The same for a text of which many places are asked: @marks, made once, spare counting from its
 * beginning. The caller owns them, and frees them with g_array_unref. */
GArray *text_marks(const char *text);
void text_position_by(const GArray *marks, const char *text, size_t offset, int *ret_line,
                      int *ret_column);

/* SHA-256 in lower-case hex. Caller owns. */
char *text_sha256(const char *text);
