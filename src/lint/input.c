#include "lint/input.h"

#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "lint/allow.h"
#include "sql/statement.h"

#define BOM "\xEF\xBB\xBF"
#define ANY_BODY "" /* among fates: some code may do anything */

static const char *const runner_names[RUNNER_N] = {
    [RUNNER_PSQL] = "psql",   [RUNNER_SLUICE] = "sluice", [RUNNER_ALEMBIC] = "alembic",
    [RUNNER_RAILS] = "rails", [RUNNER_FLYWAY] = "flyway", [RUNNER_DBMATE] = "dbmate",
};

/* The order of a revision's life; what undoes stands where the schema is as it expects it. */
static const SectionKind life[] = {
    SECTION_EXPAND,  SECTION_BACKFILL,     SECTION_FINISH,   SECTION_DOWNGRADE,
    SECTION_CUTOVER, SECTION_CUTOVER_UNDO, SECTION_CONTRACT,
};

LintRunner
lint_runner_find(const char *name)
{
    for (LintRunner runner = 0; runner < RUNNER_N; runner++)
        if (g_str_equal(name, runner_names[runner]))
            return runner;
    return RUNNER_N;
}

const char *
lint_runner_name(LintRunner runner)
{
    return runner_names[runner];
}

static void
unit_free(LintUnit *unit)
{
    ddl_changes_free(unit->changes);
    g_free(unit->problem);
    g_free(unit);
}

void
lint_file_drop_units(LintFile *file)
{
    g_ptr_array_set_size(file->units, 0);
    g_ptr_array_set_size(file->scripts, 0);
}

void
lint_file_free(LintFile *file)
{
    if (file == NULL)
        return;
    g_ptr_array_unref(file->units);
    g_ptr_array_unref(file->scripts);
    g_ptr_array_unref(file->allows);
    g_hash_table_unref(file->placeholders);
    g_hash_table_unref(file->fates);
    g_array_unref(file->marks);
    revision_free(file->revision);
    g_clear_error(&file->error);
    g_free(file->path);
    g_free(file->text);
    g_free(file);
}

Place
lint_file_place(const LintFile *file, gsize offset)
{
    Place place = {.file = file->path};

    text_position_by(file->marks, file->text, MIN(offset, file->length), &place.line,
                     &place.column);
    if (place.line == 1 && place.column > 1 && g_str_has_prefix(file->text, BOM))
        place.column--; /* editors do not count it */
    return place;
}

static LintUnit *
add_unit(LintFile *file, SectionKind section)
{
    LintUnit *unit = g_new0(LintUnit, 1);

    unit->file = file;
    unit->section = section;
    unit->index = file->units->len;
    g_ptr_array_add(file->units, unit);
    return unit;
}

static void
add_statement(LintFile *file, const SqlStatement *statement, gsize base, SectionKind section)
{
    LintUnit *unit = add_unit(file, section);

    unit->statement = statement;
    unit->changes = ddl_changes(statement);
    unit->base = base;
    unit->start = base + statement->start;
    unit->end = base + statement->end;
}

/* Syntax that the grammar is too old for, where it can be told. Caller owns. */
static char *
describe_problem(const char *sql, const char *message, ProblemKind *ret_kind)
{
    static const struct {
        const char *words;
        int since;
    } newer[] = {
        {"not enforced", 18},
        {"generated always as .* virtual", 18},
        {"without overlaps", 18},
        {"add constraint [a-z0-9_\"]+ not null", 18},
        {"set expression", 17},
        {"json_table", 17},
        {"merge into .* returning", 17},
        {"on_error", 17},
        {"set storage default", 16},
        {"merge partitions", 19},
        {"split partition", 19},
        {"^repack ", 19},
    };
    g_autofree char *lower = g_ascii_strdown(sql, -1);

    g_strdelimit(lower, "\n\r\t", ' ');
    *ret_kind = PROBLEM_NEWER;
    for (guint i = 0; i < G_N_ELEMENTS(newer); i++)
        if (g_regex_match_simple(newer[i].words, lower, 0, 0))
            return g_strdup_printf("newer than the grammar (PostgreSQL 15): this looks like syntax "
                                   "of PostgreSQL %d",
                                   newer[i].since);
    *ret_kind = PROBLEM_SYNTAX;
    return g_strdup(message);
}

static void
add_problem(LintFile *file, const char *text, const SqlProblem *problem, gsize base,
            SectionKind section)
{
    LintUnit *unit = add_unit(file, section);
    g_autofree char *sql = g_strndup(text + problem->start, problem->end - problem->start);

    unit->base = base;
    unit->start = base + problem->start;
    unit->end = base + problem->end;
    if (strstr(sql, "{%") != NULL && strstr(sql, "%}") != NULL) {
        unit->problem = g_strdup("a block of a template, `{% .. %}`, stands before the statement "
                                 "or in it: it is not looked at, the other statements are");
        unit->problem_kind = PROBLEM_TEMPLATE;
        return;
    }
    unit->problem = describe_problem(sql, problem->message, &unit->problem_kind);
    if (unit->problem_kind == PROBLEM_SYNTAX &&
        memcmp(file->text + unit->start, text + problem->start, strlen(sql)) != 0)
        unit->problem_kind = PROBLEM_FILLED;
}

/* What is too much to be parsed. */
static void
add_rest(LintFile *file, gsize start, gsize end, SectionKind section)
{
    LintUnit *unit = add_unit(file, section);

    unit->start = start;
    unit->end = end;
    unit->problem = g_strdup("the text is too large, or has too many statements: what follows is "
                             "not looked at");
    unit->problem_kind = PROBLEM_SYNTAX;
}

/* Statements, and what does not parse, in their order. */
static void
add_text(LintFile *file, const char *text, gsize base, SectionKind section)
{
    const gsize length = strlen(text), most = sql_bearable(text);
    g_autofree char *cut = most < length ? g_strndup(text, most) : NULL;
    g_autoptr(GPtrArray) problems = NULL;
    SqlScript *script = sql_parse_lenient(cut ? cut : text, lint_file_place(file, base), &problems);
    guint next = 0;

    g_ptr_array_add(file->scripts, script);
    for (guint i = 0; i < sql_script_count(script); i++) {
        const SqlStatement *statement = sql_script_get(script, i);

        for (; next < problems->len; next++) {
            const SqlProblem *problem = problems->pdata[next];
            if (problem->start > statement->start)
                break;
            add_problem(file, text, problem, base, section);
        }
        add_statement(file, statement, base, section);
    }
    for (; next < problems->len; next++)
        add_problem(file, text, problems->pdata[next], base, section);
    if (cut != NULL)
        add_rest(file, base + most, base + length, section);
}

gsize
lint_file_line(const LintFile *file, int line)
{
    const char *c = file->text;

    for (int i = 1; i < line && c != NULL; i++) {
        c = strchr(c, '\n');
        c = c ? c + 1 : NULL;
    }
    return c ? (gsize) (c - file->text) : file->length;
}

static void
add_sections(LintFile *file)
{
    for (guint k = 0; k < G_N_ELEMENTS(life); k++) {
        const Section *section = revision_section(file->revision, life[k], NULL);

        if (section != NULL)
            add_text(file, section->text, lint_file_line(file, section->place.line), life[k]);
    }
}

/* Makes what no parser takes into as many bytes that it does: the mark that some editors begin a
 * file with, and bytes of another encoding, which is said once. */
static void
make_readable(LintFile *file, char *text)
{
    const char *bad;
    LintUnit *unit;

    if (g_str_has_prefix(text, BOM))
        memset(text, ' ', strlen(BOM));
    if (file->converted) {
        unit = add_unit(file, SECTION_N);
        unit->problem = g_strdup("this is UTF-16 text, which psql and most runners do not take: it "
                                 "is read as UTF-8");
        unit->problem_kind = PROBLEM_ENCODING;
    }
    if (g_utf8_validate(text, -1, &bad))
        return;
    unit = add_unit(file, SECTION_N);
    unit->start = unit->end = (gsize) (bad - text);
    unit->problem = g_strdup("this is not UTF-8 text: each such byte is read as '?'");
    unit->problem_kind = PROBLEM_ENCODING;
    for (char *at = text; !g_utf8_validate(at, -1, &bad); at++) {
        at += bad - at;
        *at = '?';
    }
}

/* Is the first comment line with a word and a colon a revision's? */
static bool
looks_like_revision(const char *text)
{
    for (const char *line = text; line && *line; line = strchr(line, '\n')) {
        line += strspn(line, "\r\n\xEF\xBB\xBF \t");
        if (g_str_has_prefix(line, "-- Revision:"))
            return true;
        if (!g_str_has_prefix(line, "--"))
            return false;
    }
    return false;
}

/* What a comment line that begins here says; NULL: no comment does. */
static const char *
comment_at(const char *line)
{
    line += strspn(line, "\xEF\xBB\xBF \t");
    if (!g_str_has_prefix(line, "--"))
        return NULL;
    return line + strspn(line, "- \t!/");
}

static bool
begins_with(const char *words, const char *mark, bool is_all)
{
    const gsize length = strlen(mark);

    return g_ascii_strncasecmp(words, mark, length) == 0 &&
           (!is_all || words[length + strspn(words + length, " \t\r")] == '\n' ||
            words[length + strspn(words + length, " \t\r")] == '\0');
}

/* The first comment line from @from on that begins with @mark, or is nothing else; NULL: none. */
static const char *
find_mark(const char *from, const char *mark, bool is_all)
{
    for (const char *line = from; line != NULL; line = strchr(line, '\n')) {
        const char *words;

        line += *line == '\n';
        words = comment_at(line);
        if (words != NULL && begins_with(words, mark, is_all))
            return line;
    }
    return NULL;
}

/* How tools part the way up from the way down, and how those run a file. */
static const struct Direction {
    const char *up, *down; /* up NULL: it begins the file */
    LintRunner runner;
    bool is_all; /* nothing else stands in the line */
} directions[] = {
    {"migrate:up", "migrate:down", RUNNER_DBMATE, false},
    {"+goose up", "+goose down", RUNNER_RAILS, false},
    {"+migrate up", "+migrate down", RUNNER_RAILS, false},
    {"+micrate up", "+micrate down", RUNNER_RAILS, false},
    {"rambler up", "rambler down", RUNNER_RAILS, false},
    {"up migration", "down migration", RUNNER_RAILS, false},
    {"up", "down", RUNNER_PSQL, true},
    {NULL, "create above / drop below", RUNNER_RAILS, false},
    {NULL, "@undo", RUNNER_PSQL, false},
};

/* A tool's file with both directions: the way up, or the whole text. Caller owns. */
static char *
way_up(LintFile *file)
{
    const char *text = file->text;

    for (guint i = 0; i < G_N_ELEMENTS(directions); i++) {
        const struct Direction *tool = &directions[i];
        const char *up = tool->up ? find_mark(text, tool->up, tool->is_all) : text;
        const char *down = up ? find_mark(up, tool->down, tool->is_all) : NULL;

        if (up == NULL || (down == NULL && (tool->up == NULL || tool->is_all)))
            continue;
        if (file->runner == RUNNER_PSQL)
            file->runner = tool->runner;
        return g_strndup(text, down ? (gsize) (down - text) : file->length);
    }
    return g_strdup(text);
}

static bool
has_untransactional(const LintFile *file)
{
    for (guint i = 0; i < file->units->len; i++) {
        const LintUnit *unit = file->units->pdata[i];
        if (unit->statement != NULL && !sql_statement_is_transactional(unit->statement))
            return true;
    }
    return false;
}

/* How each tool is told to leave the transaction out. */
static bool
says_no_transaction(const LintFile *file)
{
    static const char *const marks[] = {"migrate:up transaction:false", "+goose no transaction",
                                        "+migrate up notransaction", "atlas:txmode none",
                                        "no-transaction"};

    for (guint i = 0; i < G_N_ELEMENTS(marks); i++)
        if (find_mark(file->text, marks[i], false) != NULL)
            return true;
    return strstr(file->text, "executeInTransaction=false") != NULL;
}

static bool
is_wrapped(const LintFile *file)
{
    switch (file->runner) {
    case RUNNER_ALEMBIC:
    case RUNNER_RAILS:
        return !says_no_transaction(file);
    case RUNNER_FLYWAY:
        return !says_no_transaction(file) && !has_untransactional(file);
    case RUNNER_DBMATE:
        /* Several statements in one query string are a transaction all the same. */
        return !says_no_transaction(file) || file->units->len > 1;
    case RUNNER_PSQL:
    case RUNNER_SLUICE:
    case RUNNER_N:
        return false;
    }
    g_assert_not_reached();
}

static bool
is_transaction_word(const LintUnit *unit, const char *word)
{
    const DdlChange *change;

    if (unit->changes == NULL || ddl_changes_count(unit->changes) == 0)
        return false;
    change = ddl_changes_get(unit->changes, 0);
    return change->kind == CHANGE_TRANSACTION && g_strcmp0(change->text, word) == 0;
}

/* What stands between BEGIN and ROLLBACK. */
static void
mark_undone(LintFile *file)
{
    guint begin = G_MAXUINT;

    for (guint i = 0; i < file->units->len; i++) {
        const LintUnit *unit = file->units->pdata[i];
        const bool is_undone = is_transaction_word(unit, "rollback");

        if (is_transaction_word(unit, "begin"))
            begin = MIN(begin, i);
        for (guint k = begin; is_undone && k < i; k++)
            ((LintUnit *) file->units->pdata[k])->undone = true;
        if (is_undone || is_transaction_word(unit, "commit"))
            begin = G_MAXUINT;
    }
}

static void
parse_file(LintFile *file)
{
    g_autofree char *up = NULL, *filled = NULL;

    if (looks_like_revision(file->text)) {
        file->runner = RUNNER_SLUICE;
        file->revision = revision_parse(file->path, file->text, false, &file->error);
        if (file->revision != NULL)
            add_sections(file);
    } else {
        up = way_up(file);
        make_readable(file, up);
        filled = sql_fill_placeholders(up, file->placeholders);
        add_text(file, filled ? filled : up, 0, SECTION_N);
    }
    mark_undone(file);
    file->wrapped = is_wrapped(file);
    file->allows = allow_scan(file);
}

static char *
key_of(Fate fate, const char *relation, const char *column)
{
    return g_strdup_printf("%d%s.%s", (int) fate, relation ? relation : "", column ? column : "");
}

static void
add_fates(GHashTable *fates, const DdlChange *change)
{
    const char *relation = change->relation.name;

    switch ((int) change->kind) {
    case CHANGE_ADD_COLUMN:
        g_hash_table_add(fates, key_of(FATE_GIVEN, relation, change->column));
        break;
    case CHANGE_RENAME_COLUMN:
        g_hash_table_add(fates, key_of(FATE_GIVEN, relation, change->new_name));
        g_hash_table_add(fates, key_of(FATE_GIVEN_UP, relation, change->column));
        break;
    case CHANGE_COLUMN_TYPE:
        g_hash_table_add(fates, key_of(FATE_RETYPED, relation, change->column));
        break;
    case CHANGE_DO:
    case CHANGE_CREATE_FUNCTION:
        g_hash_table_add(fates, g_strdup(ANY_BODY));
        break;
    default:
        break;
    }
}

/* A set of what the statements do to columns. */
static GHashTable *
fates_of(const GPtrArray *units)
{
    GHashTable *fates = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < units->len; i++) {
        const LintUnit *unit = units->pdata[i];

        for (guint k = 0; unit->changes && k < ddl_changes_count(unit->changes); k++)
            add_fates(fates, ddl_changes_get(unit->changes, k));
    }
    return fates;
}

bool
lint_file_may(const LintFile *file, Fate fate, DdlName relation, const char *column)
{
    g_autofree char *key = key_of(fate, relation.name, column);

    return g_hash_table_contains(file->fates, key) || g_hash_table_contains(file->fates, ANY_BODY);
}

LintFile *
lint_file_read(const char *path, char *take_text, LintRunner runner)
{
    LintFile *file = g_new0(LintFile, 1);

    file->path = g_strdup(path);
    file->runner = runner;
    file->reported = true;
    file->placeholders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    file->units = g_ptr_array_new_with_free_func((GDestroyNotify) unit_free);
    file->scripts = g_ptr_array_new_with_free_func((GDestroyNotify) sql_script_free);
    file->text = take_text ? take_text : file_read_converted(path, &file->converted, &file->error);
    if (file->text == NULL)
        file->text = g_strdup("");
    file->length = strlen(file->text);
    file->marks = text_marks(file->text);
    if (file->error == NULL)
        parse_file(file);
    else
        file->allows = g_ptr_array_new();
    file->fates = fates_of(file->units);
    return file;
}

bool
lint_file_rolls_back(const LintFile *file)
{
    for (guint i = 0; i < file->units->len; i++) {
        const LintUnit *unit = file->units->pdata[i];
        if (is_transaction_word(unit, "rollback") || is_transaction_word(unit, "rollback to"))
            return true;
    }
    return false;
}
