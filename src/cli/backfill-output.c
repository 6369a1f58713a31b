#include "cli/backfill-output.h"

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
throttles_to_json(const GPtrArray *throttles)
{
    json_t *list = json_array();

    for (guint i = 0; i < throttles->len; i++) {
        const LedgerThrottle *throttle = throttles->pdata[i];

        json_array_append_new(
            list, json_pack("{s:s, s:I, s:I, s:s, s:f, s:f, s:s?, s:s}", "signal", throttle->signal,
                            "stops", (json_int_t) throttle->stops, "held_ms",
                            (json_int_t) throttle->held_ms, "cause", throttle->cause, "value",
                            throttle->value, "limit", throttle->limit, "holder", throttle->holder,
                            "last_at", throttle->last_at));
    }
    return list;
}

static json_t *
indexes_to_json(const GPtrArray *indexes)
{
    json_t *list = json_array();

    for (guint i = 0; i < indexes->len; i++) {
        const BackfillIndex *index = indexes->pdata[i];
        json_t *object =
            json_pack("{s:s, s:I}", "name", index->name, "bytes", (json_int_t) index->now);

        json_object_set_new(object, "bytes_before",
                            index->before ? json_integer(index->before) : json_null());
        json_object_set_new(object, "growth",
                            index->before ? json_real((double) index->now / (double) index->before)
                                          : json_null());
        json_array_append_new(list, object);
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
    json_object_set_new(object, "bytes", json_integer(status->size));
    json_object_set_new(object, "bytes_before", json_integer(b->size_before));
    json_object_set_new(object, "indexes", indexes_to_json(status->indexes));
    json_object_set_new(object, "throttles", throttles_to_json(status->throttles));
    json_object_set(object, "set", b->settings);
    json_object_set_new(object, "quarantine", quarantine_to_json(status->quarantine));
    json_object_set_new(object, "hot_share",
                        status->hot_share < 0 ? json_null() : json_real(status->hot_share));
    return object;
}

static char *
growth_to_text(double growth)
{
    return growth > 0 ? g_strdup_printf("%.2f", growth) : g_strdup("-");
}

static GStrv
status_to_row(const BackfillStatus *status)
{
    const LedgerBackfill *b = status->backfill;
    g_autoptr(GStrvBuilder) cells = g_strv_builder_new();
    g_autofree char *rows = text_format_count(b->rows);
    g_autofree char *speed = text_format_count((gint64) status->rows_per_s);
    g_autofree char *share = g_strdup_printf("pass %d, %.0f %%", b->pass, 100 * status->share);
    g_autofree char *growth = growth_to_text(status->growth);
    g_autofree char *indexes = growth_to_text(status->index_growth);
    g_autofree char *held = text_format_duration_ms(b->throttled_ms);
    g_autofree char *wal = text_format_size(b->wal_bytes);
    g_autofree char *hot =
        status->hot_share < 0 ? g_strdup("-") : g_strdup_printf("%.0f %%", 100 * status->hot_share);
    const char *note = b->error ? b->error : b->throttle ? b->throttle : "";
    const char *const values[] = {b->revision, b->relation, status->state, share, rows,
                                  speed,       growth,      indexes,       hot,   wal,
                                  held,        note,        NULL};

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

static void
add_row(GPtrArray *rows, const char *const *cells)
{
    g_ptr_array_add(rows, g_strdupv((char **) (guintptr) cells));
}

/* What held them, if anything did. */
static void
print_throttles(Output *output, const GPtrArray *list)
{
    static const char *const header[] = {"TABLE", "HELD BY", "STOPS", "TIME", "LAST", NULL};
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify) g_strfreev);

    for (guint i = 0; i < list->len; i++) {
        const BackfillStatus *status = list->pdata[i];

        for (guint k = 0; k < status->throttles->len; k++) {
            const LedgerThrottle *throttle = status->throttles->pdata[k];
            g_autofree char *stops = text_format_count(throttle->stops);
            g_autofree char *held = text_format_duration_ms(throttle->held_ms);
            const char *const cells[] = {
                status->backfill->relation, throttle->signal, stops, held, throttle->cause, NULL};

            add_row(rows, cells);
        }
    }
    if (rows->len > 0) {
        output_line(output, "%s", "");
        output_table(output, header, rows);
    }
}

/* Of those that are at work, or that were asked for. */
static void
print_indexes(Output *output, const GPtrArray *list, bool all)
{
    static const char *const header[] = {"TABLE", "INDEX", "BEFORE", "NOW", "GROWTH", NULL};
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify) g_strfreev);

    for (guint i = 0; i < list->len; i++) {
        const BackfillStatus *status = list->pdata[i];
        const bool shown = all || status->backfill->state != LEDGER_BACKFILL_DONE;

        for (guint k = 0; shown && k < status->indexes->len; k++) {
            const BackfillIndex *index = status->indexes->pdata[k];
            g_autofree char *before =
                index->before ? text_format_size(index->before) : g_strdup("-");
            g_autofree char *now = text_format_size(index->now);
            g_autofree char *growth =
                growth_to_text(index->before ? (double) index->now / (double) index->before : 0);
            const char *const cells[] = {
                status->backfill->relation, index->name, before, now, growth, NULL};

            add_row(rows, cells);
        }
    }
    if (rows->len > 0) {
        output_line(output, "%s", "");
        output_table(output, header, rows);
    }
}

void
backfill_output_status(Output *output, const GPtrArray *list, bool all_indexes)
{
    static const char *const header[] = {"REVISION", "TABLE",  "STATE",   "PROGRESS", "ROWS",
                                         "ROWS/S",   "GROWTH", "INDEXES", "HOT",      "WAL",
                                         "HELD",     "",       NULL};
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
    print_indexes(output, list, all_indexes);
    print_throttles(output, list);
    print_quarantine(output, list);
    output_json(output, json_pack("{s:O}", "backfills", json));
}

void
backfill_output_run(Output *output, const Revision *revision, const BackfillResult *result,
                    json_t *list)
{
    g_autofree char *rows = text_format_count(result->rows);
    g_autofree char *speed = text_format_count((gint64) result->rows_per_s);
    g_autofree char *duration = text_format_duration_ms(result->duration_ms);
    g_autofree char *throttled = text_format_duration_ms(result->throttled_ms);

    output_line(output, "%s: %s, %s rows, %s in this run at %s rows/s, held for %s", revision->id,
                result->paused ? "paused" : "done", rows, duration, speed, throttled);
    json_array_append_new(
        list, json_pack("{s:s, s:I, s:I, s:f, s:I, s:b}", "revision", revision->id, "rows",
                        (json_int_t) result->rows, "duration_ms", (json_int_t) result->duration_ms,
                        "rows_per_s", result->rows_per_s, "throttled_ms",
                        (json_int_t) result->throttled_ms, "paused", result->paused));
}

void
backfill_output_verify(Output *output, const Revision *revision, const VerifyResult *result,
                       json_t *list)
{
    g_autofree char *checked = text_format_count(result->checked);
    g_autofree char *differ = text_format_count(result->mismatches);

    output_line(output, "%s: %s of %s rows differ%s%s", revision->id, differ, checked,
                result->example ? ", first " : "", result->example ? result->example : "");
    json_array_append_new(list,
                          json_pack("{s:s, s:I, s:I, s:s?}", "revision", revision->id, "checked",
                                    (json_int_t) result->checked, "mismatches",
                                    (json_int_t) result->mismatches, "example", result->example));
}

void
backfill_output_done(Output *output, const BackfillStatus *status)
{
    const LedgerBackfill *backfill = status->backfill;
    g_autofree char *rows = text_format_count(backfill->rows);
    g_autofree char *held = text_format_duration_ms(backfill->throttled_ms);

    output_line(output, "%s: done of %s, %s rows, held for %s", backfill->revision,
                backfill->relation, rows, held);
}
