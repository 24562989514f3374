internal import Events
internal import Logging

/// Flume's host interceptor: this machine's address or name as a header, looked up once.
struct HostInterceptor: Interceptor {
    static let type = TypeEntry(
        alias: "host",
        className: "org.apache.flume.interceptor.HostInterceptor$Builder",
        keys: [
            KeySpec("hostHeader"), KeySpec("useIP", form: .boolean), KeySpec("preserveExisting", form: .boolean),
        ]
    )

    private let header: String
    private let existing: EventBatch.ExistingHeader
    private let host: String?

    /// - Parameter lookup: the machine's address (`true`) or name.
    init(
        _ settings: ComponentSettings,
        logger: Logger = Logger(label: "tributary.interceptor.host"),
        lookup: (_ address: Bool) throws(LocalHost.LookupError) -> String = LocalHost.look
    ) throws(ConfigurationFault) {
        header = settings.string("hostHeader", default: "host")
        existing = settings.bool("preserveExisting", default: false) ? .keep : .replace
        do throws(LocalHost.LookupError) {
            host = try lookup(settings.bool("useIP", default: true))
        } catch {
            host = nil
            logger.warning(
                "this machine's address is not known; events get no host header",
                metadata: ["interceptor": "\(settings.name)", "reason": "\(error)"]
            )
        }
    }

    func intercept(_ batch: EventBatch) -> EventBatch {
        guard let host else { return batch }
        return batch.settingHeader(header, to: host, existing: existing)
    }
}
