#include "apply/batch.h"

#include "apply/phase.h"
#include "base/fault.h"
#include "ledger/events.h"

enum {
    FLUSH_AFTER_US = G_USEC_PER_SEC,
    EVENTS_AT_ONCE = 200,
    KEEP_BYTES = 16 << 10,    /* of the text of one revision, */
    KEEP_ALL_BYTES = 2 << 20, /* and of all: what is parsed takes some fifty times as much */
};

typedef struct {
    char *kind, *revision, *text;
    gint64 at_us;
} Queued;

struct ApplyBatch {
    GHashTable *revisions; /* id -> Revision, read and checked */
    gsize kept;            /* bytes of text of @revisions, those given away too */
    GQueue *next;          /* char *: ids that were kept, in their order */
    char *planned;         /* id of @plan; NULL: none */
    Plan *plan;
    LedgerRevisions *rows; /* NULL: not asked yet */
    GArray *events;        /* Queued */
};

static void
queued_clear(gpointer data)
{
    Queued *queued = data;

    g_free(queued->kind);
    g_free(queued->revision);
    g_free(queued->text);
}

ApplyBatch *
apply_batch_new(void)
{
    ApplyBatch *batch = g_new0(ApplyBatch, 1);

    batch->revisions =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify) revision_free);
    batch->next = g_queue_new();
    batch->events = g_array_new(FALSE, FALSE, sizeof(Queued));
    g_array_set_clear_func(batch->events, queued_clear);
    return batch;
}

void
apply_batch_free(ApplyBatch *batch)
{
    if (batch == NULL)
        return;
    plan_free(batch->plan);
    g_free(batch->planned);
    g_queue_free_full(batch->next, g_free);
    g_hash_table_unref(batch->revisions);
    ledger_revisions_free(batch->rows);
    g_array_unref(batch->events);
    g_free(batch);
}

static gsize
text_size(const Revision *revision)
{
    gsize size = 0;

    for (guint i = 0; i < revision->sections->len; i++)
        size += strlen(((const Section *) g_ptr_array_index(revision->sections, i))->text);
    return size;
}

bool
apply_batch_check(const ApplyContext *context, const Revision *revision, GError **error)
{
    g_autoptr(Revision) whole = graph_read(context->graph, revision, error);
    gsize size;
    char *id;

    if (whole == NULL || !revision_check_to_run(whole, error))
        return false;
    id = whole->id;
    size = text_size(whole);
    if (size > KEEP_BYTES || context->batch->kept + size > KEEP_ALL_BYTES)
        return true;
    context->batch->kept += size;
    g_queue_push_tail(context->batch->next, g_strdup(id));
    g_hash_table_replace(context->batch->revisions, id, g_steal_pointer(&whole));
    return true;
}

bool
apply_batch_end(const ApplyContext *context, GError **error)
{
    g_clear_pointer(&context->batch->rows, ledger_revisions_free);
    return apply_batch_flush(context, error);
}

Revision *
batch_take_revision(ApplyBatch *batch, const char *id)
{
    gpointer revision = NULL;

    g_hash_table_steal_extended(batch->revisions, id, NULL, &revision);
    return revision;
}

/* It was checked, so its section can be parsed. */
void
batch_foresee(ApplyBatch *batch)
{
    const Revision *revision = NULL;

    while (batch && batch->plan == NULL && revision == NULL && !g_queue_is_empty(batch->next)) {
        g_free(batch->planned);
        batch->planned = g_queue_pop_head(batch->next);
        revision = g_hash_table_lookup(batch->revisions, batch->planned);
    }
    if (revision)
        batch->plan = expand_plan_new(revision, NULL);
}

Plan *
batch_take_plan(ApplyBatch *batch, const char *id)
{
    Plan *plan = batch && g_strcmp0(batch->planned, id) == 0 ? g_steal_pointer(&batch->plan) : NULL;

    if (batch)
        g_clear_pointer(&batch->plan, plan_free);
    return plan;
}

LedgerRevisions *
apply_batch_rows(const ApplyContext *context, GError **error)
{
    if (context->batch->rows == NULL)
        context->batch->rows = ledger_load_revisions(context->conn, error);
    return context->batch->rows;
}

bool
batch_add_event(const ApplyContext *context, const char *kind, const char *revision,
                const char *text, GError **error)
{
    GArray *events = context->batch->events;
    const Queued queued = {.kind = g_strdup(kind),
                           .revision = g_strdup(revision),
                           .text = g_strdup(text),
                           .at_us = g_get_monotonic_time()};

    g_array_append_val(events, queued);
    if (events->len < EVENTS_AT_ONCE &&
        queued.at_us - g_array_index(events, Queued, 0).at_us < FLUSH_AFTER_US)
        return true;
    return apply_batch_flush(context, error);
}

bool
apply_batch_flush(const ApplyContext *context, GError **error)
{
    GArray *events = context->batch ? context->batch->events : NULL;
    LedgerNewEvent list[EVENTS_AT_ONCE];

    if (events == NULL || events->len == 0)
        return true;
    FAULT_POINT("apply-before-events");
    for (guint i = 0; i < events->len; i++) {
        const Queued *queued = &g_array_index(events, Queued, i);
        list[i] = (LedgerNewEvent){.kind = queued->kind,
                                   .revision = queued->revision,
                                   .text = queued->text,
                                   .at_us = queued->at_us};
    }
    if (!ledger_append_events(context->conn, list, events->len, error))
        return false;
    g_array_set_size(events, 0);
    return true;
}
