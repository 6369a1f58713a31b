/*
 * cli/output.h - the result on stdout: a table or lines for people, one JSON document for programs.
 */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

typedef struct Output Output;

typedef enum { FORMAT_TEXT, FORMAT_JSON } OutputFormat;

OutputFormat output_format(const Output *output);
/* A line for people; nothing in JSON. */
void output_line(Output *output, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* A table for people: @header NULL-ended; @rows element-type GStrv; columns aligned, last one not
 * padded. */
void output_table(Output *output, const char *const *header, GPtrArray *rows);
/* The JSON document; nothing in text. Takes over @take_data. Called once. */
void output_json(Output *output, json_t *take_data);
bool output_has_colour(const Output *output);
