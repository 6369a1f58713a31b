#include "ledger/integrity.h"

#include <glib/gstdio.h>

const char *
integrity_problem_name(IntegrityProblem problem)
{
    static const char *const names[] = {
        [INTEGRITY_HOLE] = "hole",
        [INTEGRITY_EDITED] = "edited",
        [INTEGRITY_GONE] = "gone",
    };
    return names[problem];
}

void
integrity_finding_free(IntegrityFinding *finding)
{
    g_free(finding->revision);
    g_free(finding->path);
    g_free(finding->message);
    g_free(finding->hint);
    g_free(finding);
}

RevisionSet *
integrity_applied(const Graph *graph, const LedgerRevisions *rows, RevisionState from)
{
    RevisionSet *applied = revision_set_new(graph);

    for (guint i = 0; i < rows->list->len; i++) {
        const LedgerRevision *row = rows->list->pdata[i];
        const Revision *revision = row->state >= from ? graph_find(graph, row->id) : NULL;

        if (revision)
            revision_set_add(applied, revision);
    }
    return applied;
}

static void
add_finding(GPtrArray *findings, IntegrityFinding finding)
{
    g_ptr_array_add(findings, g_memdup2(&finding, sizeof finding));
}

/* The first applied revision that needs @hole. Borrowed. */
static const Revision *
applied_below(const Graph *graph, const RevisionSet *applied, const Revision *hole)
{
    g_autoptr(RevisionSet) below = revision_set_new(graph);
    g_autoptr(GPtrArray) list = NULL;

    revision_set_add(below, hole);
    revision_set_add_descendants(below, EDGE_ALL);
    list = revision_set_list(below);
    for (guint i = 0; i < list->len; i++)
        if (revision_set_has(applied, list->pdata[i]))
            return list->pdata[i];
    g_assert_not_reached(); /* a hole is above something that is applied */
}

static void
add_holes(GPtrArray *findings, const Graph *graph, const RevisionSet *applied)
{
    g_autoptr(RevisionSet) needed = revision_set_copy(applied);

    revision_set_add_ancestors(needed, EDGE_ALL);
    for (guint i = 0; i < graph_count(graph); i++) {
        const Revision *hole = graph_get(graph, i);
        const Revision *below;

        if (!revision_set_has(needed, hole) || revision_set_has(applied, hole))
            continue;
        below = applied_below(graph, applied, hole);
        add_finding(findings,
                    (IntegrityFinding){
                        .problem = INTEGRITY_HOLE,
                        .revision = g_strdup(hole->id),
                        .path = g_strdup(hole->path),
                        .message = g_strdup_printf("revision '%s' (%s) was never applied, though "
                                                   "'%s', which is below it, was",
                                                   hole->id, hole->path, below->id),
                        .hint = g_strdup_printf("`sluice upgrade %s` applies it; `sluice stamp "
                                                "%s` records it where its change is there already.",
                                                below->id, hole->id),
                    });
    }
}

GPtrArray *
integrity_history(const Graph *graph, const LedgerRevisions *rows)
{
    GPtrArray *findings = g_ptr_array_new_with_free_func((GDestroyNotify) integrity_finding_free);
    g_autoptr(RevisionSet) applied = integrity_applied(graph, rows, STATE_EXPANDED);

    add_holes(findings, graph, applied);
    for (guint i = 0; i < rows->list->len; i++) {
        const LedgerRevision *row = rows->list->pdata[i];

        if (graph_find(graph, row->id) != NULL)
            continue;
        add_finding(
            findings,
            (IntegrityFinding){
                .problem = INTEGRITY_GONE,
                .revision = g_strdup(row->id),
                .message = g_strdup_printf("revision '%s' (%s) is %s in the database, and "
                                           "no file here holds it",
                                           row->id, row->title, revision_state_name(row->state)),
                .hint = g_strdup("Fetch the file from the branch that was deployed last; "
                                 "`sluice stamp --purge` forgets what is gone for good."),
            });
    }
    return findings;
}

void
integrity_add_edits(GPtrArray *findings, const Revision *revision, const LedgerRevision *row)
{
    for (int kind = 0; kind < SECTION_N; kind++) {
        const char *name = section_kind_name((SectionKind) kind);
        const char *ran = g_hash_table_lookup(row->checksums, name);
        g_autofree char *now = ran ? revision_checksum(revision, (SectionKind) kind) : NULL;

        if (ran == NULL || g_strcmp0(ran, now) == 0)
            continue;
        add_finding(
            findings,
            (IntegrityFinding){
                .problem = INTEGRITY_EDITED,
                .revision = g_strdup(revision->id),
                .path = g_strdup(revision->path),
                .message = g_strdup_printf("%s: section %s was %s after it ran", revision->path,
                                           name, now ? "edited" : "removed"),
                .hint = g_strdup("Bring back the section as it ran, and make the change in "
                                 "a new revision."),
            });
    }
}

bool
integrity_is_suspect(const Revision *revision, const LedgerRevision *row)
{
    g_autoptr(GDateTime) ran =
        row->expanded_at ? g_date_time_new_from_iso8601(row->expanded_at, NULL) : NULL;
    GStatBuf file;

    return ran && g_stat(revision->path, &file) == 0 && file.st_mtime >= g_date_time_to_unix(ran);
}

GPtrArray *
integrity_check(const Graph *graph, const LedgerRevisions *rows, GError **error)
{
    g_autoptr(GPtrArray) findings = integrity_history(graph, rows);

    for (guint i = 0; i < graph_count(graph); i++) {
        const Revision *header = graph_get(graph, i);
        const LedgerRevision *row = ledger_find_revision(rows, header->id);
        g_autoptr(Revision) revision = NULL;

        if (row == NULL || g_hash_table_size(row->checksums) == 0)
            continue;
        revision = graph_read(graph, header, error);
        if (revision == NULL)
            return NULL;
        integrity_add_edits(findings, revision, row);
    }
    return g_steal_pointer(&findings);
}
