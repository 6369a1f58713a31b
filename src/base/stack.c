#include "base/stack.h"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"

enum {
    STACK_LEAST = 64 << 20,
    STACK_MOST = 1 << 30,
    STACK_IN_USE = 64 << 10, /* of a thread that does no more than wait; more than enough */
};

typedef struct {
    gsize size;
    pid_t process; /* a child of fork() has the list, and none of the threads */
    GCond changed;
    StackWork work; /* NULL: it waits */
    void *data;
} StackThread;

/* One a process, as the keys are that these threads save: those that wait now. Never more than have
 * been at work at the same time, of each size. */
static GSList *idle;
static GMutex mutex; /* over them all */

/* What a deep text has touched goes back to the system, of the stack of the calling thread. */
static void
give_back(void)
{
    const guintptr page = (guintptr) sysconf(_SC_PAGESIZE);
    const guintptr here = (guintptr) __builtin_frame_address(0);
    pthread_attr_t attributes;
    void *low = NULL;
    gsize size = 0;

    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return;
    if (pthread_attr_getstack(&attributes, &low, &size) == 0)
        madvise(low, ((here - STACK_IN_USE) & ~(page - 1)) - (guintptr) low, MADV_DONTNEED);
    pthread_attr_destroy(&attributes);
}

static void *
serve(void *data)
{
    StackThread *thread = data;

    g_mutex_lock(&mutex);
    for (;;) {
        while (thread->work == NULL)
            g_cond_wait(&thread->changed, &mutex);
        g_mutex_unlock(&mutex);
        thread->work(thread->data);
        give_back();
        g_mutex_lock(&mutex);
        thread->work = NULL;
        g_cond_signal(&thread->changed);
    }
    return NULL;
}

static StackThread *
start_thread(gsize size, GError **error)
{
    g_autofree StackThread *thread = g_new0(StackThread, 1);
    pthread_attr_t attributes;
    pthread_t id;
    int status;

    /* By doubling, so that few sizes serve all. */
    for (thread->size = STACK_LEAST; thread->size < size && thread->size < STACK_MOST;)
        thread->size *= 2;
    thread->process = getpid();
    g_cond_init(&thread->changed);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, thread->size);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    status = pthread_create(&id, &attributes, serve, thread);
    pthread_attr_destroy(&attributes);
    if (status != 0) {
        error_set(error, ERROR_INTERNAL, "cannot start a thread with a large stack: %s",
                  g_strerror(status));
        return NULL;
    }
    return g_steal_pointer(&thread);
}

static StackThread *
take_idle(gsize size)
{
    for (GSList *link = idle; link != NULL; link = link->next) {
        StackThread *thread = link->data;

        if (thread->size >= MIN(size, (gsize) STACK_MOST) && thread->process == getpid()) {
            idle = g_slist_delete_link(idle, link);
            return thread;
        }
    }
    return NULL;
}

static void
hand_over(StackThread *thread, StackWork work, void *data)
{
    thread->work = work;
    thread->data = data;
    g_cond_signal(&thread->changed);
    while (thread->work != NULL)
        g_cond_wait(&thread->changed, &mutex);
    idle = g_slist_prepend(idle, thread);
}

bool
stack_run(gsize size, StackWork work, void *data, GError **error)
{
    StackThread *thread;

    g_mutex_lock(&mutex);
    thread = take_idle(size);
    if (thread == NULL)
        thread = start_thread(size, error);
    if (thread != NULL)
        hand_over(thread, work, data);
    g_mutex_unlock(&mutex);
    return thread != NULL;
}
