/*
 * base/json-writer.h - JSON written member by member, for results of many thousand parts: a tree of
 * jansson's takes some thirty blocks of memory for each of them.
 *
 * The text is what jansson's JSON_INDENT(2) makes, byte by byte, and is handed on in pieces, so
 * that it is never in memory whole. What is no UTF-8 becomes U+FFFD.
 */
#pragma once

#include "base/json.h"

typedef struct JsonWriter JsonWriter;

/* Gets the text, piece by piece; each ends with a NUL. */
typedef void (*JsonSpill)(const char *text, void *data);

/* Begins an object: the document. Caller owns. */
JsonWriter *json_writer_new(JsonSpill spill, void *data);
void json_writer_free(JsonWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(JsonWriter, json_writer_free)
/* Ends the document, and hands on what is left. */
void json_writer_finish(JsonWriter *writer);

/* Members of the innermost object; of an array with @key NULL. */
void json_writer_text(JsonWriter *writer, const char *key, const char *text); /* NULL: null */
void json_writer_int(JsonWriter *writer, const char *key, gint64 value);
void json_writer_value(JsonWriter *writer, const char *key, const json_t *value);
/* One of which the members follow, until its end: '{' .. '}' or '[' .. ']'. */
void json_writer_begin(JsonWriter *writer, const char *key, char bracket);
void json_writer_end(JsonWriter *writer, char bracket);
