import Testing

@testable import AvroRPC

@Suite struct LayerMachineTests {
    /// What a stream may begin with.
    enum Start: Sendable {
        case frame, zlib, tls, http

        var bytes: [UInt8] {
            switch self {
            case .frame: hex("00000001 00000002")
            case .zlib: hex("789c6260 60606460")
            case .tls: hex("16030100 f0010000")
            case .http: Array("GET / HT".utf8)
            }
        }
    }

    enum End: Hashable, Sendable {
        case frames
        /// At which look, and why.
        case refused(Int, RPCBreach)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var compression: Bool
        var tls: Bool
        /// What comes out of each layer in turn.
        var starts: [Start]
        var end: End
        /// What the line tells the operator to set.
        var advice = ""
        var testDescription: String { "deflate \(compression), ssl \(tls): \(starts)" }

        init(_ compression: Bool, _ tls: Bool, _ starts: [Start], _ end: End, _ advice: String = "") {
            self.compression = compression
            self.tls = tls
            self.starts = starts
            self.end = end
            self.advice = advice
        }

        static let all: [Row] = [
            Row(false, false, [.frame], .frames),
            // The frames' reader has the better words for these.
            Row(false, false, [.http], .frames),
            Row(false, false, [.zlib], .refused(0, .layers), "compression-type = deflate"),
            Row(false, false, [.tls], .refused(0, .layers), "ssl = true"),

            Row(true, false, [.zlib, .frame], .frames),
            Row(true, false, [.frame], .frames),
            Row(true, false, [.http], .frames),
            Row(true, false, [.zlib, .http], .frames),
            Row(true, false, [.tls], .refused(0, .layers), "ssl = true"),
            Row(true, false, [.zlib, .tls], .refused(1, .layers), "ssl = true"),
            Row(true, false, [.zlib, .zlib], .refused(1, .layers), "twice"),

            // TLS is there before any look.
            Row(false, true, [.frame], .frames),
            Row(false, true, [.http], .frames),
            Row(false, true, [.zlib], .refused(0, .layers), "compression-type = deflate"),

            Row(true, true, [.zlib, .tls], .frames),
            Row(true, true, [.tls, .zlib], .frames),
            Row(true, true, [.tls, .frame], .frames),
            Row(true, true, [.tls, .http], .frames),
            Row(true, true, [.frame], .refused(0, .plainText), "ssl = true"),
            Row(true, true, [.http], .refused(0, .plainText), "no TLS"),
            Row(true, true, [.zlib, .frame], .refused(1, .plainText), "inside its compression"),
            Row(true, true, [.zlib, .http], .refused(1, .plainText), "no TLS"),
            Row(true, true, [.zlib, .zlib], .refused(1, .layers), "twice"),
        ]
    }

    @Test(arguments: Row.all) func look(row: Row) {
        var machine = LayerMachine(acceptsCompression: row.compression, needsTLS: row.tls, frameBuffers: 65_536)
        #expect(machine.beginsWithTLS == (row.tls && !row.compression))
        if machine.beginsWithTLS { machine.addedTLS() }
        for (index, start) in row.starts.enumerated() {
            #expect(machine.isLooking)
            let step = machine.look(start.bytes)
            if case .refuse(let failure) = step {
                #expect(row.end == .refused(index, failure.breach))
                #expect(failure.message.contains(row.advice), "\(failure.message)")
                return
            }
            switch start {
            case .zlib: #expect(step == .compression)
            case .tls: #expect(step == .tls)
            case .frame, .http: #expect(step == .frames)
            }
            if index == row.starts.count - 1 { #expect(row.end == .frames) }
            // Nothing is left to find out where both layers are there.
            if !machine.isLooking { #expect(row.compression && row.tls && index == 1) }
        }
    }
}
