import Foundation
import Secure

/// The stores of the folder Stores, which a JDK made: tests of the readers need none.
enum Fixture {
    struct Missing: Error { let name: String }

    static func path(_ name: String) throws -> String {
        guard let url = Bundle.module.resourceURL?.appendingPathComponent("Stores/\(name)"),
            FileManager.default.fileExists(atPath: url.path)
        else { throw Missing(name: name) }
        return url.path
    }

    static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: self.path(name))))
    }

    static func store(_ name: String, _ password: String? = "changeit", type: StoreType? = nil) throws -> StoreReference
    {
        StoreReference(path: try self.path(name), password: password, type: type)
    }

    static func bytes(hex: String) -> [UInt8] {
        let digits = Array(hex)
        return stride(from: 0, to: digits.count - 1, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }
    }
}
