import Journal

extension JournalOptions {
    /// A queue of small files, so that rolling, releasing and reading back happen all the time.
    static func small(directories: Int = 1, log: NoticeLog? = nil) -> JournalOptions {
        var options = JournalOptions(
            name: "channel c1",
            checkpointDirectory: "/checkpoint",
            dataDirectories: (0..<directories).map { "/data\($0)" }
        )
        options.segmentSize = 20 << 10
        options.fillStep = 4 << 10
        options.minimumRequiredSpace = 0
        options.frameLimit = 600
        options.groupLimit = 6 << 10
        options.directLimit = 300
        options.windowLimit = 3 << 10
        if let log { options.notice = { log.add($0) } }
        return options
    }
}
