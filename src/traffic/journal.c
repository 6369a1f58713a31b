#include "traffic/journal.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/text.h"

enum { NAME_LENGTH = 16, PROBE_SIZE = 8192 };

struct Journal {
    char *path;
    const Clock *clock;
};

/* The line that says up to which byte the ledger knows. */
static const char REPORTED[] = "reported";

static bool
fail(const Journal *journal, GError *take_cause, GError **error)
{
    g_autoptr(GError) cause = take_cause;

    error_set(error, ERROR_STATE, "the traffic journal '%s' cannot be written: %s", journal->path,
              cause->message);
    return error_hint(error, "Free space there, or set XDG_STATE_HOME to a folder on another disk: "
                             "without the journal there is no way back when the database is away.");
}

static char *
journal_path_for(const Settings *settings)
{
    g_autofree char *name =
        g_canonicalize_filename(settings->file ? settings->file : settings->folder, NULL);
    g_autofree char *digest = text_sha256(name);

    digest[NAME_LENGTH] = '\0';
    return g_build_filename(g_get_user_state_dir(), "sluice", digest, "traffic.jsonl", NULL);
}

Journal *
journal_new(const Settings *settings, const Clock *clock)
{
    Journal *journal = g_new0(Journal, 1);

    journal->path = journal_path_for(settings);
    journal->clock = clock;
    return journal;
}

void
journal_free(Journal *journal)
{
    if (journal == NULL)
        return;
    g_free(journal->path);
    g_free(journal);
}

const char *
journal_path(const Journal *journal)
{
    return journal->path;
}

/* "" if there is none yet. */
static char *
read_all(const Journal *journal)
{
    char *text = NULL;

    return g_file_get_contents(journal->path, &text, NULL, NULL) ? text : g_strdup("");
}

/* A crash, or a disk that filled up, leaves a line without its end: the next one begins anew. */
static bool
append(const Journal *journal, json_t *line, GError **error)
{
    g_autofree char *before = read_all(journal);
    g_autofree char *text = json_dumps(line, JSON_COMPACT);
    const bool torn = *before != '\0' && !g_str_has_suffix(before, "\n");
    g_autofree char *whole = g_strconcat(torn ? "\n" : "", text, NULL);
    GError *cause = NULL;

    if (!file_append_line(journal->path, whole, &cause))
        return fail(journal, cause, error);
    return true;
}

static char *
now(const Journal *journal)
{
    const gint64 us = journal->clock->wall_us(journal->clock->data);
    g_autoptr(GDateTime) seconds = g_date_time_new_from_unix_utc(us / G_USEC_PER_SEC);
    g_autofree char *text = g_date_time_format(seconds, "%Y-%m-%dT%H:%M:%S");

    return g_strdup_printf("%s.%03dZ", text, (int) (us % G_USEC_PER_SEC / 1000));
}

bool
journal_append(Journal *journal, const char *release, const char *action, int percent,
               GError **error)
{
    g_autofree char *at = now(journal);
    g_autoptr(json_t) line = json_pack("{s:s, s:s, s:s, s:i}", "at", at, "release", release,
                                       "action", action, "percent", percent);

    FAULT_POINT("journal-before-append");
    return append(journal, line, error);
}

/* Calls @visit with each line that is whole, and the offset behind it. */
typedef void (*LineVisitor)(void *data, json_t *line, gint64 end);

static void
visit_lines(const Journal *journal, LineVisitor visit, void *data)
{
    g_autofree char *text = read_all(journal);
    const char *end;

    for (const char *at = text; (end = strchr(at, '\n')) != NULL; at = end + 1) {
        g_autoptr(json_t) line = json_loadb(at, (size_t) (end - at), 0, NULL);
        if (json_is_object(line))
            visit(data, line, end + 1 - text);
    }
}

static const char *
text_of(json_t *line, const char *key)
{
    const char *text = json_string_value(json_object_get(line, key));

    return text ? text : "";
}

typedef struct {
    const char *release;
    bool aborted;
} AbortSearch;

static void
note_abort(void *data, json_t *line, gint64 end G_GNUC_UNUSED)
{
    AbortSearch *search = data;

    if (strcmp(text_of(line, "release"), search->release) != 0)
        return;
    if (strcmp(text_of(line, "action"), "abort") == 0)
        search->aborted = true;
    else if (strcmp(text_of(line, "action"), "resume") == 0)
        search->aborted = false;
}

bool
journal_is_aborted(Journal *journal, const char *release)
{
    AbortSearch search = {.release = release};

    visit_lines(journal, note_abort, &search);
    return search.aborted;
}

typedef struct {
    gint64 mark; /* up to which it was reported; while reading, up to which we read */
    json_t *lines;
} Unreported;

static void
note_mark(void *data, json_t *line, gint64 end G_GNUC_UNUSED)
{
    Unreported *unreported = data;

    if (strcmp(text_of(line, "action"), REPORTED) == 0)
        unreported->mark = json_integer_value(json_object_get(line, "mark"));
}

static void
collect(void *data, json_t *line, gint64 end)
{
    Unreported *unreported = data;

    if (end <= unreported->mark)
        return;
    unreported->mark = end;
    if (strcmp(text_of(line, "action"), REPORTED) != 0)
        json_array_append(unreported->lines, line);
}

json_t *
journal_unreported(Journal *journal, gint64 *ret_mark)
{
    Unreported unreported = {.lines = json_array()};

    visit_lines(journal, note_mark, &unreported);
    visit_lines(journal, collect, &unreported);
    *ret_mark = unreported.mark;
    return unreported.lines;
}

bool
journal_reported(Journal *journal, gint64 mark, GError **error)
{
    g_autofree char *at = now(journal);
    g_autoptr(json_t) line =
        json_pack("{s:s, s:s, s:I}", "at", at, "action", REPORTED, "mark", (json_int_t) mark);

    return append(journal, line, error);
}

/* A block or two more than any line takes: a journal that ends in a half-filled block could take a
 * line on a full disk, and the next one not. */
static bool
probe_space(const Journal *journal, GError **error)
{
    /* Several of us may ask at once: status beside run. */
    g_autofree char *probe = g_strdup_printf("%s.%d.probe", journal->path, (int) getpid());
    g_autofree char *text = g_strnfill(PROBE_SIZE, ' ');
    const bool written = file_replace(probe, text, error);

    g_unlink(probe);
    return written;
}

bool
journal_is_writable(Journal *journal, GError **error)
{
    GError *cause = NULL;

    if (!probe_space(journal, &cause))
        return fail(journal, cause, error);
    if (g_file_test(journal->path, G_FILE_TEST_EXISTS) && g_access(journal->path, W_OK) != 0)
        return error_set(error, ERROR_STATE, "the traffic journal '%s' cannot be written by you",
                         journal->path);
    return true;
}
