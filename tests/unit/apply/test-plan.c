#include "../cases.h"
#include "apply/plan.h"

/* Where the columns of each mapping are added. */
static void
append_syncs(GString *out, const Revision *revision, const Plan *plan)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) syncs = revision_syncs(revision, &error);

    g_assert_no_error(error);
    for (guint i = 0; i < syncs->len; i++) {
        const RevisionSync *sync = g_ptr_array_index(syncs, i);
        g_autoptr(GPtrArray) columns = g_ptr_array_new();
        int run = -1;

        for (guint p = 0; p < sync->forward->pairs->len; p++)
            g_ptr_array_add(columns,
                            ((SqlPair *) g_ptr_array_index(sync->forward->pairs, p))->column);
        if (plan_find_adding_run(plan, sync->table, columns, &run, &error))
            g_string_append_printf(out, "columns of %s are added by run %d\n", sync->table,
                                   run + 1);
        else
            case_append_error(out, error);
        g_clear_error(&error);
    }
}

static char *
describe(const char *path, const char *text)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(Revision) revision = revision_parse(path, text, false, &error);
    g_autoptr(Plan) plan = plan_new("expand");

    g_assert_no_error(error);
    plan_add_section(plan, revision_section(revision, SECTION_EXPAND, NULL), &error);
    g_assert_no_error(error);
    plan_cut(plan, revision->statement_transactions);
    for (guint i = 0; i < plan->runs->len; i++) {
        const PlanRun *run = g_ptr_array_index(plan->runs, i);

        g_string_append_printf(out, "run %u%s\n", i + 1,
                               run->transactional ? "" : ", outside of transactions");
        for (guint s = 0; s < run->steps->len; s++) {
            const PlanStep *step = g_ptr_array_index(run->steps, s);
            g_autofree char *where = plan_step_describe(step);

            g_string_append_printf(out, "  %d at %s%s: %s\n", step->ordinal, where,
                                   step->unknown_locks ? ", locks unknown" : "", step->text);
        }
    }
    append_syncs(out, revision, plan);
    return g_strdup(out->str);
}

static void
test_derived(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Plan) plan = plan_new("finish");
    guint run;

    g_assert_true(plan_add_derived(
        plan, &(PlanDerived){.label = "check", .sql = "ANALYZE a; ANALYZE b;", .split = true},
        &error));
    g_assert_true(plan_add_derived(plan, &(PlanDerived){.label = "nothing", .sql = ""}, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(plan->steps->len, ==, 2);
    plan_cut(plan, true);
    g_assert_cmpuint(plan->runs->len, ==, 2);

    run = plan_append_run(plan);
    g_assert_true(plan_extend_run(
        plan, run, &(PlanDerived){.label = "two", .sql = "ANALYZE c; ANALYZE d;"}, &error));
    g_assert_cmpuint(plan->steps->len, ==, 3);
    g_assert_cmpuint(((PlanStep *) g_ptr_array_index(plan->steps, 2))->statements->len, ==, 2);

    g_assert_false(plan_add_derived(plan, &(PlanDerived){.label = "bad", .sql = "SELEC"}, &error));
    g_assert_true(error_is(error, ERROR_SQL));
}

/* What the steps are, in order: a statement's number, 0 for a derived one. */
static char *
order_of(const char *section)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strdup_printf("-- Revision: a\n-- sluice: downgrade\n%s", section);
    g_autoptr(Revision) revision = revision_parse("a.sql", text, false, &error);
    g_autoptr(Plan) plan = plan_new("downgrade");
    g_autoptr(GString) order = g_string_new(NULL);
    guint count;

    g_assert_no_error(error);
    g_assert_true(
        plan_add_section(plan, revision_section(revision, SECTION_DOWNGRADE, NULL), &error));
    count = plan->steps->len;
    g_assert_true(plan_add_derived(
        plan, &(PlanDerived){.label = "two", .sql = "ANALYZE a; ANALYZE b", .split = true},
        &error));
    plan_bring_forward(plan, count, plan_count_proofs(plan));
    for (guint i = 0; i < plan->steps->len; i++) {
        const PlanStep *step = g_ptr_array_index(plan->steps, i);

        g_string_append_printf(order, "%s%d", i ? " " : "", step->label ? 0 : step->ordinal);
    }
    return g_strdup(order->str);
}

static void
test_proofs_come_first(void)
{
    static const struct {
        const char *section, *order;
    } cases[] = {
        {"DROP TABLE a;\nALTER TABLE b VALIDATE CONSTRAINT c;", "0 0 1 2"},
        {"ALTER TABLE b ADD CONSTRAINT c CHECK (d > 0) NOT VALID;\nDROP TABLE a;", "0 0 1 2"},
        {"ALTER TABLE b ADD CONSTRAINT c CHECK (d > 0) NOT VALID;\n"
         "ALTER TABLE b VALIDATE CONSTRAINT c;\nDROP TABLE a;\n"
         "ALTER TABLE b VALIDATE CONSTRAINT e;",
         "1 2 0 0 3 4"},
        {"ALTER TABLE b ADD CONSTRAINT c CHECK (d > 0);\nALTER TABLE b VALIDATE CONSTRAINT c;",
         "0 0 1 2"},
        {"ALTER TABLE b VALIDATE CONSTRAINT c;\n"
         "ALTER TABLE b ADD CONSTRAINT e CHECK (d > 0) NOT VALID;\nDROP TABLE a;",
         "1 0 0 2 3"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *order = order_of(cases[i].section);

        g_assert_cmpstr(order, ==, cases[i].order);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    cases_add("apply", ".sql", describe);
    g_test_add_func("/plan/derived", test_derived);
    g_test_add_func("/plan/proofs-come-first", test_proofs_come_first);
    return g_test_run();
}
