internal import AvroRPC
internal import Events
internal import Logging
internal import NIOCore

#if canImport(Glibc)
internal import Glibc
#endif

/// The file that the file_roll sink writes at this time. All calls block; one thread makes them.
struct RollingFile: ~Copyable {
    private let directory: String
    private let text: EventText
    private let counters: SinkCounters
    private let logger: Logger
    private var names: FileNames
    private var descriptor: CInt = -1
    private var path = ""
    private var bytes = ByteBuffer()

    init(directory: String, names: FileNames, text: EventText, counters: SinkCounters, logger: Logger) {
        self.directory = directory
        self.names = names
        self.text = text
        self.counters = counters
        self.logger = logger
    }

    deinit {
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
    }

    /// Closes the file and begins the next one.
    mutating func roll() throws(SinkFailure) {
        close()
        try open()
    }

    /// Writes a batch whole, or leaves nothing of it in the file.
    mutating func write(_ batch: EventBatch) throws(SinkFailure) {
        let start = try begin()
        bytes.clear()
        text.write(batch, to: &bytes)
        let code = writeAll()
        if bytes.capacity > 4 << 20 { bytes = ByteBuffer() }
        guard code != 0 else { return }
        if ftruncate(descriptor, start) != 0 {
            logger.warning(
                "part of a batch stays in the file and will be written again to the next one",
                metadata: ["path": "\(path)", "reason": "\(SystemReason.text(of: errno))"]
            )
            close()
        }
        throw SinkFailure("cannot write \(path): \(SystemReason.text(of: code))")
    }

    mutating func close() {
        guard descriptor >= 0 else { return }
        _ = Glibc.close(descriptor)
        descriptor = -1
        counters.connectionClosed.add()
    }

    /// The size of a file that is sure to have a name still. One that was removed meanwhile would take events with it.
    private mutating func begin() throws(SinkFailure) -> off_t {
        for _ in 0..<2 {
            if descriptor < 0 { try open() }
            var status = stat()
            if unsafe fstat(descriptor, &status) == 0, status.st_nlink > 0 { return status.st_size }
            logger.warning("the file was removed; a new one is begun", metadata: ["path": "\(path)"])
            close()
        }
        throw SinkFailure("cannot write \(path): it was removed")
    }

    private mutating func open() throws(SinkFailure) {
        while true {
            path = directory + "/" + names.next()
            // Java's FileOutputStream would write over a file of that name; the next number is as good.
            descriptor = unsafe Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o666)
            if descriptor >= 0 { break }
            let code = errno
            if code == EEXIST || code == EINTR { continue }
            counters.connectionFailed.add()
            throw SinkFailure("cannot create \(path): \(SystemReason.text(of: code))")
        }
        counters.connectionCreated.add()
    }

    /// 0, or the errno of what failed.
    private mutating func writeAll() -> CInt {
        while bytes.readableBytes > 0 {
            let count = unsafe bytes.withUnsafeReadableBytes { rest in
                unsafe Glibc.write(descriptor, rest.baseAddress, rest.count)
            }
            if count < 0 {
                if errno == EINTR { continue }
                return errno
            }
            bytes.moveReaderIndex(forwardBy: count)
        }
        return 0
    }
}
