import Foundation

/// A real agent with its monitoring server.
package struct AgentProcess: Sendable {
    package let program: Program
    package let monitoringPort: Int

    /// Counters by component, e.g. `["SINK.k1"]["EventDrainSuccessCount"]`.
    package struct Metrics: Sendable {
        package let components: [String: [String: String]]

        package func text(_ component: String, _ counter: String) -> String? { components[component]?[counter] }

        package func number(_ component: String, _ counter: String) -> Int {
            text(component, counter).flatMap { Int($0) } ?? -1
        }
    }

    package func metrics() async throws -> Metrics {
        let reply = try await PlainHTTP.get("/metrics", port: monitoringPort)
        guard reply.status == 200,
            let found = try JSONSerialization.jsonObject(with: Data(reply.body.utf8)) as? [String: [String: String]]
        else { throw Waiting.Timeout(description: "no metrics: \(reply.status) \(reply.body.prefix(300))") }
        return Metrics(components: found)
    }

    package func number(_ component: String, _ counter: String) async throws -> Int {
        try await metrics().number(component, counter)
    }

    /// What /readyz says; nil while nobody listens.
    package func readiness() async -> PlainHTTP.Reply? {
        try? await PlainHTTP.get("/readyz", port: monitoringPort)
    }

    /// Until /readyz says yes.
    package func ready(within seconds: Double = 20) async throws {
        try await Waiting.until("\(program.name) is ready", within: seconds, details: program.story) {
            try check()
            return await readiness()?.status == 200
        }
    }

    /// Until it runs, ready or not.
    package func started(within seconds: Double = 20) async throws {
        try await Waiting.until("\(program.name) runs", within: seconds, details: program.story) {
            try check()
            let reply = await readiness()
            return reply != nil && reply?.body.contains("starting") == false
        }
    }

    private func check() throws {
        guard program.isRunning else { throw Waiting.Timeout(description: "\(program.name) ended\n\(program.story)") }
    }
}

extension Workspace {
    /// What starts an agent.
    package enum Starter: Sendable {
        /// `tributary agent`: strict, the log on standard error.
        case tributary
        /// `bin/flume-ng agent`: lenient, the log in logs/flume.log.
        case flume
    }

    /// Starts an agent with the file `configuration`.
    ///
    /// - Parameters:
    ///   - name: the agent's name in the file, and the program's.
    ///   - options: more words for the command line.
    ///   - limits: shell commands that go first, e.g. `ulimit -n 64`.
    package func agent(
        _ name: String,
        _ configuration: String,
        under starter: Starter = .tributary,
        options: [String] = [],
        environment: [String: String] = [:],
        limits: String? = nil
    ) throws -> AgentProcess {
        let file = try write("\(name).properties", configuration)
        let port = try FreePort.any()
        let words =
            ["agent", "-n", name, "-f", file, "-Dflume.monitoring.type=http", "-Dflume.monitoring.port=\(port)"]
            + options
        var call = [starter == .flume ? Tools.flume : Tools.tributary] + words
        if let limits { call = ["/bin/sh", "-c", "\(limits); exec \"$0\" \"$@\""] + call }
        let surroundings = environment.merging(["TRIBUTARY_BIN": Tools.tributary]) { own, _ in own }
        let program = try start(name, call[0], Array(call.dropFirst()), environment: surroundings)
        return AgentProcess(program: program, monitoringPort: port)
    }
}
