import NIOPosix
import TestSupport

@testable import Agent

/// A file channel in a directory, and a short way to put and take numbered events.
struct FileRig: ChannelDriver {
    let admission = Admission()
    let channel: FileChannel
    var driven: any Channel { channel }
    let counters = ChannelCounters(name: "c")
    let log = LogCapture()
    let notes: Recorded<Diagnostic>

    /// Keys that keep the files in `directory`, whatever else is free on the disk.
    static func keys(_ directory: TestDirectory) -> [String: String] {
        [
            "checkpointDir": directory.path + "/checkpoint", "dataDirs": directory.path + "/data",
            "minimumRequiredSpace": "1",
        ]
    }

    static func context(
        _ values: [String: String],
        admission: Admission = Admission(),
        counters: ChannelCounters = ChannelCounters(name: "c"),
        directories: DirectoryClaims = DirectoryClaims(),
        name: String = "c",
        log: LogCapture = LogCapture(),
        notes: Recorded<Diagnostic> = Recorded()
    ) -> ChannelContext {
        ChannelContext(
            settings: ComponentSettings(
                kind: .channel,
                name: name,
                type: "file",
                prefix: "a.channels.\(name).",
                values
            ),
            counters: counters,
            admission: admission,
            defaultByteCapacity: 1 << 30,
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
            process: ProcessSettings(systemProperties: ["user.home": "/nobody"]),
            directories: directories,
            logger: log.logger,
            note: { notes.add($0) }
        )
    }

    init(_ directory: TestDirectory, _ values: [String: String] = [:]) throws {
        let notes = Recorded<Diagnostic>()
        self.notes = notes
        channel = try FileChannel(
            Self.context(
                Self.keys(directory).merging(values) { $1 },
                admission: admission,
                counters: counters,
                log: log,
                notes: notes
            )
        )
    }

    /// A channel that runs.
    static func started(_ directory: TestDirectory, _ values: [String: String] = [:]) async throws -> FileRig {
        let rig = try FileRig(directory, values)
        try await rig.channel.start()
        return rig
    }

    struct NoRoom: Error {}
    struct FoundNothing: Error {}
}
