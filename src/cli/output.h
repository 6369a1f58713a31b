/*
 * cli/output.h - the result on stdout: a table or lines for people, one JSON document for programs.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/json-writer.h"

typedef struct Output Output;

typedef enum { FORMAT_TEXT, FORMAT_JSON } OutputFormat;

/* @stream is borrowed. */
Output *output_new(FILE *stream, OutputFormat format, bool colour);
void output_free(Output *output);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Output, output_free)

OutputFormat output_format(const Output *output);
bool output_has_colour(const Output *output);
/* A line for people; nothing in JSON. What could control the terminal is taken out of it. */
void output_line(Output *output, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The same, in bold where there are colours. */
void output_heading(Output *output, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Text of several lines, as it is, for people; nothing in JSON. */
void output_text(Output *output, const char *text);
/* A table for people: @header NULL-ended; @rows element-type GStrv; columns aligned, last one not
 * padded. */
void output_table(Output *output, const char *const *header, GPtrArray *rows);
/* The JSON document, printed when the command has ended; nothing in text. Takes over @take_data.
 * Called once. */
void output_json(Output *output, json_t *take_data);

/* The same for a document that is too large for a tree: an object, whose members the command
 * writes; printed as they come, ended when the command has. NULL in text. Borrowed. */
JsonWriter *output_json_object(Output *output);

/* For a command that follows something: one JSON document a line, printed now; nothing in text.
 * Takes over @take_data. Then there is no other document, but an error is one more line. */
void output_json_line(Output *output, json_t *take_data);

/* Hands over what was printed so far, for a reader who follows. */
void output_flush(Output *output);

/* Ends the output: prints the JSON document, with @failure (may be NULL) as its member "error".
 * ERROR_STATE if not everything could be written (a reader that went away is no error). */
bool output_finish(Output *output, const GError *failure, GError **error);
