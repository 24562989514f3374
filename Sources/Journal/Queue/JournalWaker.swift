/// Wakes a taker that found too few.
package final class JournalWaker: Sendable {
    /// Called on any thread, under no lock; must not block.
    package let wake: @Sendable () -> Void

    package init(_ wake: @escaping @Sendable () -> Void) {
        self.wake = wake
    }
}
