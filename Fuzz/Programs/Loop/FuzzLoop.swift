import CFuzzer
package import Subjects

/// libFuzzer's loop round one subject.
package enum FuzzLoop {
    /// The callback is a C function and takes no context: set once, before the loop begins, on its only thread.
    nonisolated(unsafe) private static var subject: Subject?

    /// Runs until libFuzzer's options say that it is enough; the program's exit status.
    package static func run(_ subject: Subject) -> Int32 {
        self.subject = subject
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        return LLVMFuzzerRunDriver(&count, &arguments) { bytes, count in
            do {
                try FuzzLoop.subject?.check(Array(UnsafeBufferPointer(start: bytes, count: count)))
            } catch {
                fatalError("\(error)")
            }
            return 0
        }
    }
}
