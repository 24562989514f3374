package import Subjects

/// What libFuzzer, whose loop is the program, calls for each input.
package enum FuzzInput {
    /// Ends the process where a rule is broken: libFuzzer keeps the input then.
    package static func check(_ subject: Subject, _ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
        do {
            try subject.check(Array(UnsafeBufferPointer(start: bytes, count: count)))
        } catch {
            fatalError("\(error)")
        }
        return 0
    }
}
