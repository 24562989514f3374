import Foundation

/// What the environment tells the tests.
public enum Environment {
    /// `TRIBUTARY_SEED`: repeats a random test.
    public static var seed: UInt64? {
        ProcessInfo.processInfo.environment["TRIBUTARY_SEED"].flatMap(UInt64.init)
    }
}
