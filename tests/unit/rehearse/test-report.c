#include <string.h>

#include "rehearse/rehearse.h"

/* A rehearsal with one statement, made by hand: everything borrowed. */
typedef struct {
    RehearsedLock lock;
    RehearsedStatement statement;
    RehearsedCheck check;
    Rehearsal rehearsal;
} Fixture;

static GPtrArray *
list_of(const void *element)
{
    GPtrArray *list = g_ptr_array_new();

    if (element != NULL)
        g_ptr_array_add(list, (gpointer) element);
    return list;
}

static void
fixture_init(Fixture *f)
{
    static char relation[] = "users", revision[] = "aaaa", phase[] = "expand",
                sql[] = "ALTER TABLE users\n    ADD COLUMN z text DEFAULT 'a|b'",
                stall[] = "held it too long", server[] = "PostgreSQL 15.20", name[] = "up, down",
                detail[] = "only before: table users";

    *f = (Fixture){.lock = {relation, LOCK_ACCESS_EXCLUSIVE, LOCK_ACCESS_EXCLUSIVE},
                   .statement = {.revision = revision,
                                 .phase = phase,
                                 .statement = sql,
                                 .transactional = true,
                                 .stall = stall,
                                 .took_us = 1500,
                                 .wal_bytes = 640},
                   .check = {name, false, detail},
                   .rehearsal = {.server = server, .budget_ms = 50}};
    f->statement.locks = list_of(&f->lock);
    f->statement.rewritten = list_of(NULL);
    f->statement.scanned = list_of(relation);
    f->statement.differences = list_of(NULL);
    f->rehearsal.statements = list_of(&f->statement);
    f->rehearsal.checks = list_of(&f->check);
    f->rehearsal.notes = list_of(NULL);
}

static void
fixture_clear(Fixture *f)
{
    g_ptr_array_unref(f->statement.locks);
    g_ptr_array_unref(f->statement.rewritten);
    g_ptr_array_unref(f->statement.scanned);
    g_ptr_array_unref(f->statement.differences);
    g_ptr_array_unref(f->rehearsal.statements);
    g_ptr_array_unref(f->rehearsal.checks);
    g_ptr_array_unref(f->rehearsal.notes);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Fixture, fixture_clear)

static void
test_text(void)
{
    g_auto(Fixture) f;
    g_autofree char *text = NULL;

    fixture_init(&f);
    text = rehearsal_text(&f.rehearsal);
    g_assert_cmpstr(text, ==,
                    "expand aaaa\n"
                    "  ALTER TABLE users ADD COLUMN z text DEFAULT 'a|b'\n"
                    "    1.5 ms, 640 B of WAL; users ACCESS EXCLUSIVE; reads users\n"
                    "    would have made the app wait: held it too long\n"
                    "up, down: FAILED, only before: table users\n"
                    "PostgreSQL 15.20: 1 of 1 statements would have made the app wait; "
                    "1 of 1 checks failed\n");
}

static void
test_markdown(void)
{
    g_auto(Fixture) f;
    g_autofree char *text = NULL;

    fixture_init(&f);
    text = rehearsal_markdown(&f.rehearsal);
    g_assert_nonnull(strstr(text,
                            "| aaaa | expand | `ALTER TABLE users ADD COLUMN z text DEFAULT "
                            "'a\\|b'` | 1.5 ms | 640 B | users ACCESS EXCLUSIVE | reads users | "
                            "**would have made the app wait:** held it too long |\n"));
    g_assert_nonnull(strstr(text, "- up, down: **failed**, only before: table users\n"));
}

static void
test_json(void)
{
    g_auto(Fixture) f;
    g_autoptr(json_t) json = NULL;
    const json_t *statement;

    fixture_init(&f);
    json = rehearsal_json(&f.rehearsal);
    statement = json_array_get(json_object_get(json, "statements"), 0);
    g_assert_cmpstr(json_string_value(json_object_get(statement, "stall")), ==, "held it too long");
    g_assert_cmpint(json_integer_value(json_object_get(statement, "wal_bytes")), ==, 640);
    g_assert_true(
        json_is_false(json_object_get(json_array_get(json_object_get(json, "checks"), 0), "ok")));
}

static void
test_counts(void)
{
    g_auto(Fixture) f;

    fixture_init(&f);
    g_assert_cmpuint(rehearsal_count_stalls(&f.rehearsal), ==, 1);
    g_assert_cmpuint(rehearsal_count_failed(&f.rehearsal), ==, 1);
    f.statement.stall = NULL;
    f.check.ok = true;
    g_assert_cmpuint(rehearsal_count_stalls(&f.rehearsal), ==, 0);
    g_assert_cmpuint(rehearsal_count_failed(&f.rehearsal), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rehearse/text", test_text);
    g_test_add_func("/rehearse/markdown", test_markdown);
    g_test_add_func("/rehearse/json", test_json);
    g_test_add_func("/rehearse/counts", test_counts);
    return g_test_run();
}
