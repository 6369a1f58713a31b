#include "revision/revision.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "revision/header.h"
#include "revision/lexer.h"
#include "revision/section-lines.h"

enum { HEADER_BLOCK = 4096 };

static const char *const section_names[SECTION_N] = {
    [SECTION_EXPAND] = "expand",
    [SECTION_SYNC] = "sync",
    [SECTION_SYNC_REVERSE] = "sync reverse",
    [SECTION_SYNC_TO] = "sync to",
    [SECTION_BACKFILL] = "backfill",
    [SECTION_VERIFY] = "verify",
    [SECTION_FINISH] = "finish",
    [SECTION_CUTOVER] = "cutover",
    [SECTION_CUTOVER_UNDO] = "cutover undo",
    [SECTION_CONTRACT] = "contract",
    [SECTION_DOWNGRADE] = "downgrade",
};

const char *
revision_state_name(RevisionState state)
{
    static const char *const names[] = {
        [STATE_PENDING] = "pending",       [STATE_EXPANDED] = "expanded",
        [STATE_BACKFILLED] = "backfilled", [STATE_CUT_OVER] = "cut over",
        [STATE_CONTRACTED] = "contracted",
    };
    return names[state];
}

const char *
section_kind_name(SectionKind kind)
{
    g_assert(kind < SECTION_N);
    /* cppcheck-suppress arrayIndexOutOfBoundsCond ; it is asserted */
    return section_names[kind];
}

struct SectionCache {
    SqlScript *script; /* NULL: not asked for yet */
};

static void
section_free(Section *section)
{
    sql_script_free(section->cache->script);
    g_free(section->cache);
    g_free(section->argument);
    g_free(section->text);
    g_ptr_array_unref(section->remarks);
    if (section->key)
        sql_remark_free(section->key);
    g_free(section->fill_in);
    g_free(section);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Section, section_free)

void
revision_free(Revision *revision)
{
    if (revision == NULL)
        return;
    g_ptr_array_unref(revision->revises);
    g_ptr_array_unref(revision->requires);
    g_ptr_array_unref(revision->labels);
    g_ptr_array_unref(revision->sections);
    g_free(revision);
}

const Section *
revision_section(const Revision *revision, SectionKind kind, const char *argument)
{
    for (guint i = 0; i < revision->sections->len; i++) {
        const Section *section = revision->sections->pdata[i];
        if (section->kind == kind &&
            (argument == NULL || g_strcmp0(section->argument, argument) == 0))
            return section;
    }
    return NULL;
}

static bool
check_unique(const Revision *revision, const Section *section, GError **error)
{
    const Section *other = revision_section(revision, section->kind, section->argument);

    if (other == NULL)
        return true;
    error_set_at(error, ERROR_CONFIG, section->place, "a second section '%s'%s%s",
                 section_names[section->kind], section->argument ? " of " : "",
                 section->argument ? section->argument : "");
    return error_hint(error, "The first stands in line %d.", other->place.line - 1);
}

static bool
add_section(Revision *revision, const Marker *marker, GError **error)
{
    g_autoptr(Section) section = g_new0(Section, 1);

    section->cache = g_new0(struct SectionCache, 1);
    section->place = (Place){revision->path, marker->line, 1};
    section->remarks = g_ptr_array_new_with_free_func((GDestroyNotify) sql_remark_free);
    if (!section_name_from(section, marker->words, error) ||
        !check_unique(revision, section, error))
        return false;
    section->place.line++;
    header_list_own(&revision->sections, (GDestroyNotify) section_free);
    g_ptr_array_add(revision->sections, g_steal_pointer(&section));
    return true;
}

static bool
parse_sections(Revision *revision, const char *text, GError **error)
{
    g_autoptr(GArray) markers = marker_scan(revision->path, text, error);
    Section *section = NULL;
    size_t start = 0;

    if (markers == NULL)
        return false;
    for (guint i = 0; i < markers->len; i++) {
        const Marker *marker = &g_array_index(markers, Marker, i);
        const Place place = {revision->path, marker->line, 1};
        bool is_remark;

        if (!section_take_remark(section, marker->words, place, &is_remark, error))
            return false;
        if (is_remark)
            continue;
        if (section != NULL)
            section->text = g_strndup(text + start, marker->start - start);
        if (!add_section(revision, marker, error))
            return false;
        section = revision->sections->pdata[revision->sections->len - 1];
        start = marker->next;
    }
    if (section != NULL)
        section->text = g_strdup(text + start);
    return true;
}

/* Its words will point into its block, and its lists are one empty one until they get something: a
 * graph has thousands of them. */
static Revision *
revision_new(const char *path, const char *header, size_t length)
{
    const size_t path_size = strlen(path) + 1;
    Revision *revision = g_malloc(sizeof *revision + path_size + length + 1);
    GPtrArray *empty = g_ptr_array_new();

    *revision = (Revision){0};
    revision->path = revision->block;
    memcpy(revision->path, path, path_size);
    memcpy(revision->path + path_size, header, length);
    revision->path[path_size + length] = '\0';
    revision->revises = empty;
    revision->requires = g_ptr_array_ref(empty);
    revision->labels = g_ptr_array_ref(empty);
    revision->sections = g_ptr_array_ref(empty);
    return revision;
}

/* Editors of another system put a mark before the first character. */
static const char *
skip_byte_order_mark(const char *text)
{
    return g_str_has_prefix(text, "\xEF\xBB\xBF") ? text + 3 : text;
}

/* The length of what @text, of @length bytes, begins with of plain ASCII: nearly always all. */
static size_t
ascii_length(const char *text, size_t length)
{
    size_t at = 0;

    for (guint64 word; at + sizeof word <= length; at += sizeof word) {
        memcpy(&word, text + at, sizeof word);
        if (word & G_GUINT64_CONSTANT(0x8080808080808080))
            break;
    }
    return at;
}

static bool
check_encoding(const char *path, const char *text, size_t length, GError **error)
{
    Place place = {.file = path};
    const char *bad = text + ascii_length(text, length);

    if (*bad == '\0' || g_utf8_validate(bad, -1, &bad))
        return true;
    text_position(text, (size_t) (bad - text), &place.line, &place.column);
    error_set_at(error, ERROR_CONFIG, place, "this is not UTF-8 text");
    return error_hint(error, "Save the file as UTF-8.");
}

/* Its header alone, which is the first @length bytes of @text. */
static Revision *
parse_header(const char *path, const char *text, size_t length, GError **error)
{
    g_autoptr(Revision) revision = revision_new(path, text, length);
    char *header = revision->path + strlen(path) + 1;

    if (!check_encoding(path, header, length, error) || !header_parse(revision, header, error))
        return NULL;
    return g_steal_pointer(&revision);
}

Revision *
revision_parse(const char *path, const char *text, bool header_only, GError **error)
{
    g_autoptr(Revision) revision = NULL;
    bool complete;
    size_t length;

    text = skip_byte_order_mark(text);
    length = header_length(text, &complete);
    if (!header_only && !check_encoding(path, text, strlen(text), error))
        return NULL;
    revision = parse_header(path, text, length, error);
    if (revision == NULL || header_only)
        return g_steal_pointer(&revision);
    if (text[length] && marker_words(text + length) == NULL) {
        Place place = {.file = path};
        text_position(text, length, &place.line, &place.column);
        error_set_at(error, ERROR_CONFIG, place, "text before the first section");
        error_hint(error, "Put a line `-- sluice: expand` before it.");
        return NULL;
    }
    if (!parse_sections(revision, text, error))
        return NULL;
    return g_steal_pointer(&revision);
}

/* The length of the header in the @got bytes of @block, the first of a file; 0: it cannot be told
 * from them. */
static size_t
header_within(const char *block, size_t got)
{
    bool complete;
    const size_t length = header_length(block, &complete);

    if (memchr(block, '\0', got) != NULL)
        return 0;
    /* A marker that the block cuts in two is no marker. */
    if (got == HEADER_BLOCK && (!complete || length + 80 > HEADER_BLOCK))
        return 0;
    return length;
}

Revision *
revision_read_header(int folder_fd, const char *path, GError **error)
{
    const char *slash = strrchr(path, '/');
    const int fd = openat(folder_fd, slash ? slash + 1 : path, O_RDONLY | O_CLOEXEC);
    char block[HEADER_BLOCK + 1];
    const ssize_t got = fd < 0 ? -1 : read(fd, block, HEADER_BLOCK);
    const char *text;
    size_t length;

    if (fd >= 0)
        close(fd);
    block[MAX(got, 0)] = '\0';
    text = skip_byte_order_mark(block);
    length = header_within(text, (size_t) MAX(got, 0) - (size_t) (text - block));
    if (length > 0)
        return parse_header(path, text, length, error);
    return revision_read(path, true, error);
}

Revision *
revision_read(const char *path, bool header_only, GError **error)
{
    g_autofree char *text = file_read(path, error);

    return text ? revision_parse(path, text, header_only, error) : NULL;
}

SqlScript *
section_parse(const Section *section, GError **error)
{
    SqlScript **script = &section->cache->script;

    if (*script == NULL)
        *script = sql_parse(section->text, section->place, error);
    return *script ? sql_script_ref(*script) : NULL;
}

GPtrArray *
section_backfills(const Section *section, GError **error)
{
    return sql_backfills_parse(section->text, section->place, section->remarks, error);
}

static void
append_canonical(GString *all, const Section *section)
{
    const SqlScript *script = section->cache->script;
    g_autofree char *canonical =
        script ? sql_script_canonical(script) : sql_canonical(section->text);

    g_string_append_printf(all, "%s\n", canonical);
    section_append_remarks(section, all);
}

char *
section_checksum(const Section *section)
{
    g_autoptr(GString) all = g_string_new(NULL);

    append_canonical(all, section);
    return text_sha256(all->str);
}

char *
revision_checksum(const Revision *revision, SectionKind kind)
{
    g_autoptr(GString) all = g_string_new(NULL);

    for (guint i = 0; i < revision->sections->len; i++) {
        const Section *section = revision->sections->pdata[i];
        if (section->kind != kind)
            continue;
        g_string_append_printf(all, "%s\n", section->argument ? section->argument : "");
        append_canonical(all, section);
    }
    return all->len > 0 ? text_sha256(all->str) : NULL;
}

bool
revision_has_sync(const Revision *revision)
{
    return revision_section(revision, SECTION_SYNC, NULL) != NULL ||
           revision_section(revision, SECTION_SYNC_TO, NULL) != NULL;
}

bool
revision_has_backfill(const Revision *revision)
{
    return revision_section(revision, SECTION_BACKFILL, NULL) != NULL ||
           revision_has_sync(revision);
}

bool
revision_has_cutover(const Revision *revision)
{
    return revision_section(revision, SECTION_CUTOVER, NULL) != NULL ||
           revision_section(revision, SECTION_SYNC_TO, NULL) != NULL ||
           (revision_section(revision, SECTION_SYNC, NULL) != NULL &&
            revision_section(revision, SECTION_CONTRACT, NULL) != NULL);
}

bool
revision_has_contract(const Revision *revision)
{
    return revision_section(revision, SECTION_CONTRACT, NULL) != NULL;
}

RevisionState
revision_last_state(const Revision *revision)
{
    if (revision_has_contract(revision))
        return STATE_CONTRACTED;
    if (revision_has_cutover(revision))
        return STATE_CUT_OVER;
    if (revision_has_backfill(revision) || revision_section(revision, SECTION_FINISH, NULL))
        return STATE_BACKFILLED;
    return STATE_EXPANDED;
}
