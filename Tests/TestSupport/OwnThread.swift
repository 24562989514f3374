package import Testing

/// A trait for tests that compute for a second or more without a pause, or block: each runs on a thread of its own, so that
/// it takes none of the few threads which all other tests share.
package struct OwnThread: TestTrait, SuiteTrait, TestScoping {
    package let isRecursive = true

    package func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await ThreadExecutor.run(function)
    }
}

extension Trait where Self == OwnThread {
    package static var ownThread: Self { Self() }
}
