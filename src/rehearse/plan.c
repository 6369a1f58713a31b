#include "rehearse/plan.h"

#include <string.h>

#include "catalog/catalog.h"
#include "sync/sync.h"

/* Where the statements of a dry run go. */
typedef struct {
    GPtrArray *plan;
    const char *phase;
} Gathering;

static void
planned_free(Planned *planned)
{
    g_free(planned->sql);
    g_free(planned->label);
    g_free(planned);
}

static void
add(GPtrArray *plan, Planned planned)
{
    g_ptr_array_add(plan, g_memdup2(&planned, sizeof planned));
}

static void
gather(void *sink, ReportKind kind, const char *text G_GNUC_UNUSED, json_t *data)
{
    const Gathering *gathering = sink;
    const char *sql = json_string_value(json_object_get(data, "statement"));
    const char *label = json_string_value(json_object_get(data, "label"));
    const json_int_t run = json_integer_value(json_object_get(data, "run"));

    if (kind == REPORT_STEP && sql != NULL && run != 0)
        add(gathering->plan,
            (Planned){g_strdup(sql), g_strdup(label), gathering->phase, (guint) run,
                      json_is_true(json_object_get(data, "transaction"))});
}

static void
ignore_progress(void *sink G_GNUC_UNUSED, const ReportProgress *progress G_GNUC_UNUSED)
{
}

static bool
gather_phase(const Copy *copy, const Revision *revision, const char *phase, GPtrArray *plan,
             GError **error)
{
    Gathering gathering = {plan, phase};
    const Report report = {.line = gather, .progress = ignore_progress, .sink = &gathering};
    MigrateContext dry = copy->context;

    dry.apply.dry_run = true;
    dry.apply.report = &report;
    return copy_run_phase(&dry, revision, phase, error);
}

/* A backfill as one statement: the plain one that sluice cuts into parts. */
static bool
add_backfill(const Copy *copy, const Revision *revision, GPtrArray *plan, GError **error)
{
    const Section *section = revision_section(revision, SECTION_BACKFILL, NULL);
    g_autoptr(GPtrArray) syncs = revision_syncs(revision, error);

    if (section != NULL)
        add(plan, (Planned){g_strdup(section->text), NULL, "backfill", 0, true});
    for (guint i = 0; syncs != NULL && section == NULL && i < syncs->len; i++) {
        const RevisionSync *sync = syncs->pdata[i];
        g_autoptr(CatalogTable) table =
            catalog_require_table(copy->context.apply.conn, sync->schema, sync->table, error);
        char *sql = table != NULL ? sync_backfill_sql(table, sync) : NULL;

        if (sql == NULL)
            return false;
        add(plan, (Planned){sql, g_strdup_printf("backfill of sync on %s", table->quoted),
                            "backfill", 0, true});
    }
    return syncs != NULL;
}

/* The finish of a revision with a backfill is only known once that has run: it is then a phase of
 * its own to us. */
GPtrArray *
plan_phase(const Copy *copy, const Revision *revision, const char *phase, GError **error)
{
    g_autoptr(GPtrArray) plan = g_ptr_array_new_with_free_func((GDestroyNotify) planned_free);
    const bool is_backfill = strcmp(phase, "backfill") == 0;

    if (is_backfill && !add_backfill(copy, revision, plan, error))
        return NULL;
    if (!gather_phase(copy, revision, is_backfill ? "finish" : phase, plan, error))
        return NULL;
    return g_steal_pointer(&plan);
}
