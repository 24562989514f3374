internal import AvroRPC
internal import Events
package import NIOCore
internal import NIOPosix
internal import Secure

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Flume's `avro-client`: sends the lines of files or of standard input to an Avro source, one event a line.
package struct AvroFileClient: Sendable {
    /// What became of a run that failed, for the last line.
    struct Failure: Error {
        var reason: any Error
        var sent: Int
    }

    private let options: AvroFileOptions
    private let headers: [String: String]
    private let client: RPCClient
    private let target: String

    /// Reads what the options name.
    ///
    /// - Throws: `ComponentError` or `ConfigurationFault`, before anything is connected.
    package init(_ options: AvroFileOptions, process: ProcessSettings, group: any EventLoopGroup) throws {
        self.options = options
        headers = try options.headers()
        let settings = try options.clientSettings()
        let plan = try options.plan(settings)
        let tls = try TLSKeys.client(settings, process).map { try RPCClient.rotation($0, group.next()) }
        client = RPCClient(plan, tls: { tls?.current }, group: group)
        target = plan.hosts.map(\.description).joined(separator: ", ")
    }

    /// Does the whole command: sends, shows how far it is where standard error is a terminal, ends with the count.
    ///
    /// - Returns: the exit code: 0, or 1 after a failure.
    package static func main(
        _ options: AvroFileOptions,
        process: ProcessSettings,
        group: any EventLoopGroup
    ) async -> Int32 {
        do {
            let client = try AvroFileClient(options, process: process, group: group)
            let meter = isatty(STDERR_FILENO) == 1 ? ProgressMeter { StandardError.write($0) } : nil
            do {
                let sent = try await client.run(meter)
                print("sent \(sent) events to \(client.target)")
                return 0
            } catch let failure as Failure {
                StandardError.write("error: \(failure.reason); \(failure.sent) events had been sent\n")
            }
        } catch {
            StandardError.write("error: \(error)\n")
        }
        return 1
    }

    /// Sends everything; returns how many events were acknowledged. The first failure ends it.
    func run(_ meter: ProgressMeter?) async throws -> Int {
        let reader = NIOThreadPool(numberOfThreads: 1)
        reader.start()
        defer { reader.shutdownGracefully { _ in } }
        var meter = meter
        var sent = 0
        do {
            let (files, suffix) = try options.files()
            meter?.begin(bytes: files.flatMap(LineFile.size))
            if let files {
                for path in files {
                    try await send(path, reader, &sent, &meter)
                    if let suffix { try LineFile.rename(path, to: path + suffix) }
                }
            } else {
                try await send(nil, reader, &sent, &meter)
            }
            meter?.end()
            await client.close()
            return sent
        } catch {
            meter?.end()
            await client.close()
            throw Failure(reason: error, sent: sent)
        }
    }

    private func send(
        _ path: String?,
        _ reader: NIOThreadPool,
        _ sent: inout Int,
        _ meter: inout ProgressMeter?
    ) async throws {
        let file = try LineFile(path)
        while true {
            let batchSize = client.batchSize
            let lines = try await reader.runIfActive { try file.next(batchSize) }
            guard !lines.isEmpty else { return }
            var builder = EventBatchBuilder()
            for line in lines { builder.append(headers: headers, body: line) }
            try await client.appendBatch(builder.finish())
            sent += lines.count
            meter?.moved(bytes: file.bytesRead, events: sent)
        }
    }
}
