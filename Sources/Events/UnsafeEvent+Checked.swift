extension UnsafeEvent {
    /// Reads one event from the front of bytes that come from outside; what stands behind it is not looked at.
    ///
    /// - Returns: the event, and whether it holds a key more than once: a batch must not.
    package static func checked(
        _ bytes: UnsafeRawBufferPointer,
        limits: EventLimits
    ) throws(AvroError) -> (event: UnsafeEvent, repeatsKeys: Bool) {
        let walk = try unsafe EventWalk.single(bytes, limits)
        let event = unsafe UnsafeEvent(UnsafeRawBufferPointer(rebasing: bytes[..<walk.consumed]))
        return unsafe (event, !walk.repeatingKeys.isEmpty)
    }
}
