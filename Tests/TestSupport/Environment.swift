import Foundation

/// What the environment tells the tests.
public enum Environment {
    /// `TRIBUTARY_SEED`: repeats a random test.
    public static var seed: UInt64? {
        ProcessInfo.processInfo.environment["TRIBUTARY_SEED"].flatMap(UInt64.init)
    }

    /// A variable's value; `nil` where it is not set, or empty.
    package static func text(_ name: String) -> String? {
        let value = ProcessInfo.processInfo.environment[name] ?? ""
        return value.isEmpty ? nil : value
    }
}
