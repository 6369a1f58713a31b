/*
 * api/answer.h - what a request handler gives back: an HTTP status and a JSON document.
 */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "api/pool.h"

typedef struct {
    unsigned status;
    json_t *body; /* owned by whoever sends it */
} Answer;

Answer answer_json(unsigned status, json_t *take_body);
/* {"error": ..} */
Answer answer_error(unsigned status, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* For a failed statement: 503 if the session is lost, 400 or 409 if the data was refused, else
 * 500. */
Answer answer_failure(const Session *session, const PGresult *result);
