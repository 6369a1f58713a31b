/*
 * revision/digest.h - the files HEAD and SUMS beside the revisions: history that git can see.
 *
 * HEAD (HEAD.<label> for a branch with a label) holds one line, `<id> <digest>`: the newest id of
 * the branch, and a Merkle digest over its ancestors. Two people who add a revision to the same
 * branch both change that line, so git conflicts instead of merging two heads in silence. The head
 * itself is not in the digest: it may be edited until another one revises it. A folder without
 * revisions has `base` for the id. A revision belongs to the branch of the nearest label on its way
 * up over the first parents; without one, to that of HEAD. A branch from which only others go on
 * keeps its file.
 * SUMS holds `<id> <sha256>` of each file, sorted, and is merged by git as a union
 * (.gitattributes); from it `check` names the file that changed. A hash is over the file's bytes
 * with LF line ends. Merkle: m(r) = sha256(sum(r) || m(each parent and requirement, as listed));
 * the digest of a HEAD is sha256 over the m of the head's parents and requirements.
 * A folder without HEAD has no gate, and works.
 */
#pragma once

#include "revision/graph.h"

/* True if @folder has a HEAD file (of any branch). */
bool digest_is_kept(const char *folder);
/* Accepts the files of @graph, which was loaded from @folder, as they are: writes HEAD (one a
 * branch; those of branches that are gone are removed), SUMS and .gitattributes, each only if it
 * changes. ERROR_STATE: several heads that no label tells apart (hint: merge or rebase). */
bool digest_write(const char *folder, const Graph *graph, GError **error);
/* The same after a command made or changed files, if digest_is_kept: what is new, what was a head
 * until now, and the ids of @changed (NULL-ended; may be NULL) are taken from the files. An edit of
 * any other file stays a finding, and a branch with several heads keeps its HEAD. */
bool digest_update(const char *folder, const Graph *graph, const char *const *changed,
                   GError **error);

typedef enum {
    DIGEST_EDITED,   /* a file changed that another revision builds on */
    DIGEST_ADDED,    /* a revision that SUMS does not have */
    DIGEST_GONE,     /* SUMS has a revision that no file holds */
    DIGEST_HEAD,     /* a HEAD file names another head, or another history */
    DIGEST_CONFLICT, /* HEAD or SUMS holds git's conflict marks */
    DIGEST_HEADS,    /* several heads in one branch */
} DigestProblem;
const char *digest_problem_name(DigestProblem problem); /* "edited", "added", .. */

typedef struct {
    DigestProblem problem;
    char *revision; /* or NULL */
    char *path;
    char *message; /* lower case, without full stop: what, and the file */
    char *hint;    /* the next step, a sentence */
} DigestFinding;
void digest_finding_free(DigestFinding *finding);

/* Compares the files with HEAD and SUMS. Element-type DigestFinding *; empty: all is as recorded,
 * or nothing is kept. Several heads in one branch are found also where nothing is kept. Caller
 * owns. NULL: they cannot be read. */
GPtrArray *digest_check(const char *folder, const Graph *graph, GError **error);

/* The label whose branch ends with @head: "" where it has none. Borrowed. */
const char *digest_branch(const Graph *graph, const Revision *head);
/* ERROR_STATE where a HEAD file holds git's conflict marks: a merge is half done, and which of its
 * heads is to follow which is not decided. Only looked at where there are several heads. */
bool digest_refuse_conflict(const Graph *graph, const char *folder, GError **error);
/* The two ids of a HEAD file with git's conflict marks: ours and theirs; false if @path has none.
 * Caller owns. */
bool digest_read_conflict(const char *path, char **ret_ours, char **ret_theirs);
/* The paths of the HEAD files with conflict marks, sorted. Element-type char *. Caller owns. */
GPtrArray *digest_conflicts(const char *folder);
