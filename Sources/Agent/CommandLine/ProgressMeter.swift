internal import NIOCore

/// Draws one line that tells how far a long piece of work is.
struct ProgressMeter {
    /// Redrawn this often at most.
    private static let interval = TimeAmount.milliseconds(200)
    private static let width = 30

    private let write: (String) -> Void
    private let startedAt = NIODeadline.now()
    private var drawnAt = NIODeadline.distantPast
    private var total: Int?
    private var passed = 0
    private var inFile = 0
    private var isDrawn = false

    init(_ write: @escaping (String) -> Void) {
        self.write = write
    }

    /// - Parameter bytes: how many there are in all, where that is known.
    mutating func begin(bytes: Int?) { total = bytes }

    /// - Parameters:
    ///   - bytes: of the file that is being read, so far.
    ///   - events: of all files, so far.
    mutating func moved(bytes: Int, events: Int) {
        // A new file begins at its first bytes.
        if bytes < inFile { passed += inFile }
        inFile = bytes
        let now = NIODeadline.now()
        guard now - drawnAt >= Self.interval else { return }
        drawnAt = now
        isDrawn = true
        let seconds = Double((now - startedAt).nanoseconds) / 1e9
        write("\r" + Self.text(done: passed + inFile, of: total, events: events, seconds: seconds))
    }

    /// The line is wiped.
    mutating func end() {
        if isDrawn { write("\r\u{1B}[K") }
        isDrawn = false
    }

    /// `[=====>        ] 41 % 52000 events, 10400/s`.
    static func text(done: Int, of total: Int?, events: Int, seconds: Double) -> String {
        let rate = seconds > 0 ? Int(Double(events) / seconds) : 0
        let tail = "\(events) events, \(rate)/s\u{1B}[K"
        guard let total, total > 0 else { return tail }
        let part = min(1, Double(done) / Double(total))
        let filled = Int(part * Double(width))
        let bar = String(repeating: "=", count: filled) + (filled < width ? ">" : "")
        return "[\(bar)\(String(repeating: " ", count: max(0, width - filled - 1)))] \(Int(part * 100)) % \(tail)"
    }
}
