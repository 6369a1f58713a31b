/*
 * conf/reader.h - private to conf: a YAML document, read with its places, all problems collected.
 *
 * The document is kept as libyaml's nodes. A function that finds a problem notes it with
 * reader_fail() and goes on, so that the user sees everything that is wrong at once.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <yaml.h>

#include "base/error.h"

typedef struct Reader Reader;

/* Parses one YAML document. @file is for messages. ERROR_CONFIG with the place of a syntax error,
 * or a second document. Caller owns. */
Reader *reader_open(const char *file, const char *text, GError **error);
void reader_free(Reader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Reader, reader_free)

/* NULL if the document is empty. Nodes live as long as the reader. */
const yaml_node_t *reader_root(Reader *reader);
const yaml_node_t *reader_node(Reader *reader, int index);
/* The file's name in it is borrowed from the reader. */
Place reader_place(const Reader *reader, const yaml_node_t *node);

/* Notes a problem at @node. */
void reader_fail(Reader *reader, const yaml_node_t *node, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
/* How many were noted. */
guint reader_problems(const Reader *reader);
/* False with ERROR_CONFIG if problems were noted: the first one's message and place, the others in
 * lines below it. */
bool reader_finish(const Reader *reader, GError **error);

/* True for an empty value, `~` and `null`. */
bool reader_is_null(const yaml_node_t *node);
/* "a list", "a section", "text": what stands there. */
const char *reader_kind(const yaml_node_t *node);
/* The text of a scalar, or NULL with a problem noted: "<key> must be <what>, not a list". */
const char *reader_scalar(Reader *reader, const yaml_node_t *node, const char *key,
                          const char *what);

/* Calls @each for every pair of a mapping; keys that are no text and keys given twice are noted. A
 * null is an empty mapping; for anything else a problem is noted. */
typedef void (*ReaderEach)(Reader *reader, const char *key, const yaml_node_t *key_node,
                           const yaml_node_t *value, void *data);
void reader_each(Reader *reader, const yaml_node_t *node, const char *key, ReaderEach each,
                 void *data);
