/*
 * revision/revision.h - one revision file: the whole life of one change.
 *
 * Header comments, then sections that begin with `-- sluice: <section>`. A section's text is kept
 * with its place, and parsed as SQL only when asked for, so that reading a graph of thousands is
 * cheap.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/error.h"
#include "sql/bound.h"
#include "sql/mapping.h"
#include "sql/script.h"

typedef enum {
    SECTION_EXPAND,
    SECTION_SYNC,         /* one a table; argument: the table */
    SECTION_SYNC_REVERSE, /* argument: the table */
    SECTION_SYNC_TO,      /* one a direction; argument: "users to addresses" */
    SECTION_BACKFILL,
    SECTION_VERIFY,
    SECTION_FINISH,
    SECTION_CUTOVER,
    SECTION_CUTOVER_UNDO,
    SECTION_CONTRACT,
    SECTION_DOWNGRADE,
    SECTION_N
} SectionKind;

const char *section_kind_name(SectionKind kind); /* "sync reverse", "cutover undo" */

/* How far a revision is in a database. One without later phases is final at the last it has. */
typedef enum {
    STATE_PENDING,
    STATE_EXPANDED,
    STATE_BACKFILLED,
    STATE_CUT_OVER,
    STATE_CONTRACTED,
} RevisionState;
const char *revision_state_name(RevisionState state); /* "cut over" */

/* `Requires: 127bcea40bef backfilled`: before this revision expands, that one must have reached
 * the state, or be final. */
typedef struct {
    char *id;            /* or a branch label: as written; borrowed from the revision */
    RevisionState state; /* STATE_CONTRACTED where none is written */
} Requirement;

typedef struct {
    SectionKind kind;
    char *argument;     /* table of a sync, as written; else NULL */
    char *text;         /* without the marker line */
    Place place;        /* of the text's first line; file borrowed from the revision */
    GPtrArray *remarks; /* backfill only: SqlRemark *: `-- sluice: finished when <condition>`, .. */
    bool not_null;      /* sync only: `-- sluice: not null`: its new columns will never be NULL */
    SqlRemark *key;     /* sync to only: `-- sluice: key <columns>`: of the other table; or NULL */
    bool rows_stay;     /* sync to only: `-- sluice: rows stay`: it sets columns of rows, no more */
    char *fill_in; /* `-- sluice: fill in <what>`: what it lacks; it is not run; NULL: nothing */
    struct SectionCache *cache; /* of section_parse */
} Section;

typedef struct {
    char *path;
    char *id;
    GPtrArray *revises;          /* char *: parents; empty for a first one */
    GPtrArray *requires;         /* Requirement * */
    GPtrArray *labels;           /* char *: branch labels, `Branch: shop` */
    char *title;                 /* the file's name where it has none */
    char *created;               /* as written; may be NULL */
    bool statement_transactions; /* Transaction: statement */
    char *imported; /* "alembic 1.8.1": another tool's history, its expand may destroy; or NULL */
    GPtrArray *sections; /* Section *, in the file's order */
    guint index;         /* its place in the graph that holds it; set by the graph */
    char block[];        /* path and header: what the words above point into */
} Revision;

/* Reads and checks one file: header and sections (syntax of SQL is not looked at). ERROR_CONFIG
 * with file:line:column: no Revision line, unknown header word or section (with the nearest), a
 * section twice, text before the first section. @header_only skips the sections. Caller owns. */
Revision *revision_read(const char *path, bool header_only, GError **error);
/* The same, headers only, of the file that @path names in the folder open as @folder_fd. */
Revision *revision_read_header(int folder_fd, const char *path, GError **error);
/* The same from memory; @path is for messages. */
Revision *revision_parse(const char *path, const char *text, bool header_only, GError **error);
void revision_free(Revision *revision);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Revision, revision_free)

/* @text, a revision's file, with another `-- Revises:` line: the ids of @parents, NULL-ended. Every
 * other byte stays. Caller owns. */
char *revision_text_revise(const char *text, const char *const *parents);

/* NULL if it has none. @argument (may be NULL) picks the table of a sync. Borrowed. */
const Section *revision_section(const Revision *revision, SectionKind kind, const char *argument);
/* Its statements, parsed when first asked for, and kept. ERROR_SQL with the place. Caller owns. */
SqlScript *section_parse(const Section *section, GError **error);
/* The statements of a backfill section (sql/bound.h). Element-type SqlBackfill *. Caller owns. */
GPtrArray *section_backfills(const Section *section, GError **error);
/* SHA-256 of the canonical text: comments and blanks do not count. Caller owns. */
char *section_checksum(const Section *section);
/* One checksum over all sections of @kind; NULL if there is none. Caller owns. */
char *revision_checksum(const Revision *revision, SectionKind kind);

/* Everything that can be said without a database: SQL syntax of every section, a section that is
 * not filled in, transaction control, a destructive statement in expand (but for imported history),
 * finish or sync (ERROR_CHECK: the place, what it destroys, "move it to contract"), mappings, the
 * backfill's WHERE, ADD COLUMNs of a mapping with NOT NULL or DEFAULT, columns of a mapping that
 * are added in more than one run. */
bool revision_check(const Revision *revision, GError **error);
/* Before it is applied: that, and that its author has written something. Once it ran it could not
 * be edited any more. What has no expand section is meant to do nothing, as a merge. */
bool revision_check_to_run(const Revision *revision, GError **error);
/* What the expand of an imported revision destroys ("drops column full_name of users"): only there
 * may it. Element-type char *; empty for any other revision. Caller owns. NULL: ERROR_SQL. */
GPtrArray *revision_destroys(const Revision *revision, GError **error);

/* One `sync` table with both directions parsed; the reverse derived where all pairs are bare
 * columns, else its section is required (ERROR_CONFIG names the line to add). */
typedef struct {
    char *revision;
    char *schema; /* NULL: search_path */
    char *table;
    SqlMapping *forward;
    SqlMapping *reverse;
    bool not_null; /* the author's promise */
} RevisionSync;
void revision_sync_free(RevisionSync *sync);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RevisionSync, revision_sync_free)
/* Element-type RevisionSync *; empty if the revision has no sync. Caller owns. NULL on error. */
GPtrArray *revision_syncs(const Revision *revision, GError **error);

/* What the revision's life ends with: true if it has (or derives) that phase. A mapping implies a
 * backfill and a verify. */
bool revision_has_sync(const Revision *revision); /* of either kind */
bool revision_has_backfill(const Revision *revision);
/* True also where only a contract follows a sync, and where one is between two tables. */
bool revision_has_cutover(const Revision *revision);
bool revision_has_contract(const Revision *revision);
/* The last state that it can reach: what a database has where all of it was run. */
RevisionState revision_last_state(const Revision *revision);
