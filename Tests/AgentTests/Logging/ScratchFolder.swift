import Foundation

/// A folder of its own for one test, removed with this object.
final class ScratchFolder {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("tributary-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func text(_ name: String) -> String? {
        FileManager.default.contents(atPath: "\(path)/\(name)").map { String(decoding: $0, as: UTF8.self) }
    }

    func write(_ text: String, to name: String, executable: Bool = false) throws {
        let url = URL(fileURLWithPath: "\(path)/\(name)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        guard executable else { return try Data(text.utf8).write(to: url) }
        let draft = url.appendingPathExtension("text")
        try Data(text.utf8).write(to: draft)
        try makeProgram(url, of: draft)
    }

    /// Copied by another process: what this one has open for writing, a program that another test starts at this moment has open
    /// as well, and the kernel runs no file that somebody writes (ETXTBSY).
    private func makeProgram(_ url: URL, of draft: URL) throws {
        let copy = try Process.run(URL(fileURLWithPath: "/bin/cp"), arguments: [draft.path, url.path])
        copy.waitUntilExit()
        try FileManager.default.removeItem(at: draft)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: url.path)
    }

    var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }
}
