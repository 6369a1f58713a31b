/* What a statement of a revision becomes, section by section: as recipe, and as fix. */
#include <string.h>

#include "lint/gone.h"
#include "lint/recipe-steps.h"
#include "sql/bound.h"

void
recipe_life_init(RecipeLife *life)
{
    for (SectionKind kind = 0; kind < SECTION_N; kind++)
        life->in[kind] = g_string_new(NULL);
}

void
recipe_life_clear(RecipeLife *life)
{
    for (SectionKind kind = 0; kind < SECTION_N; kind++)
        g_string_free(life->in[kind], TRUE);
}

void
recipe_life_add(RecipeLife *life, SectionKind section, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_string_append_vprintf(life->in[section], format, args);
    va_end(args);
}

bool
recipe_has_life(const LintContext *context)
{
    return context->unit->outer == NULL &&
           (facts_in_section(context, SECTION_EXPAND) || facts_in_section(context, SECTION_FINISH));
}

/* What undoes is only for those that can be undone. */
static bool
is_wanted(const LintContext *context, SectionKind kind)
{
    return kind != SECTION_DOWNGRADE ||
           revision_section(context->file->revision, kind, NULL) != NULL;
}

void
recipe_of_life(const LintContext *context, const RecipeLife *life)
{
    g_autoptr(GString) recipe = g_string_new(NULL);

    for (SectionKind kind = 0; kind < SECTION_N; kind++)
        if (life->in[kind]->len > 0 && is_wanted(context, kind))
            g_string_append_printf(recipe, "%s-- sluice: %s\n%s", recipe->len > 0 ? "\n" : "",
                                   section_kind_name(kind), life->in[kind]->str);
    g_string_truncate(recipe, recipe->len - 1); /* the last newline */
    lint_recipe(context, "%s", recipe->str);
}

/* Does @unit run behind the statement, and in front of what @target holds? */
static bool
is_between(const LintContext *context, const LintUnit *unit, SectionKind target)
{
    return unit->index > context->unit->index &&
           (unit->section == context->unit->section || unit->section < target);
}

/* A name is a token by itself, or somewhere in a literal, which may be code. */
static bool
is_named_by(const char *token, gsize length, const char *name)
{
    g_autofree char *text = g_ascii_strdown(token, (gssize) length);
    g_autofree char *lower = g_ascii_strdown(name, -1);
    const bool is_quoted = text[0] == '"' && length > 1;

    if (text[0] == '\'' || text[0] == '$')
        return strstr(text, lower) != NULL;
    if (is_quoted)
        text[length - 1] = '\0';
    return g_str_equal(text, "*") || g_str_equal(text + is_quoted, lower);
}

static bool
names(const SqlStatement *statement, const char *name)
{
    const SqlTree *tree = statement->tree;
    const guint count = tree_token_count(tree);

    for (guint i = tree_token_at(tree, (int) statement->start); i < count; i++) {
        const SqlToken *token = tree_token(tree, i);

        if (token->start >= (int) statement->end)
            return false;
        if (is_named_by(tree->text + token->start, (gsize) (token->end - token->start), name))
            return true;
    }
    return false;
}

/* What @later takes away, or gives another shape, of what the statement names. */
static bool
takes_away(const LintContext *context, const DdlChange *later)
{
    switch ((int) later->kind) {
    case CHANGE_DROP:
    case CHANGE_RENAME:
    case CHANGE_SET_SCHEMA:
        return true;
    case CHANGE_DROP_COLUMN:
    case CHANGE_RENAME_COLUMN:
    case CHANGE_COLUMN_TYPE:
        return names(context->statement, later->column);
    case CHANGE_DROP_CONSTRAINT:
    case CHANGE_RENAME_CONSTRAINT:
        return names(context->statement, later->constraint_name);
    default:
        return false;
    }
}

static bool
is_about(const LintContext *context, const DdlChange *later)
{
    for (guint i = 0; i < ddl_changes_count(context->changes); i++)
        if (facts_same(context, ddl_changes_get(context->changes, i)->relation, later->relation))
            return true;
    return false;
}

static bool
is_taken_away_before(const LintContext *context, SectionKind target)
{
    const GPtrArray *units = context->file->units;

    for (guint i = 0; i < units->len; i++) {
        const LintUnit *unit = units->pdata[i];

        if (!is_between(context, unit, target))
            continue;
        if (unit->changes == NULL)
            return true; /* it could not be read */
        for (guint k = 0; k < ddl_changes_count(unit->changes); k++)
            if (is_about(context, ddl_changes_get(unit->changes, k)) &&
                takes_away(context, ddl_changes_get(unit->changes, k)))
                return true;
    }
    return false;
}

/* A statement that is moved to @target as it is: does one between here and there name @name, or
 * read `*`? */
static bool
is_named_before(const LintContext *context, SectionKind target, const char *name)
{
    const GPtrArray *units = context->file->units;

    for (guint i = 0; i < units->len; i++) {
        const LintUnit *unit = units->pdata[i];

        if (is_between(context, unit, target) &&
            (unit->statement == NULL || names(unit->statement, name)))
            return true;
    }
    return false;
}

/* What undoes the revision is run on what contract has not touched. */
static bool
is_undone(const LintContext *context, const char *name)
{
    const GPtrArray *units = context->file->units;

    for (guint i = 0; i < units->len; i++) {
        const LintUnit *unit = units->pdata[i];

        if (unit->section == SECTION_DOWNGRADE &&
            (unit->statement == NULL || names(unit->statement, name)))
            return true;
    }
    return false;
}

/* A section that is derived stays so, and one that is not filled in is the author's. */
static bool
takes_more(const Revision *revision, SectionKind kind)
{
    const Section *section = revision_section(revision, kind, NULL);

    return section != NULL ? section->fill_in == NULL
                           : kind != SECTION_BACKFILL || !revision_has_sync(revision);
}

static bool
fits(const LintContext *context, const RecipeLife *life)
{
    const Revision *revision = context->file->revision;

    SectionKind last = context->unit->section;

    if (!recipe_is_replaceable(context) || revision->imported != NULL)
        return false;
    for (SectionKind kind = 0; kind < SECTION_N; kind++) {
        if (life->in[kind]->len == 0 || kind == context->unit->section)
            continue;
        if (!takes_more(revision, kind))
            return false;
        last = kind < SECTION_DOWNGRADE ? MAX(last, kind) : last;
    }
    return !is_taken_away_before(context, last);
}

/* The statement goes, with its semicolon, and its line where nothing else is in it. */
static void
remove_statement(const LintContext *context)
{
    const LintUnit *unit = context->unit;
    const char *text = context->file->text;
    gsize start = unit->start, end = unit->end;

    end += strspn(text + end, " \t\r\n");
    end = text[end] == ';' ? end + 1 : unit->end;
    while (start > 0 && (text[start - 1] == ' ' || text[start - 1] == '\t'))
        start--;
    if (start == 0 || text[start - 1] == '\n') {
        end += strspn(text + end, " \t\r");
        end += text[end] == '\n';
    } else {
        start = unit->start;
    }
    lint_fix_bytes(context, start, end, "");
}

/* In front of what the section holds; a new one goes where its phase comes in the life. */
static void
insert_into(const LintContext *context, SectionKind kind, const char *sql)
{
    const LintFile *file = context->file;
    const Section *section = revision_section(file->revision, kind, NULL), *next = NULL;
    const bool ends_line = file->length > 0 && file->text[file->length - 1] == '\n';
    g_autofree char *text = NULL;
    gsize at = file->length;

    for (guint i = file->revision->sections->len; section == NULL && i > 0; i--) {
        const Section *other = file->revision->sections->pdata[i - 1];
        if (other->kind > kind)
            next = other;
    }
    if (section != NULL) {
        at = lint_file_line(file, section->place.line);
        text = g_strdup_printf("%s%s", at == file->length && !ends_line ? "\n" : "", sql);
    } else if (next != NULL) {
        at = lint_file_line(file, next->place.line - 1);
        text = g_strdup_printf("-- sluice: %s\n%s\n", section_kind_name(kind), sql);
    } else {
        text = g_strdup_printf("%s\n-- sluice: %s\n%s", ends_line ? "" : "\n",
                               section_kind_name(kind), sql);
    }
    lint_fix_bytes(context, at, at, text);
}

void
recipe_life_is_fix(const LintContext *context, const RecipeLife *life)
{
    const SectionKind own = context->unit->section;

    if (!fits(context, life))
        return;
    if (life->in[own]->len > 0)
        recipe_fix_statement(context, life->in[own]->str);
    else
        remove_statement(context);
    for (SectionKind kind = 0; kind < SECTION_N; kind++)
        if (kind != own && life->in[kind]->len > 0 && is_wanted(context, kind))
            insert_into(context, kind, life->in[kind]->str);
}

void
recipe_life_add_not_null(RecipeLife *life, DdlName table, const char *column)
{
    g_autofree char *label = ddl_name_label(table);
    g_autofree char *name = ddl_name_label((DdlName){NULL, column});
    g_autofree char *check = recipe_name(table.name, column, "not_null", NULL);

    recipe_life_add(life, SECTION_FINISH,
                    "ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s IS NOT NULL) NOT VALID;\n", label,
                    check, name);
    recipe_life_add(life, SECTION_FINISH, "ALTER TABLE %s VALIDATE CONSTRAINT %s;\n", label, check);
    recipe_life_add(life, SECTION_CONTRACT, "ALTER TABLE %s ALTER COLUMN %s SET NOT NULL;\n", label,
                    name);
    recipe_life_add(life, SECTION_CONTRACT, "ALTER TABLE %s DROP CONSTRAINT %s;\n", label, check);
    recipe_life_add(life, SECTION_DOWNGRADE, "ALTER TABLE %s DROP CONSTRAINT IF EXISTS %s;\n",
                    label, check);
}

bool
recipe_life_not_null(const LintContext *context, const DdlChange *change, const char *rest)
{
    g_auto(RecipeLife) life;

    recipe_life_init(&life);
    if (!recipe_has_life(context))
        return false;
    recipe_life_add(&life, context->unit->section, "%s", rest);
    recipe_life_add_not_null(&life, change->relation, change->column);
    recipe_of_life(context, &life);
    if (!change->if_exists)
        recipe_life_is_fix(context, &life);
    return true;
}

/* What it takes away can wait for contract: no statement between relies on its being gone. A
 * rename, another type, rows that go cannot: the new app needs what comes in their place. */
static bool
can_wait(const LintContext *context)
{
    for (guint i = 0; i < ddl_changes_count(context->changes); i++) {
        const DdlChange *change = ddl_changes_get(context->changes, i);
        const char *name = change->column;

        switch ((int) change->kind) {
        case CHANGE_DROP:
            name = change->text ? change->text : change->relation.name;
            break;
        case CHANGE_SET_NOT_NULL:
            if (facts_works(context, WORK_SCAN))
                return false; /* its proof comes before */
            break;
        case CHANGE_DROP_COLUMN:
        case CHANGE_DROP_DEFAULT:
            break;
        default:
            return false;
        }
        if (name == NULL || is_named_before(context, SECTION_CONTRACT, name) ||
            is_undone(context, name))
            return false;
    }
    return ddl_changes_count(context->changes) > 0;
}

void
recipe_life_contract(const LintContext *context)
{
    g_auto(RecipeLife) life;

    recipe_life_init(&life);
    recipe_life_add(&life, SECTION_CONTRACT, "%s;\n", sql_statement_text(context->statement));
    recipe_of_life(context, &life);
    if (can_wait(context))
        recipe_life_is_fix(context, &life);
}

bool
recipe_is_backfill(const char *sql)
{
    g_autoptr(GPtrArray) backfills = sql_backfills_parse(sql, (Place){0}, NULL, NULL);

    return backfills != NULL;
}

void
recipe_life_backfill(const LintContext *context, const DdlChange *change)
{
    g_autofree char *sql = g_strdup_printf("%s;\n", sql_statement_text(context->statement));
    g_auto(RecipeLife) life;

    recipe_life_init(&life);
    recipe_life_add(&life, SECTION_BACKFILL, "%s", sql);
    recipe_of_life(context, &life);
    if (facts_in_section(context, SECTION_EXPAND) && recipe_is_backfill(sql) &&
        !is_named_before(context, SECTION_BACKFILL, change->relation.name))
        recipe_life_is_fix(context, &life);
}
