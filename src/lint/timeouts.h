/*
 * lint/timeouts.h - lock_timeout and statement_timeout as SET, SET LOCAL, RESET and set_config()
 * leave them.
 */
#pragma once

#include "ddl/change.h"

typedef enum { TIMEOUT_LOCK, TIMEOUT_STATEMENT, TIMEOUT_N } TimeoutKind;

enum { TIMEOUT_UNKNOWN = -1 };

typedef struct {
    gint64 session_ms[TIMEOUT_N]; /* TIMEOUT_UNKNOWN: the role or the runner may have set it */
    gint64 begin_ms[TIMEOUT_N];   /* as they were when the transaction began: for ROLLBACK */
    gint64 local_ms[TIMEOUT_N];
    gint64 role_ms[TIMEOUT_N]; /* what RESET goes back to */
    bool is_local[TIMEOUT_N];
} Timeouts;

/* Of a new session; @lock_ms, @statement_ms: what the role sets, TIMEOUT_UNKNOWN. */
Timeouts timeouts_of_role(gint64 lock_ms, gint64 statement_ms);
gint64 timeouts_get(const Timeouts *timeouts, TimeoutKind kind);
/* Follows a SET (a call of set_config() is one too). */
void timeouts_apply(Timeouts *timeouts, const DdlChange *change, bool in_transaction);
void timeouts_begin(Timeouts *timeouts);
void timeouts_end(Timeouts *timeouts, bool committed);

/* "lock_timeout". */
const char *timeout_name(TimeoutKind kind);
/* What a SET names; TIMEOUT_N: none of them. */
TimeoutKind timeout_kind_of(const char *name);
/* "5s", "500", "'2min'" in milliseconds; TIMEOUT_UNKNOWN: it is no such value. */
gint64 timeout_parse(const char *value);
