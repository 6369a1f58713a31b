/*
 * lint/crew.h - threads that do numbered pieces of work in the order of their numbers, for one who
 * takes the results in that order.
 *
 * One crew a run: libpg_query keeps a thread-specific key for each thread that ever parsed, and a
 * process has no more than a thousand.
 */
#pragma once

#include <glib.h>

typedef struct Crew Crew;

typedef void (*CrewWork)(guint piece, void *data);

/* Begins with pieces [0,@count), each done once by any of @jobs threads (1: by the caller, while he
 * waits). Not more than @ahead are done, or in work, that he has not waited for. Caller owns. */
Crew *crew_new(guint count, guint jobs, guint ahead, CrewWork work, void *data);
/* Until @piece is done; those before it were waited for already. */
void crew_wait(Crew *crew, guint piece);
/* Until all are. */
void crew_free(Crew *crew);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Crew, crew_free)
