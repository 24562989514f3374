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
        help: "A file of client properties: hosts, failover or load balancing, TLS, batch-size."
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

    @Option(name: .customLong("java-option"), help: .hidden)
    var javaOptions: [String] = []

    func validate() throws {
        if filename != nil && dirname != nil { throw ValidationError("--filename and --dirname exclude each other") }
        if rpcProps == nil && (host == nil || port == nil) { throw ValidationError("--host and --port, or --rpcProps") }
        if let port, !(1...65535).contains(port) { throw ValidationError("--port is 1 to 65535") }
    }

    func run() async throws {
        var options = AvroFileOptions()
        options.host = host
        options.port = port
        options.properties = rpcProps
        options.file = filename
        options.folder = dirname
        options.headerFile = headerFile
        let process = ProcessSettings(
            systemProperties: SystemProperties.parse(defines),
            environment: ProcessInfo.processInfo.environment
        )
        let code = await AvroFileClient.main(options, process: process, group: .singletonMultiThreadedEventLoopGroup)
        if code != 0 { throw ExitCode(code) }
    }
}
