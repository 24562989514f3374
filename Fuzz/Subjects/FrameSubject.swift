import NIOCore

@testable import AvroRPC

/// The decoder of frames: what it makes of a stream is what a slow reader makes of it, in whatever pieces it comes, and
/// what it made can be written and read again.
enum FrameSubject {
    /// Small, so that short inputs reach them.
    private static let tight: RPCLimits = {
        var limits = RPCLimits()
        limits.frameBytes = 256
        limits.frameBuffers = 6
        return limits
    }()

    static func check(_ bytes: [UInt8]) throws {
        for limits in [RPCLimits(), tight] {
            let expected = PlainStream(bytes, frameBytes: limits.frameBytes, frameBuffers: limits.frameBuffers)
            for pieces in Pieces.allCases {
                let (stream, left) = try decode(pieces.cut(bytes), limits)
                try require(stream == expected, "\(pieces): \(stream) where \(expected) is right")
                try require(left <= bytes.count, "\(left) bytes wait of \(bytes.count) that came")
            }
            try rewrite(expected, limits)
        }
    }

    private static func decode(_ pieces: [ByteBuffer], _ limits: RPCLimits) throws -> (PlainStream, waiting: Int) {
        var decoder = FrameDecoder(limits: limits)
        var messages: [PlainStream.Message] = []
        for piece in pieces {
            decoder.append(piece)
            do {
                while let frame = try decoder.next() {
                    let message = Array(frame.joined.readableBytesView)
                    try check(frame, message)
                    messages.append(PlainStream.Message(serial: frame.serial, bytes: message))
                }
            } catch let rejection as RPCRejection {
                return (PlainStream(messages: messages, end: try end(rejection)), decoder.bufferedBytes)
            }
        }
        return (PlainStream(messages: messages, end: .waiting), decoder.bufferedBytes)
    }

    private static func end(_ rejection: RPCRejection) throws -> PlainStream.End {
        switch rejection.breach {
        case .frameHead: return .noBuffers
        case .frameBuffers: return .manyBuffers
        case .bufferLength: return .negativeLength
        case .frameBytes: return .longFrame
        default: throw Violation("a frame fails with \(rejection.breach): \(rejection)")
        }
    }
}
