import TestSupport

/// A program's log: lines `ID body`, at a steady rate.
enum LineWriter {
    static func ids(_ prefix: String, _ count: Int) -> [String] {
        (0..<count).map { number in
            let digits = String(number)
            return "\(prefix)-\(String(repeating: "0", count: max(0, 9 - digits.count)))\(digits)"
        }
    }

    /// Appends all lines to the file, every 20 ms those that are due.
    static func write(_ ids: [String], to file: String, perSecond rate: Double, _ space: Workspace) async throws {
        let body = String(repeating: "x", count: 90)
        let start = ContinuousClock.now
        var written = 0
        while written < ids.count {
            let elapsed = start.duration(to: .now) / .seconds(1)
            let due = min(ids.count, Int(elapsed * rate) + 1)
            try space.append(file, ids[written..<due].map { "\($0) \(body)\n" }.joined())
            written = due
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}
