#include "sql/handover.h"

#include <string.h>

#include "sql/tree.h"

#define BEFORE_THE_LIBRARY __attribute__((visibility("default")))

typedef struct {
    const void *mark; /* handover_mark: bytes do not begin with an address of this program */
    PgQuery__ParseResult *tree;
    SqlBlock *blocks; /* that it lives in */
} Handover;

static const char handover_mark = '\0';

BEFORE_THE_LIBRARY size_t
pg_query__parse_result__get_packed_size(const PgQuery__ParseResult *message G_GNUC_UNUSED)
{
    return sizeof(Handover);
}

BEFORE_THE_LIBRARY size_t
pg_query__parse_result__pack(const PgQuery__ParseResult *message, uint8_t *out)
{
    Handover handover = {.mark = &handover_mark};

    handover.tree = tree_copy(message, &handover.blocks);
    memcpy(out, &handover, sizeof handover);
    return sizeof handover;
}

static bool
is_handover(const PgQueryProtobuf *parsed, Handover *ret_handover)
{
    if (parsed->len != sizeof *ret_handover)
        return false;
    memcpy(ret_handover, parsed->data, sizeof *ret_handover);
    return ret_handover->mark == &handover_mark;
}

static void
keep(void *blocks G_GNUC_UNUSED, void *bytes G_GNUC_UNUSED)
{
}

PgQuery__ParseResult *
handover_take(const PgQueryProtobuf *parsed, SqlBlock **ret_blocks)
{
    ProtobufCAllocator allocator = {blocks_alloc, keep, ret_blocks};
    Handover handover;

    if (is_handover(parsed, &handover)) {
        *ret_blocks = handover.blocks;
        return handover.tree;
    }
    *ret_blocks = NULL;
    return pg_query__parse_result__unpack(&allocator, parsed->len, (const guint8 *) parsed->data);
}
