public import Logging
public import NIOCore
internal import Synchronization

/// A log for what may repeat a thousand times a second: the first is told at once, repeats within the interval are
/// counted, and the next one told carries their number as `suppressed`.
public final class ThrottledLog: Sendable {
    private let logger: Logger
    private let now: @Sendable () -> NIODeadline
    private let throttle: Mutex<Throttle>

    public init(
        _ logger: Logger,
        interval: TimeAmount = .seconds(60),
        now: @escaping @Sendable () -> NIODeadline = { .now() }
    ) {
        self.logger = logger
        self.now = now
        throttle = Mutex(Throttle(interval: interval))
    }

    /// - Parameter key: what counts as the same; the message where nil. Records of a level that is not logged are not
    ///   counted.
    public func log(
        _ level: Logger.Level,
        _ message: @autoclosure () -> Logger.Message,
        key: String? = nil,
        metadata: @autoclosure () -> Logger.Metadata = [:]
    ) {
        guard level >= logger.logLevel else { return }
        let message = message()
        let moment = now()
        guard let suppressed = throttle.withLock({ $0.admit(key ?? message.description, now: moment) }) else { return }
        var all = metadata()
        if suppressed > 0 { all["suppressed"] = "\(suppressed)" }
        logger.log(level: level, message, metadata: all)
    }

    public func warning(
        _ message: @autoclosure () -> Logger.Message,
        key: String? = nil,
        metadata: @autoclosure () -> Logger.Metadata = [:]
    ) {
        log(.warning, message(), key: key, metadata: metadata())
    }
}
