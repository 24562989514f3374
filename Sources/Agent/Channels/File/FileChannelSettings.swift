internal import Journal

/// Where a channel keeps its events on disk, and how: Flume's keys of the file channel but for those of its size.
struct FileChannelSettings: Sendable {
    static let capacity = TypeEntry.Count("capacity", default: 1_000_000)
    static let transactionCapacity = TypeEntry.Count("transactionCapacity", default: 10_000)

    /// Keys that the spillable memory channel has too.
    static let sharedKeys =
        [
            KeySpec("checkpointDir"), KeySpec("dataDirs"), KeySpec("transactionCapacity"),
            KeySpec("maxFileSize"), KeySpec("minimumRequiredSpace"),
            KeySpec("fsyncPerTransaction", form: .boolean), KeySpec("fsyncInterval"),
        ] + withoutEffect + EncryptionSettings.keys

    private static let withoutEffect = [
        KeySpec("checkpointInterval", withoutEffect: "what was delivered is written down within a millisecond"),
        KeySpec("checkpointOnClose", form: .boolean, withoutEffect: "a stop always writes it down"),
        KeySpec("useDualCheckpoints", form: .boolean, withoutEffect: Self.noCheckpoint),
        KeySpec("backupCheckpointDir", withoutEffect: Self.noCheckpoint),
        KeySpec("compressBackupCheckpoint", form: .boolean, withoutEffect: Self.noCheckpoint),
        KeySpec("use-fast-replay", form: .boolean, withoutEffect: Self.noReplay),
        KeySpec("use-log-replay-v1", form: .boolean, withoutEffect: Self.noReplay),
    ]
    private static let noCheckpoint = "there is no checkpoint: 64 KiB say what is delivered, and stand twice"
    private static let noReplay = "a start reads 64 MiB at most"

    /// A segment is not larger than this whatever `maxFileSize` says: it goes as a whole.
    private static let largestSegment = 64 << 20
    private static let smallestSegment = 1 << 20
    /// Flume's floor of `minimumRequiredSpace` (org.apache.flume.channel.file.FileChannelConfiguration).
    private static let leastFreeSpace = 1_048_576

    let settings: ComponentSettings
    let checkpointDirectory: String
    let dataDirectories: [String]
    let transactionCapacity: Int
    let encryption: EncryptionSettings?
    var journal: JournalOptions

    init(_ context: ChannelContext) throws(ConfigurationFault) {
        settings = context.settings
        let directories = ChannelDirectories(settings, context.process)
        checkpointDirectory = directories.checkpoint
        dataDirectories = directories.data
        transactionCapacity = try Self.positive(settings, Self.transactionCapacity, context.note)
        encryption = try EncryptionSettings(settings)
        journal = JournalOptions(
            name: "channel \(settings.name) of agent \(settings.prefix.prefix { $0 != "." })",
            checkpointDirectory: checkpointDirectory,
            dataDirectories: dataDirectories
        )
        journal.workWithEventLoops()
        let fileSize = try settings.int64("maxFileSize", default: Int64(Self.largestSegment), min: 1)
        journal.segmentSize = max(Self.smallestSegment, min(Self.largestSegment, Int(fileSize)))
        let space = try settings.int64("minimumRequiredSpace", default: Int64(journal.minimumRequiredSpace))
        journal.minimumRequiredSpace = max(Self.leastFreeSpace, Int(space))
        if !settings.bool("fsyncPerTransaction", default: true) {
            let seconds = try settings.int("fsyncInterval", default: 5, min: 1)
            journal.sync = .interval(UInt64(seconds) * 1_000_000_000)
        }
        try claim(context.directories)
    }

    /// A number of events; one that is not above 0 gives the default, as in Flume, with a note.
    static func positive(
        _ settings: ComponentSettings,
        _ count: TypeEntry.Count,
        _ note: (Diagnostic) -> Void
    ) throws(ConfigurationFault) -> Int {
        guard try settings.int(count.key, default: count.defaultValue) > 0 else {
            return settings.intOrDefault(count.key, default: count.defaultValue, min: 1, note: note)
        }
        return try settings.int(count.key, default: count.defaultValue)
    }

    private func claim(_ claims: DirectoryClaims) throws(ConfigurationFault) {
        for (key, directories) in [("checkpointDir", [checkpointDirectory]), ("dataDirs", dataDirectories)] {
            for directory in directories {
                guard let owner = claims.claim(directory, for: settings.name) else { continue }
                throw settings.fault(
                    key,
                    "the directory \(directory) is that of channel `\(owner)`",
                    advice: "give each channel a checkpointDir and dataDirs of its own"
                )
            }
        }
    }

    /// The key of the directory of which something is said: one may lie within another, so that the longest name counts.
    func key(of message: String) -> String {
        let named = ([checkpointDirectory] + dataDirectories).filter { message.contains($0) }
        return named.max { $0.utf8.count < $1.utf8.count } == checkpointDirectory ? "checkpointDir" : "dataDirs"
    }
}
