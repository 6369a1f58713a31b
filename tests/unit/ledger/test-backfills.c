#include "../test-database.h"
#include "base/clock.h"
#include "base/error.h"
#include "ledger/backfills.h"

typedef struct {
    TestDatabase database;
    PgConn *conn;
    gint64 id;
} Fixture;

static void
fixture_clear(Fixture *fixture)
{
    pg_disconnect(fixture->conn);
    test_database_clear(&fixture->database);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Fixture, fixture_clear)

static const LedgerBackfill plan = {
    .revision = (char *) "r1",
    .relation = (char *) "public.t",
    .statement = (char *) "UPDATE ..",
    .end_page = 100,
    .range_pages = 40,
    .parts = 2,
    .size_before = 819200,
};

/* A backfill of 100 pages. */
static bool
fixture_init(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) rows = NULL;

    if (!test_database_init(&fixture->database))
        return false;
    fixture->conn = test_database_connect(&fixture->database);
    ledger_ensure(fixture->conn, &clock_system, &error);
    g_assert_no_error(error);
    g_assert_true(pg_exec_script(fixture->conn,
                                 "INSERT INTO sluice.revision (id, title, parents, applied_by, "
                                 "tool) VALUES ('r1', 't', '{}', 'me', 'x')",
                                 &error));
    g_assert_true(ledger_add_backfill(fixture->conn, &plan, 0, &error));
    g_assert_true(ledger_add_backfill(fixture->conn, &plan, 0, &error));
    rows = ledger_load_backfills(fixture->conn, "r1", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(rows->len, ==, 1);
    fixture->id = ((LedgerBackfill *) rows->pdata[0])->id;
    return true;
}

static LedgerBackfill *
load(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    LedgerBackfill *backfill = ledger_load_backfill(fixture->conn, fixture->id, &error);

    g_assert_no_error(error);
    return backfill;
}

static void
plan_ranges(Fixture *fixture, int count)
{
    g_autoptr(LedgerBackfill) backfill = load(fixture);
    g_autoptr(GError) error = NULL;

    g_assert_true(ledger_plan_chunks(fixture->conn, backfill, 40, 2, count, &error));
}

static void
finish_part(Fixture *fixture, LedgerChunk *chunk, gint64 rows, gint64 skipped)
{
    g_autoptr(GError) error = NULL;
    LedgerPartOutcome outcome = {0};

    g_assert_true(ledger_finish_part(fixture->conn, chunk, rows, skipped, &outcome, &error));
    g_assert_cmpint(outcome.wanted, ==, LEDGER_WANT_RUN);
    g_assert_cmpint(outcome.state, ==, LEDGER_BACKFILL_RUNNING);
    chunk->parts_done++;
}

static void
test_ranges_are_planned_up_to_the_end(void)
{
    g_auto(Fixture) fixture = {0};
    g_autoptr(GArray) chunks = NULL;
    g_autoptr(LedgerBackfill) backfill = NULL;

    if (!fixture_init(&fixture))
        return;
    plan_ranges(&fixture, 2);
    plan_ranges(&fixture, 2);
    plan_ranges(&fixture, 2);
    chunks = ledger_load_open_chunks(fixture.conn, fixture.id, NULL);
    g_assert_cmpuint(chunks->len, ==, 3);
    for (guint i = 0; i < 3; i++) {
        const LedgerChunk *chunk = &g_array_index(chunks, LedgerChunk, i);

        g_assert_cmpint(chunk->first_page, ==, 40 * i);
        g_assert_cmpint(chunk->end_page, ==, MIN(40 * (i + 1), 100));
        g_assert_cmpint(chunk->parts, ==, 2);
    }
    backfill = load(&fixture);
    g_assert_cmpint(backfill->next_page, ==, 100);
    g_assert_cmpint(backfill->open_ranges, ==, 3);
    g_assert_cmpint(backfill->pages_done, ==, 0);
}

static void
test_a_part_is_counted_once(void)
{
    g_auto(Fixture) fixture = {0};
    g_autoptr(GArray) chunks = NULL;
    g_autoptr(LedgerBackfill) backfill = NULL;
    g_autoptr(GError) error = NULL;
    LedgerChunk chunk = {0}, stale = {0};
    LedgerPartOutcome outcome = {0};

    if (!fixture_init(&fixture))
        return;
    plan_ranges(&fixture, 1);
    chunks = ledger_load_open_chunks(fixture.conn, fixture.id, NULL);
    chunk = stale = g_array_index(chunks, LedgerChunk, 0);
    finish_part(&fixture, &chunk, 7, 1);
    g_assert_false(ledger_finish_part(fixture.conn, &stale, 7, 0, &outcome, &error));
    g_assert_true(error_is(error, ERROR_STATE));
    backfill = load(&fixture);
    g_assert_cmpint(backfill->rows, ==, 7);
    g_assert_cmpint(backfill->pages_done, ==, 20);
}

static void
test_done_ranges_are_folded(void)
{
    g_auto(Fixture) fixture = {0};
    g_autoptr(GArray) chunks = NULL;
    g_autoptr(LedgerBackfill) backfill = NULL;
    g_autofree char *left = NULL;
    LedgerChunk chunk = {0};
    bool open = true;

    if (!fixture_init(&fixture))
        return;
    plan_ranges(&fixture, 2);
    chunks = ledger_load_open_chunks(fixture.conn, fixture.id, NULL);
    chunk = g_array_index(chunks, LedgerChunk, 0);
    finish_part(&fixture, &chunk, 5, 0);
    finish_part(&fixture, &chunk, 6, 2);
    g_assert_true(ledger_begin_chunk(fixture.conn, &chunk, &open, NULL));
    g_assert_false(open);
    g_assert_true(ledger_fold_chunks(fixture.conn, fixture.id, NULL));
    left = test_database_ask(fixture.conn, "SELECT count(*) FROM sluice.chunk");
    g_assert_cmpstr(left, ==, "1");
    backfill = load(&fixture);
    g_assert_cmpint(backfill->rows, ==, 11);
    g_assert_cmpint(backfill->pass_rows, ==, 11);
    g_assert_cmpint(backfill->skipped, ==, 2);
    g_assert_cmpint(backfill->last_pass_rows, ==, -1);
}

static void
test_the_next_pass_begins_at_zero(void)
{
    g_auto(Fixture) fixture = {0};
    g_autoptr(LedgerBackfill) backfill = NULL;

    if (!fixture_init(&fixture))
        return;
    g_assert_true(ledger_begin_pass(fixture.conn, fixture.id, 150, 64, 1, NULL));
    backfill = load(&fixture);
    g_assert_cmpint(backfill->pass, ==, 2);
    g_assert_cmpint(backfill->next_page, ==, 0);
    g_assert_cmpint(backfill->end_page, ==, 150);
    g_assert_cmpint(backfill->parts, ==, 1);
    g_assert_cmpint(backfill->last_pass_rows, ==, 0);
}

/* What a pass skipped may come in any number in the next: that is no backfill without an end. */
static void
test_a_pass_that_skipped_is_no_measure(void)
{
    g_auto(Fixture) fixture = {0};
    g_autoptr(GArray) chunks = NULL;
    g_autoptr(LedgerBackfill) backfill = NULL;
    LedgerChunk chunk = {0};

    if (!fixture_init(&fixture))
        return;
    plan_ranges(&fixture, 1);
    chunks = ledger_load_open_chunks(fixture.conn, fixture.id, NULL);
    chunk = g_array_index(chunks, LedgerChunk, 0);
    finish_part(&fixture, &chunk, 1, 2);
    finish_part(&fixture, &chunk, 0, 0);
    g_assert_true(ledger_fold_chunks(fixture.conn, fixture.id, NULL));
    g_assert_true(ledger_begin_pass(fixture.conn, fixture.id, 100, 64, 1, NULL));
    backfill = load(&fixture);
    g_assert_cmpint(backfill->last_pass_rows, ==, -1);
}

static void
test_what_is_wanted(void)
{
    g_auto(Fixture) fixture = {0};
    g_autoptr(LedgerBackfill) cancelled = NULL, running = NULL, done = NULL;
    gint64 count = 0;

    if (!fixture_init(&fixture))
        return;
    g_assert_true(ledger_want_backfill(fixture.conn, "r1", LEDGER_WANT_CANCEL, &count, NULL));
    g_assert_cmpint(count, ==, 1);
    g_assert_true(
        ledger_end_backfill(fixture.conn, fixture.id, LEDGER_BACKFILL_CANCELLED, NULL, NULL));
    g_assert_true(ledger_restart_backfill(fixture.conn, fixture.id, NULL));
    cancelled = load(&fixture);
    g_assert_cmpint(cancelled->state, ==, LEDGER_BACKFILL_CANCELLED);
    g_assert_true(ledger_want_backfill(fixture.conn, "r1", LEDGER_WANT_RUN, &count, NULL));
    g_assert_true(ledger_restart_backfill(fixture.conn, fixture.id, NULL));
    running = load(&fixture);
    g_assert_cmpint(running->state, ==, LEDGER_BACKFILL_RUNNING);
    g_assert_true(ledger_end_backfill(fixture.conn, fixture.id, LEDGER_BACKFILL_DONE, NULL, NULL));
    g_assert_true(ledger_want_backfill(fixture.conn, "r1", LEDGER_WANT_PAUSE, &count, NULL));
    g_assert_cmpint(count, ==, 0);
    done = load(&fixture);
    g_assert_nonnull(done->finished_at);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ledger/backfills/ranges-are-planned", test_ranges_are_planned_up_to_the_end);
    g_test_add_func("/ledger/backfills/a-part-is-counted-once", test_a_part_is_counted_once);
    g_test_add_func("/ledger/backfills/done-ranges-are-folded", test_done_ranges_are_folded);
    g_test_add_func("/ledger/backfills/the-next-pass", test_the_next_pass_begins_at_zero);
    g_test_add_func("/ledger/backfills/a-pass-that-skipped",
                    test_a_pass_that_skipped_is_no_measure);
    g_test_add_func("/ledger/backfills/what-is-wanted", test_what_is_wanted);
    return g_test_run();
}
