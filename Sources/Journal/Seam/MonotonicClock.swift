#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// The clock that no one sets.
enum MonotonicClock {
    static func nanoseconds() -> UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
