/// A stream of frames as a slow reader sees it, written from the wire's description and sharing nothing with ours.
struct PlainStream: Equatable {
    struct Message: Equatable {
        var serial: Int32
        var bytes: [UInt8]
    }

    enum End: Equatable {
        /// The last frame, or what came of it, is in order.
        case waiting
        /// A count of buffers below one.
        case noBuffers
        /// A count of buffers above the limit.
        case manyBuffers
        /// A length below zero.
        case negativeLength
        /// A length that makes the frame larger than the limit.
        case longFrame
    }

    var messages: [Message] = []
    var end: End = .waiting

    init(messages: [Message], end: End) {
        self.messages = messages
        self.end = end
    }

    init(_ bytes: [UInt8], frameBytes: Int, frameBuffers: Int) {
        var at = 0
        func word() -> Int? {
            guard at + 4 <= bytes.count else { return nil }
            defer { at += 4 }
            let value = bytes[at..<at + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            return Int(Int32(bitPattern: value))
        }
        while true {
            let start = at
            guard let serial = word(), let count = word() else { return }
            guard (1...frameBuffers).contains(count) else {
                end = count < 1 ? .noBuffers : .manyBuffers
                return
            }
            var message: [UInt8] = []
            for _ in 0..<count {
                guard let length = word() else { return }
                guard length >= 0, at - start + length <= frameBytes else {
                    end = length < 0 ? .negativeLength : .longFrame
                    return
                }
                guard at + length <= bytes.count else { return }
                message += bytes[at..<at + length]
                at += length
            }
            messages.append(Message(serial: Int32(serial), bytes: message))
        }
    }
}
