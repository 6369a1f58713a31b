/*
 * lint/session.h - a session that runs the files in thought: which transaction is open, what it has
 * locked, which timeouts are in force, what this file has made.
 *
 * A revision's section stands for a file: what its expand has made is in use by its contract.
 */
#pragma once

#include "lint/body.h"
#include "lint/input.h"
#include "lint/timeouts.h"
#include "locks/predict.h"
#include "sync/mapped.h"

/* Names stay; tables of the prediction are NULL, for they may be gone: look them up again. */
typedef struct {
    const LintUnit *unit;
    Prediction *prediction; /* NULL: the statement could not be parsed */
    guint transaction;      /* its number: statements of one transaction share it */
    guint step;             /* the model's, before it */
    Timeouts timeouts;      /* in force while it ran */
} SessionStatement;

typedef struct {
    char *name;              /* label, for messages */
    DdlName relation;        /* borrowed */
    const ModelTable *table; /* NULL: not known, or gone */
    RelationKind kind;
    LockMode mode;
    bool is_new;
    const LintUnit *since; /* which took it first, in whatever mode */
} SessionLock;

typedef struct Session Session;

/* Begins with @take_model, which it owns. @role: the timeouts of a new session. */
Session *session_new(Model *take_model, const Timeouts *role);
void session_free(Session *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Session, session_free)

/* Called where a transaction ends with what it did, while its locks are held. */
typedef void (*SessionAtCommit)(Session *session, void *data);
void session_set_at_commit(Session *session, SessionAtCommit at_commit, void *data);

/* Several files are run, one after the other: what one leaves, a later one may complete. */
void session_set_history(Session *session);
bool session_is_history(const Session *session);

void session_begin_file(Session *session, const LintFile *file);
/* Predicts, and is then *at* @unit: what the functions below tell is from before it. */
void session_enter(Session *session, const LintUnit *unit);
/* @unit has run: locks are held, the model has followed. */
void session_leave(Session *session);
/* The last section of a revision has ended, and what undoes is undone: what rules ask at a file's
 * end is about this. */
void session_end_sections(Session *session);
void session_end_file(Session *session);

/* What is entered between the two is the body of the statement that was left last: part of its
 * transaction. The session keeps @take_body, which what ran before points into. */
void session_begin_body(Session *session);
void session_end_body(Session *session, LintBody *take_body);

const Model *session_model(const Session *session);
const Prediction *session_prediction(const Session *session);

/* An explicit BEGIN, or the runner's own transaction. */
bool session_in_transaction(const Session *session);
/* BEGIN .. COMMIT of the file itself. */
bool session_in_explicit_transaction(const Session *session);
guint session_transaction(const Session *session);
/* Element-type SessionLock *: held by earlier statements of the open transaction. Borrowed. */
const GPtrArray *session_locks(const Session *session);
/* The strongest that is held on what was there before; NULL: none. */
const SessionLock *session_strongest(const Session *session);
/* So many of the locks of a transaction have an order: they are compared in pairs, and who takes
 * more is told about that. */
enum { SESSION_ORDERED = 64 };
/* Where an earlier transaction of these files locked @first and then @then, one of them strongly,
 * both there before: "file:line"; NULL: none did. Borrowed. */
const char *session_locked_before(const Session *session, const char *first, const char *then);
/* Milliseconds; 0: none; -1: unknown, for the runner or the role may have set it. */
gint64 session_lock_timeout_ms(const Session *session);
gint64 session_statement_timeout_ms(const Session *session);

/* What ran before in this file, in order. Element-type const SessionStatement *. Borrowed. */
const GPtrArray *session_statements(const Session *session);
/* Of those, at least all that have a change of @kind (CHANGE_N: all); the same order. Borrowed,
 * until the next statement. */
const GPtrArray *session_statements_with(const Session *session, DdlChangeKind kind);
/* Where in @statements, which is one of these two, those of the open transaction begin. */
guint session_transaction_begin(const Session *session, const GPtrArray *statements);
/* The new columns of the revision's mappings. Element-type const MappedColumn *. Borrowed; NULL: it
 * has none. */
const GPtrArray *session_mapped(const Session *session);
/* The model's step at which the file (or section), and the open transaction, began. */
guint session_file_start(const Session *session);
guint session_transaction_start(const Session *session);
/* Made by this file (or section), so that no app uses it yet; or temporary. Rows put into it by
 * this file do not change that. */
bool session_is_new(const Session *session, const ModelTable *table);
/* The same by name, also for indexes. */
bool session_name_is_new(const Session *session, DdlName name);
