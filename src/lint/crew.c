#include "lint/crew.h"

#include <stdbool.h>

struct Crew {
    guint count, ahead;
    CrewWork work;
    void *data;
    GPtrArray *threads; /* GThread * */

    GMutex mutex; /* over what follows */
    GCond done;   /* the piece that is waited for */
    GCond room;   /* there is some again */
    guint idle;   /* threads that wait for it */
    guint next;   /* the first that nobody has taken */
    guint taken;  /* results that were */
    bool *is_done;
};

/* The next piece; called with the mutex held, which is given up meanwhile. */
static void
work_on(Crew *crew)
{
    const guint piece = crew->next++;

    g_mutex_unlock(&crew->mutex);
    crew->work(piece, crew->data);
    g_mutex_lock(&crew->mutex);
    crew->is_done[piece] = true;
    if (piece == crew->taken)
        g_cond_signal(&crew->done);
}

static void *
serve(void *data)
{
    Crew *crew = data;

    g_mutex_lock(&crew->mutex);
    while (crew->next < crew->count) {
        if (crew->next - crew->taken < crew->ahead) {
            work_on(crew);
        } else {
            crew->idle++;
            g_cond_wait(&crew->room, &crew->mutex);
            crew->idle--;
        }
    }
    g_cond_broadcast(&crew->room); /* nor is there anything for the others */
    g_mutex_unlock(&crew->mutex);
    return NULL;
}

/* Without threads, or where the system has none left, all is done by who waits. */
static void
start_threads(Crew *crew, guint jobs)
{
    while (crew->threads->len < MIN(jobs, crew->count)) {
        GThread *thread = g_thread_try_new("lint", serve, crew, NULL);

        if (thread == NULL)
            return;
        g_ptr_array_add(crew->threads, thread);
    }
}

static void
join(void *thread)
{
    g_thread_join(thread);
}

Crew *
crew_new(guint count, guint jobs, guint ahead, CrewWork work, void *data)
{
    Crew *crew = g_new0(Crew, 1);

    crew->count = count;
    crew->ahead = ahead;
    crew->work = work;
    crew->data = data;
    crew->is_done = g_new0(bool, count);
    crew->threads = g_ptr_array_new_with_free_func(join);
    g_mutex_init(&crew->mutex);
    g_cond_init(&crew->done);
    g_cond_init(&crew->room);
    if (jobs > 1)
        start_threads(crew, jobs);
    return crew;
}

void
crew_wait(Crew *crew, guint piece)
{
    g_mutex_lock(&crew->mutex);
    crew->taken = piece;
    /* Not for each: threads that wake up for one piece sleep again at once. */
    if (crew->idle > 0 && crew->next - piece <= crew->ahead / 2)
        g_cond_broadcast(&crew->room);
    while (!crew->is_done[piece]) {
        if (crew->threads->len == 0)
            work_on(crew);
        else
            g_cond_wait(&crew->done, &crew->mutex);
    }
    g_mutex_unlock(&crew->mutex);
}

void
crew_free(Crew *crew)
{
    if (crew == NULL)
        return;
    g_mutex_lock(&crew->mutex);
    crew->ahead = crew->count;
    g_cond_broadcast(&crew->room);
    while (crew->threads->len == 0 && crew->next < crew->count)
        work_on(crew);
    g_mutex_unlock(&crew->mutex);
    g_ptr_array_unref(crew->threads);
    g_mutex_clear(&crew->mutex);
    g_cond_clear(&crew->done);
    g_cond_clear(&crew->room);
    g_free(crew->is_done);
    g_free(crew);
}
