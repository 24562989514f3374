internal import Events

/// A topic's name with Flume's escapes (org.apache.flume.formatter.output.BucketPath): `%{header}`, `%[localhost]`,
/// `%[IP]`, `%[FQDN]`, and `%Y` and its like from the event's `timestamp` header, in local time.
package struct TopicTemplate: Hashable, Sendable {
    enum Part: Hashable {
        case text([UInt8])
        case header([UInt8])
        case time(UInt8)
        case host(LocalHostNames.Name)
    }

    struct Problem: Error, Hashable {
        let text: String
    }

    /// As it was written: the name where escapes are not to be looked at.
    package let source: String
    let parts: [Part]

    init(literal: String) {
        source = literal
        parts = [.text(Array(literal.utf8))]
    }

    init(_ source: String) throws(Problem) {
        self.source = source
        var parts: [Part] = []
        var text: [UInt8] = []
        var rest = Array(source.utf8)[...]
        func flush() {
            if !text.isEmpty { parts.append(.text(text)) }
            text = []
        }
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%"), let next = rest.first else {
                text.append(byte)
                continue
            }
            switch next {
            case UInt8(ascii: "{"):
                guard let name = Self.bracketed(&rest, UInt8(ascii: "}"), allowing: ".-") else {
                    text.append(byte)
                    continue
                }
                flush()
                parts.append(.header(name))
            case UInt8(ascii: "["):
                guard let name = Self.bracketed(&rest, UInt8(ascii: "]"), allowing: "") else {
                    text.append(byte)
                    continue
                }
                let word = String(decoding: name, as: UTF8.self)
                guard let host = LocalHostNames.Name(rawValue: word.lowercased()) else {
                    throw Problem(text: "holds %[\(word)]; only %[localhost], %[IP] and %[FQDN] are known")
                }
                flush()
                parts.append(.host(host))
            case _ where Self.isWord(next) || next == UInt8(ascii: "%"):
                rest.removeFirst()
                flush()
                parts.append(.time(next))
            default:
                text.append(byte)
            }
        }
        flush()
        self.parts = parts
    }

    /// The name between brackets, of which the opening one is first in `rest`; `nil` where it is no such name.
    private static func bracketed(
        _ rest: inout ArraySlice<UInt8>,
        _ close: UInt8,
        allowing others: String
    ) -> [UInt8]? {
        guard let end = rest.firstIndex(of: close) else { return nil }
        let name = rest[(rest.startIndex + 1)..<end]
        guard !name.isEmpty, name.allSatisfy({ isWord($0) || others.utf8.contains($0) }) else { return nil }
        rest = rest[(end + 1)...]
        return Array(name)
    }

    /// `\w` of Java's regular expressions.
    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// Whether the name is the same for every event.
    var isConstant: Bool {
        parts.allSatisfy { part in
            switch part {
            case .text, .host: true
            case .header, .time: false
            }
        }
    }

    /// Why an event has no topic.
    enum Missing: Error {
        case noTimestamp
        case badTimestamp
    }

    private static let timestamp = StaticHeaderName("timestamp")

    /// Writes the name that `event` has behind what is in `output`. A header that is not there is nothing, as in Flume.
    func write(_ event: UnsafeEvent, host: LocalHostNames, into output: inout [UInt8]) throws(Missing) {
        var time: LocalTime?
        for part in parts {
            switch part {
            case .text(let text): output.append(contentsOf: text)
            case .host(let name): output.append(contentsOf: host[name].utf8)
            case .header(let name):
                if let value = unsafe event.header(named: name) { unsafe output.append(contentsOf: value) }
            case .time(let letter):
                if time == nil {
                    guard let value = unsafe event.header(Self.timestamp) else { throw .noTimestamp }
                    guard let milliseconds = unsafe JavaNumber.long(value) else { throw .badTimestamp }
                    time = LocalTime(milliseconds: milliseconds)
                }
                time?.write(letter, into: &output)
            }
        }
    }
}
