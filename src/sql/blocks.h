/*
 * sql/blocks.h - memory for trees: many small things that go at once.
 */
#pragma once

#include <glib.h>
#include <stddef.h>

/* The latest of a chain; NULL: nothing has been asked for yet. */
typedef struct SqlBlock SqlBlock;

/* @blocks: a SqlBlock **, void as protobuf-c's allocators have it. Lives as long as they do. */
void *blocks_alloc(void *blocks, size_t size);
void blocks_free(SqlBlock *blocks);
