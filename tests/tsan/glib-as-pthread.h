/* GLib's mutexes are futexes of its own, which ThreadSanitizer does not see: those of pthread in
 * their place, in a build that looks for races (tools/run-tsan). */
#pragma once

#include <glib.h>
#include <pthread.h>

#define GMutex pthread_mutex_t
#define GCond pthread_cond_t
#define g_mutex_init(mutex) pthread_mutex_init(mutex, NULL)
#define g_mutex_lock(mutex) pthread_mutex_lock(mutex)
#define g_mutex_unlock(mutex) pthread_mutex_unlock(mutex)
#define g_mutex_clear(mutex) pthread_mutex_destroy(mutex)
#define g_cond_init(cond) pthread_cond_init(cond, NULL)
#define g_cond_signal(cond) pthread_cond_signal(cond)
#define g_cond_broadcast(cond) pthread_cond_broadcast(cond)
#define g_cond_wait(cond, mutex) pthread_cond_wait(cond, mutex)
#define g_cond_clear(cond) pthread_cond_destroy(cond)
