import Agent
import ArgumentParser
import NIOCore
import NIOPosix

struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Ask a running agent how it does: exit code 0 when it is well, else 1."
    )

    @Option(name: .customLong("host"), help: "Where the agent's monitoring server listens.")
    var host = "localhost"

    @Option(name: .customLong("port"), help: "Its -Dflume.monitoring.port.")
    var port = 41414

    @Flag(name: .customLong("alive"), help: "Ask only whether the process answers, not whether it can do its work.")
    var alive = false

    @Option(name: .customLong("timeout"), help: "Milliseconds.")
    var timeout = 5000

    func run() async throws {
        let probe = HealthProbe(
            host: host,
            port: port,
            question: alive ? .alive : .ready,
            timeout: .milliseconds(Int64(timeout))
        )
        let (ok, text) = await probe.run(group: .singletonMultiThreadedEventLoopGroup)
        print(text)
        if !ok { throw ExitCode(1) }
    }
}
