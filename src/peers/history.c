#include "peers/history.h"

#include "peers/peers.h"

void
peer_sql_clear(PeerSql *sql)
{
    g_free(sql->text);
    g_free(sql->missing);
    *sql = (PeerSql){0};
}

static void
revision_free(PeerRevision *revision)
{
    g_free(revision->id);
    g_free(revision->name);
    g_ptr_array_unref(revision->revises);
    g_ptr_array_unref(revision->requires);
    g_ptr_array_unref(revision->labels);
    g_free(revision->title);
    g_free(revision->created);
    g_free(revision->source);
    g_ptr_array_unref(revision->remarks);
    peer_sql_clear(&revision->expand);
    peer_sql_clear(&revision->downgrade);
    g_free(revision);
}

static void
finding_free(PeerFinding *finding)
{
    g_free(finding->file);
    g_free(finding->revision);
    g_free(finding->what);
    g_free(finding->hint);
    g_free(finding);
}

void
history_init(History *history)
{
    *history = (History){
        .revisions = g_ptr_array_new_with_free_func((GDestroyNotify) revision_free),
        .by_name = g_hash_table_new(g_str_hash, g_str_equal),
        .findings = g_ptr_array_new_with_free_func((GDestroyNotify) finding_free),
    };
}

void
history_clear(History *history)
{
    g_free(history->version);
    g_clear_pointer(&history->by_name, g_hash_table_unref);
    g_clear_pointer(&history->revisions, g_ptr_array_unref);
    g_clear_pointer(&history->findings, g_ptr_array_unref);
    history->version = NULL;
}

PeerRevision *
history_add(History *history, const char *name, const char *source)
{
    PeerRevision *revision = g_new0(PeerRevision, 1);

    revision->id = peer_revision_id(name);
    revision->name = g_strdup(name);
    revision->source = g_strdup(source);
    revision->revises = g_ptr_array_new_with_free_func(g_free);
    revision->requires = g_ptr_array_new_with_free_func(g_free);
    revision->labels = g_ptr_array_new_with_free_func(g_free);
    revision->remarks = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(history->revisions, revision);
    g_hash_table_insert(history->by_name, revision->name, revision);
    return revision;
}

PeerRevision *
history_find(const History *history, const char *name)
{
    return g_hash_table_lookup(history->by_name, name);
}

static void
replace_word(GPtrArray *words, const char *from, const char *to)
{
    for (guint i = 0; i < words->len; i++) {
        if (g_strcmp0(words->pdata[i], from) != 0)
            continue;
        g_free(words->pdata[i]);
        words->pdata[i] = g_strdup(to);
    }
}

void
history_rename(History *history, PeerRevision *revision, const char *name)
{
    g_autofree char *was = revision->name;
    g_autofree char *was_id = revision->id;

    g_hash_table_remove(history->by_name, was);
    revision->name = g_strdup(name);
    revision->id = peer_revision_id(name);
    g_hash_table_insert(history->by_name, revision->name, revision);
    for (guint i = 0; i < history->revisions->len; i++)
        replace_word(((PeerRevision *) history->revisions->pdata[i])->requires, was_id,
                     revision->id);
}

void
history_note(History *history, const PeerRevision *revision, Place place, const char *hint,
             const char *format, ...)
{
    PeerFinding *finding = g_new0(PeerFinding, 1);
    va_list args;

    va_start(args, format);
    finding->what = g_strdup_vprintf(format, args);
    va_end(args);
    finding->file = g_strdup(place.file);
    finding->line = place.line;
    finding->revision = revision ? g_strdup(revision->id) : NULL;
    finding->hint = g_strdup(hint);
    g_ptr_array_add(history->findings, finding);
}
