#include "backfill/form.h"
#include "backfill/part.h"

static const Place here = {.file = "case.sql", .line = 1, .column = 1};

static CatalogTable leaf = {.quoted = (char *) "public.users_1"};
static CatalogTable root = {.quoted = (char *) "public.users"};

/* The one statement of @text. */
static GPtrArray *
parse(const char *text, const char *driving)
{
    SqlRemark remark = {REMARK_DRIVING_TABLE, (char *) driving, here};
    g_autoptr(GPtrArray) remarks = g_ptr_array_new();
    g_autoptr(GError) error = NULL;
    GPtrArray *statements;

    if (driving)
        g_ptr_array_add(remarks, &remark);
    statements = sql_backfills_parse(text, here, remarks, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(statements->len, ==, 1);
    return statements;
}

static void
check(const char *text, PartMode mode, LedgerChunk chunk, const char *expected)
{
    g_autoptr(GPtrArray) statements = parse(text, NULL);
    const BackfillTask task = {.revision = (char *) "r1",
                               .table = &leaf,
                               .target = &root,
                               .statement = statements->pdata[0]};
    g_autofree char *sql = part_sql(&task, &chunk, mode);

    g_assert_cmpstr(sql, ==, expected);
}

static void
check_driven(const char *text, const char *driving, const char *plain, const char *claiming)
{
    g_autoptr(GPtrArray) statements = parse(text, driving);
    const BackfillTask task = {.revision = (char *) "r1",
                               .table = &leaf,
                               .target = &root,
                               .statement = statements->pdata[0]};
    g_autofree char *statement = form_statement(&task, "x.ctid < '(9,0)'");
    g_autofree char *claim = form_claiming(&task, "x.ctid < '(9,0)'");

    g_assert_cmpstr(statement, ==, plain);
    g_assert_cmpstr(claim, ==, claiming);
}

static const char update[] = "UPDATE users u SET b = a WHERE b IS NULL AND a IS NOT NULL";
static const char delete[] = "DELETE FROM users u WHERE u.seen < 10";

static void
test_update(void)
{
    check(update, PART_BRISK,
          (LedgerChunk){.first_page = 512, .end_page = 1024, .parts = 24, .parts_done = 11},
          "UPDATE ONLY public.users_1 AS u SET b = a WHERE (b IS NULL AND a IS NOT NULL) AND "
          "u.ctid >= '(853,0)'::tid AND u.ctid < '(1024,0)'::tid AND "
          "get_byte(tidsend(u.ctid), 5) % 8 = 3");
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

static void
test_update_from(void)
{
    static const char text[] =
        "UPDATE users u SET b = x.a FROM pairs x WHERE x.id = u.id AND u.b IS NULL AND x.a IS NOT "
        "NULL";

    check_driven(text, NULL,
                 "UPDATE ONLY public.users_1 AS u SET b = x.a FROM pairs x WHERE (x.id = u.id AND "
                 "u.b IS NULL AND x.a IS NOT NULL) AND x.ctid < '(9,0)'",
                 "WITH sluice_claimed AS MATERIALIZED (SELECT u.ctid AS tid FROM ONLY "
                 "public.users_1 AS u, pairs x WHERE (x.id = u.id AND u.b IS NULL AND x.a IS NOT "
                 "NULL) AND x.ctid < '(9,0)' FOR NO KEY UPDATE OF u SKIP LOCKED) UPDATE ONLY "
                 "public.users_1 AS u SET b = x.a FROM sluice_claimed, pairs x WHERE u.ctid = "
                 "sluice_claimed.tid AND ((x.id = u.id AND u.b IS NULL AND x.a IS NOT NULL) AND "
                 "x.ctid < '(9,0)')");
    check_driven(
        text, "pairs",
        "UPDATE public.users AS u SET b = x.a FROM ONLY public.users_1 x WHERE (x.id = "
        "u.id AND u.b IS NULL AND x.a IS NOT NULL) AND x.ctid < '(9,0)'",
        "WITH sluice_claimed AS MATERIALIZED (SELECT u.ctid AS tid, u.tableoid AS rel FROM "
        "public.users AS u, ONLY public.users_1 x WHERE (x.id = u.id AND u.b IS NULL AND "
        "x.a IS NOT NULL) AND x.ctid < '(9,0)' FOR NO KEY UPDATE OF u SKIP LOCKED) UPDATE "
        "public.users AS u SET b = x.a FROM sluice_claimed, ONLY public.users_1 x WHERE "
        "u.ctid = sluice_claimed.tid AND u.tableoid = sluice_claimed.rel AND ((x.id = "
        "u.id AND u.b IS NULL AND x.a IS NOT NULL) AND x.ctid < '(9,0)')");
}

static void
test_delete_using(void)
{
    check_driven(
        "DELETE FROM notes n USING users x WHERE x.id = n.owner AND x.gone", "x",
        "DELETE FROM public.users AS n USING ONLY public.users_1 x WHERE (x.id = n.owner "
        "AND x.gone) AND x.ctid < '(9,0)'",
        "WITH sluice_claimed AS MATERIALIZED (SELECT n.ctid AS tid, n.tableoid AS rel FROM "
        "public.users AS n, ONLY public.users_1 x WHERE (x.id = n.owner AND x.gone) AND "
        "x.ctid < '(9,0)' FOR UPDATE OF n SKIP LOCKED) DELETE FROM public.users AS n "
        "USING sluice_claimed WHERE n.ctid = sluice_claimed.tid AND n.tableoid = "
        "sluice_claimed.rel");
}

static void
test_insert(void)
{
    static const char expected[] =
        "INSERT INTO public.users AS profiles (\"User\") SELECT id FROM ONLY public.users_1 AS old "
        "WHERE (true) AND x.ctid < '(9,0)' ON CONFLICT (\"User\") DO NOTHING";

    check_driven("INSERT INTO profiles (\"User\") SELECT id FROM old ON CONFLICT (\"User\") DO "
                 "NOTHING",
                 NULL, expected, expected);
}

static void
test_what_is_left(void)
{
    CatalogColumn id = {.name = (char *) "id", .type = (char *) "bigint"};
    g_autoptr(GPtrArray) columns = g_ptr_array_new();
    CatalogTable target = {.quoted = (char *) "public.profiles", .columns = columns};
    g_autoptr(GPtrArray) statements = parse(
        "INSERT INTO profiles (id, n) SELECT u.id, 1 FROM users u WHERE u.a ON CONFLICT (id) DO "
        "NOTHING",
        NULL);
    const BackfillTask task = {
        .table = &leaf, .target = &target, .statement = statements->pdata[0]};
    g_autofree char *left = NULL;

    g_ptr_array_add(columns, &id);
    left = form_left(&task, NULL, NULL);
    g_assert_cmpstr(left, ==,
                    "SELECT 1 FROM (SELECT u.id, 1 FROM ONLY public.users_1 u WHERE u.a) AS "
                    "sluice_new (\"id\", \"n\") WHERE NOT EXISTS (SELECT 1 FROM public.profiles "
                    "AS sluice_there WHERE sluice_there.\"id\" = CAST(sluice_new.\"id\" AS "
                    "bigint))");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/backfill/part/update", test_update);
    g_test_add_func("/backfill/part/one-part-needs-no-hash", test_one_part_needs_no_hash);
    g_test_add_func("/backfill/part/patient-bounds-both-sides", test_patient_bounds_both_sides);
    g_test_add_func("/backfill/part/delete", test_delete);
    g_test_add_func("/backfill/part/update-from", test_update_from);
    g_test_add_func("/backfill/part/delete-using", test_delete_using);
    g_test_add_func("/backfill/part/insert", test_insert);
    g_test_add_func("/backfill/part/what-is-left", test_what_is_left);
    return g_test_run();
}
