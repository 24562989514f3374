import Foundation
import Synchronization

/// A folder for one test and the programs that run in it; both are gone when the test is over, however it ended.
package final class Workspace: Sendable {
    package let folder: String
    private let programs = Mutex<[Program]>([])

    private init() throws {
        // A socket's path and a log line stay short.
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("tiers-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        // As a program finds it when it asks for its working directory.
        folder =
            realpath(url.path, nil).map { path in
                defer { free(path) }
                return String(cString: path)
            } ?? url.path
    }

    /// Runs `body` in a new workspace.
    package static func use<Result>(_ body: (Workspace) async throws -> Result) async throws -> Result {
        let workspace = try Workspace()
        defer { workspace.close() }
        return try await body(workspace)
    }

    private func close() {
        for program in programs.withLock({ $0 }) where program.isRunning { program.killNow() }
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// The path of a file in the folder.
    package func path(_ name: String) -> String { "\(folder)/\(name)" }

    /// Writes a file and gives its path.
    @discardableResult
    package func write(_ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path(name)))
        return path(name)
    }

    package func append(_ name: String, _ text: String) throws {
        // As loggers open their files: somebody may rename or empty it between two calls.
        let descriptor = open(path(name), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try file.write(contentsOf: Data(text.utf8))
    }

    /// What a file holds; empty where there is none.
    package func text(_ name: String) -> String {
        String(decoding: (try? Data(contentsOf: URL(fileURLWithPath: path(name)))) ?? Data(), as: UTF8.self)
    }

    package func makeFolder(_ name: String) throws -> String {
        try FileManager.default.createDirectory(atPath: path(name), withIntermediateDirectories: true)
        return path(name)
    }

    /// Paths of a folder's files, in order.
    package func files(_ name: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path(name))) ?? []).sorted().map {
            path("\(name)/\($0)")
        }
    }

    /// Starts a program in the folder.
    ///
    /// - Parameters:
    ///   - name: for messages, and of the files with its output; may come again, after the first ended.
    ///   - input: the path of a file.
    package func start(
        _ name: String,
        _ program: String,
        _ arguments: [String],
        environment: [String: String] = [:],
        input: String? = nil
    ) throws -> Program {
        let life = programs.withLock { $0.filter { $0.name == name }.count }
        var surroundings = ChildProcess.Surroundings()
        surroundings.directory = folder
        surroundings.environment = environment
        surroundings.input = input
        let output = path("\(name).\(life).out")
        let errors = path("\(name).\(life).err")
        surroundings.output = output
        surroundings.errors = errors
        let process = try ChildProcess(program, arguments, surroundings)
        let started = Program(name: name, process: process, output: output, errors: errors)
        programs.withLock { $0.append(started) }
        return started
    }
}
