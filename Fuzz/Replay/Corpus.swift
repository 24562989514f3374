import Foundation

#if canImport(Subjects)
import Subjects
#endif

/// The inputs that are kept for a subject.
struct Corpus {
    /// The name of a file in Fuzz/Corpora, with its bytes.
    let inputs: [(name: String, bytes: [UInt8])]

    init(_ subject: Subject) throws {
        guard let folder = Bundle.module.url(forResource: subject.rawValue, withExtension: nil, subdirectory: "Corpora")
        else {
            inputs = []
            return
        }
        inputs = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
            .map { ($0.lastPathComponent, [UInt8](try Data(contentsOf: $0))) }
    }
}
