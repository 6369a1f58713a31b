/*
 * api/statements.h - every statement of notes-api, by name. No `SELECT *`: an added column must not
 * change what a prepared statement returns.
 */
#pragma once

#include <glib.h>

typedef enum {
    STATEMENT_USER_GET,
    STATEMENT_USER_CREATE,
    STATEMENT_USER_SET_NAME,
    STATEMENT_USER_SET_EMAIL,
    STATEMENT_USER_SET_BOTH,
    STATEMENT_NOTES_OF_USER,
    STATEMENT_NOTE_CREATE,
    STATEMENT_READY,
    STATEMENT_N
} StatementId;

typedef struct {
    const char *name;
    const char *sql;
    int parameters;
} Statement;

extern const Statement statements[STATEMENT_N];
