/*
 * sql/body.h - the statements inside of a PL/pgSQL body.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/error.h"

typedef struct {
    char *text;       /* one SQL statement; NULL: it is put together at run time */
    char *expression; /* of an EXECUTE whose text is not a constant; NULL */
    int line;         /* of the body, from 1 */
    bool conditional; /* it stands in a branch, a loop or an exception's handler */
    bool repeated;    /* it stands in a loop without COMMIT or ROLLBACK */
} BodyStatement;
void body_statement_free(BodyStatement *statement);

/* @text: a whole DO or CREATE FUNCTION .. LANGUAGE plpgsql. In the order of the text. What is given
 * to EXECUTE as a constant is a statement like any other. Element-type BodyStatement *. Caller
 * owns. ERROR_SQL. */
GPtrArray *body_statements(const char *text, GError **error);
