#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Runs the program of a config filter `external`. Blocks until it ends: the configuration is read before anything runs.
enum FilterProgram {
    /// What a program may print: a value is one line, and nobody's secret is longer.
    private static let longestOutput = 1 << 20

    /// The exit status, 127 where it cannot be started and 128 and the signal's number where one ended it, and what it
    /// printed.
    @Sendable static func run(_ arguments: [String]) -> (status: Int32, output: [UInt8]) {
        let program: ChildProcess
        do throws(ChildProcess.SpawnError) {
            program = try ChildProcess.spawn(arguments, readsErrors: false)
        } catch {
            return (127, [])
        }
        var output: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while output.count < longestOutput {
            let got = unsafe read(program.output, &piece, piece.count)
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { break }
            output += piece.prefix(got)
        }
        close(program.output)
        switch program.reap() {
        case .status(let status): return (status, output)
        case .signal(let signal): return (128 + signal, output)
        }
    }
}
