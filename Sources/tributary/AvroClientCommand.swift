import Agent
import ArgumentParser
import Foundation
import NIOCore
import NIOPosix

struct AvroClientCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "avro-client",
        abstract: "Send the lines of files or of standard input to an Avro source."
    )

    static let longNames = ["host", "port", "rpcProps", "filename", "dirname", "headerFile", "help"]

    @Option(name: [.customShort("H"), .customLong("host")], help: "The source's host.")
    var host: String?

    @Option(name: [.customShort("p"), .customLong("port")], help: "The source's port.")
    var port: Int?

    @Option(
        name: [.customShort("P"), .customLong("rpcProps")],
        help: "A file of client properties, for TLS and batch-size."
    )
    var rpcProps: String?

    @Option(name: [.customShort("F"), .customLong("filename")], help: "The file to send; standard input without it.")
    var filename: String?

    @Option(name: .customLong("dirname"), help: "Send the files of a folder; those sent get the suffix .COMPLETED.")
    var dirname: String?

    @Option(
        name: [.customShort("R"), .customLong("headerFile")],
        help: "Properties that become headers of every event."
    )
    var headerFile: String?

    @Option(name: .customLong("define"), help: .hidden)
    var defines: [String] = []

    func validate() throws {
        if filename != nil && dirname != nil { throw ValidationError("--filename and --dirname exclude each other") }
        if rpcProps == nil && (host == nil || port == nil) { throw ValidationError("--host and --port, or --rpcProps") }
    }

    func run() async throws {
        do {
            let process = ProcessSettings(
                systemProperties: SystemProperties.parse(defines),
                environment: ProcessInfo.processInfo.environment
            )
            let job = try job()
            let client = AvroFileClient(job, process: process, group: .singletonMultiThreadedEventLoopGroup)
            let sent = try await client.run()
            print("sent \(sent) events to \(job.host):\(job.port)")
        } catch let error as ExitCode {
            throw error
        } catch {
            FileHandle.standardError.write(Data("error: \(error)\n".utf8))
            throw ExitCode(1)
        }
    }

    private func job() throws -> AvroFileClient.Job {
        let properties = try AvroFileClient.properties(rpcProps)
        let target = try AvroFileClient.target(host: host, port: port, properties: properties)
        var files = filename.map { [$0] } ?? []
        var suffix: String?
        if let dirname { (files, suffix) = try AvroFileClient.spooled(in: dirname) }
        var job = AvroFileClient.Job(
            host: target.host,
            port: target.port,
            files: files,
            headers: try AvroFileClient.headers(headerFile),
            properties: properties
        )
        job.batchSize = max(1, try properties.int("batch-size", default: job.batchSize))
        job.doneSuffix = suffix
        job.readsStandardInput = filename == nil && dirname == nil
        return job
    }
}
