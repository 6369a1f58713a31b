/*
 * revision/digest.h - the files HEAD and SUMS beside the revisions: history that git can see.
 *
 * HEAD (HEAD.<label> for a branch with a label) holds one line, `<id> <digest>`: the newest id of
 * the branch, and a Merkle digest over its ancestors. Two people who add a revision to the same
 * branch both change that line, so git conflicts instead of merging two heads in silence. The head
 * itself is not in the digest: it may be edited until another one revises it.
 * SUMS holds `<id> <sha256>` of each file, sorted, and is merged by git as a union
 * (.gitattributes); from it `check` names the file that changed. A hash is over the file's bytes
 * with LF line ends. Merkle: m(r) = sha256(sum(r) || m(each parent and requirement, as listed)).
 * A folder without HEAD has no gate, and works.
 */
#pragma once

#include "revision/graph.h"

/* True if the folder has a HEAD file (of any branch). */
bool digest_is_kept(const char *folder);
/* Writes HEAD (one a branch; those of branches that are gone are removed), SUMS and .gitattributes
 * from the files, each only if it changes. ERROR_STATE: several heads that no label tells apart
 * (hint: merge or rebase). */
bool digest_write(const Graph *graph, GError **error);
/* The same, if digest_is_kept. */
bool digest_update(const Graph *graph, GError **error);

typedef enum {
    DIGEST_EDITED,   /* a file changed that another revision builds on */
    DIGEST_ADDED,    /* a revision that SUMS does not have */
    DIGEST_GONE,     /* SUMS has a revision that no file holds */
    DIGEST_HEAD,     /* a HEAD file names another head, or another history */
    DIGEST_CONFLICT, /* HEAD or SUMS holds git's conflict marks */
    DIGEST_HEADS,    /* several heads in one branch */
} DigestProblem;
typedef struct {
    DigestProblem kind;
    char *revision; /* or NULL */
    char *path;
    char *message; /* lower case, one sentence: what, and the file */
    char *hint;    /* the next step */
} DigestFinding;
void digest_finding_free(DigestFinding *finding);
/* Compares the files with HEAD and SUMS. Element-type DigestFinding *; empty: all is as recorded,
 * or nothing is kept. Caller owns. NULL: they cannot be read. */
GPtrArray *digest_check(const Graph *graph, GError **error);
/* The two ids of a HEAD file with git's conflict marks: ours and theirs; false if @path has none.
 */
bool digest_read_conflict(const char *path, char **ret_ours, char **ret_theirs);
