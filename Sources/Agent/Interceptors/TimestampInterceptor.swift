internal import Events

/// Flume's timestamp interceptor: the time in milliseconds since 1970 as a header, one reading of the clock a batch.
struct TimestampInterceptor: Interceptor {
    static let type = TypeEntry(
        alias: "timestamp",
        className: "org.apache.flume.interceptor.TimestampInterceptor$Builder",
        keys: [KeySpec("headerName"), KeySpec("preserveExisting", form: .boolean)]
    )

    private let header: String
    private let existing: EventBatch.ExistingHeader
    private let now: @Sendable () -> Int

    /// - Parameter now: milliseconds since 1970.
    init(
        _ settings: ComponentSettings,
        now: @escaping @Sendable () -> Int = { WallClock.milliseconds() }
    ) throws(ConfigurationFault) {
        header = settings.string("headerName", default: "timestamp")
        existing = settings.bool("preserveExisting", default: false) ? .keep : .replace
        self.now = now
    }

    func intercept(_ batch: EventBatch) -> EventBatch {
        batch.settingHeader(header, to: String(now()), existing: existing)
    }
}
