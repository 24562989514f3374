/// The config filters of one agent: `${f1['key']}` in a component's value is replaced by what filter `f1` knows.
struct ConfigFilters {
    /// Runs a program and gives its exit status and standard output; a program that cannot be started has a status
    /// other than 0.
    typealias Run = @Sendable (_ arguments: [String]) -> (status: Int32, output: [UInt8])

    enum Filter {
        case environment([String: String])
        /// The command's words; the key goes behind them.
        case external([String], Run?)
        /// Configured, but refused: its references stay literal without more words.
        case broken
    }

    private struct Reference: Hashable {
        let filter: String
        let key: String
    }

    private struct Failure: Error {
        let message: String
    }

    private var filters: [String: Filter] = [:]
    private var known: [Reference: String] = [:]

    mutating func add(_ filter: Filter, name: String) {
        filters[name] = filter
    }

    /// Whether the text between `${` and `}` has the form of a reference to a filter.
    static func isReference(_ expression: [UInt8]) -> Bool {
        parse(expression[...]) != nil
    }

    /// `value` with every reference replaced that a filter answers; the others stay, with a note.
    mutating func replace(_ setting: Setting, diagnostics: inout Diagnostics) -> Setting {
        guard setting.value.utf8.contains(0x24) else { return setting }
        let text = Array(setting.value.utf8)
        var result: [UInt8] = []
        var position = 0
        var isChanged = false
        while position < text.count {
            guard text[position] == 0x24, position + 1 < text.count, text[position + 1] == 0x7B,
                let end = text[position...].firstIndex(of: 0x7D),
                let reference = Self.parse(text[position + 2..<end])
            else {
                result.append(text[position])
                position += 1
                continue
            }
            switch answer(reference) {
            case .success(let value):
                result += Array(value.utf8)
                isChanged = true
            case .failure(let failure):
                if !failure.message.isEmpty {
                    let written = String(decoding: text[position...end], as: UTF8.self)
                    diagnostics.note("`\(written)` stays as it is: \(failure.message)", at: setting.location)
                }
                result += text[position...end]
            }
            position = end + 1
        }
        guard isChanged else { return setting }
        var changed = setting
        changed.value = String(decoding: result, as: UTF8.self)
        changed.isVerbatim = false
        return changed
    }

    private mutating func answer(_ reference: Reference) -> Result<String, Failure> {
        if let value = known[reference] { return .success(value) }
        switch filters[reference.filter] {
        case nil:
            return .failure(Failure(message: "no config filter is named `\(reference.filter)`"))
        case .broken:
            return .failure(Failure(message: ""))
        case .environment(let environment):
            guard let value = environment[reference.key] else {
                return .failure(Failure(message: "the environment has no `\(reference.key)`"))
            }
            return .success(value)
        case .external(let command, let run):
            guard let run else { return .failure(Failure(message: "no program is run here")) }
            let (status, output) = run(command + [reference.key])
            guard status == 0 else {
                return .failure(Failure(message: "the filter's command ended with status \(status)"))
            }
            guard let line = output.split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false).first,
                !line.isEmpty
            else { return .failure(Failure(message: "the filter's command printed nothing")) }
            let value = String(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self)
            known[reference] = value
            return .success(value)
        }
    }

    /// `name[key]`, `name['key']` or `name["key"]`; name and key of letters, digits, `_` and `-`.
    private static func parse(_ text: ArraySlice<UInt8>) -> Reference? {
        guard let open = text.firstIndex(of: 0x5B), text.last == 0x5D else { return nil }
        var key = text[(open + 1)..<(text.endIndex - 1)]
        if let quote = key.first, quote == 0x27 || quote == 0x22 {
            guard key.count > 2, key.last == quote else { return nil }
            key = key.dropFirst().dropLast()
        }
        let name = text[..<open]
        guard !name.isEmpty, !key.isEmpty, name.allSatisfy(isWord), key.allSatisfy(isWord) else { return nil }
        return Reference(filter: String(decoding: name, as: UTF8.self), key: String(decoding: key, as: UTF8.self))
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x2D: true
        default: false
        }
    }
}
