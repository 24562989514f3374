/// What was remarked while a configuration was read, in the order it was found.
public struct Diagnostics: Sendable {
    public private(set) var all: [Diagnostic] = []

    public init() {}

    public var hasFault: Bool { all.contains { $0.grade != .note } }
    public var notes: [Diagnostic] { all.filter { $0.grade == .note } }
    public var faults: [Diagnostic] { all.filter { $0.grade != .note } }

    /// What the process exits with: a fault of the file comes before one of the machine; 0 with notes only.
    public var exitCode: Int32 {
        if all.contains(where: { $0.grade == .fault }) { return Diagnostic.faultExitCode }
        return all.map(\.grade.exitCode).max() ?? 0
    }

    public mutating func add(_ diagnostic: Diagnostic) {
        all.append(diagnostic)
    }

    public mutating func note(_ message: String, at location: SourceLocation?, advice: String? = nil) {
        add(Diagnostic(grade: .note, location: location, message: message, advice: advice))
    }

    public mutating func fault(_ message: String, at location: SourceLocation?, advice: String? = nil) {
        add(Diagnostic(grade: .fault, location: location, message: message, advice: advice))
    }

    mutating func append(_ other: Diagnostics) {
        all += other.all
    }

    /// In the order of `files`, then of lines and columns; those without a place come first.
    func sorted(files: [String]) -> Diagnostics {
        var rank: [String: Int] = [:]
        for (index, file) in files.enumerated() where rank[file] == nil { rank[file] = index + 1 }
        let keyed = all.enumerated().map { index, diagnostic in
            let place = diagnostic.location
            let file = place.map { rank[$0.file] ?? files.count + 1 } ?? 0
            return (order: (file, place?.line ?? 0, place?.column ?? 0, index), diagnostic: diagnostic)
        }
        var result = Diagnostics()
        result.all = keyed.sorted { $0.order < $1.order }.map(\.diagnostic)
        return result
    }
}
