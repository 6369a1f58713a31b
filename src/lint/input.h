/*
 * lint/input.h - what is linted: files, cut into statements with their phase.
 */
#pragma once

#include "ddl/change.h"
#include "revision/graph.h"

/* How a tool runs a plain file. */
typedef enum {
    RUNNER_PSQL,    /* each statement a transaction of its own, but for BEGIN .. COMMIT */
    RUNNER_SLUICE,  /* a revision: section by section, with the lock protocol (docs/applying.md) */
    RUNNER_ALEMBIC, /* one transaction a file */
    RUNNER_RAILS,   /* one transaction a file */
    RUNNER_FLYWAY,  /* one transaction a file, but for files that cannot be */
    RUNNER_DBMATE, /* one transaction; `-- migrate:up transaction:false`: one query string, which is
                      an implicit one */
    RUNNER_N
} LintRunner;
/* RUNNER_N if there is none of that name. */
LintRunner lint_runner_find(const char *name);
const char *lint_runner_name(LintRunner runner);

typedef struct LintFile LintFile;

typedef enum {
    PROBLEM_SYNTAX,
    PROBLEM_NEWER,    /* syntax that the grammar is too old for */
    PROBLEM_FILLED,   /* with a name in the place of a placeholder, which may stand for more */
    PROBLEM_ENCODING, /* not UTF-8: the text is read all the same */
    PROBLEM_TEMPLATE, /* with a block of a template, whose outcome is not known */
} ProblemKind;

typedef struct LintUnit {
    const LintFile *file;
    const SqlStatement *statement; /* NULL: it could not be parsed; @problem says why */
    DdlChanges *changes;           /* NULL: the same */
    SectionKind section;           /* SECTION_N in a plain file */
    gsize start, end;              /* bytes of the file, without comments before it */
    gsize base;    /* byte of the file at which the text of the statement's script begins */
    char *problem; /* "syntax error at ..", "newer than the grammar (PostgreSQL 15)" */
    ProblemKind problem_kind;
    guint index;                  /* in the file */
    const struct LintUnit *outer; /* the DO, or the call of a function, whose body it is part of */
    bool conditional;             /* in a body: only some runs come here */
    bool undone;                  /* its transaction ends with ROLLBACK */
    bool repeated;                /* in a body: in a loop that never commits */
} LintUnit;

struct LintFile {
    char *path;
    char *text;
    gsize length;
    GArray *marks;      /* of the text: places are asked for each finding */
    Revision *revision; /* NULL: a plain file */
    LintRunner runner;
    bool converted;     /* it was UTF-16 */
    bool wrapped;       /* the runner makes one transaction of it */
    GPtrArray *units;   /* LintUnit * in the order in which they run */
    GPtrArray *scripts; /* SqlScript *: what the units borrow from */
    bool is_edited;     /* it was released, and has changed since */
    bool is_inserted;   /* it is new, and comes before one that was released */
    bool reported;      /* else it is read only for what it makes of the schema */
    GPtrArray *allows;  /* LintAllow * (lint/allow.h) */
    GHashTable *fates;  /* of columns: what lint_file_may knows */
    /* Name -> what stands in its place in the file: "${schema}" (sql_fill_placeholders). */
    GHashTable *placeholders;
    GError *error; /* it could not be read at all, with its place; NULL: it could */
};

/* Reads and parses one file; never fails: see @error, and @problem of the units. @path "-" with
 * @text (taken) is standard input. Caller owns. May be called from many threads. */
LintFile *lint_file_read(const char *path, char *take_text, LintRunner runner);
void lint_file_free(LintFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LintFile, lint_file_free)
/* Frees the parse trees, once nobody asks for them: they are ten times the text. */
void lint_file_drop_units(LintFile *file);

/* What a statement does to a column's name, or type. */
typedef enum {
    FATE_GIVEN,    /* ADD COLUMN, RENAME .. TO */
    FATE_GIVEN_UP, /* RENAME */
    FATE_RETYPED,  /* ALTER COLUMN TYPE */
} Fate;
/* May a statement of the file do that to the column? So a rule that looks for one need not walk the
 * file for each statement. Schemas are not looked at, and a body of code may do anything. */
bool lint_file_may(const LintFile *file, Fate fate, DdlName relation, const char *column);

/* Something of it is undone, from its start or from a savepoint on. */
bool lint_file_rolls_back(const LintFile *file);

/* The byte at which line @line begins; the text's length: it has no such line. */
gsize lint_file_line(const LintFile *file, int line);
/* The 1-based place of a byte of the file; characters count, not bytes. */
Place lint_file_place(const LintFile *file, gsize offset);
