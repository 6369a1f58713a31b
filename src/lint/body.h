/*
 * lint/body.h - the statements inside of a DO block, or of a function that a statement calls: they
 * run where it stands, in its transaction.
 *
 * What is put together as text at run time cannot be seen; constants given to EXECUTE can.
 */
#pragma once

#include "lint/input.h"
#include "model/model.h"

enum { BODY_DEPTH = 4 }; /* functions that call each other end somewhere */

typedef struct {
    GPtrArray *units;   /* LintUnit *: their places are those of the outer statement */
    GPtrArray *scripts; /* SqlScript *: what they borrow from */
    bool opaque;        /* EXECUTE of something that is no constant */
} LintBody;

/* NULL: @unit has no body, calls nothing whose body is known, or it cannot be parsed. Caller owns.
 */
LintBody *body_of(const Model *model, const LintUnit *unit);
void body_free(LintBody *body);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LintBody, body_free)
