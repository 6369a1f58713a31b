/*
 * apply/plan.h - a phase as steps and runs: what will be executed, and in which transactions.
 *
 * A step is one statement of the author's, or one script that sluice derives. A run is what shares
 * a transaction: neighbouring transactional steps. A run of its own is what cannot be in one, what
 * takes locks that cannot be known, and a VALIDATE, which would read its table under the locks of
 * the others. Nothing here touches the database.
 */
#pragma once

#include "ledger/revisions.h"
#include "ledger/steps.h"
#include "pg/conn.h"
#include "revision/revision.h"
#include "sql/script.h"

/* Writes to the ledger what a step or a plan has done, inside its transaction. */
typedef bool (*PlanRecord)(PgConn *conn, gconstpointer data, GError **error);

/* The same as a thing, for a plan whose transaction goes out in one go. */
typedef LedgerRecord *(*PlanRecordMaker)(PgConn *conn, gconstpointer data);

typedef struct {
    int ordinal;           /* in the journal; 0 until it is known, for a derived one */
    char *text;            /* one statement, or a derived script */
    char *hash;            /* of its canonical form */
    char *label;           /* what a derived one is for: "sync triggers on users"; else NULL */
    GPtrArray *statements; /* const SqlStatement *, of the plan's scripts */
    bool transactional;
    bool unknown_locks;
    bool validates;    /* and so runs alone */
    bool takes_locks;  /* on what is there already */
    bool is_done;      /* by an earlier process */
    bool is_begun;     /* an earlier process recorded the intent: the effect may be there */
    PlanRecord record; /* may be NULL */
    gpointer data;
    GDestroyNotify free_data;
} PlanStep;

typedef struct {
    GPtrArray *steps; /* PlanStep *, of the plan */
    bool transactional;
} PlanRun;

typedef struct {
    const char *phase;
    GPtrArray *scripts;          /* SqlScript * */
    GPtrArray *steps;            /* PlanStep * */
    GPtrArray *runs;             /* PlanRun *; empty until plan_cut */
    PlanRecord record;           /* in the last transaction: the state that the phase ends in */
    PlanRecordMaker make_record; /* writes all that @record does; NULL: only @record does */
    gconstpointer data;
} Plan;

/* @phase must outlive the plan. */
Plan *plan_new(const char *phase);
void plan_free(Plan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Plan, plan_free)

/* The section's statements, each a step; no-op for NULL. ERROR_SQL with its place. */
bool plan_add_section(Plan *plan, const Section *section, GError **error);

typedef struct {
    const char *label;
    const char *sql;   /* "": no step is made, and the data is freed */
    PlanRecord record; /* may be NULL */
    gpointer data;     /* taken over; may be NULL */
    GDestroyNotify free_data;
    bool split; /* a step for each statement, not one for the whole script; has no record */
} PlanDerived;

bool plan_add_derived(Plan *plan, const PlanDerived *derived, GError **error);
/* How many steps at the head are proofs: ADD CONSTRAINT .. NOT VALID, and VALIDATE, the last of
 * all. They change nothing that another step relies on, or that takes away. */
guint plan_count_proofs(const Plan *plan);
/* Brings the steps from @first on to place @to. @plan is not cut. */
void plan_bring_forward(Plan *plan, guint first, guint to);
/* An empty run behind the others, for plan_extend_run. */
guint plan_append_run(Plan *plan);
/* Behind the other steps of an existing run; @derived is not split. */
bool plan_extend_run(Plan *plan, guint run, const PlanDerived *derived, GError **error);

/* Does it share its run with no other? */
bool plan_step_is_alone(const PlanStep *step);
/* Makes the runs. @each_alone: every step of the author's is a run of its own, and every derived
 * one. */
void plan_cut(Plan *plan, bool each_alone);

/* Of a plan that has no journal yet: numbers its derived steps, and lists all. Element-type
 * LedgerStep *, its texts borrowed from the plan; caller owns. */
GPtrArray *plan_journal(Plan *plan);

/* The run that adds @columns (char *) to @table (as a sync section names it): *@ret_run -1 if none
 * of them is added by this plan. ERROR_STATE if more than one run does. */
bool plan_find_adding_run(const Plan *plan, const char *table, GPtrArray *columns, int *ret_run,
                          GError **error);

/* The types of the columns that the plan adds to @table (as a sync section names it): name -> type.
 * Caller owns. */
GHashTable *plan_added_types(const Plan *plan, const char *table);
/* Is there a step of which nobody knows what it does (DO, a function)? */
bool plan_has_unknown_locks(const Plan *plan);

/* For messages: the place of an author's statement ("file:12:1"), or the label. Caller owns. */
char *plan_step_describe(const PlanStep *step);
/* All statements of @steps, for locks_resolve. Element-type const SqlStatement *. Caller owns. */
GPtrArray *plan_statements(GPtrArray *steps);
