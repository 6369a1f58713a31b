/*
 * author/create.h - a new revision file behind the head.
 */
#pragma once

#include "base/clock.h"
#include "revision/graph.h"

typedef struct {
    const char *folder; /* made if missing */
    const char *title;  /* one line, not empty */
    const char *id;     /* NULL: 12 random hex digits that no other revision has */
    const Clock *clock;
} CreateRequest;

typedef struct {
    char *id;
    char *parent; /* NULL: the first revision */
    char *path;
} CreatedRevision;

/* Writes `<date>_<id>_<slug>.sql`. ERROR_USAGE: an unusable title or id; ERROR_STATE: the id or the
 * file exists, or there is more than one head. */
bool create_revision(const CreateRequest *request, CreatedRevision *ret_created, GError **error);
void created_revision_clear(CreatedRevision *created);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CreatedRevision, created_revision_clear)

/* "users display name": lower-case letters and digits of any script, the rest as '_', at most 40
 * characters; "revision" if nothing is left. Caller owns. */
char *create_slug(const char *title);
