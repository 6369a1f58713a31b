#include <string.h>

#include "base/text.h"
#include "gate/check.h"
#include "ledger/rollouts.h"
#include "revision/target.h"

enum { LONGEST_INTERVAL_MS = 1000, SHORTEST_INTERVAL_MS = 50 };
/* Between two looks; a longer one begins the period anew. A restart of sluice fits in. */
enum { GAP_INTERVALS = 5, SHORTEST_GAP_MS = 2000 };

gint64
check_sessions_interval_ms(gint64 quiet_ms)
{
    return CLAMP(quiet_ms / SESSIONS_LOOKS, SHORTEST_INTERVAL_MS, LONGEST_INTERVAL_MS);
}

bool
gate_version_survives(const Graph *graph, const AppVersion *version, const char *revision)
{
    const Revision *built_on = NULL;

    if (version->built_on == NULL ||
        !target_point(graph, NULL, version->built_on, &built_on, NULL) || built_on == NULL ||
        !graph_is_ancestor(graph, revision, built_on->id))
        return false;
    for (guint i = 0; i < version->still_uses->len; i++) {
        const Revision *used = NULL;

        if (target_point(graph, NULL, g_ptr_array_index(version->still_uses, i), &used, NULL) &&
            used && strcmp(used->id, revision) == 0)
            return false;
    }
    return true;
}

static void
append_element(GString *array, const char *value)
{
    if (array->len > 1)
        g_string_append_c(array, ',');
    g_string_append_c(array, '"');
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            g_string_append_c(array, '\\');
        g_string_append_c(array, *value);
    }
    g_string_append_c(array, '"');
}

/* "<app>/<version>" of the versions that survive, as an array literal. */
static char *
surviving_names(const GateContext *context, const char *revision)
{
    const Settings *settings = context->apply->settings;
    GString *array = g_string_new("{");

    for (guint i = 0; settings->app_name && i < settings->app_versions->len; i++) {
        const AppVersion *version = g_ptr_array_index(settings->app_versions, i);
        g_autofree char *name = g_strdup_printf("%s/%s", settings->app_name, version->version);

        if (gate_version_survives(context->apply->graph, version, revision))
            append_element(array, name);
    }
    g_string_append_c(array, '}');
    return g_string_free(array, FALSE);
}

static char *
role_names(const Settings *settings)
{
    GString *array = g_string_new("{");

    for (guint i = 0; i < settings->app_roles->len; i++)
        append_element(array, g_ptr_array_index(settings->app_roles, i));
    g_string_append_c(array, '}');
    return g_string_free(array, FALSE);
}

/* Sessions that may be an old app's. With app.roles: each of theirs without a surviving name.
 * Without them: each client session of this database without one, but for our own, and for a
 * superuser's that has a name which is not the app's (psql, pg_dump, a monitor). What
 * pg_stat_activity hides from us counts as old. */
static const char old_sessions_sql[] =
    "SELECT count(*), count(DISTINCT name), min(name), min(pid) FROM ("
    "    SELECT a.pid, coalesce(nullif(a.application_name, ''), 'an unnamed session') "
    "           || ' of role ' || coalesce(a.usename, '?') AS name "
    "    FROM pg_stat_activity a LEFT JOIN pg_roles r ON r.oid = a.usesysid "
    "    WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() "
    "      AND coalesce(a.backend_type, 'client backend') = 'client backend' "
    "      AND NOT a.application_name = ANY ($1::text[]) "
    "      AND a.application_name NOT LIKE 'sluice/%' "
    "      AND CASE WHEN cardinality($2::text[]) > 0 THEN a.usename = ANY ($2::text[]) "
    "               ELSE NOT (coalesce(r.rolsuper, false) AND a.application_name <> '' "
    "                         AND NOT starts_with(a.application_name, $3 || '/')) END"
    ") old";

static bool
report(const GateContext *context, const PgRows *rows, gint64 quiet_ms, GateCheck *check)
{
    const gint64 sessions = pg_integer(rows, 0, 0);
    g_autofree char *quiet = text_format_duration_ms(quiet_ms);
    g_autofree char *wanted = text_format_duration_ms(context->quiet_ms);
    json_t *data = json_pack("{s:I, s:I, s:I}", "sessions", (json_int_t) sessions, "quiet_ms",
                             (json_int_t) quiet_ms, "wanted_ms", (json_int_t) context->quiet_ms);

    if (sessions > 0)
        return check_wait(check, 0, data,
                          context->apply->settings->app_roles->len
                              ? "End these sessions (stop or upgrade what opened them)."
                              : "End these sessions, or list the app's roles under app.roles so "
                                "that only theirs count.",
                          "%" G_GINT64_FORMAT " old session%s: %s, pid %" G_GINT64_FORMAT "%s",
                          sessions, sessions == 1 ? "" : "s", pg_text(rows, 0, 2),
                          pg_integer(rows, 0, 3), sessions == 1 ? "" : ", ..");
    if (quiet_ms >= context->quiet_ms)
        return check_pass(check, data, "none for %s, %s asked for", quiet, wanted);
    return check_wait(check, context->quiet_ms - quiet_ms, data,
                      "Wait: it passes by itself while sluice keeps looking.",
                      "none for %s, %s asked for", quiet, wanted);
}

bool
check_sessions(const GateContext *context, const Revision *revision, GateCheck *check,
               GError **error)
{
    const Settings *settings = context->apply->settings;
    const gint64 interval_ms = check_sessions_interval_ms(context->quiet_ms);
    const gint64 gap_ms = MAX(GAP_INTERVALS * interval_ms, SHORTEST_GAP_MS);
    g_autofree char *surviving = surviving_names(context, revision->id);
    g_autofree char *roles = role_names(settings);
    g_autoptr(PgRows) rows = pg_query(context->apply->conn, error, old_sessions_sql, surviving,
                                      roles, settings->app_name ? settings->app_name : "");
    gint64 quiet_ms = 0;

    if (rows == NULL)
        return false;
    if (!ledger_sample_quiet(context->apply->conn, revision->id,
                             pg_integer(rows, 0, 0) > 0 ? pg_text(rows, 0, 2) : NULL, gap_ms,
                             &quiet_ms, error))
        return false;
    return report(context, rows, quiet_ms, check);
}
