/// What a thread does after one round of its work.
package enum Turn: Hashable, Sendable {
    /// There is more to do at once.
    case again
    /// Nothing, until somebody raises the signal.
    case idle
    /// Nothing until this time (nanoseconds of the file system's clock) or the signal.
    case until(UInt64)
}
