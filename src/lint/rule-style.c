/* Names. */
#include <string.h>

#include "lint/recipe-steps.h"

enum { NAME_BYTES = 63 };

#define NO_NAME " \t\n\v\f\r,;().="

/* Is there a word that long at all? The scanner is asked only then. */
static bool
has_long_word(const char *text)
{
    gsize length = strcspn(text, NO_NAME);

    while (length <= NAME_BYTES && text[length] != '\0') {
        text += length + 1;
        length = strcspn(text, NO_NAME);
    }
    return length > NAME_BYTES;
}

static void
too_long(const LintContext *context)
{
    const char *text = sql_statement_text(context->statement);
    g_autoptr(GArray) tokens = has_long_word(text) ? tree_scan(text) : NULL;

    for (guint i = 0; tokens && i < tokens->len; i++) {
        const SqlToken *token = &g_array_index(tokens, SqlToken, i);
        const int quotes = text[token->start] == '"' ? 2 : 0;

        if (token->token != PG_QUERY__TOKEN__IDENT ||
            token->end - token->start - quotes <= NAME_BYTES)
            continue;
        lint_report_bytes(context, context->unit->start + (gsize) token->start,
                          context->unit->start + (gsize) token->end,
                          "the name has %d bytes: the server cuts it off behind %d, and another "
                          "that begins with the same is the same name",
                          token->end - token->start - quotes, NAME_BYTES);
        return;
    }
}

const LintRule lint_rule_identifier_too_long = {
    .id = "identifier-too-long",
    .level = LINT_WARNING,
    .title = "a name is longer than 63 bytes",
    .at_statement = too_long,
};

/* public, unless the model knows better. */
static void
recommend_schema(const LintContext *context, const DdlChange *change)
{
    const ModelTable *table = model_table(context->model, change->relation);
    g_autofree char *schema =
        ddl_name_label((DdlName){NULL, table && table->schema ? table->schema : "public"});
    g_autofree char *before = g_strdup_printf("%s.", schema);
    const SqlToken *name =
        recipe_token(context, PG_QUERY__TOKEN__IDENT, (int) context->statement->start);
    g_autofree char *text = NULL;

    if (name == NULL)
        return;
    text = recipe_replacing(context, name->start, name->start, before);
    lint_recipe(context, "%s;", text);
}

static void
unqualified(const LintContext *context, const DdlChange *change)
{
    if (change->in_definition || change->temporary || change->relation.name == NULL ||
        change->relation.schema != NULL)
        return;
    lint_report(context, change, "'%s' is looked up along search_path, whatever that is then",
                change->relation.name);
    recommend_schema(context, change);
}

const LintRule lint_rule_schema_unqualified = {
    .id = "schema-unqualified",
    .level = LINT_OFF,
    .title = "a name without its schema",
    .at_change = unqualified,
    .kinds = LINT_KINDS(CHANGE_CREATE_TABLE, CHANGE_CREATE_TABLE_AS, CHANGE_ADD_COLUMN,
                        CHANGE_DROP_COLUMN, CHANGE_COLUMN_TYPE, CHANGE_ADD_CONSTRAINT,
                        CHANGE_DROP_CONSTRAINT, CHANGE_CREATE_VIEW, CHANGE_CREATE_FUNCTION,
                        CHANGE_CREATE_ENUM, CHANGE_CREATE_DOMAIN, CHANGE_CREATE_TYPE,
                        CHANGE_CREATE_SEQUENCE),
};

static bool
is_plain_name(const char *name)
{
    for (const char *c = name; *c; c++)
        if (!g_ascii_islower(*c) && !g_ascii_isdigit(*c) && *c != '_')
            return false;
    return !g_ascii_isdigit(name[0]);
}

static void
naming(const LintContext *context, const DdlChange *change)
{
    const char *name = change->kind == CHANGE_ADD_COLUMN ? change->column : change->relation.name;

    if (name == NULL || is_plain_name(name))
        return;
    lint_report(context, change, "'%s' must be quoted wherever it is named", name);
}

const LintRule lint_rule_naming = {
    .id = "naming",
    .level = LINT_OFF,
    .title = "a name that must be quoted",
    .at_change = naming,
    .kinds =
        LINT_KINDS(CHANGE_CREATE_TABLE, CHANGE_ADD_COLUMN, CHANGE_CREATE_INDEX, CHANGE_CREATE_VIEW),
};
