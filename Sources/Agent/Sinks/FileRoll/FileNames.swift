#if canImport(Glibc)
internal import Glibc
#endif

/// Flume's path managers: what the file_roll sink calls its files.
struct FileNames: Sendable {
    private static let keys = [KeySpec("prefix"), KeySpec("extension")]
    private static let standard = TypeEntry(
        alias: "default",
        className: "org.apache.flume.formatter.output.DefaultPathManager$Builder",
        keys: keys
    )
    private static let rollTime = TypeEntry(
        alias: "rolltime",
        className: "org.apache.flume.formatter.output.RollTimePathManager$Builder",
        keys: keys
    )
    static let types = [standard, rollTime]

    private let prefix: String
    private let suffix: String
    private let namesByRollTime: Bool
    private let now: @Sendable () -> Int
    private let start: Int
    private var stamp = ""
    private var number = 0

    /// - Parameters:
    ///   - key: the key that names the path manager; its own keys stand behind that and a dot.
    ///   - now: milliseconds since 1970.
    init(
        _ settings: ComponentSettings,
        key: String,
        now: @escaping @Sendable () -> Int
    ) throws(ConfigurationFault) {
        let part = settings.subsettings(key, kind: .pathManager, defaultType: "DEFAULT")
        let name = part.type
        guard let entry = Self.types.first(where: { $0.alias == name.lowercased() || $0.className == name }) else {
            throw settings.fault(key, "`\(name)` is not a path manager", advice: "`default` or `rolltime`")
        }
        namesByRollTime = entry == Self.rollTime
        prefix = part.string("prefix", default: "")
        let ending = part.string("extension", default: "")
        suffix = ending.isEmpty ? "" : "." + ending
        for (key, value) in [("prefix", prefix), ("extension", ending)] where value.utf8.contains(0x2F) {
            throw part.fault(key, "`\(value)` holds a `/`; the directory is `sink.directory`")
        }
        self.now = now
        start = now()
    }

    /// The next file's name: `PREFIX` `STAMP-N` `.EXTENSION`, the stamp being the sink's start in milliseconds (default) or
    /// the local time of the roll (rolltime, counted anew for each second).
    mutating func next() -> String {
        let stamp = namesByRollTime ? Self.localTime(now()) : String(start)
        if stamp != self.stamp { number = 0 }
        self.stamp = stamp
        number += 1
        return "\(prefix)\(stamp)-\(number)\(suffix)"
    }

    /// `yyyyMMddHHmmss` in the machine's zone.
    private static func localTime(_ milliseconds: Int) -> String {
        var seconds = time_t(milliseconds / 1000)
        var parts = unsafe tm()
        unsafe localtime_r(&seconds, &parts)
        func padded(_ number: Int32) -> String { (number < 10 ? "0" : "") + String(number) }
        return unsafe String(parts.tm_year + 1900) + padded(parts.tm_mon + 1) + padded(parts.tm_mday)
            + padded(parts.tm_hour) + padded(parts.tm_min) + padded(parts.tm_sec)
    }
}
