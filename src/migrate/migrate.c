#include "migrate/migrate.h"

void
migrate_begin(const MigrateContext *context, const Revision *revision, const char *phase)
{
    if (context->on_begin)
        context->on_begin(context->data, revision, phase);
}

void
migrate_reached(const MigrateContext *context, const Revision *revision, RevisionState state,
                gint64 start_ms)
{
    if (context->on_reached && !context->apply.dry_run)
        context->on_reached(context->data, revision, state,
                            clock_now_ms(context->apply.clock) - start_ms);
}

bool
migrate_under_lock(const MigrateContext *context, bool (*work)(gpointer data, GError **error),
                   gpointer data, GError **error)
{
    bool ok;

    if (context->apply.dry_run)
        return work(data, error);
    if (!apply_lock(&context->apply, error))
        return false;
    ok = work(data, error);
    apply_unlock(&context->apply);
    return ok;
}
