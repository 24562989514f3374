internal import CRdKafka

/// Records for one topic that librdkafka takes in one call, for less than a call each costs: without partition, time and
/// headers of their own. It points at their bytes, which must be there until `flush`.
@safe struct RecordRun: ~Copyable {
    private static let capacity = 128

    private let records: UnsafeMutablePointer<rd_kafka_message_t>
    private var topic: OpaquePointer?
    private(set) var count = 0

    init() {
        unsafe records = .allocate(capacity: Self.capacity)
        unsafe records.initialize(repeating: rd_kafka_message_t(), count: Self.capacity)
    }

    deinit { unsafe records.deallocate() }

    /// Whether one more for this topic may be added.
    @inline(__always)
    func hasRoom(for topic: OpaquePointer) -> Bool {
        unsafe count == 0 || count < Self.capacity && topic == self.topic
    }

    @inline(__always)
    mutating func add(
        _ value: UnsafeRawBufferPointer,
        key: UnsafeRawBufferPointer?,
        opaque: UInt64,
        to topic: OpaquePointer
    ) {
        precondition(count < Self.capacity, "a run is flushed when it is full")
        unsafe self.topic = unsafe topic
        unsafe records[count].payload = unsafe UnsafeMutableRawPointer(mutating: value.baseAddress)
        unsafe records[count].len = value.count
        unsafe records[count].key = unsafe UnsafeMutableRawPointer(mutating: key?.baseAddress)
        unsafe records[count].key_len = unsafe key?.count ?? 0
        unsafe records[count]._private = UnsafeMutableRawPointer(bitPattern: UInt(opaque))
        count += 1
    }

    /// Gives all to librdkafka, which copies them, and calls `failed` in order with each that it did not take, until
    /// that throws.
    mutating func flush<Failure: Error>(
        _ failed: (_ opaque: UInt64, rd_kafka_resp_err_t) throws(Failure) -> Void
    ) throws(Failure) {
        guard let topic = unsafe topic else { return }
        let given = count
        count = 0
        let taken = unsafe rd_kafka_produce_batch(
            topic,
            RD_KAFKA_PARTITION_UA,
            RD_KAFKA_MSG_F_COPY,
            records,
            Int32(given)
        )
        guard Int(taken) < given else { return }
        for index in 0..<given {
            let error = unsafe records[index].err
            if error != RD_KAFKA_RESP_ERR_NO_ERROR { unsafe try failed(tributary_kafka_opaque(records + index), error) }
        }
    }
}
