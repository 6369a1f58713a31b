#include "cli/backfill-output.h"

#include "backfill/status.h"
#include "base/json.h"
#include "base/text.h"

static json_t *
quarantine_to_json(const GPtrArray *quarantine)
{
    json_t *list = json_array();

    for (guint i = 0; i < quarantine->len; i++) {
        const LedgerQuarantined *row = quarantine->pdata[i];

        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s, s:s, s:b, s:s?, s:s?}", "key", row->key,
                                        "sqlstate", row->sqlstate, "message", row->message,
                                        "found_at", row->found_at, "skipped", row->skipped,
                                        "reason", row->reason, "skipped_by", row->skipped_by));
    }
    return list;
}

static json_t *
status_to_json(const BackfillStatus *status)
{
    const LedgerBackfill *b = status->backfill;
    json_t *object = json_pack(
        "{s:s, s:s, s:s, s:i, s:i, s:I, s:f, s:f, s:I, s:s?, s:I, s:f, s:s?, s:s, s:s?}",
        "revision", b->revision, "relation", b->relation, "state", status->state, "pass", b->pass,
        "workers", status->workers, "rows", (json_int_t) b->rows, "share", status->share,
        "rows_per_s", status->rows_per_s, "skipped", (json_int_t) b->skipped, "throttle",
        b->throttle, "throttled_ms", (json_int_t) b->throttled_ms, "growth", status->growth,
        "error", b->error, "started_at", b->started_at, "finished_at", b->finished_at);

    json_object_set_new(object, "index_growth", json_real(status->index_growth));
    json_object_set_new(object, "wal_bytes", json_integer(b->wal_bytes));
    json_object_set_new(object, "set_workers", b->workers ? json_integer(b->workers) : json_null());
    json_object_set_new(object, "set_target_ms",
                        b->target_ms ? json_integer(b->target_ms) : json_null());
    json_object_set_new(object, "quarantine", quarantine_to_json(status->quarantine));
    json_object_set_new(object, "hot_share",
                        status->hot_share < 0 ? json_null() : json_real(status->hot_share));
    return object;
}

static GStrv
status_to_row(const BackfillStatus *status)
{
    const LedgerBackfill *b = status->backfill;
    g_autoptr(GStrvBuilder) cells = g_strv_builder_new();
    g_autofree char *rows = text_format_count(b->rows);
    g_autofree char *speed = text_format_count((gint64) status->rows_per_s);
    g_autofree char *share = g_strdup_printf("pass %d, %.0f %%", b->pass, 100 * status->share);
    g_autofree char *growth = g_strdup_printf("%.2f", status->growth);
    g_autofree char *indexes = g_strdup_printf("%.2f", status->index_growth);
    g_autofree char *wal = text_format_size(b->wal_bytes);
    g_autofree char *hot =
        status->hot_share < 0 ? g_strdup("-") : g_strdup_printf("%.0f %%", 100 * status->hot_share);
    const char *note = b->error ? b->error : b->throttle ? b->throttle : "";
    const char *const values[] = {b->revision, b->relation, status->state, share, rows, speed,
                                  growth,      indexes,     hot,           wal,   note, NULL};

    g_strv_builder_addv(cells, (const char **) values);
    return g_strv_builder_end(cells);
}

static void
print_quarantine(Output *output, const GPtrArray *list)
{
    for (guint i = 0; i < list->len; i++) {
        const BackfillStatus *status = list->pdata[i];

        for (guint k = 0; k < status->quarantine->len; k++) {
            const LedgerQuarantined *row = status->quarantine->pdata[k];

            output_line(output, "%s %s, %s: %s (%s)%s%s%s%s", row->skipped ? "skipped" : "refused",
                        row->relation, row->key, row->message, row->sqlstate,
                        row->skipped ? "; " : "", row->skipped ? row->reason : "",
                        row->skipped ? ", " : "", row->skipped ? row->skipped_by : "");
        }
    }
}

void
backfill_output_status(Output *output, const GPtrArray *list)
{
    static const char *const header[] = {"REVISION", "TABLE",  "STATE",  "PROGRESS",
                                         "ROWS",     "ROWS/S", "GROWTH", "INDEXES",
                                         "HOT",      "WAL",    "",       NULL};
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify) g_strfreev);
    g_autoptr(json_t) json = json_array();

    for (guint i = 0; i < list->len; i++) {
        g_ptr_array_add(rows, status_to_row(list->pdata[i]));
        json_array_append_new(json, status_to_json(list->pdata[i]));
    }
    if (list->len == 0)
        output_line(output, "no backfill has begun");
    else
        output_table(output, header, rows);
    print_quarantine(output, list);
    output_json(output, json_pack("{s:O}", "backfills", json));
}
