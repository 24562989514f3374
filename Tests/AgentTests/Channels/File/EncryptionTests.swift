import Events
import Foundation
import Journal
import NIOCore
import Secure
import TestSupport
import Testing

@testable import Agent

@Suite struct EncryptionTests {
    private let directory: TestDirectory

    init() throws { directory = try TestDirectory() }

    private func writeKey(_ name: String, _ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: directory.path + "/" + name))
    }

    private func raw(_ aliases: [String], active: String) -> [String: String] {
        var values = [
            "encryption.keyProvider": "RAWFILE", "encryption.cipherProvider": "AESCTRNOPADDING",
            "encryption.activeKey": active, "encryption.keyProvider.keys": aliases.joined(separator: " "),
        ]
        for alias in aliases { values["encryption.keyProvider.keys.\(alias).file"] = "\(directory.path)/\(alias).key" }
        return values
    }

    private func text(_ numbers: Range<Int>) -> EventBatch {
        Harness.batch(numbers.map { "a secret of number \($0)" })
    }

    private func bodies(_ rig: FileRig) async -> [String] {
        var bodies: [String] = []
        while rig.channel.size > 0, let delivery = await rig.take() {
            bodies += delivery.batch.events.map { String(buffer: $0.body) }
            delivery.finish(.delivered)
        }
        return bodies
    }

    private func filesHold(_ text: String) throws -> Bool {
        let folder = directory.path + "/data"
        return try FileManager.default.contentsOfDirectory(atPath: folder).contains { name in
            try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name)).range(of: Data(text.utf8)) != nil
        }
    }

    @Test(arguments: [16, 24, 32])
    func theDiskDoesNotHoldTheText(size: Int) async throws {
        try writeKey("k.key", (0..<size).map { UInt8($0) })
        let rig = try await FileRig.started(directory, raw(["k"], active: "k"))
        try await rig.put(text(0..<3))
        _ = await rig.channel.stop()
        #expect(try !filesHold("secret"))
        let again = try await FileRig.started(directory, raw(["k"], active: "k"))
        #expect(await bodies(again) == (0..<3).map { "a secret of number \($0)" })
        _ = await again.channel.stop()
        // The same without keys, so that the look at the disk is known to find what is there.
        let plain = try await FileRig.started(directory)
        try await plain.put(text(3..<4))
        _ = await plain.channel.stop()
        #expect(try filesHold("secret"))
    }

    @Test func keysAreChangedAndOldSegmentsRead() async throws {
        try writeKey("old.key", [UInt8](repeating: 1, count: 32))
        try writeKey("new.key", [UInt8](repeating: 2, count: 16))
        let plain = try await FileRig.started(directory)
        try await plain.put(text(0..<2))
        _ = await plain.channel.stop()
        let first = try await FileRig.started(directory, raw(["old"], active: "old"))
        try await first.put(text(2..<4))
        _ = await first.channel.stop()
        let second = try await FileRig.started(directory, raw(["old", "new"], active: "new"))
        try await second.put(text(4..<6))
        _ = await second.channel.stop()

        // Each key that is missing is told, and costs nothing.
        for (values, alias) in [
            (raw(["old"], active: "old"), "new"), (raw(["new"], active: "new"), "old"),
        ] {
            let rig = try FileRig(directory, values)
            let error = await #expect(throws: ComponentError.self) { try await rig.channel.start() }
            #expect(error?.code == .environment)
            for part in ["`a.channels.c.encryption.keyProvider`: ", "the key `\(alias)`, which is not configured"] {
                #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
            }
        }
        let none = try FileRig(directory)
        let error = await #expect(throws: ComponentError.self) { try await none.channel.start() }
        #expect(error?.message.contains("is encrypted and no key is configured") == true)

        let last = try await FileRig.started(directory, raw(["new", "old"], active: "new"))
        #expect(last.channel.size == 6)
        #expect(await bodies(last) == (0..<6).map { "a secret of number \($0)" })
        #expect(last.value("LostEventCount") == "0")
        _ = await last.channel.stop()
        // What is delivered needs its key no more.
        let after = try await FileRig.started(directory, raw(["new"], active: "new"))
        _ = await after.channel.stop()
    }

    @Test func anotherKeyUnderTheOldAliasIsNoDamage() async throws {
        try writeKey("k.key", [UInt8](repeating: 1, count: 32))
        let first = try await FileRig.started(directory, raw(["k"], active: "k"))
        try await first.put(text(0..<2))
        _ = await first.channel.stop()
        try writeKey("k.key", [UInt8](repeating: 3, count: 32))
        let second = try FileRig(directory, raw(["k"], active: "k"))
        let error = await #expect(throws: ComponentError.self) { try await second.channel.start() }
        #expect(error?.message.contains("encrypted with another key than what `k` is now") == true)
        try writeKey("k.key", [UInt8](repeating: 1, count: 32))
        let third = try await FileRig.started(directory, raw(["k"], active: "k"))
        #expect(await bodies(third).count == 2)
        _ = await third.channel.stop()
    }

    @Test(
        arguments: [
            ([], "keys.k.file`: `", "cannot be opened"), ([UInt8](repeating: 0, count: 31), "keys`: ", "has 31 bytes"),
        ] as [([UInt8], String, String)]
    )
    func keysThatCannotBeUsed(bytes: [UInt8], key: String, text: String) async throws {
        if !bytes.isEmpty { try writeKey("k.key", bytes) }
        let rig = try FileRig(directory, raw(["k"], active: "k"))
        let error = await #expect(throws: ComponentError.self) { try await rig.channel.start() }
        #expect(error?.code == .environment)
        #expect(
            error?.message.contains("`a.channels.c.encryption.keyProvider.\(key)") == true,
            "\(error?.message ?? "")"
        )
        #expect(error?.message.contains(text) == true, "\(error?.message ?? "")")
        // Nothing was made.
        #expect(!directory.names.contains("data"))
    }

    /// NIST SP 800-38A, F.5.1 and F.5.5.
    @Test(
        arguments: [
            ("2b7e151628aed2a6abf7158809cf4f3c", "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"),
            (
                "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
                "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5"
            ),
        ]
    )
    func theCipherIsAESInCounterMode(key: String, expected: String) throws {
        let cipher = try CounterCipher(key: bytes(key))
        var data = bytes("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51")
        data.withUnsafeMutableBytes { buffer in
            cipher.apply(
                counter: bytes("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"),
                to: UnsafeRawBufferPointer(buffer),
                into: buffer
            )
        }
        #expect(data == bytes(expected))
    }

    private func bytes(_ hex: String) -> [UInt8] {
        let digits = Array(hex)
        return stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0...($0 + 1)]), radix: 16) }
    }

    /// Frames follow each other at least 40 bytes and their payload apart: no counter block may come twice.
    @Test func noBlockOfAKeyStreamComesTwice() throws {
        let ring = SegmentEncryption(active: "k", keys: ["k": [UInt8](repeating: 9, count: 16)])
        let segment = try ring.segment(ring.newParameters())
        var seen: Set<[UInt8]> = []
        var offset = 8_192
        for length in [1, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 40, 1, 1, 160, 8, 23, 16] {
            let blocks = (length + 15) / 16 * 16
            let zeros = [UInt8](repeating: 0, count: blocks)
            var stream = zeros
            zeros.withUnsafeBytes { plain in
                stream.withUnsafeMutableBytes { segment.seal(plain, into: $0, offset: offset) }
            }
            for start in stride(from: 0, to: blocks, by: 16) {
                #expect(seen.insert(Array(stream[start..<(start + 16)])).inserted, "\(offset) \(length)")
            }
            offset += (40 + length + 7) / 8 * 8
        }
    }

    // MARK: Stores of Java's

    private func makeKey(_ alias: String, size: Int, password: String, algorithm: String = "AES") throws {
        try CertificateMaker.run(
            "keytool",
            [
                "-genseckey", "-alias", alias, "-keyalg", algorithm, "-keysize", "\(size)", "-storetype", "JCEKS",
                "-keystore", "\(directory.path)/keys", "-storepass", "storepass", "-keypass", password,
            ],
            in: "/"
        )
    }

    private func store(_ aliases: [String], active: String) throws -> [String: String] {
        try directory.write("store.password", "  storepass\n")
        try directory.write("own.password", "ownpass\n")
        try directory.write("wrong.password", "wrong\n")
        return [
            "encryption.keyProvider": "JCEKSFILE", "encryption.cipherProvider": "AESCTRNOPADDING",
            "encryption.activeKey": active, "encryption.keyProvider.keys": aliases.joined(separator: " "),
            "encryption.keyProvider.keyStoreFile": "\(directory.path)/keys",
            "encryption.keyProvider.keyStorePasswordFile": "\(directory.path)/store.password",
            "encryption.keyProvider.keys.key-1.passwordFile": "\(directory.path)/own.password",
        ]
    }

    @Test(.ownThread, .enabled(if: Keytool.isThere)) func keysOfAKeytoolStore() async throws {
        try makeKey("key-0", size: 256, password: "storepass")
        try makeKey("key-1", size: 128, password: "ownpass")
        try makeKey("mac", size: 256, password: "storepass", algorithm: "HmacSHA256")
        let first = try await FileRig.started(directory, store(["key-0"], active: "key-0"))
        try await first.put(text(0..<2))
        _ = await first.channel.stop()
        let second = try await FileRig.started(directory, store(["key-0", "key-1"], active: "key-1"))
        try await second.put(text(2..<4))
        _ = await second.channel.stop()
        #expect(try !filesHold("secret"))

        for (aliases, more, key, text) in [
            (["key-1", "none"], [:], "keys`: ", "holds no key `none`"),
            (["key-1", "mac"], [:], "keys`: ", "`mac` in \(directory.path)/keys is for HmacSHA256, not for AES"),
            (
                ["key-1"], ["encryption.keyProvider.keys.key-1.passwordFile": "\(directory.path)/store.password"],
                "keys`: ",
                "does not open the key `key-1`"
            ),
            (
                ["key-1"], ["encryption.keyProvider.keyStorePasswordFile": "\(directory.path)/wrong.password"],
                "keyStoreFile`: ", "the password given does not open the JCEKS store"
            ),
            (
                ["key-1"], ["encryption.keyProvider.keyStorePasswordFile": "\(directory.path)/none"],
                "keyStorePasswordFile`: ", "cannot be opened"
            ),
        ] as [([String], [String: String], String, String)] {
            let rig = try FileRig(directory, store(aliases, active: "key-1").merging(more) { $1 })
            let error = await #expect(throws: ComponentError.self) { try await rig.channel.start() }
            let message = error?.message ?? ""
            #expect(message.contains("`a.channels.c.encryption.keyProvider.\(key)"), "\(message)")
            #expect(message.contains(text), "\(message)")
        }

        let last = try await FileRig.started(directory, store(["key-1", "key-0"], active: "key-0"))
        #expect(await bodies(last) == (0..<4).map { "a secret of number \($0)" })
        _ = await last.channel.stop()
    }
}
