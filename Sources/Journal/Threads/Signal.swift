#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Wakes one thread that waits for work. A signal raised while nobody waits is kept, once.
///
/// `@unchecked Sendable`: the pointers never change, and what they point to is made to be used by many threads; `isRaised`
/// is touched only under the mutex.
@safe
package final class Signal: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var isRaised = false

    package init() {
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        #if canImport(Glibc)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        #endif
        unsafe pthread_cond_init(condition, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    package func raise() {
        unsafe pthread_mutex_lock(mutex)
        let isNews = !isRaised
        isRaised = true
        unsafe pthread_mutex_unlock(mutex)
        if isNews { unsafe pthread_cond_signal(condition) }
    }

    /// Returns when the signal is raised, which it then no longer is, or at `until` (nanoseconds of the monotonic clock).
    package func wait(until: UInt64?) {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while !isRaised {
            guard let until else {
                unsafe pthread_cond_wait(condition, mutex)
                continue
            }
            var time = timespec()
            time.tv_sec = Int(until / 1_000_000_000)
            time.tv_nsec = Int(until % 1_000_000_000)
            if unsafe pthread_cond_timedwait(condition, mutex, &time) == ETIMEDOUT { break }
        }
        isRaised = false
    }
}
