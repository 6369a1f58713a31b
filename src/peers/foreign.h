/*
 * peers/foreign.h - asks a script in another tool's language what its migrations do.
 *
 * The script leaves a JSON object: `version` of the tool (null: it is not installed), `problem` (of
 * the whole, or null), `revisions`: name -> {upgrade, downgrade}, each {sql, error, statement,
 * none}: what it runs, what ended it, whether statement by statement, whether there is no such way.
 * Private to the room.
 */
#pragma once

#include "base/json.h"
#include "peers/history.h"

typedef struct {
    const char *interpreter;
    const char *text;
    const char *const *arguments;   /* NULL-ended; behind them comes the file to write */
    const char *const *environment; /* NULL-ended, may be NULL */
} ForeignScript;
/* The answer; NULL: why there is none. Ten minutes at most. Caller owns. */
json_t *foreign_ask(const ForeignScript *script, GError **error);

/* @functions: what the tool calls the two directions: "upgrade", "downgrade". */
void foreign_take(History *history, const json_t *result, const char *const functions[2]);
/* Nothing could be asked: notes @what, and marks all sections. */
void foreign_mark_all(History *history, const char *hint, const char *what);
