/// Where a channel keeps its events on disk: Flume's keys `checkpointDir` and `dataDirs`.
struct ChannelDirectories: Sendable {
    let checkpoint: String
    /// None twice, one at least.
    let data: [String]

    init(_ settings: ComponentSettings, _ process: ProcessSettings) {
        let home = process.systemProperties["user.home"] ?? process.environment["HOME"] ?? "."
        checkpoint = settings.string("checkpointDir", default: home + "/.flume/file-channel/checkpoint")
        var directories: [String] = []
        for directory in settings.commaList("dataDirs") where !directories.contains(directory) {
            directories.append(directory)
        }
        data = directories.isEmpty ? [home + "/.flume/file-channel/data"] : directories
    }
}
