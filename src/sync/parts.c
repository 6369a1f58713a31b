#include "sync/parts.h"

#include <string.h>

#include "sync/marker.h"

/* A pair of either direction, and the number of its group. */
typedef struct {
    SqlPair *pair;
    bool is_forward;
    guint group;
} Member;

static bool
names_column(const SqlPair *pair, const char *column)
{
    return strcmp(pair->column, column) == 0 ||
           g_ptr_array_find_with_equal_func(pair->sources, column, g_str_equal, NULL);
}

static bool
share_column(const SqlPair *one, const SqlPair *other)
{
    if (names_column(other, one->column))
        return true;
    for (guint i = 0; i < one->sources->len; i++)
        if (names_column(other, one->sources->pdata[i]))
            return true;
    return false;
}

static void
add_members(GArray *members, const SqlMapping *mapping, bool is_forward)
{
    for (guint i = 0; i < mapping->pairs->len; i++) {
        const Member member = {mapping->pairs->pdata[i], is_forward, members->len};

        g_array_append_val(members, member);
    }
}

static void
join_groups(GArray *members, guint into, guint from)
{
    for (guint i = 0; i < members->len; i++) {
        Member *member = &g_array_index(members, Member, i);

        if (member->group == from)
            member->group = into;
    }
}

/* Each group has the number of its first member. */
static GArray *
group_pairs(const SqlMapping *forward, const SqlMapping *reverse)
{
    GArray *members = g_array_new(FALSE, FALSE, sizeof(Member));

    add_members(members, forward, true);
    add_members(members, reverse, false);
    for (guint i = 0; i < members->len; i++) {
        for (guint j = 0; j < i; j++) {
            const Member *later = &g_array_index(members, Member, i);
            const Member *earlier = &g_array_index(members, Member, j);

            if (later->group != earlier->group && share_column(later->pair, earlier->pair))
                join_groups(members, MIN(later->group, earlier->group),
                            MAX(later->group, earlier->group));
        }
    }
    return members;
}

static SqlMapping *
borrow_pairs(const GArray *members, guint group, bool is_forward)
{
    SqlMapping *mapping = g_new0(SqlMapping, 1);

    mapping->pairs = g_ptr_array_new();
    for (guint i = 0; i < members->len; i++) {
        const Member *member = &g_array_index(members, Member, i);

        if (member->group == group && member->is_forward == is_forward)
            g_ptr_array_add(mapping->pairs, member->pair);
    }
    return mapping;
}

static void
part_free(SyncPart *part)
{
    sql_mapping_free(part->forward);
    sql_mapping_free(part->reverse);
    g_free(part->marker);
    g_free(part);
}

static bool
is_whole(const SyncPart *part)
{
    return part->forward->pairs->len > 0 && part->reverse->pairs->len > 0;
}

/* Of each group one part; false if some part lacks a direction. */
static bool
make_parts(const GArray *members, GPtrArray *parts)
{
    for (guint i = 0; i < members->len; i++) {
        SyncPart *part;

        if (g_array_index(members, Member, i).group != i)
            continue;
        part = g_new0(SyncPart, 1);
        part->forward = borrow_pairs(members, i, true);
        part->reverse = borrow_pairs(members, i, false);
        g_ptr_array_add(parts, part);
        if (!is_whole(part))
            return false;
    }
    return true;
}

static void
find_markers(GPtrArray *parts, const CatalogTable *table, const char *revision)
{
    for (guint i = 0; table->columns && i < parts->len; i++) {
        g_autofree char *name = marker_name(revision, i);

        if (catalog_column(table, name))
            ((SyncPart *) parts->pdata[i])->marker = pg_quote_identifier(name);
    }
}

GPtrArray *
sync_parts(const CatalogTable *table, const char *revision, const SqlMapping *forward,
           const SqlMapping *reverse)
{
    g_autoptr(GArray) members = group_pairs(forward, reverse);
    GPtrArray *parts = g_ptr_array_new_with_free_func((GDestroyNotify) part_free);

    if (!make_parts(members, parts)) {
        g_ptr_array_set_size(parts, 0);
        for (guint i = 0; i < members->len; i++)
            g_array_index(members, Member, i).group = 0;
        make_parts(members, parts);
    }
    find_markers(parts, table, revision);
    return parts;
}
