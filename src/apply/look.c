#include "apply/look.h"

#include <string.h>

#include "apply/batch.h"
#include "base/error.h"
#include "base/stop.h"
#include "base/text.h"

enum { POLL_MS = 20, SLOW_POLL_MS = 200, SLOW_AFTER_MS = 10000, NAMED = 3 };

void
look_init(Look *look, const ApplyContext *context, const char *what)
{
    *look = (Look){
        .context = context,
        .what = what,
        .give_up_at_ms = clock_now_ms(context->clock) + context->settings->give_up_after_ms,
        .may_push = -1,
    };
}

void
look_clear(Look *look)
{
    g_clear_pointer(&look->said, g_free);
}

char *
look_describe_needs(GPtrArray *needs, guint most)
{
    GString *text = g_string_new(NULL);
    const guint count = MIN(needs->len, most);

    for (guint i = 0; i < count; i++) {
        const LockNeed *need = g_ptr_array_index(needs, i);
        g_string_append_printf(text, "%s%s on %s", i > 0 ? ", " : "", lock_mode_name(need->mode),
                               need->quoted);
    }
    if (count < needs->len)
        g_string_append_printf(text, ", and on %u more", needs->len - count);
    return g_string_free(text, FALSE);
}

/* Before version 15 the setting is the superuser's alone, and cannot be granted. */
static bool
ask_may_push(PgConn *conn)
{
    const char *sql = pg_server_version(conn) >= 150000
                          ? "SELECT has_parameter_privilege('deadlock_timeout', 'SET')"
                          : "SELECT current_setting('is_superuser') = 'on'";
    g_autoptr(PgRows) rows = pg_query(conn, NULL, sql);

    return rows != NULL && pg_bool(rows, 0, 0);
}

static bool
may_push(Look *look)
{
    if (look->may_push < 0)
        look->may_push = ask_may_push(look->context->conn);
    return look->may_push > 0;
}

/* Leaves out the autovacuums that will yield to us. */
static void
drop_pushable(Look *look, GPtrArray *blockers)
{
    look->push_autovacuum = false;
    for (guint i = blockers->len; i > 0; i--) {
        const Blocker *blocker = g_ptr_array_index(blockers, i - 1);

        if (blocker->is_autovacuum && !blocker->is_wraparound && may_push(look)) {
            look->push_autovacuum = true;
            g_ptr_array_remove_index(blockers, i - 1);
        }
    }
}

static char *
join_descriptions(GPtrArray *blockers)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < MIN(blockers->len, NAMED); i++) {
        const Blocker *blocker = g_ptr_array_index(blockers, i);
        g_string_append_printf(text, "%s%s", i > 0 ? "; " : "", blocker->description);
    }
    if (blockers->len > NAMED)
        g_string_append_printf(text, "; and %u more", blockers->len - NAMED);
    return g_string_free(text, FALSE);
}

static char *
cause_of(GPtrArray *blockers)
{
    GString *key = g_string_new(NULL);

    for (guint i = 0; i < blockers->len; i++) {
        const Blocker *blocker = g_ptr_array_index(blockers, i);
        g_string_append_printf(key, "%d %s,", blocker->pid, blocker->remedy);
    }
    return g_string_free(key, FALSE);
}

static json_t *
blockers_json(GPtrArray *blockers)
{
    json_t *list = json_array();

    for (guint i = 0; i < blockers->len; i++) {
        const Blocker *blocker = g_ptr_array_index(blockers, i);
        json_array_append_new(
            list, json_pack("{s:i, s:s, s:I, s:b, s:b}", "pid", blocker->pid, "description",
                            blocker->description, "age_ms", (json_int_t) blocker->age_ms,
                            "autovacuum", blocker->is_autovacuum, "waiting", blocker->is_waiting));
    }
    return list;
}

static bool
has_pushable(GPtrArray *blockers)
{
    for (guint i = 0; i < blockers->len; i++) {
        const Blocker *blocker = g_ptr_array_index(blockers, i);
        if (blocker->is_autovacuum && !blocker->is_wraparound)
            return true;
    }
    return false;
}

static void
report_cause(Look *look, GPtrArray *needs, GPtrArray *blockers)
{
    g_autofree char *cause = cause_of(blockers);
    g_autofree char *locks = NULL, *who = NULL;

    if (g_strcmp0(cause, look->said) == 0)
        return;
    apply_batch_flush(look->context, NULL);
    locks = look_describe_needs(needs, LOOK_NAMED);
    who = join_descriptions(blockers);
    report_data(look->context->report, REPORT_WAIT,
                json_pack("{s:s, s:s, s:s, s:o}", "wait", "lock", "for", look->what, "locks", locks,
                          "blockers", blockers_json(blockers)),
                "%s waits outside the lock queue (%s): %s%s", look->what, locks, who,
                has_pushable(blockers)
                    ? "; it would yield at once if this role could set deadlock_timeout (GRANT SET "
                      "ON PARAMETER, PostgreSQL 15)"
                    : "");
    g_free(look->said);
    look->said = g_steal_pointer(&cause);
}

static bool
fail_blocked(const Look *look, GPtrArray *needs, GPtrArray *blockers, GError **error)
{
    g_autofree char *locks = look_describe_needs(needs, LOOK_NAMED);
    g_autofree char *who = join_descriptions(blockers);
    g_autofree char *after = text_format_duration_ms(look->context->settings->give_up_after_ms);
    g_autoptr(GString) remedies = g_string_new(NULL);

    for (guint i = 0; i < blockers->len; i++) {
        const Blocker *blocker = g_ptr_array_index(blockers, i);
        g_string_append_printf(remedies, "%s%s", i > 0 ? " " : "", blocker->remedy);
    }
    error_set(error, ERROR_LOCK, "%s gave up after %s without its locks (%s): %s", look->what,
              after, locks, who);
    return error_hint(error,
                      "Run the command again later; or, if its work may be lost, end what is in "
                      "the way: %s",
                      remedies->str);
}

bool
look_give_up(const Look *look, GPtrArray *needs, int attempts, GError **error)
{
    g_autofree char *locks = look_describe_needs(needs, LOOK_NAMED);
    g_autofree char *after = text_format_duration_ms(look->context->settings->give_up_after_ms);

    if (*locks == '\0')
        error_set(error, ERROR_LOCK,
                  "%s gave up after %s and %d attempts: its locks cannot be known, and the stall "
                  "budget was over each time",
                  look->what, after, attempts);
    else
        error_set(error, ERROR_LOCK, "%s gave up after %s and %d attempts without its locks (%s)",
                  look->what, after, attempts, locks);
    return error_hint(error, "Run the command again at a quieter time.");
}

bool
look_wait(Look *look, GPtrArray *needs, GError **error)
{
    const Clock *clock = look->context->clock;
    const gint64 start = clock_now_ms(clock);

    for (;;) {
        const gint64 now = clock_now_ms(clock);
        g_autoptr(GPtrArray) blockers = locks_blockers(
            look->context->conn, needs, look->context->settings->stall_budget_ms, error);

        if (blockers == NULL)
            return false;
        drop_pushable(look, blockers);
        if (blockers->len == 0)
            return true;
        report_cause(look, needs, blockers);
        if (now >= look->give_up_at_ms)
            return fail_blocked(look, needs, blockers, error);
        if (!stop_check(error))
            return false;
        clock_sleep_ms(clock, now - start < SLOW_AFTER_MS ? POLL_MS : SLOW_POLL_MS);
    }
}
