/// Reads stored records back from disk, in order and in bounded pieces; owned by the keeper thread.
struct BacklogReader<FileSystem: JournalFileSystem>: Sendable {
    let files: FileSystem
    let options: JournalOptions
    let paths: SegmentPaths
    private var walker: FrameWalker<FileSystem.File>?
    private var cipher: (any JournalSegmentCipher)?
    private let buffer = RawBuffer(count: 1 << 16)
    private var quarantine: Quarantine<FileSystem>
    private var failures = 0

    /// Bytes read at a time.
    private static var chunk: Int { 1 << 20 }
    /// A place that cannot be read is tried so often, a retry interval apart, before it counts as damaged: a disk that
    /// comes back loses nothing.
    static var patience: Int { 30 }

    init(files: FileSystem, options: JournalOptions) {
        self.files = files
        self.options = options
        paths = SegmentPaths(options)
        quarantine = Quarantine(files: files, options: options)
    }

    /// Closes the file that is being read.
    mutating func close() {
        walker = nil
        buffer.shrink(to: 1 << 16)
    }

    /// Reads a piece. An error says that the same request may be made again later.
    mutating func read(
        _ request: ReadRequest,
        as payload: any HeldPayload.Type
    ) throws(JournalError) -> ReadResult {
        do throws(FileSystemError) {
            var result = ReadResult(segment: request.segment.id, offset: request.offset, end: request.expected)
            var walker = try walker(for: request)
            walker.toleratesErrors = failures > Self.patience
            defer { self.walker = walker }
            try read(request, payload, &walker, &result)
            failures = 0
            return result
        } catch {
            failures += 1
            walker = nil
            throw JournalError(.unusable, "cannot read what is stored, trying again: \(error)", cause: error)
        }
    }

    private mutating func walker(for request: ReadRequest) throws(FileSystemError) -> FrameWalker<FileSystem.File> {
        if var walker, walker.id == request.segment.id, walker.offset == request.offset {
            walker.limit = request.segment.endOffset
            walker.expected = request.expected
            walker.ceiling = request.segment.end
            return walker
        }
        let path = paths.segment(request.segment.id, in: request.segment.directory)
        let file = try files.open(path)
        cipher = nil
        if !request.segment.parameters.isEmpty, let key = options.cipher {
            do throws(JournalError) {
                cipher = try key.segment(request.segment.parameters)
            } catch {
                throw FileSystemError("decrypt", path, SystemCode.inputOutput)
            }
        }
        return FrameWalker(
            file,
            id: request.segment.id,
            offset: request.offset,
            limit: request.segment.endOffset,
            expected: request.expected,
            ceiling: request.segment.end,
            toleratesErrors: false,
            chunk: Self.chunk,
            buffer: buffer
        )
    }

    private func read(
        _ request: ReadRequest,
        _ payload: any HeldPayload.Type,
        _ walker: inout FrameWalker<FileSystem.File>,
        _ result: inout ReadResult
    ) throws(FileSystemError) {
        var damage = 0..<0
        var taken = 0
        steps: while taken < request.bytes {
            switch try walker.next(wanted: request.done) {
            case .damage(let span):
                damage = span
            case .frame(let header, let offset, let content):
                if header.first > result.end {
                    result.items.append(
                        .gap(result.end..<header.first, span: damage, reason: "no frame verifies there")
                    )
                }
                damage = 0..<0
                let span = offset..<(offset + header.extent)
                switch content {
                case .skipped:
                    break
                case .bad:
                    let reason = "the payload does not fit its checksum"
                    result.items.append(.gap(header.first..<header.end, span: span, reason: reason))
                case .sound:
                    result.items.append(unsafe decode(header, walker.payloadBytes, span, as: payload))
                }
                taken += header.extent
                result.end = header.end
                result.offset = walker.offset
            case .end:
                if request.segment.end > result.end {
                    let reason = "no frame verifies there"
                    result.items.append(.gap(result.end..<request.segment.end, span: damage, reason: reason))
                }
                result.end = request.segment.end
                result.offset = walker.offset
                break steps
            }
        }
        result.isDamaged = walker.unreadable > 0
    }

    private func decode(
        _ header: FrameHeader,
        _ bytes: UnsafeMutableRawBufferPointer,
        _ span: Range<Int>,
        as type: any HeldPayload.Type
    ) -> ReadResult.Item {
        var plain = UnsafeRawBufferPointer(bytes)
        if header.isSealed {
            guard let cipher else {
                let reason = "the segment's header, with what opens the payload, is damaged"
                return .gap(header.first..<header.end, span: span, reason: reason)
            }
            guard let count = unsafe cipher.open(bytes, offset: span.lowerBound) else {
                return .gap(header.first..<header.end, span: span, reason: "the payload does not open with its key")
            }
            unsafe plain = unsafe UnsafeRawBufferPointer(rebasing: plain[..<count])
        }
        guard let payload = unsafe type.init(stored: plain, itemCount: header.count) else {
            return .gap(header.first..<header.end, span: span, reason: "the payload is not what was to be stored")
        }
        return .record(first: header.first, payload)
    }

    /// Copies a damaged place aside; returns what an operator is told of it.
    mutating func keep(_ span: Range<Int>, of segment: SegmentID) -> String {
        guard let walker, walker.id == segment, !span.isEmpty else { return "nothing of it could be kept" }
        return quarantine.keep(span, of: walker.file, id: segment)
    }
}
