import CAvro
import Events
import Journal
import NIOCore

/// An Avro container file of events, written by libavro: the schema of Flume's serializer `avro_event`
/// (org.apache.flume.serialization.FlumeEventAvroEventSerializer), no codec. The events' bytes go in as they are stored.
@safe
struct AvroContainer {
    private static let schema = #"""
        {"type":"record","name":"Event","fields":[\#
        {"name":"headers","type":{"type":"map","values":"string"}},{"name":"body","type":"bytes"}]}
        """#
    /// Bytes after which a block is written.
    private static let blockSize = 1 << 20

    private let writer: avro_file_writer_t
    /// Bytes of the block that is being filled.
    private var blockBytes = 0

    /// Writes the header.
    ///
    /// - Parameter largest: no event has more bytes. libavro sets so much room for a block aside; what is not written to
    ///   takes no memory.
    init(_ output: StandardOutput, largest: Int) throws(JournalError) {
        var schema: avro_schema_t?
        guard unsafe avro_schema_from_json_length(Self.schema, Self.schema.utf8.count, &schema) == 0 else {
            throw Self.failure()
        }
        defer { unsafe avro_schema_decref(schema) }
        var writer: avro_file_writer_t?
        let result = unsafe avro_file_writer_create_with_codec_fp(
            output.file,
            "standard output",
            0,
            schema,
            &writer,
            "null",
            max(Self.blockSize, largest)
        )
        guard result == 0, let writer = unsafe writer else { throw Self.failure() }
        unsafe self.writer = unsafe writer
    }

    /// - Parameter event: a batch of one.
    mutating func append(_ event: EventBatch) throws(JournalError) {
        let result = unsafe event.bytes.withUnsafeReadableBytes { bytes in
            unsafe avro_file_writer_append_encoded(writer, bytes.baseAddress, Int64(bytes.count))
        }
        guard result == 0 else { throw Self.failure() }
        blockBytes += event.bytes.readableBytes
        guard blockBytes >= Self.blockSize else { return }
        guard unsafe avro_file_writer_sync(writer) == 0 else { throw Self.failure() }
        blockBytes = 0
    }

    /// Writes the last block; nothing may be appended any more.
    func close() throws(JournalError) {
        guard unsafe avro_file_writer_close(writer) == 0 else { throw Self.failure() }
    }

    private static func failure() -> JournalError {
        JournalError(.unusable, "cannot write the Avro file: \(unsafe String(cString: avro_strerror()))")
    }
}
