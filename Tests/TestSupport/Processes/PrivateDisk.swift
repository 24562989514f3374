import Foundation

/// A small disk in memory that only one program sees: a tmpfs in a mount namespace of its own, which needs no privilege
/// where the kernel lets users have namespaces.
package struct PrivateDisk: Sendable {
    /// Where the program finds it.
    package let path: String
    /// Mount options of tmpfs(5).
    package let options: String

    package init(path: String, options: String) {
        self.path = path
        self.options = options
    }

    /// Why there are none here; nil where there are.
    package static let refusal: String? = {
        let folder = FileManager.default.temporaryDirectory.path
        let words = ["unshare", "-Urm", "mount", "-t", "tmpfs", "none", folder]
        guard let probe = try? ChildProcess("/usr/bin/env", words) else { return "unshare(1) does not run here" }
        while probe.isRunning { usleep(1_000) }
        return probe.waitStatus == 0 ? nil : "`unshare -Urm mount -t tmpfs` is refused here"
    }()

    /// Shell commands for `Workspace.agent(limits:)`: the program gets the disk, after `preparing` ran on it.
    package func shell(preparing: String) -> String {
        let inside = "mount -t tmpfs -o \(options) none \(path) && \(preparing) && exec \"$0\" \"$@\""
        return "exec unshare -Urm /bin/sh -c '\(inside)' \"$0\" \"$@\""
    }

    /// A path on the disk of a program that runs, as others see it.
    package func seen(_ name: String, of program: Program) -> String { "/proc/\(program.id)/root\(path)/\(name)" }
}
