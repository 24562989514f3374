import Foundation
import TestSupport
import Testing

@testable import Agent

/// A directory of a Java Flume's file channel is left as it is.
@Suite struct FlumeFilesTests {
    private static let javas = ["log-1", "log-1.meta", "log-27", "log-27.meta", "in_use.lock"]
    private static let checkpoint = ["checkpoint", "checkpoint.meta", "inflighttakes", "inflightputs", "in_use.lock"]

    /// What a directory holds: names, bytes, and when each was changed.
    private func picture(_ directory: TestDirectory) throws -> [String: String] {
        var picture: [String: String] = [:]
        let files = FileManager.default
        for name in try files.subpathsOfDirectory(atPath: directory.path) {
            let path = directory.path + "/" + name
            let facts = try files.attributesOfItem(atPath: path)
            let bytes = (try? Data(contentsOf: URL(fileURLWithPath: path)).base64EncodedString()) ?? "directory"
            picture[name] = "\(facts[.modificationDate] ?? "") \(bytes)"
        }
        return picture
    }

    @Test(arguments: [
        ("data", javas), ("checkpoint", checkpoint), ("data", ["log-3"]), ("checkpoint", ["in_use.lock"]),
    ])
    func areRefusedUntouched(folder: String, names: [String]) async throws {
        let directory = try TestDirectory()
        for name in ["data", "checkpoint"] {
            try FileManager.default.createDirectory(
                atPath: directory.path + "/" + name,
                withIntermediateDirectories: true
            )
        }
        for name in names { try directory.write("\(folder)/\(name)", "\u{7F}events of \(name)") }
        let before = try picture(directory)
        #expect(before.count == names.count + 2)
        let rig = try FileRig(directory)
        let error = await #expect(throws: ComponentError.self) { try await rig.channel.start() }
        #expect(error?.code == .environment)
        let key = folder == "data" ? "dataDirs" : "checkpointDir"
        for part in [
            "`a.channels.c.\(key)`", "\(directory.path)/\(folder) holds a Java Flume's file channel", names[0],
            "until ChannelSize is 0", "then empty the directory",
        ] {
            #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
        }
        #expect(await rig.channel.stop() == 0)
        #expect(try picture(directory) == before)
        // Emptied, it is used.
        for name in names { try FileManager.default.removeItem(atPath: directory.path + "/\(folder)/\(name)") }
        try await rig.channel.start()
        try await rig.put([1])
        _ = await rig.channel.stop()
    }

    @Test(
        arguments: [
            ("log-1", true), ("log-123.meta", true), ("log-4.bak", true), ("log-", false), ("log-x", false),
            ("log-1.log", false), ("checkpoint", true), ("queueset", true), ("LOCK", false), ("cursor.0", false),
            ("seg-00000000000000000001-0a0b0c0d.log", false), ("logs", false),
        ]
    )
    func names(name: String, isFlumes: Bool) {
        #expect(FlumeFiles.isFlumes(name) == isFlumes)
    }
}
