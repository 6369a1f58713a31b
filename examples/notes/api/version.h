/*
 * api/version.h - what differs between the two versions of notes-api, chosen at compile time.
 *
 * 1.0 knows the column users.full_name, 2.0 knows users.display_name; both show it as "name". The
 * JSON is the same, so a client cannot tell (but for the X-Notes-Instance header).
 */
#pragma once

#define REVISION_TABLES "127bcea40bef"
#define REVISION_RENAME "3f2a9c1b7d20"

#if NOTES_VERSION == 1
#define VERSION_TEXT "1.0"
#define NAME_COLUMN "full_name"
/* Ready while its tables are there and its column is not gone. */
#define READY_CONDITION                                                                            \
    "EXISTS (SELECT FROM sluice.schema_state "                                                     \
    "        WHERE revision = '" REVISION_TABLES "' AND state <> 'pending') "                      \
    "AND NOT EXISTS (SELECT FROM sluice.schema_state "                                             \
    "                WHERE revision = '" REVISION_RENAME "' AND state = 'contracted')"
#elif NOTES_VERSION == 2
#define VERSION_TEXT "2.0"
#define NAME_COLUMN "display_name"
/* Ready as soon as its column is there, and for good: later revisions do not concern it. */
#define READY_CONDITION                                                                            \
    "EXISTS (SELECT FROM sluice.schema_state "                                                     \
    "        WHERE revision = '" REVISION_RENAME "' AND state <> 'pending')"
#else
#error "NOTES_VERSION must be 1 or 2"
#endif

#define APPLICATION_NAME "notes-api/" VERSION_TEXT
