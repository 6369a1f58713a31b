#include "base/error.h"
#include "ledger/revisions.h"
#include "test-database.h"

static const char text[] = "-- Revision: 3f2a9c1b7d20\n"
                           "-- Revises: 127bcea40bef\n"
                           "-- Title: users display name\n"
                           "\n"
                           "-- sluice: expand\n"
                           "ALTER TABLE users ADD COLUMN display_name text;\n"
                           "-- sluice: sync users\n"
                           "SELECT full_name AS display_name;\n"
                           "-- sluice: finish\n"
                           "CREATE INDEX CONCURRENTLY users_name ON users (display_name);\n"
                           "-- sluice: cutover\n"
                           "ALTER TABLE users ALTER COLUMN full_name DROP NOT NULL;\n"
                           "-- sluice: contract\n"
                           "ALTER TABLE users DROP COLUMN full_name;\n";

static Revision *
parse(const char *source)
{
    g_autoptr(GError) error = NULL;
    Revision *revision = revision_parse("x.sql", source, false, &error);

    g_assert_no_error(error);
    return revision;
}

static void
set_state(PgConn *conn, const Revision *revision, RevisionState state, bool final)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(LedgerRecord) record =
        ledger_record_new(conn, revision, state, final, "expand", NULL, false);

    ledger_record_write(conn, record, &error);
    g_assert_no_error(error);
}

/* "state final partly|times that are set|sections with a checksum" of the one revision. */
static char *
describe(PgConn *conn)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(LedgerRevisions) rows = ledger_load_revisions(conn, &error);
    const LedgerRevision *row;
    g_autoptr(GString) times = g_string_new(NULL);
    g_autoptr(GList) names = NULL;
    g_autoptr(GString) sections = g_string_new(NULL);

    g_assert_no_error(error);
    g_assert_cmpuint(rows->list->len, ==, 1);
    row = g_ptr_array_index(rows->list, 0);
    g_string_append_c(times, row->expanded_at ? 'e' : '-');
    g_string_append_c(times, row->backfilled_at ? 'b' : '-');
    g_string_append_c(times, row->cut_over_at ? 'o' : '-');
    g_string_append_c(times, row->contracted_at ? 'c' : '-');
    names = g_list_sort(g_hash_table_get_keys(row->checksums), (GCompareFunc) strcmp);
    for (GList *name = names; name; name = name->next)
        g_string_append_printf(sections, "%s%s", sections->len ? "," : "",
                               (const char *) name->data);
    return g_strdup_printf("%s %d %s|%s|%s", revision_state_name(row->state), row->final,
                           row->partly ? row->partly : "-", times->str, sections->str);
}

static void
assert_is(PgConn *conn, const char *expected)
{
    g_autofree char *found = describe(conn);

    g_assert_cmpstr(found, ==, expected);
}

static void
test_life(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL;
    g_autoptr(Revision) revision = parse(text);
    g_autoptr(GError) error = NULL;
    g_autoptr(LedgerRevisions) rows = NULL, none = NULL;
    g_autofree char *parents = NULL, *left = NULL;
    const LedgerRevision *row;

    if (!test_database_init(&database))
        return;
    g_setenv("SLUICE_ACTOR", "ada@host", TRUE);
    conn = test_database_connect(&database);
    none = ledger_load_revisions(conn, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(none->list->len, ==, 0);
    g_assert_true(ledger_ensure(conn, &clock_system, &error));
    g_assert_true(ledger_begin_phase(conn, revision, "expand", &error));
    assert_is(conn, "pending 0 expand|----|");
    set_state(conn, revision, STATE_EXPANDED, false);
    assert_is(conn, "expanded 0 -|e---|expand,sync");
    set_state(conn, revision, STATE_BACKFILLED, false);
    assert_is(conn, "backfilled 0 -|eb--|expand,finish,sync");
    set_state(conn, revision, STATE_CUT_OVER, false);
    assert_is(conn, "cut over 0 -|ebo-|cutover,expand,finish,sync");
    /* The way back: what was undone has no time and is not frozen any more. */
    set_state(conn, revision, STATE_BACKFILLED, false);
    assert_is(conn, "backfilled 0 -|eb--|expand,finish,sync");
    set_state(conn, revision, STATE_CUT_OVER, false);
    g_assert_true(ledger_begin_phase(conn, revision, "contract", &error));
    assert_is(conn, "cut over 0 contract|ebo-|cutover,expand,finish,sync");
    set_state(conn, revision, STATE_CONTRACTED, true);
    assert_is(conn, "contracted 1 -|eboc|contract,cutover,expand,finish,sync");

    rows = ledger_load_revisions(conn, &error);
    row = ledger_find_revision(rows, "3f2a9c1b7d20");
    g_assert_nonnull(row);
    g_assert_cmpstr(row->title, ==, "users display name");
    g_assert_cmpstr(row->applied_by, ==, "ada@host");
    g_assert_true(g_regex_match_simple("^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$",
                                       row->expanded_at, 0, 0));
    g_assert_null(ledger_find_revision(rows, "3f2a"));
    parents = test_database_ask(conn, "SELECT parents FROM sluice.revision");
    g_assert_cmpstr(parents, ==, "{127bcea40bef}");

    g_assert_true(ledger_remove_revision(conn, revision->id, &error));
    left = test_database_ask(conn, "SELECT count(*) FROM sluice.section");
    g_assert_cmpstr(left, ==, "0");
}

/* A phase's checksum is the one that it ran with, whatever became of the file since. */
static void
test_checksums_stay(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL;
    g_autoptr(Revision) revision = parse(text), edited = NULL;
    g_autoptr(GString) changed = g_string_new(text);
    g_autoptr(GError) error = NULL;
    g_autoptr(LedgerRevisions) rows = NULL;
    g_autofree char *before = revision_checksum(revision, SECTION_EXPAND), *after = NULL;

    if (!test_database_init(&database))
        return;
    g_string_replace(changed, "display_name text", "display_name varchar(9)", 1);
    edited = parse(changed->str);
    after = revision_checksum(edited, SECTION_EXPAND);
    g_assert_cmpstr(before, !=, after);
    conn = test_database_connect(&database);
    g_assert_true(ledger_ensure(conn, &clock_system, &error));
    set_state(conn, revision, STATE_EXPANDED, false);
    set_state(conn, edited, STATE_BACKFILLED, false);
    rows = ledger_load_revisions(conn, &error);
    g_assert_cmpstr(
        g_hash_table_lookup(ledger_find_revision(rows, revision->id)->checksums, "expand"), ==,
        before);
}

static RevisionOrigin
origin(PgConn *conn)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(LedgerRevisions) rows = ledger_load_revisions(conn, &error);

    g_assert_no_error(error);
    return ((const LedgerRevision *) g_ptr_array_index(rows->list, 0))->origin;
}

static void
stamp(PgConn *conn, const Revision *revision, RevisionState state, RevisionOrigin origin_)
{
    g_autoptr(GError) error = NULL;

    ledger_stamp_revision(conn, revision, state, state == STATE_CONTRACTED, origin_, &error);
    g_assert_no_error(error);
}

static void
test_stamp(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL;
    g_autoptr(Revision) revision = parse(text);
    g_autoptr(GError) error = NULL;
    g_autofree char *steps = NULL;

    if (!test_database_init(&database))
        return;
    conn = test_database_connect(&database);
    g_assert_true(ledger_ensure(conn, &clock_system, &error));
    stamp(conn, revision, STATE_CONTRACTED, ORIGIN_ADOPTED);
    assert_is(conn, "contracted 1 -|e--c|contract,cutover,expand,finish,sync");
    g_assert_cmpint(origin(conn), ==, ORIGIN_ADOPTED);
    stamp(conn, revision, STATE_EXPANDED, ORIGIN_STAMPED);
    assert_is(conn, "expanded 0 -|e---|expand,sync");
    g_assert_cmpint(origin(conn), ==, ORIGIN_STAMPED);
    /* What runs from there on is as ever. */
    set_state(conn, revision, STATE_BACKFILLED, false);
    assert_is(conn, "backfilled 0 -|eb--|expand,finish,sync");
    steps = test_database_ask(conn, "SELECT count(*) FROM sluice.step");
    g_assert_cmpstr(steps, ==, "0");
}

/* Whoever stamps says that the file as it is now is what the database has. */
static void
test_stamp_takes_the_file_as_it_is(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL;
    g_autoptr(Revision) revision = parse(text), edited = NULL;
    g_autoptr(GString) changed = g_string_new(text);
    g_autoptr(GError) error = NULL;
    g_autoptr(LedgerRevisions) rows = NULL;
    g_autofree char *now = NULL;

    if (!test_database_init(&database))
        return;
    g_string_replace(changed, "display_name text", "display_name varchar(9)", 1);
    edited = parse(changed->str);
    now = revision_checksum(edited, SECTION_EXPAND);
    conn = test_database_connect(&database);
    g_assert_true(ledger_ensure(conn, &clock_system, &error));
    set_state(conn, revision, STATE_EXPANDED, false);
    stamp(conn, edited, STATE_EXPANDED, ORIGIN_STAMPED);
    rows = ledger_load_revisions(conn, &error);
    g_assert_cmpstr(
        g_hash_table_lookup(ledger_find_revision(rows, revision->id)->checksums, "expand"), ==,
        now);
}

static void
test_adoptions(void)
{
    g_auto(TestDatabase) database = {0};
    g_autoptr(PgConn) conn = NULL;
    g_autoptr(Revision) revision = parse(text);
    g_autoptr(GError) error = NULL;
    g_autoptr(LedgerRevisions) none = NULL, two = NULL, one = NULL;
    LedgerAdoption alembic = {.tool = (char *) "alembic", .relation = (char *) "public.t"};
    const LedgerAdoption rails = {.tool = (char *) "rails", .relation = (char *) "public.s"};
    const LedgerAdoption *first;

    if (!test_database_init(&database))
        return;
    conn = test_database_connect(&database);
    g_assert_true(ledger_ensure(conn, &clock_system, &error));
    none = ledger_load_revisions(conn, &error);
    g_assert_cmpuint(none->adoptions->len, ==, 0);
    g_assert_true(ledger_set_adoption(conn, &rails, &error));
    g_assert_true(ledger_set_adoption(conn, &alembic, &error));
    alembic.kept = true;
    g_assert_true(ledger_set_adoption(conn, &alembic, &error));
    stamp(conn, revision, STATE_EXPANDED, ORIGIN_ADOPTED);
    two = ledger_load_revisions(conn, &error);
    g_assert_cmpuint(two->list->len, ==, 1);
    g_assert_cmpuint(two->adoptions->len, ==, 2);
    first = g_ptr_array_index(two->adoptions, 0);
    g_assert_cmpstr(first->tool, ==, "alembic");
    g_assert_cmpstr(first->relation, ==, "public.t");
    g_assert_true(first->kept);
    g_assert_true(ledger_remove_adoption(conn, "alembic", &error));
    one = ledger_load_revisions(conn, &error);
    g_assert_cmpuint(one->adoptions->len, ==, 1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ledger/revisions/adoptions", test_adoptions);
    g_test_add_func("/ledger/revisions/checksums-stay", test_checksums_stay);
    g_test_add_func("/ledger/revisions/life", test_life);
    g_test_add_func("/ledger/revisions/stamp", test_stamp);
    g_test_add_func("/ledger/revisions/stamp-takes-the-file", test_stamp_takes_the_file_as_it_is);
    return g_test_run();
}
