internal import CRdKafka
internal import Events

/// Makes Kafka records of events and gives them to librdkafka, which copies them.
///
/// Not safe from two threads at once; the sink's lock holds it.
@safe struct RecordProducer: ~Copyable {
    let client: ClientHandle
    private var topics: TopicTable
    let fields: RecordFields
    private let headerNames: [String]
    let template: TopicTemplate
    private let host: LocalHostNames
    /// The topic where no event header names one and every event has the same.
    private let constantTopic: [UInt8]?
    private var written: [UInt8] = []
    private var run = RecordRun()
    private let defaultPartition: Int32
    private let hasDefaultPartition: Bool
    let usesEventFormat: Bool
    private let copiesHeaders: Bool
    /// The name of the topic for what Kafka does not take.
    let letterTopic: [UInt8]?
    let maxRecordBytes: Int
    /// Timestamps that were no numbers, since `takeBadTimestamps`.
    private var badTimestamps = 0

    init(client: ClientHandle, settings: KafkaSinkSettings, host: LocalHostNames) {
        self.client = client
        topics = TopicTable(client: client)
        var fields = RecordFields()
        // The key's header has a fixed name (KafkaSinkConstants.KEY_HEADER).
        fields.add("key", .key)
        if settings.allowsTopicOverride { fields.add(settings.topicHeader, .topic) }
        if let name = settings.partitionHeader { fields.add(name, .partition) }
        if let name = settings.timestampHeader { fields.add(name, .timestamp) }
        for (index, header) in settings.recordHeaders.enumerated() { fields.add(header.event, .header(index)) }
        self.fields = fields
        headerNames = settings.recordHeaders.map(\.record)
        self.host = host
        template = settings.allowsTopicOverride ? settings.topic : TopicTemplate(literal: settings.topic.source)
        constantTopic = template.isConstant ? template.constant(host: host) : nil
        defaultPartition = settings.defaultPartition ?? RD_KAFKA_PARTITION_UA
        hasDefaultPartition = settings.defaultPartition != nil
        usesEventFormat = settings.usesEventFormat
        copiesHeaders = settings.copiesHeaders
        letterTopic = settings.deadLetterTopic.map { Array($0.utf8) }
        maxRecordBytes = settings.maxRecordBytes
    }

    /// What was found in an event's headers.
    @unsafe private struct Parts {
        var key: UnsafeRawBufferPointer?
        var topic: UnsafeRawBufferPointer?
        var partition: UnsafeRawBufferPointer?
        var timestamp: UnsafeRawBufferPointer?
        var headers: OpaquePointer?
    }

    /// Hands over a batch's events in order, from the one with the index `first` on.
    ///
    /// - Parameter fail: told of each event that cannot be produced.
    /// - Returns: the index of the first event for which librdkafka has no room now, or which it does not take after a fatal
    ///   error; none behind it is handed over. `nil` where there is none.
    mutating func produce(
        _ batch: EventBatch,
        from first: Int,
        slot: Int,
        fail: (_ index: Int, EventFailure) -> Void
    ) -> Int? {
        topics.trim()
        let rest = first == 0 ? batch : batch.slice(first..<batch.count)
        do throws(Full) {
            try unsafe rest.forEachEvent { offset, event throws(Full) in
                try unsafe produce(event, DeliveryLedger.opaque(slot: slot, index: first + offset), fail)
                // While the events' bytes are there to be pointed at.
                if offset == rest.count - 1 { try flush(fail) }
            }
            return nil
        } catch {
            return error.index
        }
    }

    private struct Full: Error {
        let index: Int
    }

    @inline(__always)
    private mutating func produce(
        _ event: UnsafeEvent,
        _ opaque: UInt64,
        _ fail: (Int, EventFailure) -> Void
    ) throws(Full) {
        var parts = unsafe Parts()
        let behind = unsafe event.forEachHeader { key, value in
            unsafe fields.forEachUse(of: key) { use in
                switch use {
                case .key: unsafe parts.key = unsafe value
                case .topic: unsafe parts.topic = unsafe value
                case .partition: unsafe parts.partition = unsafe value
                case .timestamp: unsafe parts.timestamp = unsafe value
                case .header(let index): unsafe Self.add(headerNames[index], value, &parts.headers)
                }
            }
            if copiesHeaders, unsafe !fields.hasUse(of: key) { unsafe Self.add(key, value, &parts.headers) }
        }
        // What librdkafka has not taken over stays ours.
        defer { if let headers = unsafe parts.headers { unsafe rd_kafka_headers_destroy(headers) } }
        let partition: Int32
        switch unsafe self.partition(parts.partition) {
        case .success(let number): partition = number
        case .failure(let failure): return try refuse(opaque, failure.failure, fail)
        }
        let topic: OpaquePointer
        switch unsafe self.topic(event, parts.topic) {
        case .success(let handle): unsafe topic = unsafe handle.pointer
        case .failure(let failure): return try refuse(opaque, failure.failure, fail)
        }
        let value = unsafe usesEventFormat ? event.bytes : event.body(at: behind)
        // A call for many knows neither time nor headers; a partition that is not there costs it memory (2.0.2).
        if partition == RD_KAFKA_PARTITION_UA, unsafe parts.timestamp == nil, unsafe parts.headers == nil {
            if unsafe !run.hasRoom(for: topic) { try flush(fail) }
            unsafe run.add(value, key: parts.key, opaque: opaque, to: topic)
            return
        }
        try flush(fail)
        let timestamp = unsafe self.timestamp(parts.timestamp)
        let error = unsafe client.withClient { client in
            unsafe tributary_kafka_produce(
                client,
                topic,
                partition,
                value.baseAddress,
                value.count,
                parts.key?.baseAddress,
                parts.key?.count ?? 0,
                timestamp,
                parts.headers,
                opaque
            )
        }
        if error == RD_KAFKA_RESP_ERR_NO_ERROR {
            unsafe parts.headers = nil
        } else {
            try Self.settle(opaque, error, fail)
        }
    }

    /// Fails an event after those before it, for it must not fail once more where one of them has no room.
    private mutating func refuse(
        _ opaque: UInt64,
        _ failure: EventFailure,
        _ fail: (Int, EventFailure) -> Void
    ) throws(Full) {
        try flush(fail)
        fail(DeliveryLedger.index(opaque), failure)
    }

    private mutating func flush(_ fail: (Int, EventFailure) -> Void) throws(Full) {
        guard run.count > 0 else { return }
        try run.flush { opaque, error throws(Full) in try Self.settle(opaque, error, fail) }
    }

    private static func settle(
        _ opaque: UInt64,
        _ error: rd_kafka_resp_err_t,
        _ fail: (Int, EventFailure) -> Void
    ) throws(Full) {
        let index = DeliveryLedger.index(opaque)
        // The second until the sink's thread has replaced the client.
        if error == RD_KAFKA_RESP_ERR__QUEUE_FULL || error == RD_KAFKA_RESP_ERR__FATAL { throw Full(index: index) }
        fail(index, .kafka(error.rawValue))
    }

    private struct Failed: Error {
        let failure: EventFailure
        init(_ text: @autoclosure () -> String) { failure = .event(text()) }
    }

    @safe private struct Topic {
        let pointer: OpaquePointer
    }

    /// A negative number is no partition of any topic (org.apache.kafka.clients.producer.ProducerRecord).
    @inline(__always)
    private func partition(_ text: UnsafeRawBufferPointer?) -> Result<Int32, Failed> {
        guard let text = unsafe text else {
            if hasDefaultPartition && defaultPartition < 0 {
                return .failure(Failed("partition \(defaultPartition) (defaultPartitionId) is below 0"))
            }
            return .success(defaultPartition)
        }
        guard let number = unsafe JavaNumber.int(text) else {
            // Flume's words.
            return .failure(Failed("Non integer partition id specified"))
        }
        return number < 0 ? .failure(Failed("partition \(number) is below 0")) : .success(number)
    }

    /// Milliseconds, 0 for the time of the call; a bad header is counted and otherwise as if it were not there.
    @inline(__always)
    private mutating func timestamp(_ text: UnsafeRawBufferPointer?) -> Int64 {
        guard let text = unsafe text else { return 0 }
        guard let value = unsafe JavaNumber.long(text), value >= 0 else {
            badTimestamps += 1
            return 0
        }
        return value
    }

    @inline(__always)
    private mutating func topic(_ event: UnsafeEvent, _ name: UnsafeRawBufferPointer?) -> Result<Topic, Failed> {
        if let name = unsafe name { return unsafe handle(name) }
        if let constantTopic { return unsafe constantTopic.withUnsafeBytes { unsafe handle($0) } }
        written.removeAll(keepingCapacity: true)
        do throws(TopicTemplate.Missing) {
            unsafe try template.write(event, host: host, into: &written)
        } catch {
            switch error {
            case .noTimestamp:
                return .failure(
                    Failed("topic \(template.source) needs a timestamp header, which the event does not have")
                )
            case .badTimestamp:
                return .failure(Failed("topic \(template.source) needs a timestamp header that is a whole number"))
            }
        }
        let name = written
        return unsafe name.withUnsafeBytes { unsafe handle($0) }
    }

    @inline(__always)
    private mutating func handle(_ name: UnsafeRawBufferPointer) -> Result<Topic, Failed> {
        if let handle = unsafe topics.handle(name) { return unsafe .success(Topic(pointer: handle)) }
        return unsafe .failure(
            Failed("\"\(String(decoding: name.prefix(300), as: UTF8.self))\" \(TopicTable.isNoName)")
        )
    }

    static func add(
        _ name: UnsafeRawBufferPointer,
        _ value: UnsafeRawBufferPointer,
        _ headers: inout OpaquePointer?
    ) {
        if unsafe headers == nil { unsafe headers = rd_kafka_headers_new(8) }
        let start = unsafe name.baseAddress?.assumingMemoryBound(to: CChar.self)
        _ = unsafe rd_kafka_header_add(headers, start, name.count, value.baseAddress, value.count)
    }

    /// The handle of the dead-letter topic.
    mutating func letterHandle(_ name: [UInt8]) -> OpaquePointer? {
        unsafe name.withUnsafeBytes { unsafe topics.handle($0) }
    }

    static func add(_ name: String, _ value: UnsafeRawBufferPointer, _ headers: inout OpaquePointer?) {
        if unsafe headers == nil { unsafe headers = rd_kafka_headers_new(4) }
        _ = unsafe rd_kafka_header_add(headers, name, name.utf8.count, value.baseAddress, value.count)
    }

    /// Timestamp headers since the last call that were no time.
    mutating func takeBadTimestamps() -> Int {
        defer { badTimestamps = 0 }
        return badTimestamps
    }
}

extension TopicTemplate {
    /// The name of every event, for a template that `isConstant`.
    fileprivate func constant(host: LocalHostNames) -> [UInt8] {
        parts.flatMap { part -> [UInt8] in
            switch part {
            case .text(let text): text
            case .host(let name): Array(host[name].utf8)
            case .header, .time: []
            }
        }
    }
}
