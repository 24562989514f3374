import Foundation

/// One malformed or hostile input, as a file in `Inputs` describes it.
///
///     # A frame that says it has 2,147,483,647 buffers.
///     breach: FrameBuffers
///     expect: closed
///     send:
///     hello
///     int32 2  int32 2147483647
///
/// The first line says what it is. `breach` is the class whose counter must go up by one, `none` where none may. `expect`:
///
/// | word | what must come, beside the answer to `hello` |
/// |---|---|
/// | `closed` | the end, without an answer |
/// | `error N` | an error in answer to serial N; the connection goes on |
/// | `error N closed` | the same, then the end |
/// | `unknown N` | a handshake that says NONE, in answer to serial N; the connection goes on |
/// | `ok N` | OK in answer to serial N; the connection goes on |
/// | `ok N closed` | the same, then the end |
///
/// `over` names the ports it is sent to, all of `plain tls deflate` where it is left out. `raw: yes` puts the bytes on the
/// socket as they are, below TLS and deflate. `events: N` is how many events it delivers, 0 where it is left out. What is
/// sent is described at `HostileBytes`.
struct HostileInput: Sendable {
    enum Port: String, CaseIterable, Sendable {
        case plain
        case tls
        case deflate
    }

    enum Outcome: Hashable, Sendable {
        case closed
        case error(Int32, thenClosed: Bool)
        case unknown(Int32)
        case ok(Int32, thenClosed: Bool)
    }

    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    /// The folder, which names the class, and the file.
    let group: String
    let name: String
    let what: String
    let ports: [Port]
    let isRaw: Bool
    let breach: String?
    let outcome: Outcome
    let events: Int
    /// What is sent, as the file says it.
    let sends: String
    let parts: [HostileBytes.Part]

    /// All of `Inputs`, in order.
    static func all() throws -> [HostileInput] {
        guard let folder = Bundle.module.url(forResource: "Inputs", withExtension: nil) else { return [] }
        let manager = FileManager.default
        return try manager.contentsOfDirectory(atPath: folder.path).sorted().flatMap { group in
            let path = folder.appendingPathComponent(group)
            return try manager.contentsOfDirectory(atPath: path.path).sorted().map { name in
                let text = try String(contentsOf: path.appendingPathComponent(name), encoding: .utf8)
                return try HostileInput(group: group, name: name, text: text)
            }
        }
    }

    init(group: String, name: String, text: String) throws {
        func fault(_ what: String) -> Fault { Fault(description: "\(group)/\(name): \(what)") }
        var values: [String: String] = [:]
        var rest = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        guard let first = rest.popFirst(), first.hasPrefix("# ") else { throw fault("the first line says what it is") }
        while let line = rest.popFirst() {
            guard let colon = line.firstIndex(of: ":") else { throw fault("`\(line)` is no key") }
            let key = String(line[..<colon])
            guard ["breach", "expect", "over", "raw", "events", "send"].contains(key) else {
                throw fault("`\(key)` is no key")
            }
            values[key] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            if key == "send" { break }
        }
        guard let breach = values["breach"], let expect = values["expect"], values["send"] != nil else {
            throw fault("breach, expect and send are needed")
        }
        self.group = group
        self.name = name
        what = String(first.dropFirst(2))
        ports =
            try values["over"].map { words in
                try words.split(separator: " ").map { word in
                    guard let port = Port(rawValue: String(word)) else { throw fault("`\(word)` is no port") }
                    return port
                }
            } ?? Port.allCases
        isRaw = values["raw"] == "yes"
        self.breach = breach == "none" ? nil : breach
        events = values["events"].flatMap { Int($0) } ?? 0
        guard let outcome = Self.outcome(expect) else { throw fault("`\(expect)` is no outcome") }
        self.outcome = outcome
        sends = rest.joined(separator: "\n")
        do {
            var reader = HostileBytes(sends)
            parts = try reader.parts()
        } catch {
            throw fault("\(error)")
        }
    }

    private static func outcome(_ text: String) -> Outcome? {
        let words = text.split(separator: " ").map(String.init)
        if words == ["closed"] { return .closed }
        guard words.count == 2 || words.count == 3 && words[2] == "closed", let serial = Int32(words[1]) else {
            return nil
        }
        switch words[0] {
        case "error": return .error(serial, thenClosed: words.count == 3)
        case "unknown": return .unknown(serial)
        case "ok": return .ok(serial, thenClosed: words.count == 3)
        default: return nil
        }
    }
}
