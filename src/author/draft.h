/*
 * author/draft.h - a revision's sections as they grow. Private to the room.
 */
#pragma once

#include "revision/revision.h"

typedef struct {
    GString *sections[SECTION_N]; /* NULL: nothing yet */
    bool statement_transactions;
} Draft;

void draft_clear(Draft *draft);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Draft, draft_clear)

/* The section as it is; made empty if there is none. Borrowed. */
GString *draft_section(Draft *draft, SectionKind kind);
void draft_add(Draft *draft, SectionKind kind, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* A mapping on @table (quoted), in both directions: "full_name AS display_name". */
void draft_add_mapping(Draft *draft, const char *table, const char *forward, const char *reverse);
/* Markers and all. Caller owns. */
char *draft_text(const Draft *draft);
