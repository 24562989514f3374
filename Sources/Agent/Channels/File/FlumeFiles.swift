internal import Journal

/// The files of a Java Flume's file channel (org.apache.flume.channel.file: Log, LogFile, EventQueueBackingStoreFile,
/// FlumeEventQueue), which hold events that this program cannot read.
enum FlumeFiles {
    private static let names: Set<String> = [
        "checkpoint", "checkpoint.meta", "inflighttakes", "inflightputs", "queueset", "backupComplete", "in_use.lock",
    ]

    /// The names in a directory that are such files, sorted; none where the directory is not there.
    static func found(in directory: String, of files: LocalFileSystem = LocalFileSystem()) -> [String] {
        let names = (try? files.names(in: directory)) ?? []
        return names.filter(isFlumes).sorted()
    }

    /// `log-12`, `log-12.meta`, the copies of both that Flume makes, or a file of the checkpoint.
    static func isFlumes(_ name: String) -> Bool {
        if names.contains(name) { return true }
        guard name.hasPrefix("log-") else { return false }
        let rest = name.utf8.dropFirst(4)
        let digits = rest.prefix { (0x30...0x39).contains($0) }
        guard !digits.isEmpty else { return false }
        return ["", ".meta", ".bak", ".meta.tmp", ".meta.old", ".tmp"]
            .contains(String(decoding: rest.dropFirst(digits.count), as: UTF8.self))
    }

    /// What an operator is told: how to bring the events over.
    static func refusal(of names: [String], in directory: String) -> String {
        let shown = names.prefix(3).joined(separator: ", ") + (names.count > 3 ? ", …" : "")
        return
            "\(directory) holds a Java Flume's file channel (\(shown)), which is not read and not touched; start the "
            + "old agent once more with its sources taken out, until ChannelSize is 0, stop it, then empty the directory "
            + "or name another"
    }
}
