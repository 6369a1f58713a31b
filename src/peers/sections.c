#include "peers/sections.h"

#include <string.h>

#include "base/file.h"
#include "peers/folder.h"
#include "peers/script.h"

/* The words behind "--" if the line at @c is a comment, else NULL. */
static const char *
comment_words(const char *c)
{
    c += strspn(c, " \t");
    if (strncmp(c, "--", 2) != 0)
        return NULL;
    return c + 2 + strspn(c + 2, " \t");
}

static bool
line_has(const char *c, const char *word)
{
    const char *words = comment_words(c);

    return words != NULL && g_ascii_strncasecmp(words, word, strlen(word)) == 0 &&
           !g_ascii_isalnum(words[strlen(word)]);
}

static const char *
next_line(const char *c)
{
    c += strcspn(c, "\n");
    return *c ? c + 1 : c;
}

bool
sections_has(const char *text, const char *word)
{
    for (const char *c = text; *c; c = next_line(c)) {
        if (line_has(c, word))
            return true;
    }
    return false;
}

PeerRevision *
sections_add_file(History *history, const char *path, const char *suffix)
{
    g_autofree char *stem = g_path_get_basename(path);
    const size_t digits = strspn(stem, "0123456789");
    g_autofree char *version = NULL;
    const char *title;
    PeerRevision *revision;

    if (g_str_has_suffix(stem, suffix))
        stem[strlen(stem) - strlen(suffix)] = '\0';
    title = stem + digits + strspn(stem + digits, "_-. ");
    version = digits > 0 && (stem[digits] == '\0' || title > stem + digits)
                  ? g_strndup(stem, digits)
                  : g_strdup(stem);
    revision = history_add(history, version, path);
    revision->title = folder_title(*title ? title : stem);
    revision->created = folder_version_time(version);
    return revision;
}

typedef struct {
    const char *path;
    const char *text;
    const SectionWords *words;
    History *history;
    PeerRevision *revision;
} Reading;

/* Adds what stands between @start and @end to its side, of which the last comes first on the way
 * down. */
static void
add_part(Reading *reading, const char *marker, const char *start, const char *end)
{
    const bool up = line_has(marker, reading->words->up);
    g_autofree char *line = g_strndup(marker, strcspn(marker, "\n"));
    g_autofree char *text = g_strndup(start, (gsize) (end - start));
    PeerSql *side = up ? &reading->revision->expand : &reading->revision->downgrade;
    PeerSql part;
    char *joined;
    int number = 1;

    for (const char *c = reading->text; c < start; c++)
        number += *c == '\n';
    script_take(reading->history, reading->revision,
                &(ScriptSource){.place = {.file = reading->path, .line = number},
                                .text = text,
                                .in_transaction = true},
                &part);
    if (strstr(line, reading->words->no_transaction) != NULL)
        part.statement_transactions = true;
    if (up)
        joined = g_strconcat(side->text ? side->text : "", part.text, NULL);
    else
        joined = g_strconcat(part.text, side->text ? side->text : "", NULL);
    g_free(side->text);
    side->text = joined;
    side->statement_transactions = side->statement_transactions || part.statement_transactions;
    if (side->missing == NULL)
        side->missing = g_steal_pointer(&part.missing);
    peer_sql_clear(&part);
}

static bool
is_marker(const Reading *reading, const char *c)
{
    return line_has(c, reading->words->up) || line_has(c, reading->words->down);
}

/* Statements before the first marker are run by no tool. */
static void
note_before(Reading *reading, const char *c, int line)
{
    if (c[strspn(c, " \t\r")] == '\n' || comment_words(c) != NULL)
        return;
    history_note(reading->history, reading->revision, (Place){.file = reading->path, .line = line},
                 NULL, "text before the first `-- %s` is left out, as the tool does",
                 reading->words->up);
}

bool
sections_import(const char *path, const SectionWords *words, History *history, GError **error)
{
    g_autofree char *text = file_read(path, error);
    Reading reading = {path, text, words, history, NULL};
    const char *marker = NULL;
    bool whole_file = false;
    int line = 1;

    if (text == NULL)
        return false;
    reading.revision = sections_add_file(history, path, ".sql");
    for (const char *c = text; *c; c = next_line(c), line++) {
        if (line_has(c, words->no_transaction))
            whole_file = true;
        if (is_marker(&reading, c)) {
            if (marker != NULL)
                add_part(&reading, marker, next_line(marker), c);
            marker = c;
        } else if (marker == NULL) {
            note_before(&reading, c, line);
        }
    }
    if (marker != NULL)
        add_part(&reading, marker, next_line(marker), text + strlen(text));
    if (whole_file)
        reading.revision->expand.statement_transactions = true;
    if (reading.revision->expand.text == NULL)
        history_note(history, reading.revision, (Place){.file = path}, NULL,
                     "the file has no `-- %s`", words->up);
    return true;
}
