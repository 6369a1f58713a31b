#include "sql/blocks.h"

enum { BLOCK_SIZE = 16 << 10, BLOCK_ALIGNMENT = 16 };

struct SqlBlock {
    SqlBlock *next;
    gsize used, size;
    _Alignas(BLOCK_ALIGNMENT) char bytes[];
};

void *
blocks_alloc(void *blocks, size_t size)
{
    SqlBlock **latest = blocks, *block = *latest;
    const gsize wanted = (size + BLOCK_ALIGNMENT - 1) & ~(gsize) (BLOCK_ALIGNMENT - 1);
    void *bytes;

    if (block == NULL || block->size - block->used < wanted) {
        const gsize room = MAX(wanted, (gsize) BLOCK_SIZE - sizeof(SqlBlock));

        block = g_malloc(sizeof(SqlBlock) + room);
        *block = (SqlBlock){.next = *latest, .size = room};
        *latest = block;
    }
    bytes = block->bytes + block->used;
    block->used += wanted;
    return bytes;
}

void
blocks_free(SqlBlock *blocks)
{
    while (blocks != NULL) {
        SqlBlock *next = blocks->next;

        g_free(blocks);
        blocks = next;
    }
}
