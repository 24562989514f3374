/// What is kept of librdkafka's statistics (STATISTICS.md): numbers and words by path, `brokers.b:9092/1.rtt.avg`.
struct ClientStatistics {
    /// Values that are no objects or lists, by the names above them; a name keeps its own dots and slashes.
    private(set) var values: [[String]: String] = [:]

    init(_ json: String) {
        var reader = Reader(rest: Array(json.utf8)[...])
        reader.value([], &values)
    }

    func number(_ path: String...) -> Int { values[path].flatMap { Int($0) } ?? 0 }
    func word(_ path: String...) -> String { values[path] ?? "" }

    /// The names of the brokers that stand for a machine: not the ones of groups and bootstrap addresses.
    var brokers: [String] {
        let names = values.keys.compactMap { $0.count == 3 && $0[0] == "brokers" && $0[2] == "nodeid" ? $0[1] : nil }
        return names.filter { number("brokers", $0, "nodeid") >= 0 }.sorted()
    }

    /// The sum of a number over all brokers.
    func sum(_ name: String) -> Int {
        values.reduce(0) { sum, value in
            let path = value.key
            return path.count == 3 && path[0] == "brokers" && path[2] == name ? sum + (Int(value.value) ?? 0) : sum
        }
    }

    /// JSON as librdkafka writes it; what is malformed ends the reading.
    private struct Reader {
        var rest: ArraySlice<UInt8>

        private mutating func skip() {
            while let byte = rest.first, byte <= UInt8(ascii: " ") { rest.removeFirst() }
        }

        private mutating func take(_ byte: UInt8) -> Bool {
            skip()
            guard rest.first == byte else { return false }
            rest.removeFirst()
            return true
        }

        private mutating func string() -> String? {
            guard take(UInt8(ascii: "\"")) else { return nil }
            var bytes: [UInt8] = []
            while let byte = rest.popFirst(), byte != UInt8(ascii: "\"") {
                if byte == UInt8(ascii: "\\"), let next = rest.popFirst() {
                    bytes.append(next)
                } else {
                    bytes.append(byte)
                }
            }
            return String(decoding: bytes, as: UTF8.self)
        }

        @discardableResult
        mutating func value(_ path: [String], _ values: inout [[String]: String]) -> Bool {
            if take(UInt8(ascii: "{")) {
                if take(UInt8(ascii: "}")) { return true }
                repeat {
                    guard let name = string(), take(UInt8(ascii: ":")), value(path + [name], &values) else {
                        return false
                    }
                } while take(UInt8(ascii: ","))
                return take(UInt8(ascii: "}"))
            }
            if take(UInt8(ascii: "[")) {
                if take(UInt8(ascii: "]")) { return true }
                var ignored: [[String]: String] = [:]
                repeat { guard value(path, &ignored) else { return false } } while take(UInt8(ascii: ","))
                return take(UInt8(ascii: "]"))
            }
            if rest.first == UInt8(ascii: "\"") {
                guard let text = string() else { return false }
                values[path] = text
                return true
            }
            let ends = Array(",}] \t\r\n".utf8)
            let word = rest.prefix { !ends.contains($0) }
            guard !word.isEmpty else { return false }
            rest.removeFirst(word.count)
            values[path] = String(decoding: word, as: UTF8.self)
            return true
        }
    }
}
