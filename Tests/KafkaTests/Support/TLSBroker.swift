import Foundation
import TestSupport

/// A broker that speaks TLS: noida-db, which does not, behind haproxy, which does.
///
/// A broker tells its clients its own address, so TLS must be spoken on that very one: inside a network namespace of its own
/// the broker has 127.0.0.1:P and haproxy leads there from a Unix socket; outside, haproxy has the certificate, on the same
/// 127.0.0.1:P, and leads to that socket.
struct TLSBroker {
    let bootstrap: String

    /// Why there is none here; `nil` where there is.
    static let whyNone: String? = {
        if let why = Broker.whyNone { return why }
        guard geteuid() == 0 else { return "needs root, for a network namespace" }
        for tool in ["haproxy", "ip", "nsenter", "unshare"] where Tools.find(tool) == nil {
            return "\(tool) is not installed"
        }
        let isPossible = (try? CertificateMaker.run("unshare", ["-n", "true"], in: "/")) != nil
        return isPossible ? nil : "no network namespace can be made here (unshare -n)"
    }()

    /// A new one that listens; it goes with the workspace.
    ///
    /// - Parameters:
    ///   - certificate: PEM file with the broker's certificate and its key.
    ///   - authority: PEM file that clients' certificates must come from; `nil`: clients need none.
    static func start(
        in space: Workspace,
        certificate: String,
        clientsOf authority: String? = nil
    ) async throws -> TLSBroker {
        let port = try FreePort.any()
        let data = try space.makeFolder("data")
        chmod(Broker.program ?? "", 0o755)
        let words = [
            Broker.program ?? "", "start", "--data-dir", data, "--host", "127.0.0.1", "--only", "kafka",
            "--kafka-port", "\(port)",
        ]
        let broker = try space.start(
            "broker",
            Tools.find("unshare") ?? "",
            ["-n", "/bin/sh", "-c", "ip link set lo up && exec \"$@\"", "sh"] + words
        )
        try await Waiting.until("the broker listens", within: 20, details: broker.story) {
            // proc(5): sockets of the process's own namespace; state 0A is listening.
            let table = (try? String(contentsOfFile: "/proc/\(broker.id)/net/tcp", encoding: .utf8)) ?? ""
            let address = String(format: "0100007F:%04X", port)
            return broker.isRunning
                && table.split(separator: "\n").contains { $0.contains(address) && $0.contains(" 0A ") }
        }
        let socket = space.path("socket")
        let inner = try space.write("inner.cfg", configuration("unix@\(socket)", "127.0.0.1:\(port)"))
        _ = try space.start(
            "inner",
            Tools.find("nsenter") ?? "",
            ["--net=/proc/\(broker.id)/ns/net", Tools.find("haproxy") ?? "", "-db", "-f", inner]
        )
        let clients = authority.map { " ca-file \($0) verify required" } ?? ""
        let listen = "127.0.0.1:\(port) ssl crt \(certificate)\(clients)"
        let outer = try space.write("outer.cfg", configuration(listen, "unix@\(socket)"))
        let front = try space.start("outer", Tools.find("haproxy") ?? "", ["-db", "-f", outer])
        try await Waiting.until("haproxy listens", within: 10, details: front.story) {
            front.isRunning && FileManager.default.fileExists(atPath: socket) && FreePort.isOpen(port)
        }
        return TLSBroker(bootstrap: "127.0.0.1:\(port)")
    }

    private static func configuration(_ listen: String, _ server: String) -> String {
        """
        defaults
            mode tcp
            timeout connect 5s
            timeout client 60s
            timeout server 60s
        frontend front
            bind \(listen)
            default_backend back
        backend back
            server one \(server)

        """
    }
}
