internal import AvroRPC
internal import NIOCore
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// A file, or standard input, read line by line. Blocks: for threads of its own.
final class LineFile: Sendable {
    private static let pieceSize = 1 << 16
    /// A longer line is cut; its rest is the next one. A file without line ends is not taken into memory whole.
    static let longestLine = 16 << 20

    private struct State {
        var bytes = ByteBuffer()
        /// How far the bytes are known to have no line end.
        var searched = 0
        var read = 0
        var isAtEnd = false
    }

    private let descriptor: CInt
    private let path: String
    private let state = Mutex(State())

    /// - Parameter path: `nil` for standard input.
    init(_ path: String?) throws(ComponentError) {
        self.path = path ?? "standard input"
        guard let path else {
            descriptor = STDIN_FILENO
            return
        }
        descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw ComponentError(.environment, "cannot open `\(path)`: \(SystemReason.text(of: errno))")
        }
    }

    deinit {
        if descriptor != STDIN_FILENO && descriptor >= 0 { close(descriptor) }
    }

    /// Up to `count` lines without their ends; none at the end of the file. A last line without an end counts.
    func next(_ count: Int) throws(ComponentError) -> [ByteBuffer] {
        let result = state.withLock { state -> Result<[ByteBuffer], ComponentError> in
            var lines: [ByteBuffer] = []
            while lines.count < count {
                if let line = Self.cut(&state) {
                    lines.append(line)
                } else if state.isAtEnd {
                    if state.bytes.readableBytes > 0 { lines.append(state.bytes) }
                    state.bytes = ByteBuffer()
                    state.searched = 0
                    break
                } else if let code = fill(&state) {
                    return .failure(
                        ComponentError(.environment, "cannot read `\(path)`: \(SystemReason.text(of: code))")
                    )
                }
            }
            return .success(lines)
        }
        return try result.get()
    }

    private static func cut(_ state: inout State) -> ByteBuffer? {
        let view = state.bytes.readableBytesView
        guard let end = view[(view.startIndex + state.searched)...].firstIndex(of: UInt8(ascii: "\n")) else {
            state.searched = view.count
            guard view.count >= longestLine else { return nil }
            state.searched = 0
            return state.bytes.readSlice(length: longestLine)
        }
        state.searched = 0
        var line = state.bytes.readSlice(length: end - view.startIndex)
        state.bytes.moveReaderIndex(forwardBy: 1)
        if let last = line?.readableBytesView.last, last == UInt8(ascii: "\r"), let length = line?.readableBytes {
            line = line?.getSlice(at: line?.readerIndex ?? 0, length: length - 1)
        }
        return line
    }

    /// Reads a piece more; returns the `errno` of a failure.
    private func fill(_ state: inout State) -> CInt? {
        state.bytes.discardReadBytes()
        var code: CInt?
        let descriptor = descriptor
        let got = unsafe state.bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.pieceSize) { buffer in
            let got = unsafe read(descriptor, buffer.baseAddress, Self.pieceSize)
            if got < 0 { code = errno }
            return max(0, got)
        }
        if code == EINTR { return nil }
        state.read += got
        if got == 0 && code == nil { state.isAtEnd = true }
        return code
    }

    /// Bytes read so far.
    var bytesRead: Int { state.withLock { $0.read } }

    /// Bytes of some files together; `nil` where one cannot be asked.
    static func size(_ paths: [String]) -> Int? {
        var total = 0
        for path in paths {
            var status = stat()
            guard unsafe stat(path, &status) == 0 else { return nil }
            total += Int(status.st_size)
        }
        return total
    }

    /// Renames a file that was sent.
    static func rename(_ path: String, to name: String) throws(ComponentError) {
        guard unsafe Glibc.rename(path, name) == 0 else {
            throw ComponentError(.environment, "cannot rename `\(path)` to `\(name)`: \(SystemReason.text(of: errno))")
        }
    }

    /// The plain files of a folder that are not hidden and do not bear `suffix`, by name.
    static func files(in folder: String, without suffix: String) throws(ComponentError) -> [String] {
        guard let handle = unsafe opendir(folder) else {
            throw ComponentError(.environment, "cannot read the folder `\(folder)`: \(SystemReason.text(of: errno))")
        }
        defer { unsafe closedir(handle) }
        var names: [String] = []
        while let entry = unsafe readdir(handle) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            guard !name.hasPrefix("."), !name.hasSuffix(suffix) else { continue }
            var status = stat()
            let path = folder + "/" + name
            if unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG { names.append(path) }
        }
        return names.sorted()
    }
}
