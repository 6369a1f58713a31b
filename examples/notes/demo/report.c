#include "demo/report.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

/* The bars. A wait for a table may be the stall budget (50 ms) twice over on a busy machine; a wait
 * for a row is about one transaction of the backfill. */
static const double RATE_MIN = 300, TABLE_WAIT_MAX_MS = 100, ROW_WAIT_MAX_MS = 400, RSS_MAX_MB = 40,
                    GROWTH_MAX = 2;

static json_int_t
load_number(const Findings *findings, const char *what)
{
    return json_integer_value(json_object_get(findings->load, what));
}

static const json_t *
find_step(const Findings *findings, const char *name)
{
    const json_t *steps = json_object_get(findings->load, "steps"), *step;
    size_t i;

    json_array_foreach(steps, i, step)
    {
        if (strcmp(json_string_value(json_object_get(step, "name")), name) == 0)
            return step;
    }
    return NULL;
}

/* Requests per second over all steps (the last sweep is as fast as it can). */
static double
request_rate(const Findings *findings)
{
    const json_t *steps = json_object_get(findings->load, "steps"), *step;
    double seconds = 0;
    json_int_t requests = 0;
    size_t i;

    json_array_foreach(steps, i, step)
    {
        seconds += json_number_value(json_object_get(step, "seconds"));
        requests += json_integer_value(json_object_get(step, "requests"));
    }
    return seconds > 0 ? (double) requests / seconds : 0;
}

static double
growth(const Findings *findings)
{
    return findings->size_before > 0
               ? (double) findings->size_after / (double) findings->size_before
               : 0;
}

static double
backfill_rate(const Findings *findings)
{
    return findings->backfill_seconds > 0
               ? (double) findings->backfill_rows / findings->backfill_seconds
               : 0;
}

static double
longest_wait(const Findings *findings)
{
    return MAX(findings->stall.table_wait_ms, findings->stall.row_wait_ms);
}

static void
print_steps(const Findings *findings)
{
    const json_t *steps = json_object_get(findings->load, "steps"), *step;
    size_t i;

    printf("\n  %-14s %8s %9s %7s %9s %9s %9s %8s %8s\n", "step", "seconds", "requests", "failed",
           "p50 ms", "p99 ms", "max ms", "by 1.0", "by 2.0");
    json_array_foreach(steps, i, step)
    {
        const json_t *versions = json_object_get(step, "by_version");
        printf("  %-14s %8.1f %9lld %7lld %9.1f %9.1f %9.1f %8lld %8lld\n",
               json_string_value(json_object_get(step, "name")),
               json_number_value(json_object_get(step, "seconds")),
               (long long) json_integer_value(json_object_get(step, "requests")),
               (long long) json_integer_value(json_object_get(step, "failed")),
               json_number_value(json_object_get(step, "p50_ms")),
               json_number_value(json_object_get(step, "p99_ms")),
               json_number_value(json_object_get(step, "max_ms")),
               (long long) json_integer_value(json_object_get(versions, "1.0")),
               (long long) json_integer_value(json_object_get(versions, "2.0")));
    }
    printf("\n");
}

static void
print_texts(const json_t *texts)
{
    const json_t *text;
    size_t i;

    json_array_foreach(texts, i, text)
    {
        printf("      %s\n", json_string_value(text));
    }
}

static void
print_reasons(const Findings *findings)
{
    json_t *reasons = json_object_get(findings->load, "reasons");
    const char *reason;
    json_t *count;

    json_object_foreach(reasons, reason, count)
    {
        printf("      %lld x %s\n", (long long) json_integer_value(count), reason);
    }
    print_texts(json_object_get(findings->load, "examples"));
}

/* One line of the summary; a bar that does not hold is marked. */
static void G_GNUC_PRINTF(4, 5)
    bar(bool *held, bool holds, const char *what, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    printf("  %s %-34s %s\n", holds ? "ok  " : "FAIL", what, text);
    *held = *held && holds;
}

static void
judge_load(const Findings *findings, bool *held)
{
    const json_int_t failed = load_number(findings, "failed");
    const json_int_t wrong = load_number(findings, "wrong_reads");
    const json_int_t lost = load_number(findings, "lost_writes");
    const double rate = request_rate(findings);
    g_autofree char *requests = text_format_count(load_number(findings, "requests"));
    g_autofree char *reads = text_format_count(load_number(findings, "reads_checked"));
    g_autofree char *writes = text_format_count(load_number(findings, "writes_acknowledged"));

    bar(held, rate >= RATE_MIN, "requests", "%s, %.0f a second", requests, rate);
    bar(held, failed == 0, "failed requests", "%lld", (long long) failed);
    bar(held, wrong == 0, "wrong reads", "%lld of %s", (long long) wrong, reads);
    bar(held, lost == 0, "lost writes", "%lld of %s acknowledged", (long long) lost, writes);
    print_reasons(findings);
}

static void
judge_database(const Findings *findings, bool *held)
{
    g_autofree char *rows = text_format_count(findings->backfill_rows);
    g_autofree char *rate = text_format_count((gint64) backfill_rate(findings));

    bar(held, findings->stall.samples > 0 && findings->stall.table_wait_ms <= TABLE_WAIT_MAX_MS,
        "longest wait for a table", "%.0f ms (sampled every %.1f ms)",
        findings->stall.table_wait_ms, findings->stall.interval_ms);
    bar(held, findings->stall.row_wait_ms <= ROW_WAIT_MAX_MS, "longest wait for a row",
        "%.0f ms, of %" G_GINT64_FORMAT " waits seen in all", findings->stall.row_wait_ms,
        findings->stall.waits);
    if (findings->stall.waits > 0)
        printf("      the longest one behind: %s\n", findings->stall.worst);
    bar(held, findings->backfill_rows > 0, "backfill", "%s rows, %s a second", rows, rate);
    bar(held, findings->parity_checks >= 2 && findings->parity_mismatches == 0, "parity",
        "%" G_GINT64_FORMAT " rows differ in %" G_GINT64_FORMAT " counts of the whole table",
        findings->parity_mismatches, findings->parity_checks);
    bar(held, growth(findings) <= GROWTH_MAX, "growth of the table", "%.2f times its size",
        growth(findings));
    bar(held, findings->contracted, "contracted", "%s", findings->contracted ? "yes" : "no");
    bar(held, findings->sluice_rss_mb > 0 && findings->sluice_rss_mb <= RSS_MAX_MB,
        "memory of sluice", "%.1f MB resident at most", findings->sluice_rss_mb);
}

static void
judge_kind(const Findings *findings, PlayKind kind, bool *held)
{
    const json_t *aborted = find_step(findings, "aborted");
    const json_int_t by_new =
        json_integer_value(json_object_get(json_object_get(aborted, "by_version"), "2.0"));

    if (kind == PLAY_CRASH) {
        bar(held, findings->kills > 0 && findings->database_crashes == 1, "crashes",
            "sluice killed %d times, PostgreSQL %d", findings->kills, findings->database_crashes);
        bar(held, true, "failed while the database was down", "%lld",
            (long long) load_number(findings, "failed_while_database_down"));
    }
    if (kind == PLAY_ABORT) {
        bar(held, findings->aborted && findings->traffic_back_ms <= findings->ledger_aborted_ms,
            "traffic back first", "after %.0f ms; the ledger says aborted after %.0f ms",
            findings->traffic_back_ms, findings->ledger_aborted_ms);
        bar(held, aborted && by_new == 0, "answers by 2.0 after the abort", "%lld",
            (long long) by_new);
    }
}

static json_t *
to_json(const Findings *findings)
{
    json_t *report = json_deep_copy(findings->load);
    json_t *rest = json_pack(
        "{s:f, s:f, s:f, s:f, s:f, s:{s:I, s:f, s:I, s:f}, s:{s:b}, s:f}", "seconds",
        findings->seconds, "requests_per_s", request_rate(findings), "longest_app_wait_ms",
        longest_wait(findings), "longest_table_wait_ms", findings->stall.table_wait_ms,
        "sampled_every_ms", findings->stall.interval_ms, "backfill", "rows",
        (json_int_t) findings->backfill_rows, "rows_per_s", backfill_rate(findings),
        "parity_mismatches", (json_int_t) findings->parity_mismatches, "table_growth",
        growth(findings), "final", "contracted", findings->contracted, "sluice_max_rss_mb",
        findings->sluice_rss_mb);

    json_object_update(report, rest);
    json_decref(rest);
    return report;
}

static bool
write_json(json_t *take_report, const char *path, GError **error)
{
    const bool written =
        json_dump_file(take_report, path, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) == 0;

    json_decref(take_report);
    printf("\n  %s\n", path);
    return written || error_set(error, ERROR_STATE, "cannot write '%s'", path);
}

bool
report_rollout(const Findings *findings, PlayKind kind, const char *path, bool *ret_held,
               GError **error)
{
    json_t *report = to_json(findings);
    bool held = true;

    print_steps(findings);
    judge_load(findings, &held);
    judge_database(findings, &held);
    judge_kind(findings, kind, &held);
    if (kind == PLAY_CRASH)
        json_object_set_new(report, "crash",
                            json_pack("{s:i, s:i}", "sluice_kills", findings->kills,
                                      "database_crashes", findings->database_crashes));
    if (kind == PLAY_ABORT)
        json_object_set_new(report, "abort",
                            json_pack("{s:f, s:f}", "traffic_back_ms", findings->traffic_back_ms,
                                      "ledger_aborted_ms", findings->ledger_aborted_ms));
    *ret_held = held;
    return write_json(report, path, error);
}

bool
report_naive(const Findings *findings, const char *path, bool *ret_held, GError **error)
{
    const json_int_t failed = load_number(findings, "failed");
    const double stall = findings->stall.table_wait_ms;
    g_autofree char *requests = text_format_count(load_number(findings, "requests"));
    g_autofree char *stall_text = text_format_duration_ms((gint64) stall);

    print_steps(findings);
    printf("  %-34s %lld of %s\n", "failed requests", (long long) failed, requests);
    print_reasons(findings);
    printf("  %-34s %s: every request on the table stood behind the migration, which stood behind "
           "the analyst\n",
           "longest wait for the table", stall_text);
    printf("\n  This is what `make demo` does without: the same change, the same load.\n");
    *ret_held = failed > 0 && stall > 1000;
    return write_json(to_json(findings), path, error);
}
