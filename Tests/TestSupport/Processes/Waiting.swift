import Foundation

/// Waits for what real processes do.
package enum Waiting {
    package struct Timeout: Error, CustomStringConvertible {
        package let description: String

        package init(description: String) {
            self.description = description
        }
    }

    /// Asks every 10 ms until `what` holds; throws when it did not within `seconds`.
    ///
    /// - Parameter details: what else the failure should say, e.g. the end of a log.
    package static func until(
        _ what: String,
        within seconds: Double,
        details: @autoclosure () -> String = "",
        _ holds: () async throws -> Bool
    ) async throws {
        let limit = ContinuousClock.now + .seconds(seconds)
        while try await !holds() {
            guard ContinuousClock.now < limit else {
                throw Timeout(description: "not within \(seconds) s: \(what)\n\(details())")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}
