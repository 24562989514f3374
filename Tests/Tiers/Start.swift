import Testing

/// Tests with real processes. Two lines of them run side by side, each one test at a time.
enum AllTiers {
    /// What agents say about what they are given.
    @Suite(.serialized) struct BadInput {}
    /// Events on their way through agents, and what is done to these meanwhile.
    @Suite(.serialized) struct Traffic {}
}
