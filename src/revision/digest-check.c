/* HEAD and SUMS against the files: what differs, and the next step. */
#include <string.h>

#include "revision/digest-record.h"
#include "revision/digest-tree.h"
#include "revision/digest.h"
#include "revision/revision-set.h"

typedef struct {
    const char *folder;
    const Graph *graph;
    DigestRecord record;
    GPtrArray *sums;   /* of the files, by index */
    GPtrArray *merkle; /* likewise */
    GHashTable *branches;
    GPtrArray *findings;
} Check;

static void
check_clear(Check *check)
{
    digest_record_clear(&check->record);
    g_clear_pointer(&check->sums, g_ptr_array_unref);
    g_clear_pointer(&check->merkle, g_ptr_array_unref);
    g_clear_pointer(&check->branches, g_hash_table_unref);
    g_clear_pointer(&check->findings, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Check, check_clear)

const char *
digest_problem_name(DigestProblem problem)
{
    static const char *const names[] = {
        [DIGEST_EDITED] = "edited", [DIGEST_ADDED] = "added",       [DIGEST_GONE] = "gone",
        [DIGEST_HEAD] = "head",     [DIGEST_CONFLICT] = "conflict", [DIGEST_HEADS] = "heads",
    };
    return names[problem];
}

void
digest_finding_free(DigestFinding *finding)
{
    g_free(finding->revision);
    g_free(finding->path);
    g_free(finding->message);
    g_free(finding->hint);
    g_free(finding);
}

static void add(Check *check, DigestProblem problem, const char *revision, const char *path,
                const char *hint, const char *format, ...) G_GNUC_PRINTF(6, 7);

static void
add(Check *check, DigestProblem problem, const char *revision, const char *path, const char *hint,
    const char *format, ...)
{
    DigestFinding *finding = g_new0(DigestFinding, 1);
    va_list args;

    va_start(args, format);
    *finding = (DigestFinding){
        .problem = problem,
        .revision = g_strdup(revision),
        .path = g_strdup(path),
        .message = g_strdup_vprintf(format, args),
        .hint = g_strdup(hint),
    };
    va_end(args);
    g_ptr_array_add(check->findings, finding);
}

static const char accept_hint[] = "Bring the file back from version control, and make the change "
                                  "in a new revision; `sluice check --write` accepts it as it is.";

static void
add_edited(Check *check, const Revision *revision)
{
    add(check, DIGEST_EDITED, revision->id, revision->path, accept_hint,
        "'%s' was changed after another revision was built on it", revision->path);
}

static bool
has_sum(const GPtrArray *sums, const char *sum)
{
    return g_ptr_array_find_with_equal_func((GPtrArray *) (guintptr) sums, sum, g_str_equal, NULL);
}

static void
compare_sums(Check *check)
{
    g_autofree char *path = g_build_filename(check->folder, "SUMS", NULL);
    g_autoptr(RevisionSet) built_upon = digest_built_upon(check->graph, &check->record);

    for (guint i = 0; i < graph_count(check->graph); i++) {
        const Revision *revision = graph_get(check->graph, i);
        const GPtrArray *known = digest_record_sums(&check->record, revision->id);

        if (known == NULL)
            add(check, DIGEST_ADDED, revision->id, revision->path,
                "`sluice check --write` takes it in; if it was there before, a merge has lost its "
                "line.",
                "'%s' is not in SUMS", revision->path);
        else if (!has_sum(known, check->sums->pdata[i]) && revision_set_has(built_upon, revision))
            add_edited(check, revision);
    }
    if (check->record.odd_line > 0)
        add(check, DIGEST_CONFLICT, NULL, path,
            "`sluice check --write` writes it anew, once the files are as they should be.",
            "%s:%d: this is no line `<id> <sha256>`", path, check->record.odd_line);
}

/* The keys of @table, sorted: findings come in one order. Borrowed from there. */
static GPtrArray *
sorted_keys(GHashTable *table)
{
    GPtrArray *keys = g_ptr_array_new();
    GHashTableIter iter;
    gpointer key;

    g_hash_table_iter_init(&iter, table);
    while (g_hash_table_iter_next(&iter, &key, NULL))
        g_ptr_array_add(keys, key);
    g_ptr_array_sort(keys, digest_compare_text);
    return keys;
}

static void
find_gone(Check *check)
{
    g_autofree char *path = g_build_filename(check->folder, "SUMS", NULL);
    g_autoptr(GPtrArray) ids = sorted_keys(check->record.sums);

    for (guint i = 0; i < ids->len; i++)
        if (graph_find(check->graph, ids->pdata[i]) == NULL)
            add(check, DIGEST_GONE, ids->pdata[i], path,
                "Bring the file back from version control; if it was removed on purpose, `sluice "
                "check --write` accepts that.",
                "SUMS has revision '%s', which no file holds", (const char *) ids->pdata[i]);
}

/* A revision above @head whose file SUMS knows in two ways, as a union of both sides of a merge:
 * one of them changed it, while the other one built on it. */
static bool
add_merged_edits(Check *check, const Revision *head)
{
    g_autoptr(RevisionSet) above = revision_set_new(check->graph);
    g_autoptr(GPtrArray) list = NULL;
    bool found = false;

    revision_set_add(above, head);
    revision_set_add_ancestors(above, EDGE_ALL);
    revision_set_remove(above, head);
    list = revision_set_list(above);
    for (guint i = 0; i < list->len; i++) {
        const Revision *revision = list->pdata[i];
        const GPtrArray *known = digest_record_sums(&check->record, revision->id);

        if (known != NULL && known->len > 1 &&
            has_sum(known, check->sums->pdata[revision->index])) {
            add_edited(check, revision);
            found = true;
        }
    }
    return found;
}

/* True if some finding tells already why the digest of a HEAD is another one. */
static bool
is_explained(const Check *check)
{
    for (guint i = 0; i < check->findings->len; i++) {
        const DigestProblem problem = ((const DigestFinding *) check->findings->pdata[i])->problem;
        if (problem == DIGEST_EDITED || problem == DIGEST_ADDED || problem == DIGEST_GONE)
            return true;
    }
    return false;
}

static void
compare_head(Check *check, const char *name, const HeadLine *line, const Revision *head)
{
    const char *id = head ? head->id : "base";
    g_autofree char *path = g_build_filename(check->folder, name, NULL);
    g_autofree char *digest = digest_above(check->graph, check->merkle, head);

    if (line == NULL)
        add(check, DIGEST_HEAD, id, path,
            "`sluice check --write` writes it, once the files are as they should be.",
            "the branch that ends with '%s' has no file %s", id, name);
    else if (line->id == NULL)
        add(check, DIGEST_HEAD, id, path, "`sluice check --write` writes it anew.",
            "'%s' holds no line `<id> <digest>`", path);
    else if (strcmp(line->id, id) != 0)
        add(check, DIGEST_HEAD, id, path,
            "If all files are here, `sluice check --write` accepts them; else fetch what is "
            "missing.",
            "%s names '%s' as the newest revision of its branch, the files say '%s'", name,
            line->id, id);
    else if (strcmp(line->digest, digest) != 0 && !is_explained(check) &&
             (head == NULL || !add_merged_edits(check, head)))
        add(check, DIGEST_HEAD, id, path,
            "A file above it was changed, removed or put in between: compare with version control; "
            "`sluice check --write` accepts the files as they are.",
            "%s pins another history of '%s' than the files hold", name, id);
}

static void
add_heads(Check *check, const char *name, const GPtrArray *heads)
{
    g_autoptr(GString) list = g_string_new(NULL);
    const char *label = g_str_equal(name, "HEAD") ? NULL : name + strlen("HEAD.");

    for (guint i = 0; i < heads->len; i++) {
        const Revision *head = heads->pdata[i];
        g_string_append_printf(list, "%s'%s' (%s)", i > 0 ? ", " : "", head->id, head->path);
    }
    add(check, DIGEST_HEADS, NULL, check->folder,
        "`sluice rebase` puts one behind the other, `sluice merge` joins them; a line `-- Branch: "
        "<label>` makes one a branch of its own.",
        "%s%s%s %u heads: %s", label ? "branch '" : "the revisions have", label ? label : "",
        label ? "' has" : "", heads->len, list->str);
}

/* Each branch against its HEAD file, then the files of branches that are gone. */
static void
compare_heads(Check *check, bool is_kept)
{
    g_autoptr(GPtrArray) names = sorted_keys(check->branches);
    g_autoptr(GPtrArray) files = sorted_keys(check->record.heads);

    for (guint i = 0; i < files->len; i++) {
        const HeadLine *line = g_hash_table_lookup(check->record.heads, files->pdata[i]);
        g_autofree char *path = g_build_filename(check->folder, files->pdata[i], NULL);

        if (line->theirs != NULL)
            add(check, DIGEST_CONFLICT, line->id, path,
                "`sluice rebase` puts one behind the other and resolves it; `sluice merge` joins "
                "them.",
                "'%s' holds the conflict of a merge: '%s' and '%s'", path, line->id, line->theirs);
        else if (!g_hash_table_contains(check->branches, files->pdata[i]))
            add(check, DIGEST_HEAD, line->id, path, "`sluice check --write` removes it.",
                "'%s' is of a branch that has no head", path);
    }
    for (guint i = 0; i < names->len; i++) {
        const HeadLine *line = g_hash_table_lookup(check->record.heads, names->pdata[i]);
        const GPtrArray *heads = g_hash_table_lookup(check->branches, names->pdata[i]);

        if (heads->len > 1)
            add_heads(check, names->pdata[i], heads);
        else if (is_kept && (line == NULL || line->theirs == NULL))
            compare_head(check, names->pdata[i], line, heads->len > 0 ? heads->pdata[0] : NULL);
    }
}

static bool
sum_files(Check *check, GError **error)
{
    check->sums = g_ptr_array_new_full(graph_count(check->graph), g_free);
    for (guint i = 0; i < graph_count(check->graph); i++) {
        char *sum = digest_sum_file(graph_get(check->graph, i)->path, error);
        if (sum == NULL)
            return false;
        g_ptr_array_add(check->sums, sum);
    }
    check->merkle = digest_merkle(check->graph, check->sums);
    return true;
}

GPtrArray *
digest_check(const char *folder, const Graph *graph, GError **error)
{
    g_auto(Check) check = {.folder = folder, .graph = graph};
    bool is_kept;

    check.findings = g_ptr_array_new_with_free_func((GDestroyNotify) digest_finding_free);
    check.branches = digest_branches(graph);
    digest_record_load(&check.record, folder);
    is_kept = g_hash_table_size(check.record.heads) > 0;
    if (is_kept) {
        if (!sum_files(&check, error))
            return NULL;
        compare_sums(&check);
        find_gone(&check);
    }
    compare_heads(&check, is_kept);
    return g_steal_pointer(&check.findings);
}
