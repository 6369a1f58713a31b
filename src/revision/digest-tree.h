/*
 * revision/digest-tree.h - sums of files, the Merkle tree over them, and the branches that end in
 * a HEAD file. Private to the room.
 */
#pragma once

#include "revision/graph.h"

/* SHA-256 in hex over the file's bytes with LF line ends; NULL: it cannot be read. Caller owns. */
char *digest_sum_file(const char *path, GError **error);
/* m of each revision, by its index; @sums likewise. Element-type char *. Caller owns. */
GPtrArray *digest_merkle(const Graph *graph, const GPtrArray *sums);
/* The digest of a HEAD: over the m of what is right above @head (NULL: a folder without
 * revisions). Caller owns. */
char *digest_above(const Graph *graph, const GPtrArray *merkle, const Revision *head);
/* File name of each branch ("HEAD.shop") -> GPtrArray of its heads, const Revision *; "HEAD" with
 * none where there is no revision. Caller owns. */
GHashTable *digest_branches(const Graph *graph);
