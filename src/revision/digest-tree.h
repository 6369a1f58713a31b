/*
 * revision/digest-tree.h - sums of files, the Merkle tree over them, and the branches that end in
 * a HEAD file. Private to the room.
 */
#pragma once

#include "revision/digest-record.h"
#include "revision/revision-set.h"

/* SHA-256 in hex over the file's bytes with LF line ends; NULL: it cannot be read. Caller owns. */
char *digest_sum_file(const char *path, GError **error);
/* m of each revision, by its index; @sums likewise. Element-type char *. Caller owns. */
GPtrArray *digest_merkle(const Graph *graph, const GPtrArray *sums);
/* The digest of a HEAD: over the m of what is right above @head (NULL: a folder without
 * revisions). Caller owns. */
char *digest_above(const Graph *graph, const GPtrArray *merkle, const Revision *head);
/* File name of each branch ("HEAD.shop") -> GPtrArray of where it ends, const Revision *: its
 * heads; its last revision where only other branches go on from it; none in a folder without
 * revisions. Caller owns. */
GHashTable *digest_branches(const Graph *graph);
/* What a revision that SUMS knows revises or requires: it is history, and no longer to be edited.
 * Caller owns. */
RevisionSet *digest_built_upon(const Graph *graph, const DigestRecord *record);
