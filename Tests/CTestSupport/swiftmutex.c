// The slow halves of Swift's Mutex, for the thread sanitizer.
//
// On Linux a Mutex is one word: the owner's thread id, taken and given up by an atomic that is compiled into our code, where
// the sanitizer sees it. Only where threads meet does it call _lockSlow and _unlockSlow of libswiftSynchronization, which
// leave the hand-over to the kernel (a PI futex) and are compiled without the sanitizer: to it such a lock orders nothing,
// and every contended section looks like a race. These do the same and tell the sanitizer.

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)

#include <errno.h>
#include <linux/futex.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

#define SWIFTCALL __attribute__((swiftcall))
#define CONTEXT __attribute__((swift_context))

SWIFTCALL void tributary_mutex_lock_slow(uint32_t thread, CONTEXT void *mutex)
    __asm__("$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF");
SWIFTCALL void tributary_mutex_unlock_slow(CONTEXT void *mutex)
    __asm__("$s15Synchronization12_MutexHandleV11_unlockSlowyyF");

SWIFTCALL void tributary_mutex_lock_slow(uint32_t thread, CONTEXT void *mutex) {
    (void)thread;
    while (syscall(SYS_futex, mutex, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0) == -1) {
        // EAGAIN: the owner is about to end. Anything else is a fault of the caller, as in the original.
        if (errno != EINTR && errno != EAGAIN) abort();
    }
    __tsan_acquire(mutex);
}

SWIFTCALL void tributary_mutex_unlock_slow(CONTEXT void *mutex) {
    __tsan_release(mutex);
    while (syscall(SYS_futex, mutex, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0) == -1) {
        if (errno != EINTR) abort();
    }
}

#endif
#endif
