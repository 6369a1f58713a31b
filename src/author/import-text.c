#include "author/import-text.h"

#include <string.h>

#include "author/name.h"
#include "peers/script.h"

char *
import_text_name(const ImportRequest *request, const PeerRevision *revision, GError **error)
{
    g_autofree char *slug = name_slug(revision->title, request->slug_length);
    g_autoptr(GDateTime) created =
        revision->created ? g_date_time_new_from_iso8601(revision->created, NULL) : NULL;

    if (created == NULL)
        return g_strdup_printf("%s_%s.sql", revision->id, slug);
    return name_fill(request->file_template, revision->id, slug, created, error);
}

/* One line, whatever it was. */
static char *
one_line(const char *text)
{
    g_autofree char *line = g_strdelimit(g_strdup(text), "\r\n\t", ' ');

    return g_utf8_make_valid(g_strchomp(line), -1);
}

static void
append_words(GString *out, const char *word, const GPtrArray *values, const char *separator)
{
    for (guint i = 0; i < values->len; i++)
        g_string_append_printf(out, "%s%s%s", i ? separator : word, i ? "" : " ",
                               (const char *) g_ptr_array_index(values, i));
    if (values->len > 0)
        g_string_append_c(out, '\n');
}

/* @path as it is seen from @folder, where it is below: files are the same on every machine. */
static char *
path_below(const char *folder, const char *path)
{
    g_autofree char *above = g_canonicalize_filename(folder, NULL);
    g_autofree char *whole = g_canonicalize_filename(path, NULL);
    const size_t length = strlen(above);

    if (g_str_has_prefix(whole, above) && whole[length] == '/')
        return g_strdup(whole + length + 1);
    return g_path_get_basename(path);
}

static void
append_header(GString *out, const ImportRequest *request, const History *history,
              const PeerRevision *revision)
{
    g_autofree char *title = one_line(revision->title);
    g_autofree char *source = path_below(request->source, revision->source);

    g_string_append_printf(out, "-- Revision: %s\n", revision->id);
    append_words(out, "-- Revises:", revision->revises, ", ");
    for (guint i = 0; i < revision->requires->len; i++)
        g_string_append_printf(out, "-- Requires: %s expanded\n",
                               (const char *) g_ptr_array_index(revision->requires, i));
    append_words(out, "-- Branch:", revision->labels, ", ");
    g_string_append_printf(out, "-- Title: %s\n", title);
    if (revision->created != NULL)
        g_string_append_printf(out, "-- Created: %s\n", revision->created);
    if (revision->expand.statement_transactions || revision->downgrade.statement_transactions)
        g_string_append(out, "-- Transaction: statement\n");
    g_string_append_printf(out, "-- Imported: %s%s%s\n-- from %s\n", request->peer->name,
                           history->version ? " " : "", history->version ? history->version : "",
                           source);
    for (guint i = 0; i < revision->remarks->len; i++) {
        g_autofree char *remark = one_line(g_ptr_array_index(revision->remarks, i));
        g_string_append_printf(out, "-- | %s\n", remark);
    }
}

static void
append_section(GString *out, const char *name, const PeerSql *sql)
{
    const char *text = sql->text ? sql->text : "";
    const char *first = text + strspn(text, " \t\r\n");

    if (sql->text == NULL && sql->missing == NULL)
        return;
    g_string_append_printf(out, "\n-- sluice: %s\n", name);
    if (sql->missing != NULL) {
        g_autofree char *missing = one_line(sql->missing);
        g_string_append_printf(out, "-- sluice: fill in %s\n", missing);
    } else if (*first == '\0') {
        g_string_append(out, "-- nothing to do\n");
    }
    while (first > text && first[-1] != '\n')
        first--;
    g_string_append(out, first);
    while (out->len > 0 && g_ascii_isspace(out->str[out->len - 1]))
        g_string_truncate(out, out->len - 1);
    g_string_append_c(out, '\n');
}

static char *
compose_text(const ImportRequest *request, const History *history, const PeerRevision *revision)
{
    GString *out = g_string_new(NULL);

    append_header(out, request, history, revision);
    append_section(out, "expand", &revision->expand);
    append_section(out, "downgrade", &revision->downgrade);
    return g_string_free(out, FALSE);
}

/* A line of theirs may look like a marker of ours. */
static bool
has_our_sections(const Revision *made, const PeerRevision *revision)
{
    guint wanted = 0;

    wanted += revision->expand.text != NULL || revision->expand.missing != NULL;
    wanted += revision->downgrade.text != NULL || revision->downgrade.missing != NULL;
    return made->sections->len == wanted;
}

static void
comment_out(PeerSql *sql)
{
    g_autofree char *text = sql->text;

    if (text == NULL)
        return;
    sql->text = script_comment(text);
    if (sql->missing == NULL)
        sql->missing = g_strdup("what the comment says: its text cannot stand in a revision file");
}

/* What the file lacks is noted already, where it was found. */
static void
note_refusal(History *history, const PeerRevision *revision, const Revision *made)
{
    g_autoptr(GError) cause = NULL;

    if (revision->expand.missing == NULL && revision->downgrade.missing == NULL &&
        !revision_check(made, &cause))
        history_note(history, revision, (Place){0}, error_get_hint(cause), "%s", cause->message);
}

Revision *
import_text_revision(const ImportRequest *request, History *history, PeerRevision *revision,
                     const char *path, char **ret_text, GError **error)
{
    g_autofree char *text = compose_text(request, history, revision);
    g_autoptr(Revision) made = revision_parse(path, text, false, NULL);

    if (made == NULL || !has_our_sections(made, revision)) {
        g_clear_pointer(&made, revision_free);
        comment_out(&revision->expand);
        comment_out(&revision->downgrade);
        history_note(history, revision, (Place){.file = revision->source},
                     "Write what it does in place of the comments.",
                     "its text cannot stand in a revision file");
        g_free(text);
        text = compose_text(request, history, revision);
        made = revision_parse(path, text, false, error);
    }
    if (made == NULL)
        return NULL;
    note_refusal(history, revision, made);
    *ret_text = g_steal_pointer(&text);
    return g_steal_pointer(&made);
}
