import TestSupport

/// One input against one port: what came of it, in words, where it is not what the file says.
struct HostileCase {
    let input: HostileInput
    let port: HostileInput.Port
    let target: HostileTarget

    private static let ping: [UInt8] = [0, 0]
    private static let both: [UInt8] = [0, 0, 0, 0]
    /// An empty meta, the flag of an error, the first branch of the union: a string.
    private static let error: [UInt8] = [0, 1, 0]
    private static let pingSerial: Int32 = 77_777

    /// What is not as it should be; `nil` where all is.
    func run() async throws -> String? {
        let before = try await target.breaches(port)
        let peer = try await target.connect(port, isRaw: input.isRaw)
        let answers = try await send(peer)
        let wrong = try await check(peer, answers: answers)
        await peer.close()
        if let wrong { return wrong }
        var expected = before
        if let breach = input.breach { expected[breach, default: 0] += 1 }
        let after = try await target.breaches(port)
        if after == expected { return nil }
        let changed = after.filter { before[$0.key] != $0.value }.keys.sorted()
        return "counted as \(changed), with \(changed.map { (after[$0] ?? 0) - (before[$0] ?? 0) })"
    }

    /// Sends all; gives the number of answers that have come to what is in order.
    private func send(_ peer: HostilePeer) async throws -> Int {
        var answers = 0
        for part in input.parts {
            switch part {
            case .send(let bytes): try await peer.send(bytes)
            case .half: await peer.half()
            case .pause: try await Task.sleep(for: .milliseconds(20))
            case .hello:
                answers += 1
                try await peer.send(HostileBytes.frame(1, HostileBytes.handshake + Self.ping))
                _ = try await peer.replies(answers)
            }
        }
        return answers
    }

    private func check(_ peer: HostilePeer, answers: Int) async throws -> String? {
        switch input.outcome {
        case .closed:
            let replies = try await peer.end()
            guard replies.isAtEnd else { return "the connection stays open" }
            // On the socket itself there may be a TLS alert, or answers that are compressed.
            if input.isRaw { return nil }
            guard replies.frames.count == answers, replies.bytesBehind == 0 else { return "answered before the end" }
            return nil
        case .error(let serial, let thenClosed):
            let replies = thenClosed ? try await peer.end() : try await peer.replies(answers + 1)
            guard let message = one(replies, serial, answers) else {
                return "no answer to \(serial): \(replies.frames)"
            }
            let isFirst = answers == 0 && message.starts(with: Self.both + Self.error)
            guard isFirst || message.starts(with: Self.error) else { return "the answer is no error: \(message)" }
            if thenClosed { return replies.isAtEnd ? nil : "the connection stays open" }
            return try await live(peer, answers + 1, isEstablished: isFirst || answers > 0)
        case .unknown(let serial):
            let replies = try await peer.replies(answers + 1)
            guard let message = one(replies, serial, answers), message.starts(with: [4, 2]) else {
                return "no NONE in answer to \(serial): \(replies.frames)"
            }
            return try await live(peer, answers + 1, isEstablished: false)
        case .ok(let serial, let thenClosed):
            let replies = thenClosed ? try await peer.end() : try await peer.replies(answers + 1)
            let expected = answers == 0 ? Self.both + [0, 0, 0] : [0, 0, 0]
            guard one(replies, serial, answers) == expected else { return "no OK to \(serial): \(replies.frames)" }
            if thenClosed { return replies.isAtEnd ? nil : "the connection stays open" }
            return try await live(peer, answers + 1, isEstablished: true)
        }
    }

    /// The one message behind those that answer what is in order.
    private func one(_ replies: Replies, _ serial: Int32, _ answers: Int) -> [UInt8]? {
        guard replies.frames.count == answers + 1, replies.bytesBehind == 0, let last = replies.frames.last else {
            return nil
        }
        return last.serial == serial ? last.message : nil
    }

    /// Whether the connection still answers.
    private func live(_ peer: HostilePeer, _ answers: Int, isEstablished: Bool) async throws -> String? {
        let message = isEstablished ? Self.ping : HostileBytes.handshake + Self.ping
        try await peer.send(HostileBytes.frame(Self.pingSerial, message))
        let replies = try await peer.replies(answers + 1)
        guard let answer = one(replies, Self.pingSerial, answers) else { return "the connection does not go on" }
        return answer == (isEstablished ? [] : Self.both) ? nil : "a ping is answered by \(answer)"
    }
}
