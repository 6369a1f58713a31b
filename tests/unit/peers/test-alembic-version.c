#include <string.h>

#include "base/error.h"
#include "peers/alembic-version.h"
#include "revision/graph-folder.h"

typedef struct {
    TempFolder *folder;
    Graph *graph;
    RevisionSet *rows;
} World;

static void
world_clear(World *world)
{
    g_clear_pointer(&world->rows, revision_set_free);
    g_clear_pointer(&world->graph, graph_free);
    g_clear_pointer(&world->folder, temp_folder_remove);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(World, world_clear)

static void
world_init(World *world, const char *const *lines)
{
    g_autoptr(GError) error = NULL;

    world->folder = folder_of(lines);
    world->graph = graph_load(world->folder, &error);
    g_assert_no_error(error);
    world->rows = revision_set_new(world->graph);
}

/* Runs the statements as the database would: each hits one row. */
static char *
run(World *world, const GArray *changes)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < changes->len; i++) {
        const VersionChange *change = &g_array_index(changes, VersionChange, i);
        const Revision *from = change->from ? graph_find(world->graph, change->from) : NULL;
        const Revision *to = change->to ? graph_find(world->graph, change->to) : NULL;

        if (from) {
            g_assert_true(revision_set_has(world->rows, from));
            revision_set_remove(world->rows, from);
        }
        if (to) {
            g_assert_false(revision_set_has(world->rows, to));
            revision_set_add(world->rows, to);
        }
        g_string_append_printf(text, "%s%s>%s", i ? " " : "", from ? from->id : "",
                               to ? to->id : "");
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* "old>new old> >new" of one step, which is taken. */
static void
step(World *world, const char *id, bool is_up, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) changes = NULL;
    g_autofree char *found = NULL;

    (is_up ? alembic_version_up : alembic_version_down)(
        world->graph, world->rows, graph_find(world->graph, id), &changes, &error);
    g_assert_no_error(error);
    found = run(world, changes);
    g_assert_cmpstr(found, ==, expected);
}

static void
refused(World *world, const char *id, bool is_up, const char *words)
{
    g_autoptr(GError) error = NULL;
    GArray *changes = NULL;

    g_assert_false((is_up ? alembic_version_up : alembic_version_down)(
        world->graph, world->rows, graph_find(world->graph, id), &changes, &error));
    g_assert_error(error, SLUICE_ERROR, ERROR_STATE);
    g_assert_nonnull(strstr(error->message, words));
    g_assert_null(changes);
}

static void
test_chain(void)
{
    g_auto(World) world = {0};

    world_init(&world, (const char *const[]){"aaaa", "bbbb:aaaa", "cccc:bbbb", NULL});
    refused(&world, "bbbb", true, "does not have aaaa");
    step(&world, "aaaa", true, ">aaaa");
    step(&world, "bbbb", true, "aaaa>bbbb");
    step(&world, "aaaa", true, "");
    refused(&world, "aaaa", false, "comes after aaaa");
    step(&world, "cccc", false, "");
    step(&world, "bbbb", false, "bbbb>aaaa");
    step(&world, "aaaa", false, "aaaa>");
}

static void
test_branch_and_merge(void)
{
    g_auto(World) world = {0};

    world_init(&world,
               (const char *const[]){"aaaa", "bbbb:aaaa", "cccc:aaaa", "dddd:bbbb,cccc", NULL});
    step(&world, "aaaa", true, ">aaaa");
    step(&world, "bbbb", true, "aaaa>bbbb");
    step(&world, "cccc", true, ">cccc");
    step(&world, "dddd", true, "bbbb> cccc>dddd");
    step(&world, "dddd", false, ">bbbb dddd>cccc");
    step(&world, "cccc", false, "cccc>");
    step(&world, "bbbb", false, "bbbb>aaaa");
}

static void
test_requirement(void)
{
    g_auto(World) world = {0};

    /* Two bases; what is required is a row no more, and comes back when nothing needs it. */
    world_init(&world, (const char *const[]){"aaaa", "bbbb:aaaa", "kkkk", "mmmm:kkkk !aaaa",
                                             "nnnn:mmmm !bbbb", NULL});
    step(&world, "aaaa", true, ">aaaa");
    step(&world, "kkkk", true, ">kkkk");
    step(&world, "mmmm", true, "aaaa> kkkk>mmmm");
    step(&world, "bbbb", true, ">bbbb");
    step(&world, "nnnn", true, "bbbb> mmmm>nnnn");
    step(&world, "nnnn", false, ">bbbb nnnn>mmmm");
    step(&world, "mmmm", false, "mmmm>kkkk");
    step(&world, "bbbb", false, "bbbb>aaaa");
}

/* Where Alembic dies of a KeyError: what is required stands above a parent. */
static void
test_requirement_above_parent(void)
{
    g_auto(World) world = {0};

    world_init(&world, (const char *const[]){"aaaa", "bbbb:aaaa", "cccc:bbbb", "dddd:aaaa",
                                             "eeee:cccc,dddd !bbbb", NULL});
    step(&world, "aaaa", true, ">aaaa");
    step(&world, "bbbb", true, "aaaa>bbbb");
    step(&world, "cccc", true, "bbbb>cccc");
    step(&world, "dddd", true, ">dddd");
    step(&world, "eeee", true, "cccc> dddd>eeee");
    step(&world, "eeee", false, ">cccc eeee>dddd");
}

enum { NODES = 14, WALK = 60, GRAPHS = 40 };

static void
random_lines(GRand *rand, GPtrArray *lines)
{
    for (int i = 0; i < NODES; i++) {
        g_autoptr(GString) line = g_string_new(NULL);
        const int parents = i == 0 ? 0 : g_rand_int_range(rand, 0, 3);
        int last = -1;

        g_string_append_printf(line, "id%02d", i);
        for (int k = 0; k < parents; k++) {
            const int parent = g_rand_int_range(rand, last + 1, i + 1);
            if (parent < i)
                g_string_append_printf(line, "%sid%02d", last < 0 ? ":" : ",", parent);
            if (parent >= i)
                break;
            last = parent;
        }
        if (i > 0 && g_rand_int_range(rand, 0, 3) == 0)
            g_string_append_printf(line, " !id%02d", g_rand_int_range(rand, 0, i));
        g_ptr_array_add(lines, g_string_free(g_steal_pointer(&line), FALSE));
    }
    g_ptr_array_add(lines, NULL);
}

/* One step that sluice would take: up to one whose all are there, or down from one that nothing
 * there needs. */
static void
random_step(World *world, RevisionSet *applied, GRand *rand)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) changes = NULL;
    const Revision *revision =
        graph_get(world->graph, (guint) g_rand_int_range(rand, 0, (gint32) NODES));
    g_autoptr(RevisionSet) around = revision_set_new(world->graph);
    const bool is_up = !revision_set_has(applied, revision);
    g_autofree char *text = NULL;

    revision_set_add(around, revision);
    if (is_up)
        revision_set_add_ancestors(around, EDGE_ALL);
    else
        revision_set_add_descendants(around, EDGE_ALL);
    revision_set_remove(around, revision);
    if (is_up)
        revision_set_remove_all(around, applied);
    else
        revision_set_keep_all(around, applied);
    if (revision_set_count(around) > 0)
        return;
    (is_up ? alembic_version_up : alembic_version_down)(world->graph, world->rows, revision,
                                                        &changes, &error);
    g_assert_no_error(error);
    text = run(world, changes);
    if (is_up)
        revision_set_add(applied, revision);
    else
        revision_set_remove(applied, revision);
}

/* The rows are always the heads of what is applied. */
static void
test_random(void)
{
    for (guint seed = 0; seed < GRAPHS; seed++) {
        g_auto(World) world = {0};
        g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(RevisionSet) applied = NULL;
        GRand *rand = g_rand_new_with_seed(seed);

        random_lines(rand, lines);
        world_init(&world, (const char *const *) lines->pdata);
        applied = revision_set_new(world.graph);
        for (int i = 0; i < WALK; i++) {
            g_autoptr(RevisionSet) heads = NULL;
            g_autoptr(RevisionSet) rows = NULL;

            random_step(&world, applied, rand);
            heads = revision_set_heads(applied, EDGE_ALL);
            rows = revision_set_copy(world.rows);
            g_assert_cmpuint(revision_set_count(heads), ==, revision_set_count(rows));
            revision_set_remove_all(rows, heads);
            g_assert_cmpuint(revision_set_count(rows), ==, 0);
        }
        g_rand_free(rand);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/peers/alembic-version/branch-and-merge", test_branch_and_merge);
    g_test_add_func("/peers/alembic-version/chain", test_chain);
    g_test_add_func("/peers/alembic-version/random", test_random);
    g_test_add_func("/peers/alembic-version/requirement", test_requirement);
    g_test_add_func("/peers/alembic-version/requirement-above-parent",
                    test_requirement_above_parent);
    return g_test_run();
}
