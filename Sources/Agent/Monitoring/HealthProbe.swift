internal import AvroRPC
package import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// Asks a running agent's monitoring server how it does: the client of `tributary health`.
package struct HealthProbe: Sendable {
    /// What is asked, as the path that answers it.
    package enum Question: String, Sendable {
        /// Can the agent do its work?
        case ready = "/readyz"
        /// Does the process answer at all?
        case alive = "/healthz"
    }

    package var host: String
    package var port: Int
    package var question: Question
    /// For everything: name look-up, connection and answer.
    package var timeout: TimeAmount

    package init(
        host: String = "localhost",
        port: Int = MonitoringSettings.defaultPort,
        question: Question = .ready,
        timeout: TimeAmount = .seconds(5)
    ) {
        self.host = host
        self.port = port
        self.question = question
        self.timeout = timeout
    }

    /// Asks once. `text` is one line for a person, without a line end.
    package func run(group: any EventLoopGroup) async -> (ok: Bool, text: String) {
        let place = "\(host):\(port)"
        do {
            let response = try await response(group: group)
            let isWell = response.status == .ok
            let text = HealthText.text(status: Int(response.status.code), body: response.body)
            return (isWell, "\(place): \(text)")
        } catch {
            let reason = SystemReason.of(error)
            return (false, "\(place): \(reason); does an agent run there with -D\(MonitoringSettings.typeKey)=http?")
        }
    }

    private func response(group: any EventLoopGroup) async throws -> HealthProbeHandler.Response {
        let loop = group.any()
        let answer = loop.makePromise(of: HealthProbeHandler.Response.self)
        let timer = loop.scheduleTask(in: timeout) {
            answer.fail(ProbeError("no answer within \(timeout.nanoseconds / 1_000_000) ms"))
        }
        answer.futureResult.whenComplete { _ in timer.cancel() }
        ClientBootstrap(group: loop)
            .connectTimeout(timeout)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = HealthProbeHandler(host: host, path: question.rawValue, answer: answer)
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            .connect(host: host, port: port)
            .whenComplete { result in
                switch result {
                case .success(let channel): answer.futureResult.whenComplete { _ in channel.close(promise: nil) }
                case .failure(let error): answer.fail(error)
                }
            }
        return try await answer.futureResult.get()
    }
}
