#include "cli/backfill-parity.h"

#include "backfill/verify.h"
#include "base/text.h"
#include "ledger/revisions.h"
#include "revision/target.h"

static bool
verify_one(App *app, const Revision *revision, json_t *list, gint64 *mismatches, GError **error)
{
    const BackfillContext context = {.url = app->settings->database_url,
                                     .settings = app->settings,
                                     .clock = app->clock,
                                     .report = app->report};
    VerifyResult result = {0};
    g_autofree char *checked = NULL;
    g_autofree char *differ = NULL;

    if (!backfill_verify(&context, revision, &result, error))
        return false;
    *mismatches += result.mismatches;
    checked = text_format_count(result.checked);
    differ = text_format_count(result.mismatches);
    output_line(app->output, "%s: %s of %s rows differ%s%s", revision->id, differ, checked,
                result.example ? ", first " : "", result.example ? result.example : "");
    json_array_append_new(list,
                          json_pack("{s:s, s:I, s:I, s:s?}", "revision", revision->id, "checked",
                                    (json_int_t) result.checked, "mismatches",
                                    (json_int_t) result.mismatches, "example", result.example));
    verify_result_clear(&result);
    return true;
}

/* What can be compared: both shapes are there, or the author says what is wrong. */
static bool
can_be_verified(const LedgerRevisions *rows, const Revision *revision)
{
    const LedgerRevision *row = ledger_find_revision(rows, revision->id);

    return row && row->state != STATE_PENDING && row->state != STATE_CONTRACTED &&
           (revision_has_backfill(revision) ||
            revision_section(revision, SECTION_VERIFY, NULL) != NULL);
}

bool
backfill_parity_check(App *app, PgConn *conn, const Graph *graph, const char *target, json_t *list,
                      gint64 *mismatches, GError **error)
{
    g_autoptr(LedgerRevisions) rows = ledger_load_revisions(conn, error);
    const Revision *named = NULL;

    if (rows == NULL || (target && !target_point(graph, NULL, target, &named, error)))
        return false;
    for (guint i = 0; i < graph_count(graph); i++) {
        g_autoptr(Revision) revision = NULL;

        if (named && graph_get(graph, i) != named)
            continue;
        revision = graph_read(graph, graph_get(graph, i), error);
        if (revision == NULL)
            return false;
        if (can_be_verified(rows, revision)) {
            if (!verify_one(app, revision, list, mismatches, error))
                return false;
        } else if (named) {
            error_set(error, ERROR_STATE, "revision %s has nothing to compare", revision->id);
            return error_hint(error, "Old and new shape exist side by side from expand to "
                                     "contract: see `sluice status`.");
        }
    }
    return true;
}
