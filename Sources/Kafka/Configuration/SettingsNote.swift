/// Something that a user should know about one key of a component's settings.
package struct SettingsNote: Hashable, Sendable, CustomStringConvertible {
    /// The key as the file has it, relative to the component.
    package let key: String
    /// What, where, why and what to do.
    package let message: String

    package init(key: String, message: String) {
        self.key = key
        self.message = message
    }

    package var description: String { message }
}

/// Settings that were read with remarks.
protocol NotedSettings {
    /// What the user should know, though the component starts.
    var notes: [SettingsNote] { get }
}

/// Why a component's settings cannot be used: every fault that was found, not only the first.
package struct SettingsFault: Error, Hashable, Sendable, CustomStringConvertible {
    package let faults: [SettingsNote]

    package init(faults: [SettingsNote]) {
        self.faults = faults
    }

    package var description: String { faults.map(\.message).joined(separator: "; ") }
}
