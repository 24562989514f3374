import Foundation
import TestSupport

/// What avro-load or avro-receive printed at its end.
struct LoadReport: CustomStringConvertible {
    let description: String
    private let values: [String: Double]

    init(_ program: Program) throws {
        let line = program.output.split(separator: "\n").last.map(String.init) ?? ""
        description = line
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        values = (object ?? [:]).compactMapValues { ($0 as? NSNumber)?.doubleValue }
    }

    subscript(_ name: String) -> Double? { values[name] }
}
