import Dispatch
import Foundation
import TestSupport
import Testing

/// What the long tests here rely on.
@Suite("Tests on threads of their own")
struct OwnThreadTests {
    @Test("However many block, the threads that all share are free")
    func sharedThreadsAreFree() async {
        let gate = DispatchSemaphore(value: 0)
        let blocked = Recorded<Int>()
        let late = Recorded<Int>()
        let count = 2 * ProcessInfo.processInfo.activeProcessorCount
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<count {
                group.addTask {
                    await ThreadExecutor.run {
                        blocked.add(number)
                        if gate.wait(timeout: .now() + .seconds(20)) == .timedOut { late.add(number) }
                    }
                }
            }
            // Itself on the shared threads.
            #expect(await eventually { blocked.count == count })
            for _ in 0..<count { gate.signal() }
        }
        #expect(late.all == [])
    }

    @Test("What fails there is its test's", .ownThread)
    func failuresAreNamed() {
        #expect(Test.current?.name == "failuresAreNamed()")
    }
}
