import Foundation
import Secure
import Testing

/// A process ends while its threads still use OpenSSL: nothing waits for a store that is read, or for a connection.
@Suite struct ExitTests {
    @Test func contextsAreMadeAtTheEnd() async {
        for _ in 0..<10 {
            await #expect(processExitsWith: .success) {
                let settings = TLSClientSettings(trustAll: true)
                _ = try TLSContext(client: settings)
                for _ in 0..<4 {
                    Thread.detachNewThread {
                        while true { _ = try? TLSContext(client: settings) }
                    }
                }
                try await Task.sleep(for: .milliseconds(50))
                exit(0)
            }
        }
    }
}
