internal import CRdKafka
internal import Events

// Records for the dead-letter topic: key and value as they would have been, the event's headers, and why.
extension RecordProducer {
    /// What a record for the dead-letter topic says of itself.
    enum LetterHeader {
        /// Kafka's name of the error: `MSG_SIZE_TOO_LARGE`.
        static let error = "deadletter.error"
        /// The same in words.
        static let reason = "deadletter.reason"
        /// Where the event should have gone: its topic header, else the sink's `kafka.topic` as written.
        static let topic = "deadletter.topic"
        /// A value that is too large comes in so many records, each with its number from 1 on.
        static let part = "deadletter.part"
        static let parts = "deadletter.parts"
        /// `true` where the event's headers are too large and were left out.
        static let headersLeftOut = "deadletter.headers-left-out"
    }

    /// Set in the index of a letter's record, to tell its report from the event's own.
    static let letterMark = 1 << 31

    enum LetterResult {
        /// All of it is with librdkafka.
        case queued
        /// What is left has no room now.
        case full
        /// What is left cannot be written.
        case failed(EventFailure)
    }

    /// Parts of what was too large: no broker that keeps to Kafka's default takes less.
    private static let partBytes = 256 << 10
    /// Left for what goes round a record.
    private static let overhead = 1 << 10

    /// Gives one event to the dead-letter topic, from `letter.part` on, which says afterwards how far it came.
    mutating func write(_ letter: inout DeliveryLedger.Letter) -> LetterResult {
        guard let name = letterTopic, let topic = unsafe letterHandle(name) else { return .failed(letter.failure) }
        var result = LetterResult.queued
        var writing = letter
        unsafe letter.batch.slice(letter.index..<(letter.index + 1)).forEachEvent { _, event in
            unsafe result = write(event, topic, &writing)
        }
        letter = writing
        return result
    }

    private mutating func write(
        _ event: UnsafeEvent,
        _ topic: OpaquePointer,
        _ letter: inout DeliveryLedger.Letter
    ) -> LetterResult {
        var key: UnsafeRawBufferPointer?
        var wanted: UnsafeRawBufferPointer?
        let behind = unsafe event.forEachHeader { name, value in
            unsafe fields.forEachUse(of: name) { use in
                if use == .key { unsafe key = unsafe value }
                if use == .topic { unsafe wanted = unsafe value }
            }
        }
        let value = unsafe usesEventFormat ? event.bytes : event.body(at: behind)
        let keyBytes = unsafe key?.count ?? 0
        let limit = partLimit(letter.failure, keyBytes, headers: behind)
        letter.parts = max(1, (value.count + limit - 1) / limit)
        while letter.part < letter.parts {
            let range = (letter.part * limit)..<min((letter.part + 1) * limit, value.count)
            let piece = unsafe UnsafeRawBufferPointer(rebasing: value[range])
            let headers = unsafe letterHeaders(event, wanted, copies: behind <= maxRecordBytes / 2, letter)
            let error = unsafe client.withClient { client in
                unsafe tributary_kafka_produce(
                    client,
                    topic,
                    RD_KAFKA_PARTITION_UA,
                    piece.baseAddress,
                    piece.count,
                    key?.baseAddress,
                    keyBytes,
                    0,
                    headers,
                    DeliveryLedger.opaque(slot: letter.slot, index: letter.index | Self.letterMark)
                )
            }
            guard error != RD_KAFKA_RESP_ERR_NO_ERROR else {
                letter.part += 1
                continue
            }
            if let headers = unsafe headers { unsafe rd_kafka_headers_destroy(headers) }
            let isFull = error == RD_KAFKA_RESP_ERR__QUEUE_FULL || error == RD_KAFKA_RESP_ERR__FATAL
            return isFull ? .full : .failed(.kafka(error.rawValue))
        }
        return .queued
    }

    private func letterHeaders(
        _ event: UnsafeEvent,
        _ wanted: UnsafeRawBufferPointer?,
        copies: Bool,
        _ letter: DeliveryLedger.Letter
    ) -> OpaquePointer? {
        var headers = unsafe rd_kafka_headers_new(8)
        if copies {
            unsafe event.forEachHeader { name, value in unsafe Self.add(name, value, &headers) }
        } else {
            unsafe Self.add(LetterHeader.headersLeftOut, "true", &headers)
        }
        unsafe Self.add(LetterHeader.error, letter.failure.name, &headers)
        unsafe Self.add(LetterHeader.reason, letter.failure.message, &headers)
        if let wanted = unsafe wanted {
            unsafe Self.add(LetterHeader.topic, String(decoding: wanted.prefix(300), as: UTF8.self), &headers)
        } else {
            unsafe Self.add(LetterHeader.topic, template.source, &headers)
        }
        if letter.parts > 1 {
            unsafe Self.add(LetterHeader.part, String(letter.part + 1), &headers)
            unsafe Self.add(LetterHeader.parts, String(letter.parts), &headers)
        }
        return unsafe headers
    }

    private static func add(_ name: String, _ value: String, _ headers: inout OpaquePointer?) {
        var value = value
        value.withUTF8 { unsafe add(name, UnsafeRawBufferPointer($0), &headers) }
    }

    private func partLimit(_ failure: EventFailure, _ key: Int, headers: Int) -> Int {
        let room = max(maxRecordBytes - key - min(headers, maxRecordBytes / 2) - Self.overhead, Self.overhead)
        if case .kafka(let code) = failure, KafkaFailure.isTooLarge(code) { return min(Self.partBytes, room) }
        return room
    }
}
