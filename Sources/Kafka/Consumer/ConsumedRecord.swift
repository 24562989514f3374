internal import CRdKafka

/// One record of a consumer, or what went wrong with a partition; freed with this value.
@safe struct ConsumedRecord: ~Copyable {
    private let message: UnsafeMutablePointer<rd_kafka_message_t>

    init(adopting message: UnsafeMutablePointer<rd_kafka_message_t>) {
        unsafe self.message = unsafe message
    }

    deinit {
        unsafe rd_kafka_message_destroy(message)
    }

    /// Why this is no record.
    var failure: KafkaFailure? {
        let code = unsafe message.pointee.err
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        guard let text = unsafe rd_kafka_message_errstr(message) else { return KafkaFailure(code: code.rawValue) }
        return unsafe KafkaFailure(code: code.rawValue, message: String(cString: text))
    }

    /// Stands for the topic as long as its partition is assigned; 0 for none.
    @inline(__always)
    var topicToken: UInt { unsafe UInt(bitPattern: message.pointee.rkt) }

    var topic: String {
        guard let topic = unsafe message.pointee.rkt, let name = unsafe rd_kafka_topic_name(topic) else { return "" }
        return unsafe String(cString: name)
    }

    @inline(__always)
    var partition: Int32 { unsafe message.pointee.partition }

    @inline(__always)
    var offset: Int64 { unsafe message.pointee.offset }

    /// Milliseconds since 1970; −1 where the record has none.
    @inline(__always)
    var timestamp: Int64 {
        var type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        return unsafe rd_kafka_message_timestamp(message, &type)
    }

    /// `nil` for a record without a value. Valid while `self` is.
    @inline(__always)
    @unsafe var value: UnsafeRawBufferPointer? {
        guard let start = unsafe message.pointee.payload else { return nil }
        return unsafe UnsafeRawBufferPointer(start: start, count: message.pointee.len)
    }

    /// `nil` for a record without a key. Valid while `self` is.
    @inline(__always)
    @unsafe var key: UnsafeRawBufferPointer? {
        guard let start = unsafe message.pointee.key else { return nil }
        return unsafe UnsafeRawBufferPointer(start: start, count: message.pointee.key_len)
    }

    /// The last header of this name; `nil` where there is none. Valid while `self` is.
    @unsafe func header(_ name: String) -> UnsafeRawBufferPointer? {
        var headers: OpaquePointer?
        guard unsafe rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        var value: UnsafeRawPointer?
        var count = 0
        guard unsafe rd_kafka_header_get_last(headers, name, &value, &count) == RD_KAFKA_RESP_ERR_NO_ERROR else {
            return nil
        }
        return unsafe UnsafeRawBufferPointer(start: value, count: count)
    }
}
