import Foundation

/// Bytes under a path, for readers that take nothing else; in memory where the system has such a folder.
struct MemoryFile {
    private static let folder = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func use(_ body: (String) throws -> Void) throws {
        var path = Array("\(Self.folder)/tributary-store-XXXXXX".utf8CString)
        let file = mkstemp(&path)
        guard file >= 0 else { throw Violation("no file in \(Self.folder)") }
        defer { close(file) }
        let name = String(decoding: path.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { unlink(name) }
        guard write(file, bytes, bytes.count) == bytes.count else { throw Violation("\(name) cannot be written") }
        try body(name)
    }
}
