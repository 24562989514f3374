#include "CTestSupport.h"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define REPLACE_C11_THREADS 1
#endif
#endif

#ifndef REPLACE_C11_THREADS

bool tributary_c11_threads_are_replaced(void) { return false; }

#else

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>
#include <time.h>

// The caller's objects are glibc's, so a pthread object must fit into each (glibc's own are the same size on Linux).
_Static_assert(sizeof(mtx_t) >= sizeof(pthread_mutex_t), "a pthread_mutex_t must fit into a mtx_t");
_Static_assert(_Alignof(mtx_t) >= _Alignof(pthread_mutex_t), "a mtx_t must be aligned for a pthread_mutex_t");
_Static_assert(sizeof(cnd_t) >= sizeof(pthread_cond_t), "a pthread_cond_t must fit into a cnd_t");
_Static_assert(_Alignof(cnd_t) >= _Alignof(pthread_cond_t), "a cnd_t must be aligned for a pthread_cond_t");
_Static_assert(sizeof(once_flag) >= sizeof(pthread_once_t), "a pthread_once_t must fit into a once_flag");
_Static_assert(PTHREAD_ONCE_INIT == 0, "ONCE_FLAG_INIT is all zero, so PTHREAD_ONCE_INIT must be");
_Static_assert(sizeof(tss_t) == sizeof(pthread_key_t), "a tss_t must be a pthread_key_t");
_Static_assert(sizeof(thrd_t) == sizeof(pthread_t), "a thrd_t must be a pthread_t");

// Seen from librdkafka, which is bound at run time.
#define EXPORTED __attribute__((visibility("default")))

bool tributary_c11_threads_are_replaced(void) { return true; }

static int result_of(int error) {
    switch (error) {
    case 0: return thrd_success;
    case ENOMEM: return thrd_nomem;
    case ETIMEDOUT: return thrd_timedout;
    case EBUSY: return thrd_busy;
    default: return thrd_error;
    }
}

static pthread_mutex_t *mutex_of(mtx_t *mutex) { return (pthread_mutex_t *)mutex; }
static pthread_cond_t *condition_of(cnd_t *condition) { return (pthread_cond_t *)condition; }

// ---- threads

typedef struct {
    thrd_start_t function;
    void *argument;
} start;

static void *run(void *argument) {
    start call = *(start *)argument;
    free(argument);
    return (void *)(intptr_t)call.function(call.argument);
}

EXPORTED int thrd_create(thrd_t *thread, thrd_start_t function, void *argument) {
    start *call = malloc(sizeof *call);
    if (!call) return thrd_nomem;
    *call = (start){function, argument};
    pthread_t made;
    int error = pthread_create(&made, NULL, run, call);
    if (error) {
        free(call);
        return error == EAGAIN ? thrd_nomem : thrd_error;
    }
    *thread = (thrd_t)made;
    return thrd_success;
}

EXPORTED int thrd_join(thrd_t thread, int *result) {
    void *value = NULL;
    int error = pthread_join((pthread_t)thread, &value);
    if (!error && result) *result = (int)(intptr_t)value;
    return result_of(error);
}

EXPORTED int thrd_detach(thrd_t thread) { return result_of(pthread_detach((pthread_t)thread)); }

EXPORTED _Noreturn void thrd_exit(int result) { pthread_exit((void *)(intptr_t)result); }

EXPORTED thrd_t thrd_current(void) { return (thrd_t)pthread_self(); }

EXPORTED int thrd_equal(thrd_t left, thrd_t right) { return pthread_equal((pthread_t)left, (pthread_t)right); }

EXPORTED void thrd_yield(void) { sched_yield(); }

// C11 7.26.5.7: 0 when the time has passed, -1 on a signal, another negative number on failure.
EXPORTED int thrd_sleep(const struct timespec *duration, struct timespec *remaining) {
    if (nanosleep(duration, remaining) == 0) return 0;
    return errno == EINTR ? -1 : -2;
}

// ---- mutexes

EXPORTED int mtx_init(mtx_t *mutex, int type) {
    pthread_mutexattr_t attributes;
    if (pthread_mutexattr_init(&attributes)) return thrd_error;
    pthread_mutexattr_settype(&attributes, type & mtx_recursive ? PTHREAD_MUTEX_RECURSIVE : PTHREAD_MUTEX_NORMAL);
    int error = pthread_mutex_init(mutex_of(mutex), &attributes);
    pthread_mutexattr_destroy(&attributes);
    return result_of(error);
}

EXPORTED int mtx_lock(mtx_t *mutex) { return result_of(pthread_mutex_lock(mutex_of(mutex))); }

EXPORTED int mtx_trylock(mtx_t *mutex) { return result_of(pthread_mutex_trylock(mutex_of(mutex))); }

EXPORTED int mtx_timedlock(mtx_t *restrict mutex, const struct timespec *restrict until) {
    return result_of(pthread_mutex_timedlock(mutex_of(mutex), until));
}

EXPORTED int mtx_unlock(mtx_t *mutex) { return result_of(pthread_mutex_unlock(mutex_of(mutex))); }

EXPORTED void mtx_destroy(mtx_t *mutex) { pthread_mutex_destroy(mutex_of(mutex)); }

// ---- condition variables; times are TIME_UTC, the clock of a pthread_cond_t without attributes

EXPORTED int cnd_init(cnd_t *condition) { return result_of(pthread_cond_init(condition_of(condition), NULL)); }

EXPORTED int cnd_signal(cnd_t *condition) { return result_of(pthread_cond_signal(condition_of(condition))); }

EXPORTED int cnd_broadcast(cnd_t *condition) { return result_of(pthread_cond_broadcast(condition_of(condition))); }

EXPORTED int cnd_wait(cnd_t *condition, mtx_t *mutex) {
    return result_of(pthread_cond_wait(condition_of(condition), mutex_of(mutex)));
}

EXPORTED int cnd_timedwait(cnd_t *restrict condition, mtx_t *restrict mutex, const struct timespec *restrict until) {
    return result_of(pthread_cond_timedwait(condition_of(condition), mutex_of(mutex), until));
}

EXPORTED void cnd_destroy(cnd_t *condition) { pthread_cond_destroy(condition_of(condition)); }

// ---- the rest

EXPORTED void call_once(once_flag *flag, void (*function)(void)) { pthread_once((pthread_once_t *)flag, function); }

EXPORTED int tss_create(tss_t *key, tss_dtor_t destructor) { return result_of(pthread_key_create(key, destructor)); }

EXPORTED void *tss_get(tss_t key) { return pthread_getspecific(key); }

EXPORTED int tss_set(tss_t key, void *value) { return result_of(pthread_setspecific(key, value)); }

EXPORTED void tss_delete(tss_t key) { pthread_key_delete(key); }

#endif
