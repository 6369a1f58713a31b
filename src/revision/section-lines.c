#include "revision/section-lines.h"

#include <string.h>

#include "base/text.h"

static bool
refuse_section(const char *words, Place place, GError **error)
{
    g_autofree char *name = g_strndup(words, strcspn(words, " \t"));
    const char *names[SECTION_N + 1] = {NULL};
    const char *nearest;

    for (int kind = 0; kind < SECTION_N; kind++)
        names[kind] = section_kind_name((SectionKind) kind);
    nearest = text_nearest(words, names);
    if (nearest == NULL)
        nearest = text_nearest(name, names);
    error_set_at(error, ERROR_CONFIG, place, "unknown section '%s'", words);
    if (nearest != NULL)
        return error_hint(error, "Did you mean '-- sluice: %s'?", nearest);
    return error_hint(error, "Sections are expand, sync <table> [reverse], backfill, verify, "
                             "finish, cutover [undo], contract and downgrade.");
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The word `to` in @words, outside of quotes, with something on both sides; NULL: none. */
static char *
find_to(char *words)
{
    bool is_quoted = false;

    for (char *c = words; *c; c++) {
        is_quoted ^= *c == '"';
        if (!is_quoted && is_blank(*c) && strncmp(c + 1, "to", 2) == 0 && is_blank(c[3]))
            return c + 1;
    }
    return NULL;
}

/* `sync users to addresses`: from one table to the other. */
static bool
parse_sync_to(Section *section, char *words, char *to, GError **error)
{
    g_autofree char *other = g_strstrip(g_strdup(to + strlen("to")));

    *to = '\0';
    section->kind = SECTION_SYNC_TO;
    section->argument = g_strdup_printf("%s to %s", g_strstrip(words), other);
    if (!g_str_has_suffix(other, " reverse"))
        return true;
    error_set_at(error, ERROR_CONFIG, section->place,
                 "the way back between two tables is a section of its own");
    other[strlen(other) - strlen(" reverse")] = '\0';
    return error_hint(error, "Write `-- sluice: sync %s to %s`.", g_strchomp(other), words);
}

/* `sync users reverse`: the table may be qualified and quoted, with blanks inside the quotes. */
static bool
parse_sync(Section *section, const char *rest, GError **error)
{
    g_autofree char *table = g_strstrip(g_strdup(rest));
    char *last = strrchr(table, ' ') ? strrchr(table, ' ') : strrchr(table, '\t');
    char *to = find_to(table);

    if (to != NULL)
        return parse_sync_to(section, table, to, error);
    section->kind = SECTION_SYNC;
    if (last != NULL && g_str_equal(last + 1, "reverse")) {
        section->kind = SECTION_SYNC_REVERSE;
        *last = '\0';
        g_strchomp(table);
    }
    if (table[0] == '\0' || g_str_equal(table, "reverse")) {
        error_set_at(error, ERROR_CONFIG, section->place,
                     "the sync section does not name its table");
        return error_hint(error, "Write `-- sluice: sync <table>`.");
    }
    section->argument = g_steal_pointer(&table);
    return true;
}

/* "cutover   undo" names the same as "cutover undo". */
static char *
fold_blanks(const char *words)
{
    g_auto(GStrv) parts = g_strsplit_set(words, " \t", -1);
    g_autoptr(GString) folded = g_string_new(NULL);

    for (char **part = parts; *part; part++) {
        if ((*part)[0])
            g_string_append_printf(folded, "%s%s", folded->len ? " " : "", *part);
    }
    return g_string_free(g_steal_pointer(&folded), FALSE);
}

bool
section_name_from(Section *section, const char *words, GError **error)
{
    g_autofree char *name = fold_blanks(words);

    if (g_str_equal(name, "sync") || g_str_has_prefix(name, "sync "))
        return parse_sync(section, words + strlen("sync"), error);
    for (int kind = 0; kind < SECTION_N; kind++) {
        if (kind != SECTION_SYNC && kind != SECTION_SYNC_REVERSE && kind != SECTION_SYNC_TO &&
            g_str_equal(name, section_kind_name((SectionKind) kind))) {
            section->kind = (SectionKind) kind;
            return true;
        }
    }
    return refuse_section(words, section->place, error);
}

static const struct {
    const char *name;
    const char *lacks; /* what it must say */
} remark_kinds[REMARK_N] = {
    [REMARK_FINISHED_WHEN] = {"finished when", "its condition"},
    [REMARK_DRIVING_TABLE] = {"driving table", "the table's name"},
    [REMARK_WALK] = {"walk", "'pages' or 'key'"},
};

/* What stands behind the words @name in @words, however many blanks they are apart. */
static char *
behind_name(const char *words, const char *name)
{
    for (; *name; name++) {
        if (*name == ' ')
            words += strspn(words, " \t");
        else
            words++;
    }
    return g_strstrip(g_strdup(words));
}

static bool
add_remark(Section *section, SqlRemarkKind kind, const char *words, Place place, GError **error)
{
    const char *name = remark_kinds[kind].name;
    g_autofree char *text = behind_name(words, name);
    SqlRemark *remark;

    if (section == NULL || section->kind != SECTION_BACKFILL)
        return error_set_at(error, ERROR_CONFIG, place, "'%s' belongs into the section backfill",
                            name);
    if (text[0] == '\0')
        return error_set_at(error, ERROR_CONFIG, place, "'%s' lacks %s", name,
                            remark_kinds[kind].lacks);
    remark = g_new0(SqlRemark, 1);
    *remark = (SqlRemark){kind, g_steal_pointer(&text), place};
    g_ptr_array_add(section->remarks, remark);
    return true;
}

/* What is said of a mapping between two tables. *@ret_is_one: @name is such a line. */
static bool
apply_table_remark(Section *section, const char *name, const char *words, Place place,
                   bool *ret_is_one, GError **error)
{
    const bool is_key = g_str_equal(name, "key") || g_str_has_prefix(name, "key ");

    *ret_is_one = is_key || g_str_equal(name, "rows stay");
    if (!*ret_is_one)
        return true;
    if (section == NULL || section->kind != SECTION_SYNC_TO)
        return error_set_at(error, ERROR_CONFIG, place,
                            "'%s' belongs into a section sync from a table to another",
                            is_key ? "key" : name);
    if (!is_key) {
        section->rows_stay = true;
        return true;
    }
    if (section->key)
        return error_set_at(error, ERROR_CONFIG, place, "a second line 'key'");
    section->key = g_new0(SqlRemark, 1);
    *section->key = (SqlRemark){.text = behind_name(words, "key"), .place = place};
    return true;
}

bool
section_take_remark(Section *section, const char *words, Place place, bool *ret_is_one,
                    GError **error)
{
    g_autofree char *name = fold_blanks(words);

    *ret_is_one = true;
    if (g_str_equal(name, "allow") || g_str_has_prefix(name, "allow "))
        return true; /* lint reads it */
    for (int kind = 0; kind < REMARK_N; kind++) {
        const char *known = remark_kinds[kind].name;

        if (g_str_has_prefix(name, known) && strchr(" ", name[strlen(known)]))
            return add_remark(section, (SqlRemarkKind) kind, words, place, error);
    }
    if (g_str_equal(name, "not null")) {
        if (section == NULL || section->kind != SECTION_SYNC)
            return error_set_at(error, ERROR_CONFIG, place,
                                "'not null' belongs into a section sync");
        section->not_null = true;
        return true;
    }
    if (g_str_equal(name, "fill in") || g_str_has_prefix(name, "fill in ")) {
        if (section == NULL)
            return error_set_at(error, ERROR_CONFIG, place, "'fill in' belongs into a section");
        g_free(section->fill_in);
        section->fill_in = g_strstrip(g_strdup(strstr(words, "in") + strlen("in")));
        return true;
    }
    return apply_table_remark(section, name, words, place, ret_is_one, error);
}

void
section_append_remarks(const Section *section, GString *all)
{
    for (guint i = 0; i < section->remarks->len; i++) {
        const SqlRemark *remark = section->remarks->pdata[i];

        g_string_append_printf(all, "%s %s\n", remark_kinds[remark->kind].name, remark->text);
    }
    if (section->not_null)
        g_string_append(all, "not null\n");
    if (section->key)
        g_string_append_printf(all, "key %s\n", section->key->text);
    if (section->rows_stay)
        g_string_append(all, "rows stay\n");
}
