#include "peers/script.h"

#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "revision/lexer.h"
#include "sql/script.h"

enum { INCLUDES_MAX = 16 };

typedef struct {
    History *history;
    const PeerRevision *revision;
    PeerSql *sql;
    const char *root;
    bool generated; /* it is in no file, so its lines mean nothing */
    int depth;
} Taking;

/* Only the first reason is kept: the findings name all. */
G_GNUC_PRINTF(4, 5)
static void
miss(Taking *taking, Place place, const char *hint, const char *format, ...)
{
    g_autofree char *what = NULL;
    va_list args;

    va_start(args, format);
    what = g_strdup_vprintf(format, args);
    va_end(args);
    if (taking->generated)
        place.line = 0;
    history_note(taking->history, taking->revision, place, hint, "%s", what);
    if (taking->sql->missing == NULL)
        taking->sql->missing = g_steal_pointer(&what);
}

char *
script_comment(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    GString *out = g_string_new(NULL);

    for (char **line = lines; *line; line++) {
        if (line[1] != NULL || **line)
            g_string_append_printf(out, "-- %s\n", g_strchomp(*line));
    }
    return g_string_free(out, FALSE);
}

static const char *
line_end(const char *c)
{
    return c + strcspn(c, "\n");
}

static Place
place_of(const ScriptSource *source, const char *c)
{
    Place place = source->place;
    int line, column;

    text_position(source->text, (size_t) (c - source->text), &line, &column);
    place.line += line - 1;
    place.column = 0;
    return place;
}

static void append_plain(Taking *taking, const ScriptSource *source, GString *out);

/* `\i file` and `\ir file`. */
static void
append_include(Taking *taking, const ScriptSource *source, Place place, char **words, GString *out)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *name = g_strdup(words[1] ? words[1] : "");
    g_autofree char *beside = g_path_get_dirname(source->place.file);
    const bool relative =
        g_str_equal(words[0], "\\ir") || g_str_equal(words[0], "\\include_relative");
    const char *folder = relative || taking->root == NULL ? beside : taking->root;
    g_autofree char *path = NULL;
    g_autofree char *text = NULL;

    g_strdelimit(name, "'\"", ' ');
    g_strstrip(name);
    path = g_path_is_absolute(name) ? g_strdup(name) : g_build_filename(folder, name, NULL);
    if (taking->depth >= INCLUDES_MAX) {
        miss(taking, place, "Write the included SQL here.", "'%s' includes itself", path);
        return;
    }
    text = file_read(path, &cause);
    if (text == NULL) {
        miss(taking, place, "Write the included SQL here.", "%s", cause->message);
        return;
    }
    taking->depth++;
    append_plain(taking, &(ScriptSource){.place = {.file = path, .line = 1}, .text = text}, out);
    taking->depth--;
}

/* One that changes nothing of what the script does. */
static bool
is_harmless(char **words)
{
    static const char *const commands[] = {"\\restrict", "\\unrestrict", "\\echo",     "\\qecho",
                                           "\\warn",     "\\timing",     "\\pset",     "\\x",
                                           "\\encoding", "\\q",          "\\conninfo", NULL};
    static const char *const variables[] = {
        "ON_ERROR_STOP", "ON_ERROR_ROLLBACK", "QUIET",        "VERBOSITY",
        "ECHO",          "AUTOCOMMIT",        "SHOW_CONTEXT", NULL};

    if (g_str_equal(words[0], "\\set"))
        return words[1] != NULL && g_strv_contains((const char *const *) variables, words[1]);
    return g_strv_contains(commands, words[0]);
}

/* What begins with a backslash outside of quotes, to the line's end. */
static const char *
take_command(Taking *taking, const ScriptSource *source, const char *c, bool at_line_start,
             GString *out)
{
    const char *end = line_end(c);
    g_autofree char *line = g_strstrip(g_strndup(c, (gsize) (end - c)));
    g_auto(GStrv) words = g_strsplit_set(line, " \t", 2);
    const Place place = place_of(source, c);

    if (words[1] != NULL)
        g_strstrip(words[1]);
    if (at_line_start &&
        (g_str_equal(words[0], "\\i") || g_str_equal(words[0], "\\ir") ||
         g_str_equal(words[0], "\\include") || g_str_equal(words[0], "\\include_relative"))) {
        append_include(taking, source, place, words, out);
        return end;
    }
    if (words[1] != NULL)
        words[1][strcspn(words[1], " \t")] = '\0';
    if (at_line_start && is_harmless(words))
        return end;
    g_string_append_printf(out, "-- %s", line);
    miss(taking, place, "Say it in SQL where the comment stands, or drop it.",
         "psql's command '%s' is not SQL", words[0]);
    return end;
}

/* The end of the statement at @c, behind its semicolon; NULL if a quote never ends. */
static const char *
statement_end(const char *text, const char *c)
{
    const char *what;

    while (*c && *c != ';') {
        c = lexer_skip(text, c, &what);
        if (c == NULL)
            return NULL;
    }
    return *c ? c + 1 : c;
}

/* COPY .. FROM stdin with its data, as a comment; NULL: the statement at @c is none. */
static const char *
take_copy(Taking *taking, const ScriptSource *source, const char *c, GString *out)
{
    const char *end =
        g_ascii_strncasecmp(c, "COPY", 4) == 0 ? statement_end(source->text, c) : NULL;
    g_autofree char *statement = end ? g_strndup(c, (gsize) (end - c)) : NULL;
    g_autofree char *whole = NULL;
    g_autofree char *comment = NULL;

    if (statement == NULL || !g_regex_match_simple("^COPY\\b.*\\bFROM\\s+STDIN\\b", statement,
                                                   G_REGEX_CASELESS | G_REGEX_DOTALL, 0))
        return NULL;
    while (*end && strncmp(end, "\n\\.", 3) != 0)
        end++;
    if (*end)
        end = line_end(end + 1);
    whole = g_strndup(c, (gsize) (end - c));
    comment = script_comment(whole);
    g_string_append(out, comment);
    miss(taking, place_of(source, c),
         "Write INSERT .. VALUES instead; pg_dump does with --inserts.",
         "COPY from stdin carries its data in the script");
    return end;
}

/* @source without what only psql understands, lines kept where they are. */
static void
append_plain(Taking *taking, const ScriptSource *source, GString *out)
{
    bool at_line_start = true, at_statement_start = true;
    const char *what, *next;

    for (const char *c = source->text; *c; c = next) {
        next = at_statement_start ? take_copy(taking, source, c, out) : NULL;
        if (next != NULL)
            continue;
        if (*c == '\\') {
            next = take_command(taking, source, c, at_line_start, out);
            continue;
        }
        next = lexer_skip(source->text, c, &what);
        if (next == NULL)
            next = c + strlen(c); /* the parser says what is wrong */
        g_string_append_len(out, c, next - c);
        if (*c == '\n')
            at_line_start = true;
        else if (!g_ascii_isspace(*c))
            at_line_start = false;
        if (*c == ';')
            at_statement_start = true;
        else if (!g_ascii_isspace(*c) && strncmp(c, "--", 2) != 0 && strncmp(c, "/*", 2) != 0)
            at_statement_start = false;
    }
}

/* How far the reader of a script is: each statement's place as an offset, counted once. */
typedef struct {
    const char *text;
    size_t offset;
    int line, column;
} Cursor;

static size_t
cursor_move(Cursor *cursor, Place place)
{
    const char *text = cursor->text;

    while (text[cursor->offset] && (cursor->line < place.line || (cursor->line == place.line &&
                                                                  cursor->column < place.column))) {
        if (text[cursor->offset] == '\n') {
            cursor->line++;
            cursor->column = 1;
        } else if (((unsigned char) text[cursor->offset + 1] & 0xC0) != 0x80) {
            cursor->column++;
        }
        cursor->offset++;
    }
    return cursor->offset;
}

typedef struct {
    size_t start, end;
} Range;

/* The statement at @offset with its semicolon, and with its lines where it fills them. */
static Range
whole_range(const char *text, size_t offset, const char *statement)
{
    Range range = {offset, offset + strlen(statement)};
    size_t start = offset, end;

    end = range.end + strspn(text + range.end, " \t\r\n");
    if (text[end] == ';')
        range.end = end + 1;
    while (start > 0 && (text[start - 1] == ' ' || text[start - 1] == '\t'))
        start--;
    end = range.end + strspn(text + range.end, " \t\r");
    if ((start > 0 && text[start - 1] != '\n') || (text[end] != '\n' && text[end] != '\0'))
        return range;
    return (Range){start, text[end] ? end + 1 : end};
}

/* What BEGIN and COMMIT of a script come to. */
typedef struct {
    bool inside;
    int loose;       /* transactional statements outside of a block */
    int others;      /* statements that are not control */
    bool closed;     /* a block with statements has ended, and nothing cut the run since */
    bool filled;     /* the open block has statements */
    bool two_blocks; /* neighbours that one transaction would join */
} Blocks;

static bool
is_begin(const char *verb)
{
    return g_str_has_prefix(verb, "BEGIN") || g_str_has_prefix(verb, "START TRANSACTION");
}

static bool
is_end(const char *verb)
{
    return g_str_has_prefix(verb, "COMMIT") || g_str_has_prefix(verb, "END");
}

static void
count_statement(Blocks *blocks, const SqlStatement *statement)
{
    blocks->others++;
    if (!sql_statement_is_transactional(statement)) {
        blocks->closed = false;
        blocks->filled = false;
        return;
    }
    if (blocks->closed)
        blocks->two_blocks = true;
    if (blocks->inside)
        blocks->filled = true;
    else
        blocks->loose++;
}

static void
drop_control(Taking *taking, bool inside, int line, const SqlScript *script, GString *text)
{
    Cursor cursor = {.text = text->str, .line = line, .column = 1};
    Blocks blocks = {.inside = inside};
    g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, sizeof(Range));

    for (guint i = 0; i < sql_script_count(script); i++) {
        const SqlStatement *statement = sql_script_get(script, i);
        const char *verb = sql_statement_verb(statement);
        const Place place = sql_statement_place(statement);

        if (!sql_statement_is_transaction_control(statement)) {
            count_statement(&blocks, statement);
            continue;
        }
        if (!is_begin(verb) && !is_end(verb)) {
            miss(taking, place, "Say without it what the script does.",
                 "%s cannot stand in a revision", verb);
            continue;
        }
        if (is_end(verb)) {
            blocks.closed = blocks.closed || blocks.filled;
            blocks.filled = false;
        }
        blocks.inside = is_begin(verb);
        const Range range =
            whole_range(text->str, cursor_move(&cursor, place), sql_statement_text(statement));
        g_array_append_val(ranges, range);
    }
    for (guint i = ranges->len; i-- > 0;) {
        const Range *range = &g_array_index(ranges, Range, i);
        g_string_erase(text, (gssize) range->start, (gssize) (range->end - range->start));
    }
    taking->sql->statement_transactions =
        blocks.two_blocks || (blocks.loose > 0 && blocks.others > 1);
}

void
script_take(History *history, const PeerRevision *revision, const ScriptSource *source,
            PeerSql *ret_sql)
{
    Taking taking = {.history = history,
                     .revision = revision,
                     .sql = ret_sql,
                     .root = source->root,
                     .generated = source->place.line == 0};
    const Place origin = {source->place.file, MAX(source->place.line, 1), 1};
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(SqlScript) script = NULL;
    g_autoptr(GError) cause = NULL;

    *ret_sql = (PeerSql){0};
    append_plain(&taking, source, text);
    script = sql_parse(text->str, origin, &cause);
    if (script == NULL) {
        miss(&taking, source->place, "Write it as SQL that the parser of PostgreSQL 15 knows.",
             "%s", cause->message);
        ret_sql->text = script_comment(text->str);
        return;
    }
    drop_control(&taking, source->in_transaction, origin.line, script, text);
    ret_sql->text = g_strdup(text->str);
}
