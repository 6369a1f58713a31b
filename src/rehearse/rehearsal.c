/* What a rehearsal found. */
#include "rehearse/measure.h"
#include "rehearse/rehearse.h"

static void
check_free(RehearsedCheck *check)
{
    g_free(check->name);
    g_free(check->detail);
    g_free(check);
}

Rehearsal *
rehearsal_new(gint64 budget_ms)
{
    Rehearsal *rehearsal = g_new0(Rehearsal, 1);

    rehearsal->budget_ms = budget_ms;
    rehearsal->statements =
        g_ptr_array_new_with_free_func((GDestroyNotify) rehearsed_statement_free);
    rehearsal->checks = g_ptr_array_new_with_free_func((GDestroyNotify) check_free);
    rehearsal->notes = g_ptr_array_new_with_free_func(g_free);
    return rehearsal;
}

void
rehearsal_free(Rehearsal *rehearsal)
{
    if (rehearsal == NULL)
        return;
    g_free(rehearsal->server);
    g_free(rehearsal->failed);
    g_free(rehearsal->error);
    g_ptr_array_unref(rehearsal->statements);
    g_ptr_array_unref(rehearsal->checks);
    g_ptr_array_unref(rehearsal->notes);
    g_free(rehearsal);
}

RehearsedCheck *
rehearsal_add_check(Rehearsal *rehearsal, const char *name, char *take_difference)
{
    RehearsedCheck *check = g_new0(RehearsedCheck, 1);

    *check = (RehearsedCheck){g_strdup(name), take_difference == NULL, take_difference};
    g_ptr_array_add(rehearsal->checks, check);
    return check;
}

void
rehearsal_add_note(Rehearsal *rehearsal, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    g_ptr_array_add(rehearsal->notes, g_strdup_vprintf(format, list));
    va_end(list);
}

guint
rehearsal_count_stalls(const Rehearsal *rehearsal)
{
    guint count = 0;

    for (guint i = 0; i < rehearsal->statements->len; i++)
        count += ((RehearsedStatement *) rehearsal->statements->pdata[i])->stall != NULL;
    return count;
}

guint
rehearsal_count_failed(const Rehearsal *rehearsal)
{
    guint count = 0;

    for (guint i = 0; i < rehearsal->checks->len; i++)
        count += !((RehearsedCheck *) rehearsal->checks->pdata[i])->ok;
    return count;
}
