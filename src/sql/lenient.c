/* Texts of which some statements do not parse, and dumps with what only psql understands. */
#include <string.h>

#include "sql/script.h"
#include "sql/skim.h"
#include "sql/statement.h"

enum {
    PROBLEMS_MOST = 50000, /* a text with more of them is no SQL */
    MEMORY_MOST = 1000 << 20,
    ALWAYS_BORNE = 1 << 20, /* a text of so many bytes needs no look */
    /* What a statement, a word and a byte of it may need, measured. */
    STATEMENT_MEMORY = 4000,
    WORD_MEMORY = 400,
    BYTE_MEMORY = 4,
};

typedef struct {
    Place origin;
    char *text; /* a copy, in which what cannot be parsed becomes blank */
    gsize length;
    GPtrArray *problems; /* SqlProblem * */
    gsize here;          /* problems come in order: the place of the last one's byte */
    Place here_place;
} Lenient;

void
sql_problem_free(SqlProblem *problem)
{
    g_free(problem->message);
    g_free(problem);
}

static void
blank(Lenient *lenient, gsize start, gsize end)
{
    for (gsize i = start; i < end; i++)
        if (lenient->text[i] != '\n')
            lenient->text[i] = ' ';
}

static Place
place_at(Lenient *lenient, gsize offset)
{
    for (; lenient->here < offset; lenient->here++) {
        const char c = lenient->text[lenient->here];

        if (c == '\n') {
            lenient->here_place.line++;
            lenient->here_place.column = 1;
        } else if (((unsigned char) c & 0xC0) != 0x80) {
            lenient->here_place.column++;
        }
    }
    return lenient->here_place;
}

/* @error: its place counts from @start, and is part of its message. */
static void
add_problem(Lenient *lenient, gsize start, gsize end, const GError *error)
{
    SqlProblem *problem = g_new0(SqlProblem, 1);
    const Place inside = error_get_place(error);
    g_autofree char *prefix = g_strdup_printf("-:%d:%d: ", inside.line, inside.column);

    problem->start = start;
    problem->end = end;
    problem->place = place_at(lenient, start);
    if (inside.line > 1)
        problem->place.column = inside.column;
    else
        problem->place.column += MAX(inside.column - 1, 0);
    problem->place.line += MAX(inside.line - 1, 0);
    problem->message =
        g_strdup(error->message + (g_str_has_prefix(error->message, prefix) ? strlen(prefix) : 0));
    g_ptr_array_add(lenient->problems, problem);
    blank(lenient, start, end);
}

static bool
parses(const Lenient *lenient, gsize start, gsize end, GError **error)
{
    g_autofree char *piece = g_strndup(lenient->text + start, end - start);
    g_autoptr(SqlTree) tree = tree_parse(piece, (Place){.line = 1, .column = 1}, error);

    return tree != NULL;
}

/* The piece up to a semicolon; @nested: one inside of parentheses ends it too. */
typedef struct {
    gsize start, end; /* start == end: there is nothing but blanks */
    gsize next;
    gsize words; /* and marks */
} Piece;

static Piece
next_piece(const char *text, gsize from, gsize limit, bool nested)
{
    Piece piece = {.start = limit, .end = limit, .next = limit};
    bool begins = false;
    int depth = 0, atomic = 0;

    for (Skim skim = skim_begin(text, from, limit); skim_next(&skim);) {
        if (skim.kind == SKIM_SEMICOLON && (nested || (depth == 0 && atomic == 0))) {
            piece.end = piece.start < skim.start ? piece.end : skim.start;
            piece.start = MIN(piece.start, skim.start);
            piece.next = skim.end;
            return piece;
        }
        piece.start = MIN(piece.start, skim.start);
        piece.end = skim.end;
        piece.words++;
        depth = MAX(depth + (skim.kind == SKIM_OPEN) - (skim.kind == SKIM_CLOSE), 0);
        /* BEGIN ATOMIC .. END holds statements, and CASE .. END. */
        if (atomic > 0)
            atomic += skim_is(&skim, "case") - skim_is(&skim, "end");
        else
            atomic = begins && skim_is(&skim, "atomic");
        begins = skim_is(&skim, "begin");
    }
    return piece;
}

gsize
sql_bearable(const char *text)
{
    const gsize length = strlen(text);
    gsize memory = 0;

    if (length <= ALWAYS_BORNE)
        return length;
    for (gsize from = 0; from < length;) {
        const Piece piece = next_piece(text, from, length, false);

        memory += STATEMENT_MEMORY + piece.words * WORD_MEMORY + (piece.next - from) * BYTE_MEMORY;
        if (memory > MEMORY_MOST)
            return from;
        from = piece.next;
    }
    return length;
}

/* Behind the line "\." that ends the data which begins with the line after @from; 0: there is none
 * in all that follows. */
static gsize
end_of_data(const char *text, gsize from)
{
    const char *line = strchr(text + from, '\n');

    for (; line != NULL; line = strchr(line, '\n')) {
        line++;
        if (g_str_has_prefix(line, "\\.") && (line[2] == '\0' || strchr("\r\n", line[2]) != NULL))
            return (gsize) (line - text) + 2;
    }
    return 0;
}

/* \gexec and its like end a statement as a semicolon does. */
static bool
blank_meta(Lenient *lenient, gsize start, gsize end)
{
    const bool ends_statement = lenient->text[start + 1] == 'g' ||
                                g_str_has_prefix(lenient->text + start, "\\crosstabview") ||
                                g_str_has_prefix(lenient->text + start, "\\watch");

    blank(lenient, start, end);
    if (ends_statement)
        lenient->text[start] = ';';
    return ends_statement;
}

/* What is psql's alone, and the data behind a COPY .. FROM stdin. */
static void
blank_psql(Lenient *lenient)
{
    Skim skim = skim_begin(lenient->text, 0, lenient->length);
    bool begins = true, copies = false, takes_data = false, has_data = true;

    while (skim_next(&skim)) {
        if (skim.kind == SKIM_META) {
            begins = blank_meta(lenient, skim.start, skim.end) || begins;
            continue;
        }
        if (skim.kind == SKIM_SEMICOLON && takes_data && has_data) {
            const gsize end = end_of_data(lenient->text, skim.end);

            has_data = end > 0;
            blank(lenient, skim.end, MAX(end, skim.end));
            skim.next = MAX(end, skim.end);
        }
        copies = begins ? skim_is(&skim, "copy") : copies;
        takes_data = copies && (takes_data || skim_is(&skim, "stdin"));
        begins = skim.kind == SKIM_SEMICOLON;
        copies = copies && !begins;
    }
}

/* A parenthesis that is never closed swallows what follows: then each semicolon is an end. */
static void
try_nested(Lenient *lenient, const Piece *whole)
{
    for (gsize from = whole->start; from < whole->end && lenient->problems->len < PROBLEMS_MOST;) {
        const Piece piece = next_piece(lenient->text, from, whole->end, true);
        g_autoptr(GError) error = NULL;

        if (piece.start < piece.end && !parses(lenient, piece.start, piece.end, &error))
            add_problem(lenient, piece.start, piece.end, error);
        from = piece.next;
    }
}

/* What follows the last problem that is told. */
static void
give_up(Lenient *lenient, gsize from)
{
    g_autoptr(GError) error = NULL;

    error_set(
        &error, ERROR_SQL,
        "%d statements before do not parse: this is no SQL, and what follows is not looked at",
        PROBLEMS_MOST);
    add_problem(lenient, from, lenient->length, error);
}

static void
try_pieces(Lenient *lenient)
{
    for (gsize from = 0; from < lenient->length;) {
        const Piece piece = next_piece(lenient->text, from, lenient->length, false);
        g_autoptr(GError) error = NULL;

        from = piece.next;
        if (piece.start < piece.end && lenient->problems->len >= PROBLEMS_MOST) {
            give_up(lenient, piece.start);
            return;
        }
        if (piece.start == piece.end || parses(lenient, piece.start, piece.end, &error))
            continue;
        if (memchr(lenient->text + piece.start, ';', (size_t) (piece.end - piece.start)) != NULL &&
            piece.next == lenient->length)
            try_nested(lenient, &piece);
        else
            add_problem(lenient, piece.start, piece.end, error);
    }
}

static SqlScript *
parse_empty(Lenient *lenient, const GError *error)
{
    g_ptr_array_set_size(lenient->problems, 0);
    lenient->here = 0;
    lenient->here_place = lenient->origin;
    add_problem(lenient, 0, lenient->length, error);
    return sql_parse("", lenient->origin, NULL);
}

SqlScript *
sql_parse_lenient(const char *text, Place origin, GPtrArray **ret_problems)
{
    g_autoptr(GError) error = NULL;
    SqlScript *script = sql_parse(text, origin, &error);
    g_autofree char *copy = script == NULL ? g_strdup(text) : NULL;
    Lenient lenient = {.text = copy};

    lenient.origin = (Place){origin.file, MAX(origin.line, 1), MAX(origin.column, 1)};
    lenient.here_place = lenient.origin;
    lenient.problems = g_ptr_array_new_with_free_func((GDestroyNotify) sql_problem_free);
    *ret_problems = lenient.problems;
    if (script != NULL)
        return script;
    lenient.length = strlen(text);
    if (!g_utf8_validate(text, -1, NULL)) {
        g_clear_error(&error);
        parses(&lenient, 0, lenient.length, &error);
        return parse_empty(&lenient, error);
    }
    blank_psql(&lenient);
    try_pieces(&lenient);
    g_clear_error(&error);
    script = sql_parse(lenient.text, origin, &error);
    return script != NULL ? script : parse_empty(&lenient, error);
}
