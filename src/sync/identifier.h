/*
 * sync/identifier.h - names of sluice's own objects, as long as the server takes. Private to the
 * room.
 */
#pragma once

/* @take_whole and @ending, or if that is too long its beginning, a hash of the whole, and @ending.
 * Caller owns. */
char *sync_identifier(char *take_whole, const char *ending);
