public import Events

/// Changes or drops events between a source and its channels; runs once for each batch.
public protocol Interceptor: Sendable {
    /// The batch that takes the place of `batch`; an empty one drops everything.
    func intercept(_ batch: EventBatch) -> EventBatch
}
