internal import AvroRPC
internal import Events
package import NIOCore
internal import NIOPosix
internal import Secure

/// Flume's `avro-client`: sends the lines of files or of standard input to an Avro source, one event a line.
package struct AvroFileClient: Sendable {
    /// What to send where.
    package struct Job: Sendable {
        package var host: String
        package var port: Int
        /// Files in order.
        package var files: [String]
        /// Standard input is sent, where there are no files.
        package var readsStandardInput = false
        /// Set on every event.
        package var headers: [String: String]
        /// Events in one call (Flume: 5, unless the client's properties say otherwise).
        package var batchSize = 5
        /// Appended to the name of each file that is sent, `nil` to leave names alone.
        package var doneSuffix: String?
        /// The client's properties, for TLS and time-outs.
        package var properties: ComponentSettings

        package init(host: String, port: Int, files: [String], headers: [String: String], properties: ComponentSettings)
        {
            self.host = host
            self.port = port
            self.files = files
            self.headers = headers
            self.properties = properties
        }
    }

    private let job: Job
    private let process: ProcessSettings
    private let group: any EventLoopGroup

    package init(_ job: Job, process: ProcessSettings, group: any EventLoopGroup) {
        self.job = job
        self.process = process
        self.group = group
    }

    /// Sends everything; returns how many events were acknowledged. The first failure ends it.
    package func run() async throws -> Int {
        var settings = RPCClientSettings()
        settings.window = 1
        let tls = try TLSKeys.client(job.properties, process).map { try TLSContext(client: $0) }
        let calls = PendingCalls()
        let loop = group.next()
        let handler = try await RPCClientConnection.connect(
            host: job.host,
            port: job.port,
            tls: tls,
            settings: settings,
            on: loop,
            events: { calls.handle($0) }
        ).get()
        let reader = NIOThreadPool(numberOfThreads: 1)
        reader.start()
        defer { reader.shutdownGracefully { _ in } }
        var sent = 0
        for path in job.readsStandardInput ? [nil] : job.files.map(Optional.some) {
            sent += try await send(path, over: handler, loop, calls, reader)
            if let path, let suffix = job.doneSuffix { try LineFile.rename(path, to: path + suffix) }
        }
        loop.execute { handler.value.closeWhenIdle() }
        return sent
    }

    private func send(
        _ path: String?,
        over handler: NIOLoopBound<RPCClientHandler>,
        _ loop: any EventLoop,
        _ calls: PendingCalls,
        _ reader: NIOThreadPool
    ) async throws -> Int {
        let file = try LineFile(path)
        var sent = 0
        while true {
            let batchSize = job.batchSize
            let lines = try await reader.runIfActive { try file.next(batchSize) }
            guard !lines.isEmpty else { return sent }
            var builder = EventBatchBuilder()
            for line in lines { builder.append(headers: job.headers, body: line) }
            let batch = builder.finish()
            try await calls.send(batch, over: handler, on: loop)
            sent += lines.count
        }
    }
}
