/// A whole agent in ten lines: netcat source, memory channel, null sink. Tests spoil one line of it.
enum SmallAgent {
    /// - Parameters:
    ///   - port: the netcat source's.
    ///   - changes: lines by number, from 1, that stand in place of the good ones.
    ///   - more: lines behind, from number 11.
    static func text(port: Int, _ changes: [Int: String] = [:], more: [String] = []) -> String {
        var lines = [
            "a1.sources = r1",
            "a1.channels = c1",
            "a1.sinks = k1",
            "a1.sources.r1.type = netcat",
            "a1.sources.r1.bind = 127.0.0.1",
            "a1.sources.r1.port = \(port)",
            "a1.sources.r1.channels = c1",
            "a1.channels.c1.type = memory",
            "a1.sinks.k1.type = null",
            "a1.sinks.k1.channel = c1",
        ]
        for (number, line) in changes { lines[number - 1] = line }
        return (lines + more).joined(separator: "\n") + "\n"
    }
}
