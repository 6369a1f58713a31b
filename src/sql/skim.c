#include "sql/skim.h"

#include <string.h>

static bool
begins_word(char c)
{
    return g_ascii_isalnum(c) || c == '_' || (unsigned char) c >= 0x80;
}

static bool
continues_word(char c)
{
    return begins_word(c) || c == '$';
}

static char
peek(const Skim *skim, gsize ahead)
{
    return skim->next + ahead < skim->limit ? skim->text[skim->next + ahead] : '\0';
}

/* A carriage return alone ends a comment too: what follows is run. */
static void
pass_line(Skim *skim)
{
    while (skim->next < skim->limit && skim->text[skim->next] != '\n' &&
           skim->text[skim->next] != '\r')
        skim->next++;
}

static void
pass_comment(Skim *skim)
{
    int depth = 0;

    do {
        if (peek(skim, 0) == '/' && peek(skim, 1) == '*') {
            depth++;
            skim->next += 2;
        } else if (peek(skim, 0) == '*' && peek(skim, 1) == '/') {
            depth--;
            skim->next += 2;
        } else {
            skim->next++;
        }
    } while (depth > 0 && skim->next < skim->limit);
    skim->next = MIN(skim->next, skim->limit);
}

static void
pass_blanks(Skim *skim)
{
    while (skim->next < skim->limit) {
        const char c = skim->text[skim->next];

        if (c == '-' && peek(skim, 1) == '-')
            pass_line(skim);
        else if (c == '/' && peek(skim, 1) == '*')
            pass_comment(skim);
        else if (g_ascii_isspace(c) || c == '\v')
            skim->next++;
        else
            return;
    }
}

/* A doubled quote is two quoted pieces that touch: no need to know. */
static void
pass_quoted(Skim *skim, char quote, bool escapes)
{
    for (skim->next++; skim->next < skim->limit; skim->next++) {
        const char c = skim->text[skim->next];

        if (escapes && skim->next + 1 < skim->limit &&
            (c == '\\' || (c == quote && peek(skim, 1) == quote)))
            skim->next++;
        else if (c == quote)
            break;
    }
    skim->next = MIN(skim->next + 1, skim->limit);
}

/* The length of "$$" or "$tag$" here; 0: there is none. */
static gsize
dollar_tag(const Skim *skim)
{
    gsize length = 1;

    if (g_ascii_isdigit(peek(skim, 1)))
        return 0;
    while (begins_word(peek(skim, length)))
        length++;
    return peek(skim, length) == '$' ? length + 1 : 0;
}

static void
pass_dollar_quoted(Skim *skim, gsize tag)
{
    const char *opening = skim->text + skim->next;
    const char *from = opening + tag;
    const char *end = memmem(from, (size_t) (skim->text + skim->limit - from), opening, tag);

    skim->next = end != NULL ? (gsize) (end - skim->text) + tag : skim->limit;
}

static void
pass_word(Skim *skim)
{
    while (skim->next < skim->limit && continues_word(skim->text[skim->next]))
        skim->next++;
}

Skim
skim_begin(const char *text, gsize from, gsize to)
{
    return (Skim){.text = text, .next = from, .limit = to, .start = from, .end = from};
}

bool
skim_next(Skim *skim)
{
    char c;
    gsize tag;

    pass_blanks(skim);
    if (skim->next >= skim->limit)
        return false;
    skim->start = skim->next;
    c = skim->text[skim->next];
    skim->kind = SKIM_MARK;
    if ((c == 'e' || c == 'E') && peek(skim, 1) == '\'') {
        skim->kind = SKIM_QUOTED;
        skim->next++;
        pass_quoted(skim, '\'', true);
    } else if (begins_word(c)) {
        skim->kind = SKIM_WORD;
        pass_word(skim);
    } else if (c == '\'' || c == '"') {
        skim->kind = SKIM_QUOTED;
        pass_quoted(skim, c, false);
    } else if (c == '$' && (tag = dollar_tag(skim)) > 0) {
        skim->kind = SKIM_QUOTED;
        pass_dollar_quoted(skim, tag);
    } else if (c == '\\') {
        skim->kind = SKIM_META;
        pass_line(skim);
    } else {
        skim->next++;
        if (c == '(' || c == '[')
            skim->kind = SKIM_OPEN;
        else if (c == ')' || c == ']')
            skim->kind = SKIM_CLOSE;
        else if (c == ',')
            skim->kind = SKIM_COMMA;
        else if (c == ';')
            skim->kind = SKIM_SEMICOLON;
    }
    skim->end = skim->next;
    return true;
}

bool
skim_is(const Skim *skim, const char *word)
{
    const char *text = skim->text + skim->start;
    gsize length;

    /* Most words differ in their first letter. */
    if (skim->kind != SKIM_WORD || g_ascii_tolower(text[0]) != word[0])
        return false;
    length = strlen(word);
    return skim->end - skim->start == length && g_ascii_strncasecmp(text, word, length) == 0;
}
