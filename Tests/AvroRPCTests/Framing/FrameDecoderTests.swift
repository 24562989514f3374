import NIOCore
import TestSupport
import Testing

@testable import AvroRPC

/// A stream of whole frames, and the frames by the plain parser.
struct FrameStream: Sendable, CustomTestStringConvertible {
    var name: String
    var bytes: [UInt8]
    var testDescription: String { name }

    var frames: [PlainFrame] { PlainFrame.parse(bytes).frames.map(\.oneBuffer) }

    static func all() throws -> [FrameStream] {
        var streams: [FrameStream] = []
        for row in CaptureRow.all where row.refused.isEmpty {
            let capture = try Capture(row.name, isDeflated: row.isDeflated)
            for (index, connection) in capture.connections.enumerated() {
                streams.append(FrameStream(name: "\(row.name), client \(index + 1)", bytes: connection.client))
                streams.append(FrameStream(name: "\(row.name), server \(index + 1)", bytes: connection.server))
            }
        }
        let odd = [
            PlainFrame(1, [], [], [1], [], [2, 3]), PlainFrame(.min, []), PlainFrame(.max, [4], [5], [6]),
            PlainFrame(0, [7]), PlainFrame(-1, [], [8]),
        ]
        streams.append(FrameStream(name: "empty buffers among others", bytes: odd.flatMap(\.bytes)))
        return streams
    }
}

@Suite(.timeLimit(.minutes(1))) struct FrameDecoderTests {
    /// All frames of `pieces`, joined.
    static func decode(_ pieces: [ByteBuffer], limits: RPCLimits = RPCLimits()) throws -> [PlainFrame] {
        var decoder = FrameDecoder(limits: limits)
        var frames: [PlainFrame] = []
        for piece in pieces {
            decoder.append(piece)
            while let frame = try decoder.next() {
                #expect(frame.readableBytes == frame.joined.readableBytes)
                frames.append(PlainFrame(frame.serial, frame.joined.allBytes))
            }
        }
        #expect(decoder.bufferedBytes == 0)
        return frames
    }

    @Test(arguments: try FrameStream.all())
    func cutAnywhere(stream: FrameStream) throws {
        let expected = stream.frames
        let whole = ByteBuffer(bytes: stream.bytes)
        // Every position where that is quick; elsewhere all near a frame's and a buffer's head, and some between.
        let step = stream.bytes.count > 8_000 ? 1_499 : 1
        let near = step == 1 ? 0 : 200
        let cuts =
            Array(0...min(near, stream.bytes.count)) + Array(stride(from: 0, through: stream.bytes.count, by: step))
        for cut in cuts {
            let pieces = [
                whole.getSlice(at: 0, length: cut), whole.getSlice(at: cut, length: whole.readableBytes - cut),
            ].compactMap(\.self)
            let frames = try Self.decode(pieces)
            guard frames == expected else {
                Issue.record("cut at \(cut): other frames")
                return
            }
        }
    }

    @Test(arguments: try FrameStream.all())
    func byteByByte(stream: FrameStream) throws {
        #expect(try Self.decode(stream.bytes.map { ByteBuffer(bytes: [$0]) }) == stream.frames)
    }

    @Test func randomPieces() throws {
        var generator = SeededGenerator.announced("randomPieces")
        for _ in 0..<300 {
            let frames = (0..<Int.random(in: 1...8, using: &generator)).map { _ in
                let buffers = (0..<Int.random(in: 1...5, using: &generator)).map { _ in
                    (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                        UInt8.random(in: 0...255, using: &generator)
                    }
                }
                return PlainFrame(Int32.random(in: .min ... .max, using: &generator), cut: buffers)
            }
            var rest = ByteBuffer(bytes: frames.flatMap(\.bytes))
            var pieces: [ByteBuffer] = []
            while rest.readableBytes > 0 {
                let length = min(Int.random(in: 1...50, using: &generator), rest.readableBytes)
                pieces.append(rest.readSlice(length: length) ?? ByteBuffer())
            }
            #expect(try Self.decode(pieces) == frames.map(\.oneBuffer))
        }
    }

    /// The first buffer that holds bytes stands apart; a payload in one piece is not copied.
    @Test func theFirstBufferIsKeptApart() throws {
        var decoder = FrameDecoder(limits: RPCLimits())
        decoder.append(ByteBuffer(bytes: PlainFrame(9, [], [1, 2], [], [3, 4, 5]).bytes))
        let decoded = try decoder.next()
        let frame = try #require(decoded)
        #expect(frame.first.allBytes == [1, 2])
        #expect(frame.rest?.allBytes == [3, 4, 5])
        #expect(frame.serial == 9)
    }

    @Test func limitsHoldToTheByte() throws {
        var limits = RPCLimits()
        limits.frameBytes = 100
        limits.frameBuffers = 3
        // 8 of head and count, 4 of length.
        let largest = PlainFrame(1, Array(repeating: 1, count: 88))
        #expect(try Self.decode([ByteBuffer(bytes: largest.bytes)], limits: limits) == [largest])
        let two = PlainFrame(1, Array(repeating: 1, count: 80), [1, 2, 3, 4])
        #expect(try Self.decode([ByteBuffer(bytes: two.bytes)], limits: limits) == [two.oneBuffer])
        for (frame, breach) in [
            (PlainFrame(1, Array(repeating: 1, count: 89)), RPCBreach.frameBytes),
            (PlainFrame(1, Array(repeating: 1, count: 80), [1, 2, 3, 4, 5]), .frameBytes),
            (PlainFrame(1, [], [], [], []), .frameBuffers),
        ] {
            let error = #expect(throws: RPCRejection.self) {
                try Self.decode([ByteBuffer(bytes: frame.bytes)], limits: limits)
            }
            #expect(error?.breach == breach)
        }
        #expect(try Self.decode([ByteBuffer(bytes: PlainFrame(1, [], [], []).bytes)], limits: limits).count == 1)
    }

    /// What the decoder holds, by its one buffer.
    private func held(by decoder: FrameDecoder) -> Int {
        Mirror(reflecting: decoder).children.compactMap { ($0.value as? ByteBuffer)?.storageCapacity }.max() ?? .max
    }

    /// A stream in which a part of the next frame is always there, as with several calls in flight.
    @Test func aLongStreamIsNotKept() throws {
        var decoder = FrameDecoder(limits: RPCLimits())
        let frame = PlainFrame(1, Array(repeating: 1, count: 1_000)).bytes
        decoder.append(ByteBuffer(bytes: frame.prefix(500)))
        var count = 0
        for _ in 0..<5_000 {
            decoder.append(ByteBuffer(bytes: frame.suffix(from: 500) + frame.prefix(500)))
            while try decoder.next() != nil { count += 1 }
        }
        #expect(count == 5_000)
        #expect(held(by: decoder) < 64 << 10)
    }

    /// A length is a peer's word: memory comes with the bytes.
    @Test func aLengthAloneReservesLittle() throws {
        var decoder = FrameDecoder(limits: RPCLimits())
        decoder.append(ByteBuffer(bytes: PlainFrame.word(1) + PlainFrame.word(1) + PlainFrame.word(60 << 20) + [1]))
        #expect(try decoder.next() == nil)
        #expect(held(by: decoder) <= 2 << 20)
    }

    @Test func aLargeFrameInSmallPieces() throws {
        let frame = PlainFrame(3, (0..<3 << 20).map { UInt8(truncatingIfNeeded: $0 / 7) })
        var rest = ByteBuffer(bytes: frame.bytes)
        var pieces: [ByteBuffer] = []
        while let piece = rest.readSlice(length: min(60_000, rest.readableBytes)), piece.readableBytes > 0 {
            pieces.append(piece)
        }
        #expect(try Self.decode(pieces) == [frame])
    }
}
