/// Where a queue's files are.
struct SegmentPaths: Sendable {
    let checkpoint: String
    let data: [String]

    init(_ options: JournalOptions) {
        checkpoint = options.checkpointDirectory
        data = options.dataDirectories
    }

    /// Every directory once.
    var all: [String] {
        var all = [checkpoint]
        for directory in data where !all.contains(directory) { all.append(directory) }
        return all
    }

    func segment(_ id: SegmentID, in directory: Int) -> String { data[directory] + "/" + id.fileName }
    func spare(_ id: SegmentID, in directory: Int) -> String { data[directory] + "/" + id.spareName }
    /// A segment with parts that could not be read, when nothing in it is needed any more.
    func damaged(_ id: SegmentID, in directory: Int) -> String { data[directory] + "/damaged-" + id.fileName }
    func cursor(_ slot: Int) -> String { checkpoint + "/cursor.\(slot)" }
    var quarantine: String { checkpoint + "/quarantine" }
    static func lock(in directory: String) -> String { directory + "/LOCK" }
}
