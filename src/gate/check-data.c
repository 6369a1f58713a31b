#include "backfill/verify.h"
#include "base/text.h"
#include "gate/check.h"
#include "ledger/mappings.h"
#include "ledger/revisions.h"
#include "ledger/rollouts.h"

/* The ledger's row; a revision that it does not know is pending. */
static bool
load_state(const GateContext *context, const Revision *revision, RevisionState *ret_state,
           char **ret_partly, GError **error)
{
    g_autoptr(LedgerRevisions) rows = ledger_load_revisions(context->apply->conn, error);
    const LedgerRevision *row = NULL;

    if (rows == NULL)
        return false;
    row = ledger_find_revision(rows, revision->id);
    *ret_state = row ? row->state : STATE_PENDING;
    *ret_partly = row ? g_strdup(row->partly) : NULL;
    return true;
}

bool
check_backfill_done(const GateContext *context, const Revision *revision, GateCheck *check,
                    GError **error)
{
    RevisionState state = STATE_PENDING;
    g_autofree char *partly = NULL;
    g_autofree char *next = NULL;

    if (!load_state(context, revision, &state, &partly, error))
        return false;
    if (state >= STATE_BACKFILLED)
        return check_pass(check, NULL, "%s is %s", revision->id, revision_state_name(state));
    next = g_strdup_printf("Run `sluice %s`.", state == STATE_PENDING ? "upgrade" : "backfill run");
    return check_fail(check, NULL, next, "%s is only %s", revision->id, revision_state_name(state));
}

bool
check_parity(const GateContext *context, const Revision *revision, GateCheck *check, GError **error)
{
    VerifyResult verify = {0};
    g_autofree char *checked = NULL;
    g_autofree char *example = NULL;
    json_t *data = NULL;

    if (!revision_has_backfill(revision))
        return check_pass(check, NULL, "nothing to compare: no backfill, no mapping");
    if (!backfill_verify(context->backfill, revision, &verify, error))
        return false;
    checked = text_format_count(verify.checked);
    example = g_strdup(verify.example);
    data = json_pack("{s:I, s:I, s:s*}", "checked", (json_int_t) verify.checked, "mismatches",
                     (json_int_t) verify.mismatches, "example", verify.example);
    verify_result_clear(&verify);
    if (json_integer_value(json_object_get(data, "mismatches")) == 0)
        return check_pass(check, data, "0 of %s rows differ", checked);
    return check_fail(check, data,
                      "Find out who writes them past the triggers, then run `sluice backfill run`.",
                      "%" G_GINT64_FORMAT " of %s rows differ, such as %s",
                      (gint64) json_integer_value(json_object_get(data, "mismatches")), checked,
                      example ? example : "(no example)");
}

/* Constraints on the tables of the revision's mappings that hold for new rows only. */
bool
check_constraints(const GateContext *context, const Revision *revision, GateCheck *check,
                  GError **error)
{
    g_autoptr(GPtrArray) mappings = ledger_load_mappings(context->apply->conn, NULL, NULL, error);
    g_autoptr(GString) open = g_string_new(NULL);

    if (mappings == NULL)
        return false;
    for (guint i = 0; i < mappings->len; i++) {
        const LedgerMapping *mapping = g_ptr_array_index(mappings, i);
        g_autoptr(PgRows) rows = NULL;

        if (g_strcmp0(mapping->revision, revision->id) != 0)
            continue;
        rows = pg_query(context->apply->conn, error,
                        "SELECT coalesce(string_agg(quote_ident(c.conname), ', '), '') "
                        "FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid "
                        "JOIN pg_namespace n ON n.oid = t.relnamespace "
                        "WHERE NOT c.convalidated AND n.nspname = $1 AND t.relname = $2 "
                        "  AND c.conname ~ '^sluice_'",
                        mapping->schema, mapping->table);
        if (rows == NULL)
            return false;
        if (*pg_text(rows, 0, 0))
            g_string_append_printf(open, "%s%s: %s", open->len ? "; " : "", mapping->table,
                                   pg_text(rows, 0, 0));
    }
    if (open->len == 0)
        return check_pass(check, NULL, "none is left to validate");
    return check_fail(check, NULL, "Run `sluice backfill run`: it ends with the validation.",
                      "not validated: %s", open->str);
}

/* What a revision must have reached before its contract, which depends on what it has. */
static RevisionState
last_before_contract(const Revision *revision)
{
    if (revision_has_cutover(revision))
        return STATE_CUT_OVER;
    if (revision_has_backfill(revision) || revision_section(revision, SECTION_FINISH, NULL))
        return STATE_BACKFILLED;
    return STATE_EXPANDED;
}

bool
check_cut_over(const GateContext *context, const Revision *revision, GateCheck *check,
               GError **error)
{
    RevisionState state = STATE_PENDING;
    g_autofree char *partly = NULL;

    if (!load_state(context, revision, &state, &partly, error))
        return false;
    if (state >= last_before_contract(revision))
        return check_pass(check, NULL, "%s is %s", revision->id, revision_state_name(state));
    return check_fail(check, NULL,
                      revision_has_cutover(revision)
                          ? "Run `sluice rollout run` up to its cutover; outside a rollout, "
                            "`sluice cutover`."
                          : "Run `sluice upgrade --backfill` first.",
                      "%s is only %s", revision->id, revision_state_name(state));
}

bool
check_soak(const GateContext *context, const Revision *revision, GateCheck *check, GError **error)
{
    g_autofree char *wanted = text_format_duration_ms(context->soak_ms);
    g_autofree char *age = NULL;
    gint64 age_ms = -1;
    json_t *data = NULL;

    if (context->soak_ms == 0)
        return check_pass(check, NULL, "no soak is asked for");
    if (!ledger_cut_over_age(context->apply->conn, revision->id, &age_ms, error))
        return false;
    if (age_ms < 0)
        return check_fail(check, NULL, "The soak begins with the cutover.",
                          "%s is not cut over, so nothing has soaked", revision->id);
    age = text_format_duration_ms(age_ms);
    data = json_pack("{s:I, s:I}", "age_ms", (json_int_t) age_ms, "soak_ms",
                     (json_int_t) context->soak_ms);
    if (age_ms >= context->soak_ms)
        return check_pass(check, data, "cut over %s ago, %s asked for", age, wanted);
    return check_wait(check, context->soak_ms - age_ms, data, "Wait: it passes by itself.",
                      "cut over %s ago, %s asked for", age, wanted);
}
