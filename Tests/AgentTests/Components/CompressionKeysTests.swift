import AvroRPC
import TestSupport
import Testing

@testable import Agent

@Suite struct CompressionKeysTests {
    private static func settings(_ values: [String: String]) -> ComponentSettings {
        ComponentSettings(kind: .sink, name: "k", prefix: "a.sinks.k.", values)
    }

    private static func read(_ values: [String: String]) throws -> (RPCCompression?, [Diagnostic]) {
        var notes: [Diagnostic] = []
        let compression = try CompressionKeys.client(settings(values)) { notes.append($0) }
        return (compression, notes)
    }

    @Test func values() throws {
        #expect(try Self.read([:]).0 == nil)
        #expect(try Self.read(["compression-type": "none"]).0 == nil)
        #expect(try Self.read(["compression-type": "NONE", "compression-level": "3"]).0 == nil)
        #expect(try Self.read(["compression-type": "deflate"]).0 == RPCCompression(level: 6, order: .outsideTLS))
        #expect(try Self.read(["compression-type": "Deflate", "compression-level": "0"]).0?.level == 0)
        #expect(
            try Self.read(["compression-type": "deflate", "compression-order": "Inside-TLS", "compression-level": "9"])
                .0
                == RPCCompression(level: 9, order: .insideTLS)
        )
        #expect(
            try Self.read(["compression-type": "deflate", "compression-order": "outside-tls"]).0?.order == .outsideTLS
        )
    }

    /// Flume takes every other word as none; so do we, and say so.
    @Test(arguments: [("defalte", "did you mean `deflate`?"), ("gzip", nil)] as [(String, String?)])
    func otherTypesAreNone(value: String, advice: String?) throws {
        let (compression, notes) = try Self.read(["compression-type": value])
        #expect(compression == nil)
        #expect(notes.map(\.grade) == [.note])
        #expect(notes.first?.message.contains("`\(value)`") == true)
        #expect(notes.first?.advice == advice)
        #expect(try Self.read(["compression-type": "deflate"]).1 == [])
    }

    @Test(arguments: [
        ("compression-level", "10", "0 to 9"), ("compression-level", "-1", "0 to 9"),
        ("compression-level", "six", "whole number"), ("compression-order", "inside-tsl", "did you mean `inside-tls`?"),
        ("compression-order", "both", "`outside-tls` or `inside-tls`"),
    ]) func faults(key: String, value: String, text: String) throws {
        let fault = #expect(throws: ConfigurationFault.self) {
            try Self.read(["compression-type": "deflate", key: value])
        }
        #expect(fault?.description.contains(text) == true, "\(String(describing: fault))")
        #expect(fault?.message.contains("a.sinks.k.\(key)") == true)
    }
}
