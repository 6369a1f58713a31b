/*
 * base/error.h - one error domain; a code per thing that the user can do about it.
 *
 * The code is the exit status of the program. Beside the message travel a hint (a sentence that
 * says what to do next), the server's SQLSTATE and detail, and a place in a file. A function that
 * can fail returns bool or a pointer and sets its `GError **error` exactly once.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define SLUICE_ERROR (sluice_error_quark())

typedef enum {
    ERROR_USAGE = 2,
    ERROR_CONFIG = 3,
    ERROR_CONNECTION = 4,
    ERROR_SQL = 5,
    ERROR_LOCK = 6,   /* a lock was not had in time: run it again later */
    ERROR_OWNER = 7,  /* another process does this work */
    ERROR_STATE = 8,  /* not allowed in the state things are in */
    ERROR_CHECK = 9,  /* a gate or check did not pass */
    ERROR_DRIFT = 10, /* files and database, or wanted and found, differ */
    ERROR_INTERNAL = 70,
    ERROR_INTERRUPTED = 130,
} ErrorCode;

/* A place in a text file. line and column count from 1; 0 means unknown. file may be NULL. */
typedef struct {
    const char *file;
    int line;
    int column;
} Place;

GQuark sluice_error_quark(void);

/* Sets @error and returns false, so that a failing line is one statement:
 * `return error_set(error, ERROR_STATE, "...")`. The message is lower case, without full stop. */
bool error_set(GError **error, ErrorCode code, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The same with a place; the rendered message begins with "file:line:column: ". */
bool error_set_at(GError **error, ErrorCode code, Place place, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

/* Adds the next step for the user to an error that is set; no-op if @error or *@error is NULL.
 * Returns false, to end a failing line. A later hint replaces an earlier one. */
bool error_hint(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Adds what the server said. @sqlstate five characters; @detail may be NULL. */
void error_add_server(GError *error, const char *sqlstate, const char *detail);

/* What rides on an error; NULL where there is none (also for a foreign domain). Borrowed. */
const char *error_get_hint(const GError *error);
const char *error_get_sqlstate(const GError *error);
const char *error_get_detail(const GError *error);
/* The place; all zero where there is none. The file name is borrowed from the error. */
Place error_get_place(const GError *error);

/* True if @error is of this domain and has @code. NULL is no error. */
bool error_is(const GError *error, ErrorCode code);
/* True if the server's SQLSTATE is @sqlstate, or begins with it if that is two characters. */
bool error_is_sqlstate(const GError *error, const char *sqlstate);

/* The exit status for @error: its code, or 70 for a foreign domain. */
int error_exit_status(const GError *error);
/* The code's name as it stands in JSON output, e.g. "lock". */
const char *error_code_name(const GError *error);
