#include "revision/header.h"

#include <string.h>

#include "base/text.h"
#include "revision/lexer.h"

static const char *const header_words[] = {"Revision", "Revises",     "Title",
                                           "Created",  "Transaction", "Requires",
                                           "Branch",   "Imported",    NULL};

enum { LONGEST_TAKEN = 7 }; /* "current" */

/* One line of the header. Words are borrowed from the text, in which each ends with a NUL. */
typedef struct {
    Place place; /* of the word */
    char *word;
    char *value;
} HeaderLine;

void
header_list_own(GPtrArray **list, GDestroyNotify element_free)
{
    if ((*list)->len > 0)
        return;
    g_ptr_array_unref(*list);
    *list = g_ptr_array_new_with_free_func(element_free);
}

static bool
set_once(char **field, const HeaderLine *line, GError **error)
{
    if (*field != NULL)
        return error_set_at(error, ERROR_CONFIG, line->place, "a second '%s' line", line->word);
    *field = line->value;
    return true;
}

/* The next of the words of a value, cut off; NULL behind the last. */
static char *
next_word(char **rest)
{
    char *word = *rest + strspn(*rest, " \t,");

    if (*word == '\0')
        return NULL;
    *rest = word + strcspn(word, " \t,");
    if (**rest)
        *(*rest)++ = '\0';
    return word;
}

static bool
check_id(const char *id, Place place, GError **error)
{
    static const char *const taken[] = {"head", "heads", "base", "current", NULL};
    const char *bad = id;

    while (g_ascii_isalnum(*bad) || (*bad && !strchr(" \t@:+,/", *bad)))
        bad++;
    if (id[0] == '\0') {
        error_set_at(error, ERROR_CONFIG, place, "the revision has no id");
        return error_hint(error, "Write 12 hex digits: `-- Revision: 3f2a9c1b7d20`.");
    }
    if (*bad)
        return error_set_at(error, ERROR_CONFIG, place, "the id '%s' holds a '%c'", id, *bad);
    if ((bad - id <= LONGEST_TAKEN && g_strv_contains(taken, id)) || id[0] == '-' || id[0] == '(')
        return error_set_at(error, ERROR_CONFIG, place, "'%s' cannot be the id of a revision", id);
    return true;
}

static bool
add_parents(Revision *revision, const HeaderLine *line, GError **error)
{
    char *rest = line->value, *parent;

    if (revision->revises->len > 0)
        return error_set_at(error, ERROR_CONFIG, line->place, "a second 'Revises' line");
    while ((parent = next_word(&rest)) != NULL) {
        if (g_str_equal(parent, "(base)"))
            continue;
        if (!check_id(parent, line->place, error))
            return false;
        if (g_ptr_array_find_with_equal_func(revision->revises, parent, g_str_equal, NULL))
            return error_set_at(error, ERROR_CONFIG, line->place, "the parent '%s' stands twice",
                                parent);
        header_list_own(&revision->revises, NULL);
        g_ptr_array_add(revision->revises, parent);
    }
    return true;
}

static bool
parse_state(const char *word, Place place, RevisionState *ret_state, GError **error)
{
    for (RevisionState state = STATE_EXPANDED; state <= STATE_CONTRACTED; state++) {
        if (g_ascii_strcasecmp(word, revision_state_name(state)) != 0)
            continue;
        *ret_state = state;
        return true;
    }
    error_set_at(error, ERROR_CONFIG, place, "unknown state '%s' of a requirement", word);
    return error_hint(error, "Write `-- Requires: <id>`, or behind the id expanded, backfilled, "
                             "cut over or contracted; a line for each.");
}

/* One requirement a line: an id or a label, and a state. */
static bool
add_requirement(Revision *revision, const HeaderLine *line, GError **error)
{
    char *id = line->value, *word = id + strcspn(id, " \t");
    RevisionState state = STATE_CONTRACTED;
    Requirement *requirement;

    if (*word)
        *word++ = '\0';
    word += strspn(word, " \t");
    if (!check_id(id, line->place, error) ||
        (*word && !parse_state(word, line->place, &state, error)))
        return false;
    for (guint i = 0; i < revision->requires->len; i++) {
        const Requirement *other = g_ptr_array_index(revision->requires, i);
        if (strcmp(other->id, id) == 0)
            return error_set_at(error, ERROR_CONFIG, line->place,
                                "the requirement '%s' stands twice", id);
    }
    requirement = g_new(Requirement, 1);
    *requirement = (Requirement){.id = id, .state = state};
    header_list_own(&revision->requires, g_free);
    g_ptr_array_add(revision->requires, requirement);
    return true;
}

static bool
add_labels(Revision *revision, const HeaderLine *line, GError **error)
{
    char *rest = line->value, *label;

    while ((label = next_word(&rest)) != NULL) {
        if (!check_id(label, line->place, error))
            return false;
        if (g_ptr_array_find_with_equal_func(revision->labels, label, g_str_equal, NULL))
            return error_set_at(error, ERROR_CONFIG, line->place, "the label '%s' stands twice",
                                label);
        header_list_own(&revision->labels, NULL);
        g_ptr_array_add(revision->labels, label);
    }
    return true;
}

static bool
set_transaction(Revision *revision, const HeaderLine *line, GError **error)
{
    if (g_ascii_strcasecmp(line->value, "statement") != 0) {
        error_set_at(error, ERROR_CONFIG, line->place, "unknown transaction mode '%s'",
                     line->value);
        return error_hint(error, "Write `-- Transaction: statement`, or leave the line out.");
    }
    revision->statement_transactions = true;
    return true;
}

static bool
refuse_word(const HeaderLine *line, GError **error)
{
    const char *nearest = text_nearest(line->word, header_words);

    error_set_at(error, ERROR_CONFIG, line->place, "unknown header word '%s'", line->word);
    if (nearest != NULL)
        return error_hint(error, "Did you mean '%s'?", nearest);
    return error_hint(
        error, "Known are Revision, Revises, Requires, Branch, Title, Created, "
               "Transaction and Imported; any other comment is free where its first word has no "
               "colon.");
}

static bool
set_id(Revision *revision, const HeaderLine *line, GError **error)
{
    return set_once(&revision->id, line, error) && check_id(revision->id, line->place, error);
}

static bool
set_title(Revision *revision, const HeaderLine *line, GError **error)
{
    return set_once(&revision->title, line, error);
}

static bool
set_created(Revision *revision, const HeaderLine *line, GError **error)
{
    return set_once(&revision->created, line, error);
}

static bool
set_imported(Revision *revision, const HeaderLine *line, GError **error)
{
    return set_once(&revision->imported, line, error);
}

static bool (*const header_setters[])(Revision *, const HeaderLine *, GError **) = {
    set_id,          add_parents,     set_title,  set_created,
    set_transaction, add_requirement, add_labels, set_imported,
};

static bool
apply_line(Revision *revision, const HeaderLine *line, GError **error)
{
    for (guint i = 0; header_words[i] != NULL; i++)
        if (strcmp(line->word, header_words[i]) == 0 ||
            (line->word[0] == header_words[i][0] &&
             g_ascii_strcasecmp(line->word, header_words[i]) == 0))
            return header_setters[i](revision, line, error);
    return refuse_word(line, error);
}

/* Where the text of the comment line from @c to @end begins; NULL if it is none. */
static const char *
comment_text(const char *c, const char *end)
{
    while (c < end && (*c == ' ' || *c == '\t'))
        c++;
    if (end - c < 2 || c[0] != '-' || c[1] != '-')
        return NULL;
    for (c += 2; c < end && (*c == ' ' || *c == '\t');)
        c++;
    return c;
}

/* Is the line from @text to @end `-- Word: value`, its word with a capital? Other comments are the
 * author's. */
static bool
split_line(char *text, char *end, HeaderLine *line)
{
    const char *start = comment_text(text, end);
    char *word = text + (start ? start - text : 0), *colon = word;

    while (start && g_ascii_isalpha(*colon))
        colon++;
    if (start == NULL || !g_ascii_isupper(*word) || *colon != ':')
        return false;
    *colon = '\0';
    *end = '\0';
    line->place.column = (int) (word - text) + 1;
    line->word = word;
    line->value = g_strstrip(colon + 1);
    return true;
}

bool
header_parse(Revision *revision, char *text, GError **error)
{
    int number = 1;

    for (char *c = text, *end; *c; number++) {
        HeaderLine line = {.place = {.file = revision->path, .line = number}};
        const char *next;

        end = strchrnul(c, '\n');
        next = *end ? end + 1 : end;
        if (split_line(c, end, &line) && !apply_line(revision, &line, error))
            return false;
        c += next - c;
    }
    if (revision->id == NULL) {
        const Place place = {.file = revision->path, .line = 1, .column = 1};
        error_set_at(error, ERROR_CONFIG, place, "the file has no line `-- Revision: <id>`");
        return error_hint(error, "Make new revisions with `sluice revision -m \"title\"`.");
    }
    if (revision->title == NULL || revision->title[0] == '\0') {
        char *slash = strrchr(revision->path, '/');
        revision->title = slash ? slash + 1 : revision->path;
    }
    return true;
}

size_t
header_length(const char *text, bool *ret_complete)
{
    const char *end;

    *ret_complete = true;
    for (const char *c = text; *c; c = *end ? end + 1 : end) {
        const char *first = c;

        while (*first == ' ' || *first == '\t' || *first == '\r')
            first++;
        end = strchrnul(first, '\n');
        if (first == end)
            continue;
        if (first[0] != '-' || first[1] != '-' || marker_words(first) != NULL)
            return (size_t) (c - text);
    }
    *ret_complete = false;
    return strlen(text);
}

/* Is the line from @c to @end `-- <word>: ..`? */
static bool
line_is(const char *c, const char *end, const char *word)
{
    const char *start = comment_text(c, end);

    return start && g_ascii_isupper(*start) &&
           g_ascii_strncasecmp(start, word, strlen(word)) == 0 && start[strlen(word)] == ':';
}

/* Without a line of its own it stands behind the line Revision. */
char *
revision_text_revise(const char *text, const char *const *parents)
{
    const char *header = g_str_has_prefix(text, "\xEF\xBB\xBF") ? text + 3 : text;
    g_autofree char *ids = g_strjoinv(", ", (char **) (guintptr) parents);
    const char *from = NULL, *to = NULL, *end;
    bool complete, is_there = false;
    const char *stop = header + header_length(header, &complete);

    for (const char *c = header; c < stop && !is_there; c = *end ? end + 1 : end) {
        end = strchrnul(c, '\n');
        is_there = line_is(c, end, "Revises");
        if (is_there || line_is(c, end, "Revision")) {
            to = end > c && end[-1] == '\r' ? end - 1 : end;
            from = is_there ? c : to;
        }
    }
    g_assert(from != NULL);
    return g_strdup_printf("%.*s%s-- Revises: %s%s", (int) (from - text), text,
                           is_there      ? ""
                           : *to == '\r' ? "\r\n"
                                         : "\n",
                           ids, to);
}
