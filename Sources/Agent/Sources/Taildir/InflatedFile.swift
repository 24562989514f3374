internal import AvroRPC
internal import NIOCore
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#endif

/// What a gzip file holds, inflated as it is read (RFC 1952; members one behind the other are one content).
///
/// Reading forward is one pass through the file; a read in front of the last one begins anew. Keeps what one read asked for
/// and two blocks, whatever the file's size.
final class InflatedFile: ByteSource {
    /// How the file ends.
    enum Ending: Hashable, Sendable {
        /// With the end of a member whose checksum and length are right.
        case whole
        /// In the middle of a member: it is still being written, or was cut off.
        case unfinished
        /// The bytes are no gzip stream from some place on, or a checksum is wrong.
        case damaged(String)

        /// For the log; nil where nothing is wrong.
        var reason: String? {
            switch self {
            case .whole: nil
            case .unfinished: "it ends in the middle of a gzip member"
            case .damaged(let reason): "its gzip data is damaged: \(reason)"
            }
        }
    }

    private let state: Mutex<State>

    /// Nil where the file does not begin as gzip files do.
    init?(_ file: OpenFile) throws(FileFailure) {
        guard Self.isGzip(try file.bytes(at: 0, count: Self.magic.count)) else { return nil }
        state = Mutex(State(file: file))
    }

    /// The two bytes of every gzip file, and the method, for which there is but one value.
    private static let magic: [UInt8] = [0x1F, 0x8B, 8]

    static func isGzip(_ head: [UInt8]) -> Bool { head.starts(with: magic) }

    func status() throws(FileFailure) -> FileStatus {
        try state.withLock { state throws(FileFailure) in
            var status = try state.file.status()
            status.size = state.size ?? state.position
            return status
        }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(FileFailure) -> Int {
        let count = buffer.count
        let bytes = try state.withLock { state throws(FileFailure) in try state.read(count, at: offset) }
        unsafe bytes.withUnsafeReadableBytes { unsafe buffer.copyMemory(from: $0) }
        return bytes.readableBytes
    }

    /// Reads on to the file's end. Where it is whole, its size stands from now on.
    func ending() throws(FileFailure) -> Ending {
        try state.withLock { state throws(FileFailure) in try state.complete() }
    }
}

extension InflatedFile {
    fileprivate struct State {
        /// Bytes that are read from the file, or inflated, at a time.
        private static let block = 64 << 10

        let file: OpenFile
        private var inflater: Inflater?
        private var input = ByteBuffer()
        /// In the file, of the bytes behind `input`.
        private var filePosition: UInt64 = 0
        /// Inflated bytes, those in front of `position`.
        private var kept = ByteBuffer()
        /// In the content.
        private(set) var position: UInt64 = 0
        /// The content's first bytes, which are asked for at every read.
        private var head: [UInt8] = []
        private var ending: Ending?
        /// The content's, once the file was found to be whole.
        private(set) var size: UInt64?

        init(file: OpenFile) { self.file = file }

        mutating func complete() throws(FileFailure) -> Ending {
            while ending == nil {
                kept.clear()
                try advance()
            }
            if ending == .whole { size = position }
            return ending ?? .unfinished
        }

        /// Up to `count` bytes.
        mutating func read(_ count: Int, at offset: UInt64) throws(FileFailure) -> ByteBuffer {
            if offset + UInt64(count) <= UInt64(head.count) {
                return ByteBuffer(bytes: head[Int(offset)..<Int(offset) + count])
            }
            if offset < position - UInt64(kept.readableBytes) { rewind() }
            while position < offset + UInt64(count), ending == nil {
                kept.moveReaderIndex(forwardBy: skipped(to: offset))
                kept.discardReadBytes()
                try advance()
            }
            if let size, position < min(size, offset + UInt64(count)) { throw .damagedGzip }
            let start = skipped(to: offset)
            let length = min(kept.readableBytes - start, count)
            return kept.getSlice(at: kept.readerIndex + start, length: length) ?? ByteBuffer()
        }

        /// Kept bytes in front of a place.
        private func skipped(to offset: UInt64) -> Int {
            let first = position - UInt64(kept.readableBytes)
            return Int(min(offset - min(offset, first), UInt64(kept.readableBytes)))
        }

        private mutating func rewind() {
            inflater = nil
            input.clear()
            filePosition = 0
            kept.clear()
            position = 0
            ending = nil
        }

        /// Inflates up to one block more, or comes to the ending.
        private mutating func advance() throws(FileFailure) {
            if input.readableBytes == 0, try fill() == 0 { return end(.unfinished) }
            if inflater == nil { inflater = Inflater(.gzip) }
            guard let inflater else { throw FileFailure.system(ENOMEM) }
            let before = kept.readableBytes
            let outcome = inflater.run(&input, into: &kept, room: Self.block)
            let new = kept.readableBytes - before
            if head.count < ContentMark.headLength, position == head.count {
                let first = kept.readableBytesView.dropFirst(before).prefix(ContentMark.headLength - head.count)
                head.append(contentsOf: first)
            }
            position += UInt64(new)
            switch outcome {
            case .needsInput, .hasMore: break
            case .ended: try endMember()
            case .failed(let reason): end(.damaged(reason))
            }
        }

        /// What is behind a member and begins as none is no part of the content, as for `gzip -d`.
        private mutating func endMember() throws(FileFailure) {
            if input.readableBytes < 2 { _ = try fill() }
            let next = Array(input.readableBytesView.prefix(2))
            if next.elementsEqual(InflatedFile.magic.prefix(2)) {
                inflater?.restart()
            } else {
                end(next == [InflatedFile.magic[0]] ? .unfinished : .whole)
            }
        }

        private mutating func end(_ ending: Ending) {
            self.ending = ending
            inflater = nil
            input = ByteBuffer()
        }

        private mutating func fill() throws(FileFailure) -> Int {
            input.discardReadBytes()
            let count = try file.read(into: &input, count: Self.block, at: filePosition)
            filePosition += UInt64(count)
            return count
        }
    }
}
