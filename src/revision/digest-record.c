#include "revision/digest-record.h"

#include <string.h>

#include "base/file.h"

enum { SHA256_HEX = 64 };

int
digest_compare_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

bool
head_name_is(const char *name)
{
    return g_str_equal(name, "HEAD") || (g_str_has_prefix(name, "HEAD.") && name[5]);
}

char *
head_name_of(const char *label)
{
    return *label ? g_strconcat("HEAD.", label, NULL) : g_strdup("HEAD");
}

void
head_line_free(HeadLine *line)
{
    if (line == NULL)
        return;
    g_free(line->id);
    g_free(line->digest);
    g_free(line->theirs);
    g_free(line);
}

/* "<id> <sha256 in hex>". */
static bool
split_line(const char *line, char **ret_id, char **ret_sum)
{
    g_auto(GStrv) words = g_strsplit(line, " ", -1);

    if (g_strv_length(words) != 2 || words[0][0] == '\0' || strlen(words[1]) != SHA256_HEX ||
        strspn(words[1], "0123456789abcdef") != SHA256_HEX)
        return false;
    *ret_id = g_strdup(words[0]);
    *ret_sum = g_strdup(words[1]);
    return true;
}

static bool
is_mark(const char *line, const char *mark)
{
    return g_str_has_prefix(line, mark) && (line[7] == '\0' || line[7] == ' ');
}

static char **
lines_of(const char *path)
{
    g_autofree char *text = file_read(path, NULL);
    char **lines;

    if (text == NULL)
        return NULL;
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++)
        g_strchomp(*line);
    return lines;
}

/* Of three sides, as git's diff3 style shows them, the middle one is nobody's. */
HeadLine *
head_line_read(const char *path)
{
    g_autoptr(HeadLine) read = g_new0(HeadLine, 1);
    g_auto(GStrv) lines = lines_of(path);
    enum { OURS, BASE, THEIRS } side = OURS;

    for (char **line = lines; line && *line; line++) {
        g_autofree char *id = NULL, *digest = NULL;

        if (is_mark(*line, "|||||||"))
            side = BASE;
        else if (is_mark(*line, "======="))
            side = THEIRS;
        if (side == BASE || !split_line(*line, &id, &digest))
            continue;
        if (side == THEIRS && read->theirs == NULL) {
            read->theirs = g_steal_pointer(&id);
        } else if (side == OURS && read->id == NULL) {
            read->id = g_steal_pointer(&id);
            read->digest = g_steal_pointer(&digest);
        }
    }
    return g_steal_pointer(&read);
}

static void
load_sums(DigestRecord *record, const char *folder)
{
    g_autofree char *path = g_build_filename(folder, "SUMS", NULL);
    g_auto(GStrv) lines = lines_of(path);
    int number = 0;

    for (char **line = lines; line && *line; line++) {
        g_autofree char *id = NULL, *sum = NULL;
        GPtrArray *sums;

        number++;
        if (**line && !split_line(*line, &id, &sum) && record->odd_line == 0)
            record->odd_line = number;
        if (id == NULL)
            continue;
        sums = g_hash_table_lookup(record->sums, id);
        if (sums == NULL) {
            sums = g_ptr_array_new_with_free_func(g_free);
            g_hash_table_insert(record->sums, g_steal_pointer(&id), sums);
        }
        if (!g_ptr_array_find_with_equal_func(sums, sum, g_str_equal, NULL))
            g_ptr_array_add(sums, g_steal_pointer(&sum));
    }
}

void
digest_record_load(DigestRecord *record, const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    *record = (DigestRecord){
        .sums = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                      (GDestroyNotify) g_ptr_array_unref),
        .heads =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify) head_line_free),
    };
    load_sums(record, folder);
    while (dir && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (head_name_is(name))
            g_hash_table_insert(record->heads, g_strdup(name), head_line_read(path));
    }
}

void
digest_record_clear(DigestRecord *record)
{
    g_clear_pointer(&record->sums, g_hash_table_unref);
    g_clear_pointer(&record->heads, g_hash_table_unref);
}

const GPtrArray *
digest_record_sums(const DigestRecord *record, const char *id)
{
    return g_hash_table_lookup(record->sums, id);
}
