import Foundation
import Secure
import TestSupport

/// An agent with one Avro source a port, tight limits, and a sink that writes every event's body as a line.
struct HostileTarget: Sendable {
    /// `max-frame-bytes` of its sources.
    static let frameBytes = 4 << 20

    private static let limits = [
        "max-frame-bytes = \(frameBytes)", "max-frame-buffers = 1000", "max-batch-events = 1000",
        "max-event-headers = 50", "max-header-bytes = 4096", "max-body-bytes = 65536", "max-inflated-bytes = 1048576",
    ]

    let agent: AgentProcess
    let ports: [HostileInput.Port: Int]
    let tls: TLSContext
    private let space: Workspace

    init(_ space: Workspace) async throws {
        self.space = space
        var ports: [HostileInput.Port: Int] = [:]
        for port in HostileInput.Port.allCases { ports[port] = try FreePort.any() }
        self.ports = ports
        let certificates = try Certificates.shared()
        tls = try TLSContext(
            client: TLSClientSettings(trustStore: StoreReference(path: certificates.path("ca.pem")))
        )
        let sink = try space.makeFolder("out")
        var lines = [
            "a1.sources = \(HostileInput.Port.allCases.map(\.rawValue).joined(separator: " "))", "a1.channels = c1",
            "a1.sinks = k1", "a1.channels.c1.type = memory", "a1.channels.c1.capacity = 100000",
            "a1.channels.c1.transactionCapacity = 1000", "a1.sinks.k1.type = file_roll", "a1.sinks.k1.channel = c1",
            "a1.sinks.k1.sink.directory = \(sink)", "a1.sinks.k1.sink.rollInterval = 0",
            "a1.sinks.k1.sink.batchSize = 1000",
        ]
        for port in HostileInput.Port.allCases {
            var keys = ["type = avro", "bind = 127.0.0.1", "port = \(ports[port] ?? 0)", "channels = c1"]
            keys += Self.limits
            switch port {
            case .plain: break
            case .tls:
                keys += ["ssl = true", "keystore = \(certificates.path("server.p12"))", "keystore-type = PKCS12"]
                keys.append("keystore-password = \(Certificates.password)")
            case .deflate: keys.append("compression-type = deflate")
            }
            lines += keys.map { "a1.sources.\(port.rawValue).\($0)" }
        }
        agent = try space.agent("a1", lines.joined(separator: "\n") + "\n")
        try await agent.ready()
    }

    func connect(_ port: HostileInput.Port, isRaw: Bool) async throws -> HostilePeer {
        try await HostilePeer.connect(
            ports[port] ?? 0,
            tls: port == .tls && !isRaw ? tls : nil,
            isDeflated: port == .deflate && !isRaw
        )
    }

    /// The counters of breaches of one source, by class, those at zero left out.
    func breaches(_ port: HostileInput.Port) async throws -> [String: Int] {
        let counters = try await agent.metrics().components["SOURCE.\(port.rawValue)"] ?? [:]
        var breaches: [String: Int] = [:]
        for (name, value) in counters where name.hasPrefix("Rejected") && name.hasSuffix("Count") && value != "0" {
            breaches[String(name.dropFirst(8).dropLast(5))] = Int(value)
        }
        return breaches
    }

    /// The most memory that the agent ever held in RAM since `resetPeak` (proc(5), VmHWM).
    func peakMemory() throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(agent.program.id)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return (line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0) << 10
    }

    /// proc(5), clear_refs: 5 sets the peak to what is held now.
    func resetPeak() throws {
        try Data("5".utf8).write(to: URL(fileURLWithPath: "/proc/\(agent.program.id)/clear_refs"))
    }

    /// The bodies that arrived, after a stop in good order.
    func bodies() async throws -> [Substring] {
        let end = try await agent.program.terminate()
        guard end == .exited(0) else { throw Waiting.Timeout(description: "the agent: \(end)\n\(agent.program.story)") }
        return try space.files("out").flatMap { path in
            try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        }
    }
}
