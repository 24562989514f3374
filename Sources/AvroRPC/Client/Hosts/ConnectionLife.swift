package import NIOCore

/// How long a connection is kept before another takes its place, so that load balancers and names that changed are heeded.
package struct ConnectionLife: Hashable, Sendable {
    /// Flume's `reset-connection-interval`: kept to; `nil`: for ever.
    package var reset: TimeAmount?
    /// The greatest age; each connection draws its own from the last fifth of it, so that those that were made together
    /// do not end together.
    package var greatestAge: TimeAmount?

    package init(reset: TimeAmount? = nil, greatestAge: TimeAmount? = nil) {
        self.reset = reset
        self.greatestAge = greatestAge
    }

    /// The time for one connection.
    func draw(using generator: inout some RandomNumberGenerator) -> TimeAmount? {
        let age = greatestAge.map { greatest in
            let nanoseconds = greatest.nanoseconds
            return TimeAmount.nanoseconds(.random(in: (nanoseconds - nanoseconds / 5)...nanoseconds, using: &generator))
        }
        return [reset, age].compactMap { $0 }.min()
    }
}
