/*
 * revision/target.h - the words that name revisions on a command line: Alembic's grammar.
 *
 *     ID, PREFIX          4 characters or more of an id, unique (also within LABEL@)
 *     head, heads, base   the head (an error that lists them if there are several), all, none
 *     current             what the database has: the heads of its applied set
 *     REV+N, REV-N        N steps below, above
 *     +N, -N              from what the database has
 *     LABEL               the revision that carries the label
 *     LABEL@WORD          any of the words above within that branch; a REV may stand for LABEL
 *     A:B, A:, :B         a range, both ends included where they are revisions
 *
 * Where Alembic picks a row, we refuse and list the unambiguous words; where it makes an error of
 * what is done already (an idle `upgrade +1`), there is nothing to do; docs/alembic.md tells each.
 * All errors are ERROR_USAGE with the words that would do, but where noted. Pure: no database; what
 * is applied comes as a set, NULL where there is no database to ask (then words that need one are
 * ERROR_USAGE).
 */
#pragma once

#include "revision/revision-set.h"

/* Does @word, or an end of the range that it is, ask what a database has? */
bool target_needs_database(const char *word);

/* The revisions that @text names (no range): element-type const Revision *, in the graph's order;
 * empty for base. Container owned by the caller. */
GPtrArray *target_points(const Graph *graph, const RevisionSet *applied, const char *text,
                         GError **error);
/* The same where one is needed; *@ret_revision NULL for base. Several: ERROR_USAGE lists them. */
bool target_point(const Graph *graph, const RevisionSet *applied, const char *text,
                  const Revision **ret_revision, GError **error);

/* What `upgrade @text` has to expand: the points and all above them over Revises and Requires, less
 * what is applied; parents first. Holes below what is applied are part of it. `+N` (and LABEL@+N):
 * the next N below what is applied; fewer if there are fewer. @text "A:B" (offline only): what is
 * between, as if A's ancestors were applied. */
GPtrArray *target_upgrade(const Graph *graph, const RevisionSet *applied, const char *text,
                          GError **error);
/* What `downgrade @text` has to undo, children first: all applied that is below the point, over
 * Revises and Requires; the point stays. "base": everything; LABEL@base: that branch, and what
 * requires it. `-N` with several applied heads: ERROR_USAGE lists REV-N for each. More steps than
 * there are: ERROR_STATE. @text "A:B" (offline only): from A up to B, which stays. */
GPtrArray *target_downgrade(const Graph *graph, const RevisionSet *applied, const char *text,
                            GError **error);
/* For history: the revisions of "A:B" in the graph's order; "" and NULL mean all. ERROR_USAGE if B
 * is not below A. */
GPtrArray *target_range(const Graph *graph, const RevisionSet *applied, const char *text,
                        GError **error);
