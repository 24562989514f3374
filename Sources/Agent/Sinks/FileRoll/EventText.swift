internal import Events
internal import NIOCore

/// Flume's text serializers: an event as a line of a file.
struct EventText: Hashable, Sendable {
    private static let text = TypeEntry(
        alias: "text",
        className: "org.apache.flume.serialization.BodyTextEventSerializer$Builder",
        keys: [KeySpec("appendNewline", form: .boolean)]
    )
    private static let headerAndText = TypeEntry(
        alias: "header_and_text",
        className: "org.apache.flume.serialization.HeaderAndBodyTextEventSerializer$Builder",
        keys: [KeySpec("appendNewline", form: .boolean)]
    )
    static let types = [text, headerAndText]

    private let writesHeaders: Bool
    private let appendsNewline: Bool

    /// - Parameter key: the key that names the serializer; its own keys stand behind that and a dot.
    init(_ settings: ComponentSettings, key: String) throws(ConfigurationFault) {
        let part = settings.subsettings(key, kind: .eventSerializer, defaultType: "TEXT")
        let name = part.type
        guard let entry = Self.types.first(where: { $0.alias == name.lowercased() || $0.className == name }) else {
            throw settings.fault(
                key,
                "`\(name)` is not a serializer that this sink has",
                advice: "`text` writes bodies, `header_and_text` headers and bodies"
            )
        }
        writesHeaders = entry == Self.headerAndText
        appendsNewline = part.bool("appendNewline", default: true)
    }

    /// Appends all events of a batch.
    func write(_ batch: EventBatch, to output: inout ByteBuffer) {
        output.reserveCapacity(minimumWritableBytes: batch.bytes.readableBytes + batch.count * 4)
        unsafe batch.forEachEvent { _, event in
            if writesHeaders {
                var headers = ""
                let behind = unsafe EventDump.appendHeaders(event, to: &headers)
                output.writeString(headers)
                output.writeString(" ")
                unsafe output.writeBytes(event.body(at: behind))
            } else {
                unsafe output.writeBytes(event.body)
            }
            if appendsNewline { output.writeInteger(UInt8(0x0A)) }
        }
    }
}
