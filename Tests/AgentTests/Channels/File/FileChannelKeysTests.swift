import AvroRPC
import Foundation
import Journal
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Agent

@Suite struct FileChannelKeysTests {
    private func settings(
        _ values: [String: String],
        _ notes: Recorded<Diagnostic> = Recorded()
    ) throws
        -> FileChannelSettings
    {
        try FileChannelSettings(FileRig.context(values, notes: notes))
    }

    @Test func defaultsAreFlumes() throws {
        let made = try settings([:])
        #expect(made.checkpointDirectory == "/nobody/.flume/file-channel/checkpoint")
        #expect(made.dataDirectories == ["/nobody/.flume/file-channel/data"])
        #expect(made.transactionCapacity == 10_000)
        #expect(made.journal.segmentSize == 64 << 20)
        #expect(made.journal.minimumRequiredSpace == 524_288_000)
        #expect(made.journal.sync == .everyGroup)
        #expect(made.journal.name == "channel c of agent a")
        #expect(made.encryption == nil)
        let channel = try FileChannel(FileRig.context([:]))
        #expect(channel.room?.capacity == 1_000_000)
        #expect(channel.keepAlive == .seconds(3))
        #expect(channel.unsavedSize == 0)
    }

    /// Each answer alone would wake the loop on the writer's core, and the two would take turns.
    @Test func answersOfAGroupComeToALoopTogether() async throws {
        let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = loops.next()
        let ran = Recorded<Int>()
        let made = try settings([:])
        let early = await ThreadExecutor.run {
            var early = 0
            made.journal.answering(
                { for number in 0..<3 { LoopHandover.run(on: loop) { ran.add(number) } } },
                {
                    usleep(20_000)
                    early = ran.count
                }
            )
            return early
        }
        #expect(early == 0)
        try await loop.submit {}.get()
        #expect(ran.all == [0, 1, 2])
        try await loops.shutdownGracefully()
    }

    /// A writer that is woken at the first append of many would store that one alone.
    @Test func theWriterIsWokenAfterTheTurn() async throws {
        let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let made = try settings([:])
        let (news, order) = (Signal(), Recorded<String>())
        async let woken: Void = ThreadExecutor.run {
            news.wait(until: nil)
            order.add("woken")
        }
        try await loops.next().submit {
            for name in ["first", "last"] {
                made.journal.announcing(news)
                usleep(20_000)
                order.add(name)
            }
        }.get()
        await woken
        #expect(order.all == ["first", "last", "woken"])
        try await loops.shutdownGracefully()
    }

    @Test func values() throws {
        let made = try settings([
            "checkpointDir": "/c", "dataDirs": " /d1, /d2,,/d1 ", "maxFileSize": "2146435071",
            "minimumRequiredSpace": "5", "fsyncPerTransaction": "false", "fsyncInterval": "7",
        ])
        #expect(made.dataDirectories == ["/d1", "/d2"])
        #expect(made.journal.segmentSize == 64 << 20)
        #expect(made.journal.minimumRequiredSpace == 1_048_576)
        #expect(made.journal.sync == .interval(7_000_000_000))
        #expect(try settings(["maxFileSize": "5000000"]).journal.segmentSize == 5_000_000)
        #expect(try settings(["maxFileSize": "1"]).journal.segmentSize == 1 << 20)
        #expect(try settings(["fsyncPerTransaction": "true", "fsyncInterval": "7"]).journal.sync == .everyGroup)
    }

    @Test(arguments: [
        ("/x: in use", "dataDirs"), ("/x/checkpoint: in use", "checkpointDir"), ("/x/checkpoint/d: in use", "dataDirs"),
    ])
    func theKeyOfADirectoryThatLiesInAnother(message: String, key: String) throws {
        let made = try settings(["checkpointDir": "/x/checkpoint", "dataDirs": "/x,/x/checkpoint/d"])
        #expect(made.key(of: message) == key)
    }

    @Test(arguments: ["0", "-5"])
    func numbersThatAreNotAboveZeroGiveTheDefault(text: String) throws {
        let notes = Recorded<Diagnostic>()
        #expect(try settings(["transactionCapacity": text], notes).transactionCapacity == 10_000)
        #expect(notes.all.map(\.grade) == [.note])
        let channel = try FileChannel(FileRig.context(["capacity": text], notes: notes))
        #expect(channel.room?.capacity == 1_000_000)
        #expect(notes.all.last?.message.contains("the default 1000000 is used, as in Flume") == true)
    }

    @Test(
        arguments: [
            (["transactionCapacity": "many"], "`a.channels.c.transactionCapacity`: `many` is not a whole number"),
            (["capacity": "1k"], "`a.channels.c.capacity`: `1k` is not a whole number"),
            (["keep-alive": "3s"], "`a.channels.c.keep-alive`: `3s` is not a whole number of seconds"),
            (["maxFileSize": "0"], "`a.channels.c.maxFileSize`: 0 is out of range"),
            (["minimumRequiredSpace": "x"], "`a.channels.c.minimumRequiredSpace`: `x` is not a whole number"),
            (
                ["fsyncPerTransaction": "false", "fsyncInterval": "0"],
                "`a.channels.c.fsyncInterval`: 0 is out of range"
            ),
            (
                ["encryption.activeKey": "k"],
                "`a.channels.c.encryption.activeKey`: needs `a.channels.c.encryption.keyProvider`"
            ),
            (
                ["encryption.keyProvider": "JCEKSFILE", "encryption.activeKey": "k"],
                "`a.channels.c.encryption.keyProvider`: needs `a.channels.c.encryption.cipherProvider`"
            ),
            (
                Self.encrypted(["encryption.keyProvider": "JCEKSFILE"]),
                "`a.channels.c.encryption.keyProvider.keys` is missing"
            ),
            (
                Self.encrypted(["encryption.keyProvider.keys": "a b"]),
                "`a.channels.c.encryption.activeKey`: `k` is not one of `a.channels.c.encryption.keyProvider.keys` (a, b)"
            ),
            (
                Self.encrypted(["encryption.keyProvider.keys": "k"]),
                "`a.channels.c.encryption.keyProvider.keys.k.file` is missing"
            ),
            (
                Self.encrypted(["encryption.keyProvider": "jceksfile", "encryption.keyProvider.keys": "k"]),
                "`a.channels.c.encryption.keyProvider.keyStoreFile` is missing"
            ),
        ] as [([String: String], String)]
    )
    func badValues(values: [String: String], expected: String) {
        let fault = #expect(throws: ConfigurationFault.self) { try FileChannel(FileRig.context(values)) }
        #expect(fault?.message.hasPrefix(expected) == true, "\(fault?.message ?? "")")
    }

    private static func encrypted(_ values: [String: String]) -> [String: String] {
        [
            "encryption.keyProvider": "RAWFILE", "encryption.activeKey": "k",
            "encryption.cipherProvider": "AESCTRNOPADDING",
        ].merging(values) { $1 }
    }

    @Test(
        arguments: [
            ("/x/data", "/x/data", "dataDirs"), ("/x/data", "/y, /x//./data/", "dataDirs"),
            ("/x/checkpoint", "/x/../x/checkpoint", "dataDirs"), ("relative", "./relative", "dataDirs"),
        ]
    )
    func twoChannelsWithOneDirectory(first: String, second: String, key: String) throws {
        let claims = DirectoryClaims()
        _ = try FileChannel(
            FileRig.context(["checkpointDir": first, "dataDirs": first], directories: claims, name: "c1")
        )
        let fault = #expect(throws: ConfigurationFault.self) {
            try FileChannel(
                FileRig.context(["checkpointDir": "/z", "dataDirs": second], directories: claims, name: "c2")
            )
        }
        #expect(fault?.message.hasPrefix("`a.channels.c2.\(key)`: the directory ") == true, "\(fault?.message ?? "")")
        #expect(fault?.message.hasSuffix("is that of channel `c1`") == true)
    }

    /// Every key of Flume's is known; those that do nothing here say so.
    @Test func everyKeyOfFlumesIsKnown() throws {
        let text = """
            a.channels = c
            a.sources = r
            a.sources.r.type = seq
            a.sources.r.channels = c
            a.channels.c.type = FILE
            a.channels.c.checkpointDir = /c
            a.channels.c.useDualCheckpoints = false
            a.channels.c.backupCheckpointDir = /b
            a.channels.c.compressBackupCheckpoint = false
            a.channels.c.dataDirs = /d
            a.channels.c.capacity = 1000000
            a.channels.c.transactionCapacity = 10000
            a.channels.c.checkpointInterval = 30000
            a.channels.c.maxFileSize = 1623195647
            a.channels.c.minimumRequiredSpace = 524288000
            a.channels.c.keep-alive = 3
            a.channels.c.use-log-replay-v1 = false
            a.channels.c.use-fast-replay = false
            a.channels.c.checkpointOnClose = true
            a.channels.c.fsyncPerTransaction = true
            a.channels.c.fsyncInterval = 5
            a.channels.c.encryption.activeKey = key-0
            a.channels.c.encryption.cipherProvider = AESCTRNOPADDING
            a.channels.c.encryption.keyProvider = JCEKSFILE
            a.channels.c.encryption.keyProvider.keyStoreFile = /k
            a.channels.c.encryption.keyProvider.keyStorePasswordFile = /p
            a.channels.c.encryption.keyProvider.keys = key-0 key-1
            a.channels.c.encryption.keyProvider.keys.key-0.passwordFile = /q

            """
        let outcome = ConfigurationLoader.load(
            files: [(path: "f", bytes: Array(text.utf8))],
            agent: "a",
            catalog: ComponentRegistry.core.catalog
        )
        let silent = [
            "useDualCheckpoints", "backupCheckpointDir", "compressBackupCheckpoint", "checkpointInterval",
            "use-log-replay-v1", "use-fast-replay", "checkpointOnClose",
        ]
        let messages = outcome.diagnostics.all.map(\.message)
        #expect(messages.count == silent.count, "\(messages)")
        for key in silent {
            #expect(messages.contains { $0.hasPrefix("`a.channels.c.\(key)` has no effect: ") }, "\(key)")
        }
        #expect(outcome.configuration != nil)
    }
}
