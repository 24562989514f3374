/// Waits until a condition holds; `false` when it does not within `limit`.
package func eventually(within limit: Duration = .seconds(60), _ condition: () async -> Bool) async -> Bool {
    let start = ContinuousClock.now
    while ContinuousClock.now - start < limit {
        if await condition() { return true }
        try? await Task.sleep(for: .milliseconds(2))
    }
    return await condition()
}
