/*
 * sync/table-names.h - what is installed for a mapping between two tables: seven triggers, three
 * functions. Private to the room.
 */
#pragma once

#include "sync/table.h"

typedef enum {
    ON_WRITE, /* of the source: INSERT, DELETE */
    ON_UPDATE,
    ON_TRUNCATE,
    WATCH_WRITE, /* of the target */
    WATCH_UPDATE,
    WATCH_TRUNCATE,
    FILL,
    TRIGGER_N
} TriggerKind;

typedef enum { SYNC_FUNCTION, WATCH_FUNCTION, FILL_FUNCTION, FUNCTION_N } FunctionKind;

/* Quoted. Caller owns. */
char *table_trigger_name(const TableRoute *route, TriggerKind kind);
char *table_function_name(const TableRoute *route, FunctionKind kind);
