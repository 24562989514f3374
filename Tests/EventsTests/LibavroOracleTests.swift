import CAvro
import Events
import NIOCore
import TestSupport
import Testing

/// libavro writes, we read; we write, libavro reads.
@Suite(.ownThread) struct LibavroOracleTests {
    private static let schemaText = """
        {"type":"array","items":{"type":"record","name":"AvroFlumeEvent","fields":[\
        {"name":"headers","type":{"type":"map","values":"string"}},{"name":"body","type":"bytes"}]}}
        """

    /// libavro's schema, value class and a value of it, freed with this object.
    private final class Oracle {
        private var schema: avro_schema_t?
        private let interface: UnsafeMutablePointer<avro_value_iface_t>?
        var value = avro_value_t()

        init() {
            avro_schema_from_json_length(schemaText, schemaText.utf8.count, &schema)
            interface = avro_generic_class_from_schema(schema)
            avro_generic_value_new(interface, &value)
        }

        deinit {
            avro_value_decref(&value)
            tributary_avro_class_free(interface)
            avro_schema_decref(schema)
        }

        func write(_ events: [Event]) -> [UInt8] {
            for event in events {
                var element = avro_value_t()
                tributary_avro_append(&value, &element)
                var headers = avro_value_t()
                tributary_avro_field(&element, "headers", &headers)
                for (key, text) in event.headers {
                    var header = avro_value_t()
                    tributary_avro_add(&headers, key, &header)
                    tributary_avro_set_string(&header, text)
                }
                var body = avro_value_t()
                tributary_avro_field(&element, "body", &body)
                var bytes = Array(event.body.readableBytesView)
                tributary_avro_set_bytes(&body, &bytes, bytes.count)
            }
            var size = 0
            avro_value_sizeof(&value, &size)
            var output = [CChar](repeating: 0, count: max(size, 1))
            let writer = avro_writer_memory(&output, Int64(size))
            #expect(avro_value_write(writer, &value) == 0)
            avro_writer_free(writer)
            return output.prefix(size).map { UInt8(bitPattern: $0) }
        }

        func read(_ bytes: [UInt8]) -> [Event]? {
            let input = bytes.map { CChar(bitPattern: $0) }
            let reader = avro_reader_memory(input, Int64(input.count))
            defer { avro_reader_free(reader) }
            guard avro_value_read(reader, &value) == 0 else { return nil }
            var count = 0
            tributary_avro_count(&value, &count)
            return (0..<count).compactMap { index in
                var element = avro_value_t()
                tributary_avro_at(&value, index, &element, nil)
                return LibavroEvent.read(&element)
            }
        }
    }

    private static func randomEvents(_ generator: inout SeededGenerator) -> [Event] {
        (0..<Int.random(in: 0...20, using: &generator)).map { _ in
            var headers: [String: String] = [:]
            for _ in 0..<Int.random(in: 0...6, using: &generator) {
                headers["key\(Int.random(in: 0...9, using: &generator))"] = String(
                    repeating: "ü",
                    count: Int.random(in: 0...40, using: &generator)
                )
            }
            let length = [0, 1, 63, 64, 100, 8191, 8192, 20000].randomElement(using: &generator)!
            return Event(
                headers: headers,
                body: ByteBuffer(repeating: UInt8.random(in: 0...255, using: &generator), count: length)
            )
        }
    }

    @Test func libavroWritesAndWeRead() throws {
        var generator = SeededGenerator.announced("libavroWritesAndWeRead")
        for _ in 0..<200 {
            let events = Self.randomEvents(&generator)
            let bytes = Oracle().write(events)
            let (batch, consumed) = try EventBatch.decode(array: ByteBuffer(bytes: bytes))
            #expect(consumed == bytes.count)
            #expect(batch.events == events)
        }
    }

    @Test func weWriteAndLibavroReads() throws {
        var generator = SeededGenerator.announced("weWriteAndLibavroReads")
        for _ in 0..<200 {
            let events = Self.randomEvents(&generator)
            var builder = EventBatchBuilder()
            for event in events { builder.append(event) }
            let batch = builder.finish()
            #expect(Oracle().read(Self.array(batch)) == events)
        }
    }

    @Test func headersSetReplacedAndRemovedAreWhatLibavroReads() throws {
        var generator = SeededGenerator.announced("headersSetReplacedAndRemoved")
        for _ in 0..<200 {
            let events = Self.randomEvents(&generator)
            var builder = EventBatchBuilder()
            for event in events { builder.append(event) }
            let batch = builder.finish()
            let kept = events.map { event in
                Event(headers: ["key1": "new"].merging(event.headers) { _, old in old }, body: event.body)
            }
            let replaced = events.map { event in
                Event(headers: event.headers.merging(["key1": "new"]) { _, new in new }, body: event.body)
            }
            let removed = events.map { event in
                Event(headers: event.headers.filter { $0.key != "key1" }, body: event.body)
            }
            #expect(Oracle().read(Self.array(batch.settingHeader("key1", to: "new", existing: .keep))) == kept)
            #expect(Oracle().read(Self.array(batch.settingHeader("key1", to: "new", existing: .replace))) == replaced)
            #expect(Oracle().read(Self.array(batch.removingHeader("key1"))) == removed)
            #expect(batch.settingHeader("key1", to: "new", existing: .replace).events == replaced)
        }
    }

    /// A batch as the array that goes on the wire.
    private static func array(_ batch: EventBatch) -> [UInt8] {
        var buffer = ByteBuffer()
        if !batch.isEmpty { buffer.writeAvroLong(Int64(batch.count)) }
        buffer.writeImmutableBuffer(batch.bytes)
        buffer.writeAvroLong(0)
        return Array(buffer.readableBytesView)
    }
}
