#include "revision/table-sync.h"

#include <string.h>

#include "revision/swap.h"

static void
direction_free(TableDirection *direction)
{
    if (direction == NULL)
        return;
    g_free(direction->from_schema);
    g_free(direction->from);
    g_free(direction->to_schema);
    g_free(direction->to);
    sql_mapping_free(direction->mapping);
    if (direction->key)
        g_ptr_array_unref(direction->key);
    g_free(direction);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TableDirection, direction_free)

void
table_sync_free(TableSync *sync)
{
    if (sync == NULL)
        return;
    direction_free(sync->forward);
    direction_free(sync->reverse);
    g_free(sync->text);
    g_free(sync);
}

const SqlPair *
table_direction_pair(const TableDirection *direction, const char *column)
{
    for (guint i = 0; i < direction->mapping->pairs->len; i++) {
        const SqlPair *pair = direction->mapping->pairs->pdata[i];

        if (strcmp(pair->column, column) == 0)
            return pair;
    }
    return NULL;
}

bool
table_direction_has_key(const TableDirection *direction, const char *column)
{
    return g_ptr_array_find_with_equal_func(direction->key, column, g_str_equal, NULL);
}

static Place
marker_place(const Section *section)
{
    return (Place){section->place.file, section->place.line - 1, 1};
}

/* `key post_id, author_id`, in parentheses or not. */
static bool
parse_key(TableDirection *direction, const Section *section, GError **error)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) words = NULL;

    if (section->key == NULL) {
        error_set_at(error, ERROR_CONFIG, marker_place(section),
                     "'sync %s' does not say which columns of %s tell its row", section->argument,
                     direction->to);
        return error_hint(error, "Add a line `-- sluice: key <column>, ..` behind it.");
    }
    text = g_strdelimit(g_strdup(section->key->text), "()", ' ');
    words = g_strsplit(text, ",", -1);
    for (GStrv word = words; *word; word++) {
        g_autofree char *schema = NULL;
        char *column = NULL;

        if (!sql_name_parse(g_strstrip(*word), section->key->place, &schema, &column, NULL)) {
            error_set_at(error, ERROR_CONFIG, section->key->place, "'%s' is not a column's name",
                         *word);
            return error_hint(error, "Write `-- sluice: key <column>, ..`.");
        }
        g_ptr_array_add(direction->key, column);
        if (table_direction_pair(direction, column) != NULL)
            continue;
        error_set_at(error, ERROR_CONFIG, section->key->place,
                     "the mapping does not set '%s', which its key names", column);
        return error_hint(error, "Add `.. AS %s` to its SELECT.", column);
    }
    return true;
}

static bool
sources_are_grouped(const SqlPair *pair, const GPtrArray *group)
{
    return pair->is_column && g_ptr_array_find_with_equal_func(
                                  (GPtrArray *) group, pair->sources->pdata[0], g_str_equal, NULL);
}

/* Grouped is by the key: then each row of the other table has one group. */
static bool
check_group(const TableDirection *direction, GError **error)
{
    const SqlMapping *mapping = direction->mapping;

    if (mapping->group == NULL)
        return true;
    for (guint i = 0; i < direction->key->len; i++) {
        const SqlPair *pair = table_direction_pair(direction, direction->key->pdata[i]);

        if (sources_are_grouped(pair, mapping->group) && mapping->group->len == direction->key->len)
            continue;
        error_set_at(error, ERROR_CONFIG, pair->place,
                     "GROUP BY names other columns than those of the key");
        return error_hint(error, "Group by the columns that the key is made of, and by no other.");
    }
    if (direction->rows_stay)
        return true;
    error_set_at(
        error, ERROR_CONFIG, direction->place,
        "several rows of %s make one of %s: it can set columns of rows that are there, and "
        "not make rows",
        direction->from, direction->to);
    return error_hint(error, "Add a line `-- sluice: rows stay`, or map each row onto one of its "
                             "own.");
}

static bool
check_sets_something(const TableDirection *direction, GError **error)
{
    if (!direction->rows_stay || direction->mapping->pairs->len > direction->key->len)
        return true;
    error_set_at(error, ERROR_CONFIG, direction->place,
                 "the mapping sets nothing but its key, and rows stay: it does nothing");
    return error_hint(error, "Add the columns that it sets.");
}

static bool
parse_tables(TableDirection *direction, const char *argument, Place place, GError **error)
{
    const char *to = strstr(argument, " to ");
    g_autofree char *from = NULL;

    /* A quoted name may hold the word. */
    while (to != NULL) {
        guint quotes = 0;

        for (const char *c = argument; c < to; c++)
            quotes += *c == '"';
        if (quotes % 2 == 0)
            break;
        to = strstr(to + 1, " to ");
    }
    g_assert(to != NULL); /* the section has this name for it */
    from = g_strndup(argument, (gsize) (to - argument));
    return sql_name_parse(from, place, &direction->from_schema, &direction->from, error) &&
           sql_name_parse(to + strlen(" to "), place, &direction->to_schema, &direction->to, error);
}

static TableDirection *
direction_of(const Section *section, GError **error)
{
    g_autoptr(TableDirection) direction = g_new0(TableDirection, 1);

    direction->place = marker_place(section);
    direction->key = g_ptr_array_new_with_free_func(g_free);
    direction->rows_stay = section->rows_stay;
    if (!parse_tables(direction, section->argument, direction->place, error))
        return NULL;
    direction->mapping = sql_mapping_parse_query(section->text, section->place, error);
    if (direction->mapping == NULL || !parse_key(direction, section, error) ||
        !check_group(direction, error) || !check_sets_something(direction, error))
        return NULL;
    return g_steal_pointer(&direction);
}

static bool
is_way_back(const TableDirection *one, const TableDirection *other)
{
    return strcmp(one->from, other->to) == 0 && strcmp(one->to, other->from) == 0 &&
           g_strcmp0(one->from_schema, other->to_schema) == 0 &&
           g_strcmp0(one->to_schema, other->from_schema) == 0;
}

/* Its remarks are lines of its text. */
static void
append_section(GString *text, const Section *section)
{
    g_autofree char *body = g_strstrip(g_strdup(section->text));

    g_string_append_printf(text, "-- sluice: sync %s\n%s\n", section->argument, body);
}

static char *
written(const char *schema, const char *table)
{
    return schema ? g_strdup_printf("%s.%s", schema, table) : g_strdup(table);
}

static bool
fail_no_way_back(const TableDirection *forward, const Section *section, GError **error)
{
    g_autofree char *from = written(forward->from_schema, forward->from);
    g_autofree char *to = written(forward->to_schema, forward->to);

    error_set_at(error, ERROR_CONFIG, forward->place,
                 "'sync %s' has no way back: from the cutover on %s is canonical, and the old app "
                 "still reads %s",
                 section->argument, forward->to, forward->from);
    return error_hint(error,
                      "Add a section `-- sluice: sync %s to %s` with its line `-- sluice: key ..`, "
                      "and `-- sluice: rows stay` where %s keeps its rows.",
                      to, from, from);
}

static bool
check_set_once(const TableDirection *forward, const GPtrArray *syncs, GError **error)
{
    for (guint i = 0; i < syncs->len; i++) {
        const TableSync *other = syncs->pdata[i];

        if (strcmp(other->forward->to, forward->to) != 0 ||
            g_strcmp0(other->forward->to_schema, forward->to_schema) != 0)
            continue;
        error_set_at(error, ERROR_CONFIG, forward->place, "two tables map onto %s", forward->to);
        return error_hint(error, "Give each of them a revision of its own, one after the other.");
    }
    return true;
}

/* @sections: those between tables, in order; takes out the two that belong together. */
static TableSync *
take_pair(GPtrArray *sections, const GPtrArray *syncs, GError **error)
{
    const Section *first = sections->pdata[0];
    g_autoptr(TableSync) sync = g_new0(TableSync, 1);
    g_autoptr(GString) text = g_string_new(NULL);

    sync->forward = direction_of(first, error);
    if (sync->forward == NULL || !check_set_once(sync->forward, syncs, error))
        return NULL;
    for (guint i = 1; i < sections->len && sync->reverse == NULL; i++) {
        g_autoptr(TableDirection) other = direction_of(sections->pdata[i], error);

        if (other == NULL)
            return NULL;
        if (!is_way_back(sync->forward, other))
            continue;
        sync->reverse = g_steal_pointer(&other);
        append_section(text, first);
        append_section(text, sections->pdata[i]);
        g_ptr_array_remove_index(sections, i);
    }
    if (sync->reverse == NULL) {
        fail_no_way_back(sync->forward, first, error);
        return NULL;
    }
    g_ptr_array_remove_index(sections, 0);
    sync->text = g_string_free(g_steal_pointer(&text), FALSE);
    return g_steal_pointer(&sync);
}

GPtrArray *
revision_table_syncs(const Revision *revision, GError **error)
{
    g_autoptr(GPtrArray) syncs = g_ptr_array_new_with_free_func((GDestroyNotify) table_sync_free);
    g_autoptr(GPtrArray) sections = g_ptr_array_new();

    for (guint i = 0; i < revision->sections->len; i++)
        if (((const Section *) revision->sections->pdata[i])->kind == SECTION_SYNC_TO)
            g_ptr_array_add(sections, revision->sections->pdata[i]);
    while (sections->len > 0) {
        TableSync *sync = take_pair(sections, syncs, error);

        if (sync == NULL)
            return NULL;
        g_ptr_array_add(syncs, sync);
    }
    return g_steal_pointer(&syncs);
}

TableSync *
table_sync_parse(const char *text, GError **error)
{
    g_autofree char *whole = g_strconcat("-- Revision: installed\n\n", text, NULL);
    g_autoptr(Revision) revision = revision_parse("the ledger", whole, false, error);
    g_autoptr(GPtrArray) syncs = revision ? revision_table_syncs(revision, error) : NULL;

    TableSync *sync;

    if (syncs == NULL)
        return NULL;
    sync = g_ptr_array_steal_index(syncs, 0);
    sync->forward->place = sync->reverse->place = (Place){0};
    return sync;
}

static bool
check_no_rename(const Revision *revision, const char *schema, const char *table, GError **error)
{
    const Section *cutover = revision_section(revision, SECTION_CUTOVER, NULL);
    g_autoptr(GHashTable) names = section_renames(cutover, schema, table, error);

    if (names == NULL)
        return false;
    if (g_hash_table_size(names) == 0)
        return true;
    error_set_at(error, ERROR_CHECK, cutover->place,
                 "the cutover renames columns of %s, which a mapping between two tables reads",
                 table);
    return error_hint(error, "Rename them in a revision of its own.");
}

bool
table_syncs_check(const Revision *revision, GError **error)
{
    g_autoptr(GPtrArray) syncs = revision_table_syncs(revision, error);

    for (guint i = 0; syncs && i < syncs->len; i++) {
        const TableDirection *forward = ((const TableSync *) syncs->pdata[i])->forward;

        if (!check_no_rename(revision, forward->from_schema, forward->from, error) ||
            !check_no_rename(revision, forward->to_schema, forward->to, error))
            return false;
    }
    return syncs != NULL;
}
