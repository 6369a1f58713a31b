#include "rehearse/stall.h"

#include <string.h>

static bool
blocks_app(const RehearsedStatement *statement)
{
    for (guint i = 0; i < statement->locks->len; i++) {
        const RehearsedLock *lock = statement->locks->pdata[i];
        if (lock->taken >= LOCK_SHARE)
            return true;
    }
    return false;
}

/* Statements of a run share a transaction in production: what one locks is held until the last is
 * done. */
static gint64
held_us(const GPtrArray *statements, guint index)
{
    const RehearsedStatement *first = statements->pdata[index];
    gint64 held = first->took_us;

    for (guint i = index + 1; first->transactional && i < statements->len; i++) {
        const RehearsedStatement *later = statements->pdata[i];
        if (later->run == first->run)
            held += later->took_us;
    }
    return held;
}

/* A scan or a rewrite under a lock that apps wait for lasts as long as the table is large: where
 * the rows are not production's, whatever it took here. */
static char *
find_stall(const Rehearsal *rehearsal, guint index)
{
    const RehearsedStatement *statement = rehearsal->statements->pdata[index];
    const gint64 held = held_us(rehearsal->statements, index);

    if (strcmp(statement->phase, "backfill") == 0 || !blocks_app(statement))
        return NULL;
    if (held > rehearsal->budget_ms * 1000)
        return g_strdup_printf("held a lock that apps wait for during %.0f ms, the budget is "
                               "%" G_GINT64_FORMAT " ms",
                               (double) held / 1000, rehearsal->budget_ms);
    if (!rehearsal->on_clone && (statement->scanned->len > 0 || statement->rewritten->len > 0))
        return g_strdup("reads or writes whole tables under a lock that apps wait for: as long as "
                        "they are large");
    return NULL;
}

void
stall_judge(Rehearsal *rehearsal, guint first)
{
    for (guint i = first; i < rehearsal->statements->len; i++) {
        RehearsedStatement *statement = rehearsal->statements->pdata[i];
        statement->stall = find_stall(rehearsal, i);
    }
}
