extension ComponentError {
    /// A trouble of this machine with the value of a key: the message carries the key's place in the file.
    public static func environment(
        _ settings: ComponentSettings,
        _ key: String,
        _ message: String,
        advice: String? = nil
    ) -> ComponentError {
        let diagnostic = Diagnostic(
            grade: .environment,
            location: settings.location(of: key),
            message: "`\(settings.fullKey(key))`: \(message)",
            advice: advice
        )
        return ComponentError(.environment, diagnostic.description)
    }
}
