/// What config filters may reach.
struct FilterContext {
    let environment: [String: String]
    let run: ConfigFilters.Run?
    /// Whether the agent is the one that is started; the filters of others are not asked.
    let isActive: Bool
}

extension AgentValidator {
    /// Makes the agent's config filters and replaces their references in all component values.
    mutating func applyFilters(_ context: FilterContext) {
        var filters = ConfigFilters()
        for component in listed(.configFilters) {
            filters.add(
                context.isActive ? filter(component, context) : checked(component, context),
                name: component.name
            )
        }
        for name in broken[.configFilters] ?? [] { filters.add(.broken, name: name) }
        for section in [RawAgent.Section.sources, .channels, .sinks, .sinkGroups] {
            for name in raw.components[section, default: [:]].keys.sorted() {
                guard let settings = raw.components[section]?[name]?.settings else { continue }
                for (key, setting) in settings where setting.value.utf8.contains(0x24) {
                    raw.components[section]?[name]?.settings[key] = filters.replace(setting, diagnostics: &diagnostics)
                }
            }
        }
    }

    private mutating func checked(_ component: RawAgent.Component, _ context: FilterContext) -> ConfigFilters.Filter {
        _ = filter(component, context)
        return .broken
    }

    private mutating func filter(_ component: RawAgent.Component, _ context: FilterContext) -> ConfigFilters.Filter {
        guard let type = component.settings["type"] else {
            diagnostics.fault("config filter `\(component.name)` has no `type`", at: component.location)
            return .broken
        }
        let package = "org.apache.flume.configfilter."
        switch (type.value.lowercased(), type.value) {
        case ("env", _), (_, package + "EnvironmentVariableConfigFilter"):
            return .environment(context.environment)
        case ("external", _), (_, package + "ExternalProcessConfigFilter"):
            guard let command = component.settings["command"] else {
                diagnostics.fault("config filter `\(component.name)` has no `command`", at: component.place)
                return .broken
            }
            return .external(command.words.map(\.text), context.run)
        case ("hadoop", _), (_, package + "HadoopCredentialStoreConfigFilter"):
            diagnostics.fault(
                "the config filter `\(type.value)` is not supported",
                at: type.location,
                advice: "use `external` with a program that prints the secret, or `env`"
            )
        default:
            let isClass = type.value.utf8.contains(0x2E)
            diagnostics.fault(
                isClass
                    ? "`\(type.value)` is a Java class; Tributary cannot load it"
                    : "unknown config filter type `\(type.value)`",
                at: type.location,
                advice: hints.advice(for: type.value, among: ["env", "external"])
                    ?? "use `env`, or `external` with a program that prints the value"
            )
        }
        return .broken
    }
}
