#include "revision/header.h"

#include <string.h>

#include "base/text.h"
#include "revision/lexer.h"

static const char *const header_words[] = {"Revision",    "Revises",  "Title",  "Created",
                                           "Transaction", "Requires", "Branch", NULL};

/* One line of the header. */
typedef struct {
    Place place; /* of the word */
    char *word;
    char *value;
    int value_column;
} HeaderLine;

static bool
set_once(char **field, HeaderLine *line, GError **error)
{
    if (*field != NULL)
        return error_set_at(error, ERROR_CONFIG, line->place, "a second '%s' line", line->word);
    *field = g_steal_pointer(&line->value);
    return true;
}

static bool
check_id(const char *id, Place place, GError **error)
{
    static const char *const taken[] = {"head", "heads", "base", "current", NULL};
    const char *bad = id + strcspn(id, " \t@:+,/");

    if (id[0] == '\0') {
        error_set_at(error, ERROR_CONFIG, place, "the revision has no id");
        return error_hint(error, "Write 12 hex digits: `-- Revision: 3f2a9c1b7d20`.");
    }
    if (*bad)
        return error_set_at(error, ERROR_CONFIG, place, "the id '%s' holds a '%c'", id, *bad);
    if (g_strv_contains(taken, id) || id[0] == '-' || id[0] == '(')
        return error_set_at(error, ERROR_CONFIG, place, "'%s' cannot be the id of a revision", id);
    return true;
}

static bool
add_parents(Revision *revision, const HeaderLine *line, GError **error)
{
    g_auto(GStrv) parents = g_strsplit_set(line->value, " \t,", -1);

    if (revision->revises->len > 0)
        return error_set_at(error, ERROR_CONFIG, line->place, "a second 'Revises' line");
    for (char **parent = parents; *parent; parent++) {
        if ((*parent)[0] == '\0' || g_str_equal(*parent, "(base)"))
            continue;
        if (!check_id(*parent, line->place, error))
            return false;
        if (g_ptr_array_find_with_equal_func(revision->revises, *parent, g_str_equal, NULL))
            return error_set_at(error, ERROR_CONFIG, line->place, "the parent '%s' stands twice",
                                *parent);
        g_ptr_array_add(revision->revises, g_strdup(*parent));
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
    const size_t length = strcspn(line->value, " \t");
    const char *word = line->value + length + strspn(line->value + length, " \t");
    g_autofree char *id = g_strndup(line->value, length);
    RevisionState state = STATE_CONTRACTED;
    Requirement *requirement;

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
    *requirement = (Requirement){.id = g_steal_pointer(&id), .state = state};
    g_ptr_array_add(revision->requires, requirement);
    return true;
}

static bool
add_labels(Revision *revision, const HeaderLine *line, GError **error)
{
    g_auto(GStrv) labels = g_strsplit_set(line->value, " \t,", -1);

    for (char **label = labels; *label; label++) {
        if ((*label)[0] == '\0')
            continue;
        if (!check_id(*label, line->place, error))
            return false;
        if (g_ptr_array_find_with_equal_func(revision->labels, *label, g_str_equal, NULL))
            return error_set_at(error, ERROR_CONFIG, line->place, "the label '%s' stands twice",
                                *label);
        g_ptr_array_add(revision->labels, g_strdup(*label));
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
    return error_hint(error, "Known are Revision, Revises, Requires, Branch, Title, Created and "
                             "Transaction; any "
                             "other comment is free where its first word has no colon.");
}

static bool
apply_line(Revision *revision, HeaderLine *line, GError **error)
{
    if (g_ascii_strcasecmp(line->word, "Revision") == 0)
        return set_once(&revision->id, line, error) && check_id(revision->id, line->place, error);
    if (g_ascii_strcasecmp(line->word, "Revises") == 0)
        return add_parents(revision, line, error);
    if (g_ascii_strcasecmp(line->word, "Title") == 0)
        return set_once(&revision->title, line, error);
    if (g_ascii_strcasecmp(line->word, "Created") == 0)
        return set_once(&revision->created, line, error);
    if (g_ascii_strcasecmp(line->word, "Transaction") == 0)
        return set_transaction(revision, line, error);
    if (g_ascii_strcasecmp(line->word, "Requires") == 0)
        return add_requirement(revision, line, error);
    if (g_ascii_strcasecmp(line->word, "Branch") == 0)
        return add_labels(revision, line, error);
    return refuse_word(line, error);
}

/* Is the line `-- Word: value`, its word with a capital? Other comments are the author's. */
static bool
split_line(const char *text, HeaderLine *line)
{
    const char *c = text + strspn(text, " \t");
    const char *word, *end, *value;

    if (strncmp(c, "--", 2) != 0)
        return false;
    word = c + 2 + strspn(c + 2, " \t");
    end = word;
    while (g_ascii_isalpha(*end))
        end++;
    if (!g_ascii_isupper(*word) || *end != ':')
        return false;
    value = end + 1;
    line->place.column = (int) (word - text) + 1;
    line->word = g_strndup(word, (gsize) (end - word));
    line->value = g_strstrip(g_strndup(value, strcspn(value, "\n")));
    return true;
}

static const char *
next_line(const char *c)
{
    c += strcspn(c, "\n");
    return *c ? c + 1 : c;
}

bool
header_parse(Revision *revision, const char *text, GError **error)
{
    int number = 1;

    for (const char *c = text; *c; c = next_line(c), number++) {
        HeaderLine line = {.place = {.file = revision->path, .line = number}};
        bool ok = true;

        if (split_line(c, &line))
            ok = apply_line(revision, &line, error);
        g_free(line.word);
        g_free(line.value);
        if (!ok)
            return false;
    }
    if (revision->id == NULL) {
        const Place place = {.file = revision->path, .line = 1, .column = 1};
        error_set_at(error, ERROR_CONFIG, place, "the file has no line `-- Revision: <id>`");
        return error_hint(error, "Make new revisions with `sluice revision -m \"title\"`.");
    }
    if (revision->title == NULL || revision->title[0] == '\0') {
        g_free(revision->title);
        revision->title = g_path_get_basename(revision->path);
    }
    return true;
}

size_t
header_length(const char *text, bool *ret_complete)
{
    const char *c = text;

    for (; *c; c = next_line(c)) {
        const char *first = c + strspn(c, " \t\r");
        const bool is_header = *first == '\n' || strncmp(first, "--", 2) == 0;

        *ret_complete = true;
        if (marker_words(c) != NULL || (*first && !is_header))
            return (size_t) (c - text);
    }
    *ret_complete = false;
    return (size_t) (c - text);
}
