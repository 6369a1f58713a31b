#include <string.h>

#include "author/create.h"
#include "base/file.h"
#include "temp-folder.h"

/* A clock that stands at 2026-11-21T20:53:02Z and draws the same numbers again and again. */
typedef struct {
    char *folder;
    int drawn;
    Clock clock;
} Fixture;

static gint64
fixture_wall_us(void *data G_GNUC_UNUSED)
{
    return G_GINT64_CONSTANT(1795294382000000);
}

static double
fixture_random(void *data)
{
    static const double numbers[] = {0.5, 0.25, 0.5, 0.25, 0.75, 0};
    Fixture *fixture = data;

    return numbers[fixture->drawn++ % (int) G_N_ELEMENTS(numbers)];
}

static void
set_up(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    fixture->folder = temp_folder_new();
    fixture->clock = (Clock){.wall_us = fixture_wall_us, .random = fixture_random, .data = fixture};
}

static void
tear_down(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    temp_folder_remove(fixture->folder);
}

static bool
create(Fixture *fixture, const char *title, const char *id, CreatedRevision *ret_created,
       GError **error)
{
    return create_revision(&(CreateRequest){.folder = fixture->folder,
                                            .title = title,
                                            .id = id,
                                            .file_template = "{date}_{id}_{slug}.sql",
                                            .slug_length = 40,
                                            .clock = &fixture->clock},
                           ret_created, error);
}

static void
test_chain(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_auto(CreatedRevision) first = {0};
    g_auto(CreatedRevision) second = {0};
    g_autoptr(Revision) revision = NULL;

    g_assert_true(create(fixture, "users", NULL, &first, NULL));
    g_assert_cmpstr(first.id, ==, "800000400000");
    g_assert_cmpuint(first.parents->len, ==, 0);
    g_assert_true(g_str_has_suffix(first.path, "/20261121_800000400000_users.sql"));
    /* The clock draws the first id again: it is taken, so another one is drawn. */
    g_assert_true(create(fixture, "next", NULL, &second, NULL));
    g_assert_cmpstr(second.id, ==, "c00000000000");
    g_assert_cmpstr(second.parents->pdata[0], ==, "800000400000");
    revision = revision_read(second.path, false, NULL);
    g_assert_cmpstr(revision->title, ==, "next");
    g_assert_cmpstr(revision->created, ==, "2026-11-21T20:53:02Z");
    g_assert_true(revision_check(revision, NULL));
    g_assert_nonnull(revision_section(revision, SECTION_EXPAND, NULL));
    g_assert_nonnull(revision_section(revision, SECTION_DOWNGRADE, NULL));
    g_assert_null(revision_section(revision, SECTION_CONTRACT, NULL));
}

static void
test_refusals(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    static const char *const bad_ids[] = {"", "a b", "a@b", "a:b", "a+b", "a,b", "a/b", "a\\b"};
    g_auto(CreatedRevision) created = {0};
    g_autoptr(GError) twice = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(bad_ids); i++) {
        g_autoptr(GError) failure = NULL;
        g_assert_false(create(fixture, "x", bad_ids[i], &created, &failure));
        g_assert_true(error_is(failure, ERROR_USAGE));
    }
    g_assert_true(create(fixture, "x", "fünf", &created, NULL));
    g_assert_false(create(fixture, "y", "fünf", NULL, &twice));
    g_assert_true(error_is(twice, ERROR_STATE));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/create/" name, Fixture, NULL, set_up, function, tear_down)
    ADD("chain", test_chain);
    ADD("refusals", test_refusals);
    return g_test_run();
}
