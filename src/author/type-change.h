/*
 * author/type-change.h - the revision that gives a column another type while apps go on writing it.
 *
 * A column of the new type is added beside the old one, kept equal by triggers, filled and indexed;
 * the cutover swaps the names, with keys, defaults and foreign keys, in one short transaction; its
 * undo swaps them back; contract drops what was. Columns that reference it change with it.
 */
#pragma once

#include "pg/conn.h"

typedef struct {
    const char *table;   /* as written: "users", "app.users" */
    const char *column;  /* unquoted */
    const char *type;    /* as written: "bigint", "numeric(12,2)" */
    const char *forward; /* old value -> new; NULL: a cast */
    const char *reverse; /* new value -> old; NULL: a cast, or between integers one that wraps round
                            and so stays unique; columns <name> and <name>_new */
} TypeChange;

/* The sections of a complete revision. ERROR_STATE, ERROR_SQL: what stands in the way, by name.
 * Caller owns. */
char *type_change_sections(PgConn *conn, const TypeChange *change, GError **error);
