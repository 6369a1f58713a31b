/*
 * sql/handover.h - the parser's tree as it is, not its bytes.
 *
 * libpg_query makes the tree of protobuf-c's structs, packs it into bytes and drops it; who wants
 * the structs unpacks the bytes: two thirds of the time of a parse, for a node has a field for each
 * of the 230 kinds that it may be of. The library packs by two functions of protobuf-c's generated
 * code, which it calls by name, and a program's functions go before those of its libraries: here
 * they are, and what they write is the place of a copy.
 *
 * A library whose calls are bound to itself (-Bsymbolic) writes bytes all the same; they are
 * unpacked then. Whoever wants bytes calls protobuf_c_message_pack() itself.
 */
#pragma once

#include <pg_query.h>
#include <pg_query/pg_query.pb-c.h>

#include "sql/blocks.h"

/* The tree of what pg_query_parse_protobuf() has returned, to be taken once, after an error too:
 * there it has no statements. It lives as long as @ret_blocks, which the caller owns. */
PgQuery__ParseResult *handover_take(const PgQueryProtobuf *parsed, SqlBlock **ret_blocks);
