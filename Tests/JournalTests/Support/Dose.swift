import Foundation

/// How much of a random test is done: a little in every run, all of it with `TRIBUTARY_LONG=1`.
enum Dose {
    static let isLong = ProcessInfo.processInfo.environment["TRIBUTARY_LONG"] == "1"

    static func of(_ normal: Int, long: Int) -> Int { isLong ? long : normal }
}
