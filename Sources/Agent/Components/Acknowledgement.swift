/// What a source may tell its client of a batch.
public enum Acknowledgement: Hashable, Sendable {
    /// Stored, or delivered, in every required channel.
    case acknowledged
    /// Not acknowledged; nothing of it is kept where the reason says so, and the client may send it again.
    case refused(ComponentError)
}

/// When a source acknowledges (key `acknowledge`).
public enum AcknowledgeMode: String, Sendable {
    /// When every required channel has the batch: memory channels in their queue, file channels on disk. Flume's rule.
    case stored
    /// When every required channel's sinks have delivered it.
    case delivered
}
