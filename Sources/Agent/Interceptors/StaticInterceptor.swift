internal import Events

/// Flume's static interceptor: one header of one value. Other than its siblings it keeps what an event has already, unless
/// told otherwise.
struct StaticInterceptor: Interceptor {
    static let type = TypeEntry(
        alias: "static",
        className: "org.apache.flume.interceptor.StaticInterceptor$Builder",
        keys: [KeySpec("key"), KeySpec("value"), KeySpec("preserveExisting", form: .boolean)]
    )

    private let key: String
    private let value: String
    private let existing: EventBatch.ExistingHeader

    init(_ settings: ComponentSettings) throws(ConfigurationFault) {
        key = settings.string("key", default: "key")
        value = settings.string("value", default: "value")
        existing = settings.bool("preserveExisting", default: true) ? .keep : .replace
    }

    func intercept(_ batch: EventBatch) -> EventBatch {
        batch.settingHeader(key, to: value, existing: existing)
    }
}
