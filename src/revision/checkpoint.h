/*
 * revision/checkpoint.h - a file that stands for a revision and all above it, in a new database.
 *
 * `checkpoints/<id>.sql` in the folder of revisions: comment lines `-- Checkpoint: <id>` and
 * `-- Digest: <sha256>`, then the statements that make what the whole lives of those revisions
 * make. It is no revision: the chain stays, and every database that has begun it goes on with it.
 * The digest is the Merkle sum (revision/digest.h) of the revision when the file was made; a
 * checkpoint whose files have changed since is stale, and not used.
 */
#pragma once

#include "revision/revision-set.h"

typedef struct {
    char *path;
    char *id;
    char *digest;
    char *sql;                /* behind the header */
    const Revision *revision; /* of the graph; NULL: it has none of that id */
    bool is_stale;
} Checkpoint;
void checkpoint_free(Checkpoint *checkpoint);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Checkpoint, checkpoint_free)

/* All of @folder, by name. Element-type Checkpoint *; empty if there are none. ERROR_CONFIG: a file
 * without its header. Caller owns. */
GPtrArray *checkpoint_load_all(const char *folder, const Graph *graph, GError **error);
/* The one of @checkpoints that stands for most revisions, all of them in @wanted, and is not stale;
 * NULL if there is none. Borrowed. */
const Checkpoint *checkpoint_select(const GPtrArray *checkpoints, const Graph *graph,
                                    const RevisionSet *wanted);
/* What a checkpoint of @revision stands for: it and all above it, over both kinds of edge. Caller
 * owns. */
RevisionSet *checkpoint_set(const Graph *graph, const Revision *revision);
/* The digest as the files are now. Caller owns. */
char *checkpoint_digest(const Graph *graph, const Revision *revision, GError **error);
/* Writes it; one of the same revision is replaced. *@ret_path: caller owns. */
bool checkpoint_write(const char *folder, const Graph *graph, const Revision *revision,
                      const char *created, const char *sql, char **ret_path, GError **error);
