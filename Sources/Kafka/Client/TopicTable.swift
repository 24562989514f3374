internal import CRdKafka

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// A producer's topic handles by name, made when a topic is first used.
///
/// Looking one up allocates nothing. Names come from events, so the table is emptied when it holds `limit` of them, which
/// whoever uses handles says when it needs none (`trim`); librdkafka keeps what records on their way still need.
@safe struct TopicTable: ~Copyable {
    @safe private struct Entry {
        let name: [UInt8]
        let handle: OpaquePointer
    }

    /// Handles kept at most, beside those of one batch.
    static let limit = 1_000
    /// What a name is that `isAllowed` refuses, for messages.
    static let isNoName = "is no topic name: 1 to 249 of letters, digits, dots, _ and - are"

    private let client: ClientHandle
    private var entries: [Entry] = []
    private var places: [UInt64: Int] = [:]
    private var last = 0

    init(client: ClientHandle) {
        self.client = client
    }

    deinit {
        for entry in entries { unsafe rd_kafka_topic_destroy(entry.handle) }
    }

    var count: Int { entries.count }

    /// The handle of a topic; `nil` where the name is none that Kafka allows (`isAllowed`).
    @inline(__always)
    mutating func handle(_ name: UnsafeRawBufferPointer) -> OpaquePointer? {
        if last < entries.count, unsafe matches(last, name) { return unsafe entries[last].handle }
        return unsafe lookUp(name)
    }

    private mutating func lookUp(_ name: UnsafeRawBufferPointer) -> OpaquePointer? {
        var hash = unsafe Self.hash(name)
        while let place = places[hash] {
            if unsafe matches(place, name) {
                last = place
                return unsafe entries[place].handle
            }
            hash &+= 1
        }
        guard unsafe Self.isAllowed(name) else { return nil }
        let text = unsafe String(decoding: name, as: UTF8.self)
        guard let handle = unsafe client.withClient({ unsafe rd_kafka_topic_new($0, text, nil) }) else { return nil }
        unsafe entries.append(Entry(name: Array(name), handle: handle))
        last = entries.count - 1
        places[unsafe Self.freePlace(Self.hash(name), places)] = last
        return unsafe handle
    }

    /// Empties a table with too many entries: no handle may be in use.
    mutating func trim() {
        guard entries.count >= Self.limit else { return }
        for entry in entries { unsafe rd_kafka_topic_destroy(entry.handle) }
        entries.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
    }

    @inline(__always)
    private func matches(_ place: Int, _ name: UnsafeRawBufferPointer) -> Bool {
        let entry = entries[place]
        guard entry.name.count == name.count, let base = name.baseAddress else { return false }
        return unsafe entry.name.withUnsafeBytes { unsafe memcmp($0.baseAddress!, base, name.count) == 0 }
    }

    private static func freePlace(_ hash: UInt64, _ places: [UInt64: Int]) -> UInt64 {
        var hash = hash
        while places[hash] != nil { hash &+= 1 }
        return hash
    }

    /// FNV-1a, 64 bits.
    private static func hash(_ name: UnsafeRawBufferPointer) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for at in 0..<name.count { hash = unsafe (hash ^ UInt64(name[at])) &* 0x100_0000_01b3 }
        return hash
    }

    /// 1 to 249 of letters, digits, `.`, `_` and `-`, and neither `.` nor `..` (org.apache.kafka.common.internals.Topic).
    static func isAllowed(_ name: UnsafeRawBufferPointer) -> Bool {
        guard (1...249).contains(name.count) else { return false }
        var onlyDots = true
        for at in 0..<name.count {
            switch unsafe name[at] {
            case UInt8(ascii: "."): continue
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                onlyDots = false
            default: return false
            }
        }
        return !onlyDots || name.count > 2
    }

    static func isAllowed(_ name: String) -> Bool {
        var name = name
        return name.withUTF8 { unsafe isAllowed(UnsafeRawBufferPointer($0)) }
    }
}
