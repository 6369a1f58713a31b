/* A rehearsal as JSON, for a terminal, and for a pull request. */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "rehearse/rehearse.h"

static json_t *
names_json(const GPtrArray *names)
{
    json_t *list = json_array();

    for (guint i = 0; i < names->len; i++)
        json_array_append_new(list, json_string(names->pdata[i]));
    return list;
}

static const char *
mode_or_null(LockMode mode)
{
    return mode != 0 ? lock_mode_name(mode) : NULL;
}

static json_t *
statement_json(const RehearsedStatement *statement)
{
    json_t *locks = json_array();

    for (guint i = 0; i < statement->locks->len; i++) {
        const RehearsedLock *lock = statement->locks->pdata[i];
        json_array_append_new(locks, json_pack("{s:s, s:s?, s:s?}", "relation", lock->relation,
                                               "taken", mode_or_null(lock->taken), "foretold",
                                               mode_or_null(lock->foretold)));
    }
    return json_pack(
        "{s:s, s:s, s:s, s:s?, s:b, s:o, s:o, s:o, s:o, s:s?, s:f, s:I, s:I}", "revision",
        statement->revision, "phase", statement->phase, "statement", statement->statement,
        "derived", statement->label, "transaction", statement->transactional, "locks", locks,
        "rewritten", names_json(statement->rewritten), "scanned", names_json(statement->scanned),
        "differences", names_json(statement->differences), "stall", statement->stall, "took_ms",
        (double) statement->took_us / 1000, "wal_bytes", (json_int_t) statement->wal_bytes,
        "size_bytes", (json_int_t) statement->size_bytes);
}

json_t *
rehearsal_json(const Rehearsal *rehearsal)
{
    json_t *statements = json_array(), *checks = json_array();

    for (guint i = 0; i < rehearsal->statements->len; i++)
        json_array_append_new(statements, statement_json(rehearsal->statements->pdata[i]));
    for (guint i = 0; i < rehearsal->checks->len; i++) {
        const RehearsedCheck *check = rehearsal->checks->pdata[i];
        json_array_append_new(checks, json_pack("{s:s, s:b, s:s?}", "name", check->name, "ok",
                                                check->ok, "detail", check->detail));
    }
    return json_pack("{s:s?, s:b, s:I, s:o, s:o, s:o, s:s?}", "server", rehearsal->server, "clone",
                     rehearsal->on_clone, "stall_budget_ms", (json_int_t) rehearsal->budget_ms,
                     "statements", statements, "checks", checks, "notes",
                     names_json(rehearsal->notes), "failed_statement", rehearsal->failed);
}

/* The statement in one line, cut to what a table takes. */
static char *
short_statement(const char *text)
{
    enum { MOST = 72 };
    g_autofree char *line = g_strdup(text);
    char *end = line;

    for (const char *at = text; *at; at++) {
        const bool blank = g_ascii_isspace(*at);
        if (!blank || (end > line && end[-1] != ' '))
            *end++ = blank ? ' ' : *at;
    }
    *end = '\0';
    if (g_utf8_strlen(line, -1) > MOST) {
        g_autofree char *cut = g_utf8_substring(line, 0, MOST - 2);
        return g_strconcat(cut, "..", NULL);
    }
    return g_steal_pointer(&line);
}

/* What sluice adds is told by what it is for. */
static char *
title_of(const RehearsedStatement *statement)
{
    return statement->label != NULL ? g_strdup_printf("(%s)", statement->label)
                                    : short_statement(statement->statement);
}

/* "public.users ACCESS EXCLUSIVE, p SHARE ROW EXCLUSIVE", without what no app waits for. */
static char *
strong_locks(const RehearsedStatement *statement)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < statement->locks->len; i++) {
        const RehearsedLock *lock = statement->locks->pdata[i];
        if (lock->taken > LOCK_ROW_EXCLUSIVE)
            g_string_append_printf(text, "%s%s %s", text->len ? ", " : "", lock->relation,
                                   lock_mode_name(lock->taken));
    }
    return g_string_free(text, FALSE);
}

static char *
work_of(const RehearsedStatement *statement)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < statement->rewritten->len; i++)
        g_string_append_printf(text, "%srewrites %s", text->len ? ", " : "",
                               (char *) statement->rewritten->pdata[i]);
    for (guint i = 0; i < statement->scanned->len; i++) {
        const char *table = statement->scanned->pdata[i];
        if (!g_ptr_array_find_with_equal_func(statement->rewritten, table, g_str_equal, NULL))
            g_string_append_printf(text, "%sreads %s", text->len ? ", " : "", table);
    }
    return g_string_free(text, FALSE);
}

/* "1.5 ms, 640 bytes of WAL, grows by 8 kB". */
static char *
cost_of(const RehearsedStatement *statement)
{
    g_autofree char *wal = text_format_size(statement->wal_bytes);
    g_autofree char *grown = text_format_size(ABS(statement->size_bytes));
    const char *verb = statement->size_bytes > 0 ? "grows" : "shrinks";

    return g_strdup_printf("%.1f ms, %s of WAL%s%s%s%s", (double) statement->took_us / 1000, wal,
                           statement->size_bytes ? ", " : "", statement->size_bytes ? verb : "",
                           statement->size_bytes ? " by " : "", statement->size_bytes ? grown : "");
}

static void
append_statement(GString *text, const RehearsedStatement *statement)
{
    g_autofree char *sql = title_of(statement);
    g_autofree char *cost = cost_of(statement);
    g_autofree char *locks = strong_locks(statement), *work = work_of(statement);

    g_string_append_printf(text, "  %s\n    %s%s%s%s%s\n", sql, cost, locks[0] ? "; " : "", locks,
                           work[0] ? "; " : "", work);
    if (statement->stall != NULL)
        g_string_append_printf(text, "    would have made the app wait: %s\n", statement->stall);
    for (guint i = 0; i < statement->differences->len; i++)
        g_string_append_printf(text, "    otherwise than foretold: %s\n",
                               (char *) statement->differences->pdata[i]);
}

/* The verdict in a sentence. */
static char *
summary(const Rehearsal *rehearsal)
{
    const guint stalls = rehearsal_count_stalls(rehearsal);
    const guint failed = rehearsal_count_failed(rehearsal);
    GString *text = g_string_new(NULL);

    if (rehearsal->error != NULL)
        g_string_append_printf(text, "it ended early: %s; ", rehearsal->error);
    if (stalls > 0)
        g_string_append_printf(text, "%u of %u statements would have made the app wait", stalls,
                               rehearsal->statements->len);
    else
        g_string_append_printf(text, "none of %u statements would have made the app wait",
                               rehearsal->statements->len);
    if (failed > 0)
        g_string_append_printf(text, "; %u of %u checks failed", failed, rehearsal->checks->len);
    else if (rehearsal->checks->len > 0)
        g_string_append_printf(text, "; all %u checks passed", rehearsal->checks->len);
    return g_string_free(text, FALSE);
}

static void
append_checks(GString *text, const Rehearsal *rehearsal)
{
    for (guint i = 0; i < rehearsal->checks->len; i++) {
        const RehearsedCheck *check = rehearsal->checks->pdata[i];
        g_string_append_printf(text, "%s: %s%s%s\n", check->name, check->ok ? "passed" : "FAILED",
                               check->detail ? ", " : "", check->detail ? check->detail : "");
    }
    for (guint i = 0; i < rehearsal->notes->len; i++)
        g_string_append_printf(text, "note: %s\n", (char *) rehearsal->notes->pdata[i]);
}

char *
rehearsal_text(const Rehearsal *rehearsal)
{
    GString *text = g_string_new(NULL);
    g_autofree char *verdict = summary(rehearsal);
    const char *revision = "", *phase = "";

    for (guint i = 0; i < rehearsal->statements->len; i++) {
        const RehearsedStatement *statement = rehearsal->statements->pdata[i];

        if (strcmp(statement->revision, revision) != 0 || strcmp(statement->phase, phase) != 0)
            g_string_append_printf(text, "%s %s\n", statement->phase, statement->revision);
        revision = statement->revision;
        phase = statement->phase;
        append_statement(text, statement);
    }
    if (rehearsal->failed != NULL) {
        g_autofree char *sql = short_statement(rehearsal->failed);
        g_string_append_printf(text, "  %s\n    FAILED: %s\n", sql, rehearsal->error);
    }
    append_checks(text, rehearsal);
    g_string_append_printf(text, "%s: %s\n", rehearsal->server, verdict);
    return g_string_free(text, FALSE);
}

/* A cell of a table: in one line, without what would end it. */
static void
append_cell(GString *text, const char *cell)
{
    g_autoptr(GString) escaped = g_string_new(cell);

    g_string_replace(escaped, "|", "\\|", 0);
    g_string_replace(escaped, "\n", " ", 0);
    g_string_append_printf(text, " %s |", escaped->str);
}

static char *
remarks_on(const RehearsedStatement *statement)
{
    GString *remarks = g_string_new(NULL);

    if (statement->stall != NULL)
        g_string_append_printf(remarks, "**would have made the app wait:** %s", statement->stall);
    for (guint i = 0; i < statement->differences->len; i++)
        g_string_append_printf(remarks, "%sotherwise than foretold: %s", remarks->len ? "; " : "",
                               (char *) statement->differences->pdata[i]);
    return g_string_free(remarks, FALSE);
}

static void
append_row(GString *text, const RehearsedStatement *statement)
{
    g_autofree char *sql = title_of(statement);
    g_autofree char *code = statement->label ? g_strdup(sql) : g_strdup_printf("`%s`", sql);
    g_autofree char *locks = strong_locks(statement), *work = work_of(statement);
    g_autofree char *took = g_strdup_printf("%.1f ms", (double) statement->took_us / 1000);
    g_autofree char *wal = text_format_size(statement->wal_bytes);
    g_autofree char *remarks = remarks_on(statement);
    const char *cells[] = {
        statement->revision, statement->phase, code, took, wal, locks, work, remarks};

    g_string_append_c(text, '|');
    for (guint i = 0; i < G_N_ELEMENTS(cells); i++)
        append_cell(text, cells[i]);
    g_string_append_c(text, '\n');
}

char *
rehearsal_markdown(const Rehearsal *rehearsal)
{
    GString *text = g_string_new("### Rehearsal\n\n");
    g_autofree char *verdict = summary(rehearsal);

    verdict[0] = g_ascii_toupper(verdict[0]);
    g_string_append_printf(text, "**%s.** On %s%s, stall budget %" G_GINT64_FORMAT " ms.\n\n",
                           verdict, rehearsal->server,
                           rehearsal->on_clone ? ", in copies of a clone" : "",
                           rehearsal->budget_ms);
    if (rehearsal->failed != NULL)
        g_string_append_printf(text, "It ended at:\n\n```sql\n%s\n```\n\n", rehearsal->failed);
    g_string_append(text, "| Revision | Phase | Statement | Time | WAL | Locks | Work | Remarks |\n"
                          "|---|---|---|---|---|---|---|---|\n");
    for (guint i = 0; i < rehearsal->statements->len; i++)
        append_row(text, rehearsal->statements->pdata[i]);
    g_string_append_c(text, '\n');
    for (guint i = 0; i < rehearsal->checks->len; i++) {
        const RehearsedCheck *check = rehearsal->checks->pdata[i];
        g_string_append_printf(text, "- %s: %s%s%s\n", check->name,
                               check->ok ? "passed" : "**failed**", check->detail ? ", " : "",
                               check->detail ? check->detail : "");
    }
    for (guint i = 0; i < rehearsal->notes->len; i++)
        g_string_append_printf(text, "- note: %s\n", (char *) rehearsal->notes->pdata[i]);
    return g_string_free(text, FALSE);
}
