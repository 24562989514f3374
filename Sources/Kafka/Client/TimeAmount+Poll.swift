internal import NIOCore

extension TimeAmount {
    /// For librdkafka's calls; rounded up, so that nobody polls a moment too early.
    var pollMilliseconds: Int32 { Int32(clamping: (nanoseconds + 999_999) / 1_000_000) }
}
