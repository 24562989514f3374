#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// The system's calls whose names `LogDestination` uses for its own.
enum LogSystemCalls {
    /// Read and write for the owner, read for the rest: as log4j's files under the usual umask.
    static func open(_ path: String, _ flags: Int32) -> Int32 {
        #if canImport(Glibc)
        unsafe Glibc.open(path, flags, 0o644)
        #else
        unsafe Darwin.open(path, flags, 0o644)
        #endif
    }

    @unsafe
    static func write(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
        #if canImport(Glibc)
        unsafe Glibc.write(descriptor, bytes, count)
        #else
        unsafe Darwin.write(descriptor, bytes, count)
        #endif
    }
}
