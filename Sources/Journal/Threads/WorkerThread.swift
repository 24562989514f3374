internal import CPlatform

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Runs a closure on a thread of its own, which ends with it, for whatever waits without an event loop. Nobody joins it: who
/// must know passes that in the closure.
package enum WorkerThread {
    private final class Body: Sendable {
        let name: String
        let run: @Sendable () -> Void

        init(_ name: String, _ run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    /// Whether the thread could be made (EAGAIN: the process has too many).
    ///
    /// - Parameter name: what `top -H` and `ps -L` show; Linux has room for 15 bytes, and a longer name is cut off there.
    package static func start(name: String, _ run: @escaping @Sendable () -> Void) -> Bool {
        let body = unsafe Unmanaged.passRetained(Body(name, run))
        #if canImport(Glibc)
        var thread = pthread_t()
        #else
        var thread: pthread_t?
        #endif
        let result = unsafe pthread_create(
            &thread,
            nil,
            { argument in
                #if canImport(Glibc)
                guard let argument = unsafe argument else { return nil }
                #endif
                let body = unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                unsafe tributary_name_thread(body.name)
                body.run()
                return nil
            },
            body.toOpaque()
        )
        guard result == 0 else {
            unsafe body.release()
            return false
        }
        #if canImport(Glibc)
        _ = pthread_detach(thread)
        #else
        if let thread = unsafe thread { _ = unsafe pthread_detach(thread) }
        #endif
        return true
    }
}
