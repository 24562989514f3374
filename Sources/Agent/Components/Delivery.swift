public import Events
public import NIOCore

/// Events taken from a channel that nobody else sees until their fate is told.
///
/// Finished exactly once; one that is dropped gives everything back. Several of one channel may be out at once and finish
/// in any order.
public struct Delivery: ~Copyable, Sendable {
    /// The events.
    public let batch: EventBatch
    /// When the first of those who wait for these events stops waiting; `nil` where nobody does.
    public let deadline: NIODeadline?
    private let owner: any DeliveryOwner
    private let ticket: UInt64
    private var isFinished = false

    /// For channels: hands out the events behind `ticket`.
    public init(batch: EventBatch, deadline: NIODeadline?, owner: any DeliveryOwner, ticket: UInt64) {
        self.batch = batch
        self.deadline = deadline
        self.owner = owner
        self.ticket = ticket
    }

    /// Tells the channel what became of the events.
    public consuming func finish(_ end: DeliveryEnd) {
        isFinished = true
        owner.finish(ticket, end)
    }

    deinit {
        if !isFinished { owner.finish(ticket, .notDelivered) }
    }
}

/// What became of a delivery.
public enum DeliveryEnd: Hashable, Sendable {
    /// Every event is delivered: the channel forgets them.
    case delivered
    /// No event is delivered: all go back to where they were in the channel's order.
    case notDelivered
    /// All but the events at these indices (ascending) are delivered; those go back.
    case except([Int])
}

/// The channel's side of a delivery.
public protocol DeliveryOwner: AnyObject, Sendable {
    /// Called once for each ticket, on any thread.
    func finish(_ ticket: UInt64, _ end: DeliveryEnd)
}
