/// A call to the file system that failed.
package struct FileSystemError: Error, Hashable, Sendable {
    /// What was tried, as an operator says it: "write", "sync", "create".
    package let operation: String
    /// The file or directory.
    package let path: String
    /// The `errno`.
    package let code: CInt

    package init(_ operation: String, _ path: String, _ code: CInt) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    /// Room may come back by itself or by an operator's hand: nothing is broken.
    var isLackOfSpace: Bool { SystemCode.isLackOfSpace(code) }
    /// The file or directory is not there.
    var isMissing: Bool { code == SystemCode.missing }
    /// A file of that name is there already.
    var isPresent: Bool { code == SystemCode.present }
}

extension FileSystemError: CustomStringConvertible {
    package var description: String { "\(operation) \(path): \(SystemCode.text(code))" }
}
