#include "rehearse/stall.h"

#include <string.h>

/* "reads and writes of orders, writes to customers": whoever waits for its locks; NULL: nobody. */
static char *
who_waits(const RehearsedStatement *statement)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < statement->locks->len; i++) {
        const RehearsedLock *lock = statement->locks->pdata[i];
        if (lock->taken >= LOCK_SHARE)
            g_string_append_printf(text, "%s%s %s", text->len > 0 ? ", " : "",
                                   lock->taken == LOCK_ACCESS_EXCLUSIVE ? "reads and writes of"
                                                                        : "writes to",
                                   lock->relation);
    }
    return text->len > 0 ? g_string_free(g_steal_pointer(&text), FALSE) : NULL;
}

/* "rewrites orders", "reads a, b"; NULL: no whole table. */
static char *
whole_tables(const RehearsedStatement *statement)
{
    const bool rewrites = statement->rewritten->len > 0;
    const GPtrArray *tables = rewrites ? statement->rewritten : statement->scanned;
    GString *text;

    if (tables->len == 0)
        return NULL;
    text = g_string_new(rewrites ? "rewrites " : "reads ");
    for (guint i = 0; i < tables->len; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", (char *) tables->pdata[i]);
    return g_string_free(text, FALSE);
}

/* What the transaction does while statement @index and those behind it run: its locks are held
 * until the last of its run is done. *@ret_us: how long that took here. */
static char *
what_is_done(const GPtrArray *statements, guint index, gint64 *ret_us)
{
    const RehearsedStatement *first = statements->pdata[index];
    g_autofree char *own = whole_tables(first);
    char *text = own != NULL ? g_strdup_printf("it %s", own) : NULL;

    *ret_us = first->took_us;
    for (guint i = index + 1; first->transactional && i < statements->len; i++) {
        const RehearsedStatement *later = statements->pdata[i];
        g_autofree char *work = NULL;

        if (later->run != first->run)
            continue;
        *ret_us += later->took_us;
        if (text == NULL && (work = whole_tables(later)) != NULL)
            text = g_strdup_printf("a later statement of its transaction %s", work);
    }
    return text;
}

/* A scan or a rewrite under a lock that apps wait for lasts as long as the table is large: where
 * the rows are not production's, whatever it took here. */
static char *
find_stall(const Rehearsal *rehearsal, guint index)
{
    const RehearsedStatement *statement = rehearsal->statements->pdata[index];
    g_autofree char *who = who_waits(statement);
    g_autofree char *work = NULL;
    gint64 held_us = 0;

    if (who == NULL || strcmp(statement->phase, "backfill") == 0)
        return NULL;
    work = what_is_done(rehearsal->statements, index, &held_us);
    if (held_us > rehearsal->budget_ms * 1000)
        return g_strdup_printf("%s waited %.0f ms, the budget is %" G_GINT64_FORMAT " ms%s%s", who,
                               (double) held_us / 1000, rehearsal->budget_ms,
                               work != NULL ? ": " : "", work != NULL ? work : "");
    if (work == NULL || rehearsal->on_clone)
        return NULL;
    return g_strdup_printf("%s wait while %s: as long as that is large", who, work);
}

void
stall_judge(Rehearsal *rehearsal, guint first)
{
    for (guint i = first; i < rehearsal->statements->len; i++) {
        RehearsedStatement *statement = rehearsal->statements->pdata[i];
        statement->stall = find_stall(rehearsal, i);
    }
}
