#include "backfill/part.h"

static const Place here = {.file = "case.sql", .line = 1, .column = 1};

static BackfillTask
task_of(CatalogTable *table, SqlBackfill *statement)
{
    return (BackfillTask){.revision = (char *) "r1", .table = table, .statement = statement};
}

static void
check(const char *text, PartMode mode, LedgerChunk chunk, const char *expected)
{
    CatalogTable table = {.quoted = (char *) "public.users_1"};
    g_autoptr(GError) error = NULL;
    g_autoptr(SqlBackfill) statement = sql_backfill_parse(text, here, NULL, &error);
    BackfillTask task;
    g_autofree char *sql = NULL;

    g_assert_no_error(error);
    task = task_of(&table, statement);
    sql = part_sql(&task, &chunk, mode);
    g_assert_cmpstr(sql, ==, expected);
}

static const char update[] = "UPDATE users u SET b = a WHERE b IS NULL AND a IS NOT NULL";
static const char delete[] = "DELETE FROM users u WHERE u.seen < 10";

static void
test_update(void)
{
    check(update, PART_BRISK,
          (LedgerChunk){.first_page = 512, .end_page = 1024, .parts = 8, .parts_done = 3},
          "UPDATE ONLY public.users_1 AS u SET b = a WHERE (b IS NULL AND a IS NOT NULL) AND "
          "u.ctid >= '(512,0)'::tid AND u.ctid < '(1024,0)'::tid AND (hashtid(u.ctid) & 7) = 3");
}

static void
test_one_part_needs_no_hash(void)
{
    check(update, PART_BRISK, (LedgerChunk){.end_page = 16, .parts = 1},
          "UPDATE ONLY public.users_1 AS u SET b = a WHERE (b IS NULL AND a IS NOT NULL) AND "
          "u.ctid >= '(0,0)'::tid AND u.ctid < '(16,0)'::tid");
}

static void
test_patient_bounds_both_sides(void)
{
    check(update, PART_PATIENT, (LedgerChunk){.end_page = 16, .parts = 1},
          "WITH sluice_claimed AS MATERIALIZED (SELECT u.ctid AS tid FROM ONLY public.users_1 AS u "
          "WHERE (b IS NULL AND a IS NOT NULL) AND u.ctid >= '(0,0)'::tid AND u.ctid < "
          "'(16,0)'::tid FOR NO KEY UPDATE OF u SKIP LOCKED) UPDATE ONLY public.users_1 AS u SET "
          "b = a FROM sluice_claimed WHERE u.ctid = sluice_claimed.tid AND u.ctid >= "
          "'(0,0)'::tid AND u.ctid < '(16,0)'::tid");
}

static void
test_delete(void)
{
    check(delete, PART_BRISK, (LedgerChunk){.end_page = 16, .parts = 1},
          "DELETE FROM ONLY public.users_1 AS u WHERE (u.seen < 10) AND "
          "u.ctid >= '(0,0)'::tid AND u.ctid < '(16,0)'::tid");
    check(delete, PART_PATIENT, (LedgerChunk){.end_page = 16, .parts = 1},
          "WITH sluice_claimed AS MATERIALIZED (SELECT u.ctid AS tid FROM ONLY public.users_1 AS u "
          "WHERE (u.seen < 10) AND u.ctid >= '(0,0)'::tid AND u.ctid < '(16,0)'::tid FOR UPDATE "
          "OF u SKIP LOCKED) DELETE FROM ONLY public.users_1 AS u USING sluice_claimed WHERE "
          "u.ctid = sluice_claimed.tid AND u.ctid >= '(0,0)'::tid AND u.ctid < '(16,0)'::tid");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/backfill/part/update", test_update);
    g_test_add_func("/backfill/part/one-part-needs-no-hash", test_one_part_needs_no_hash);
    g_test_add_func("/backfill/part/patient-bounds-both-sides", test_patient_bounds_both_sides);
    g_test_add_func("/backfill/part/delete", test_delete);
    return g_test_run();
}
