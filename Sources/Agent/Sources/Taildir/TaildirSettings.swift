internal import NIOCore

#if canImport(Glibc)
internal import Glibc
#endif

/// The taildir source's keys, read.
struct TaildirSettings: Sendable {
    struct Multiline: Sendable {
        var pattern: RegularExpression
        var timeout: TimeAmount
        var limits: RecordJoiner.Limits
    }

    var groups: [FileGroup]
    var positionFile: String
    var byteOffsetHeader: Bool
    var skipToEnd: Bool
    var idleTimeout: TimeAmount
    var writeInterval: TimeAmount
    var batchSize: Int
    var maxBatchCount: Int64
    var keepsListings: Bool
    /// The name of the header with the file's path, where one is wanted.
    var fileHeader: String?
    var backoff: (increment: TimeAmount, longest: TimeAmount)
    var maxLineBytes: Int
    var multiline: Multiline?
    /// Remarks for the log.
    var remarks: [String] = []

    static let keys =
        [
            KeySpec("filegroups", required: true), KeySpec("filegroups.*"), KeySpec("headers.*"),
            KeySpec("positionFile"),
            KeySpec("byteOffsetHeader", form: .boolean), KeySpec("skipToEnd", form: .boolean), KeySpec("idleTimeout"),
            KeySpec("writePosInterval"), KeySpec("batchSize"), KeySpec("maxBatchCount"),
            KeySpec("cachePatternMatching", form: .boolean), KeySpec("fileHeader", form: .boolean),
            KeySpec("fileHeaderKey"), KeySpec("maxLineBytes"), KeySpec("multiline.startPattern"),
            KeySpec("multiline.timeout"), KeySpec("multiline.maxLines"), KeySpec("multiline.maxBytes"),
        ] + PollableKeys.all

    /// Defaults: Flume's TaildirSourceConfigurationConstants.
    init(_ settings: ComponentSettings, process: ProcessSettings) throws(ConfigurationFault) {
        var remarks: [String] = []
        fileHeader =
            settings.bool("fileHeader", default: false) ? settings.string("fileHeaderKey", default: "file") : nil
        groups = try Self.groups(settings, remarks: &remarks)
        positionFile = Self.absolute(settings.string("positionFile") ?? Self.defaultPositionFile(process))
        byteOffsetHeader = settings.bool("byteOffsetHeader", default: false)
        skipToEnd = settings.bool("skipToEnd", default: false)
        idleTimeout = .milliseconds(Int64(try settings.int("idleTimeout", default: 120_000, min: 0)))
        writeInterval = .milliseconds(Int64(max(1, try settings.int("writePosInterval", default: 3_000))))
        batchSize = try settings.int("batchSize", default: 100, min: 1)
        let batches = try settings.int64("maxBatchCount", default: .max)
        if batches <= 0 { remarks.append("maxBatchCount is not above 0 and sets no limit, as in Flume") }
        maxBatchCount = batches <= 0 ? .max : batches
        keepsListings = settings.bool("cachePatternMatching", default: true)
        backoff = try PollableKeys.backoff(settings)
        maxLineBytes = try settings.int("maxLineBytes", default: 16 << 20, min: 1, max: 32 << 20)
        multiline = try Self.multiline(settings)
        self.remarks = remarks
    }

    private static func groups(
        _ settings: ComponentSettings,
        remarks: inout [String]
    ) throws(ConfigurationFault) -> [FileGroup] {
        var groups: [FileGroup] = []
        for name in settings.list("filegroups") where !groups.contains(where: { $0.name == name }) {
            let key = "filegroups.\(name)"
            guard let path = settings.string(key), !path.isEmpty else {
                // Flume leaves such a group out in silence.
                remarks.append("file group `\(name)` has no `\(settings.fullKey(key))` and is left out")
                continue
            }
            groups.append(try group(name, path, key, settings))
        }
        guard !groups.isEmpty else {
            throw settings.fault(
                "filegroups",
                "none of its groups has a path",
                advice: "add `\(settings.fullKey("filegroups.NAME")) = /var/log/app/.*\\\\.log`"
            )
        }
        return groups
    }

    private static func group(
        _ name: String,
        _ path: String,
        _ key: String,
        _ settings: ComponentSettings
    ) throws(ConfigurationFault) -> FileGroup {
        let full = absolute(path)
        guard let slash = full.lastIndex(of: "/"), full.index(after: slash) < full.endIndex else {
            throw settings.fault(
                key,
                "`\(path)` names a folder only",
                advice: "a pattern for file names belongs behind it"
            )
        }
        let text = String(full[full.index(after: slash)...])
        let pattern: RegularExpression
        do throws(RegularExpression.SyntaxError) {
            pattern = try RegularExpression(text, matchesWhole: true)
        } catch {
            throw settings.fault(key, "`\(text)` is not a regular expression: \(error)")
        }
        let folder = slash == full.startIndex ? "/" : String(full[..<slash])
        return FileGroup(name: name, folder: folder, pattern: pattern, headers: headers(name, settings))
    }

    /// `headers.GROUP.NAME`; a name may hold dots.
    private static func headers(_ group: String, _ settings: ComponentSettings) -> [(key: String, value: String)] {
        let start = "headers.\(group)."
        return settings.keys.filter { $0.hasPrefix(start) && $0.utf8.count > start.utf8.count }.map { key in
            (String(key.dropFirst(start.count)), settings.string(key, default: ""))
        }
    }

    private static func multiline(_ settings: ComponentSettings) throws(ConfigurationFault) -> Multiline? {
        let timeout = TimeAmount(clamping: try settings.milliseconds("multiline.timeout", default: .seconds(1)))
        let lines = try settings.int("multiline.maxLines", default: 500, min: 1)
        let bytes = try settings.int("multiline.maxBytes", default: 1 << 20, min: 1, max: 32 << 20)
        guard let text = settings.string("multiline.startPattern"), !text.isEmpty else { return nil }
        do throws(RegularExpression.SyntaxError) {
            return Multiline(
                pattern: try RegularExpression(text, matchesWhole: false),
                timeout: timeout,
                limits: .init(lines: lines, bytes: bytes)
            )
        } catch {
            throw settings.fault("multiline.startPattern", "`\(text)` is not a regular expression: \(error)")
        }
    }

    private static func defaultPositionFile(_ process: ProcessSettings) -> String {
        let home = process.systemProperties["user.home"] ?? process.environment["HOME"] ?? "."
        return "\(home)/.flume/taildir_position.json"
    }

    /// A path from the root, as java.io.File makes it: no doubled and no trailing slashes.
    private static func absolute(_ path: String) -> String {
        var full = path
        if !path.hasPrefix("/"), let folder = unsafe getcwd(nil, 0) {
            full = unsafe String(cString: folder) + "/" + path
            unsafe free(folder)
        }
        let parts = full.split(separator: "/", omittingEmptySubsequences: true)
        return "/" + parts.joined(separator: "/") + (full.hasSuffix("/") && !parts.isEmpty ? "/" : "")
    }

    /// Makes the cutter of one file's contents.
    ///
    /// - Parameter path: for the header.
    func cutter(group: Int, path: String) -> @Sendable (ContentMark) -> LineCutter {
        // Flume's order: the offset first, then the group's headers, then the path; a later one of the same name wins.
        var headers = groups[group].headers
        if let fileHeader {
            headers.removeAll { $0.key == fileHeader }
            headers.append((fileHeader, path))
        }
        let made = EventHeaders(headers, offset: byteOffsetHeader)
        let limits = LineCutter.Limits(events: batchSize, lineBytes: maxLineBytes)
        let joiner = multiline.map { RecordJoiner(pattern: $0.pattern, limits: $0.limits) }
        return { start in LineCutter(from: start, limits: limits, headers: made, joiner: joiner) }
    }
}
