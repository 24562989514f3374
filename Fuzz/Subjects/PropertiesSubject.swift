import Agent
import Collector
import Kafka

/// A properties file: keys and values as Java reads them, then a model in which every name leads somewhere, or remarks
/// that say why not; each remark one line, about a place that the file has.
enum PropertiesSubject {
    private static let catalog: TypeCatalog = {
        var registry = ComponentRegistry.core
        registry.registerCollector()
        registry.registerKafka()
        return registry.catalog
    }()

    private static let now = CalendarTime(
        year: 2026,
        month: 2,
        day: 28,
        hour: 23,
        minute: 59,
        second: 58,
        millisecond: 7,
        weekday: 6,
        dayOfYear: 59,
        offset: -12_600
    )

    static func check(_ bytes: [UInt8]) throws {
        for charset in [PropertiesReader.Charset.latin1, .utf8] {
            let plain = PlainProperties(scalars(bytes, charset))
            var remarks = Diagnostics()
            let properties = PropertiesReader.read(files: [("f", bytes)], charset: charset, diagnostics: &remarks)
            // As bytes: two texts may be equal that are not the same.
            let keys = properties.map { Array($0.key.utf8) }
            let values = properties.map { Array($0.value.utf8) }
            try require(keys == plain.pairs.map { Array($0.key.utf8) }, "\(charset): other keys than Java reads")
            try require(values == plain.pairs.map { Array($0.value.utf8) }, "\(charset): other values than Java reads")
            try require(remarks.hasFault == plain.hasBadEscape, "\(charset): a bad escape is no fault, or the reverse")
            try check(remarks, lines: plain.lines)
            let agent = properties.lazy.map { $0.key.prefix { $0 != "." } }.first { !$0.isEmpty }
            for lenient in [false, true] {
                try load(bytes, charset, agent.map(String.init) ?? "a1", lenient, lines: plain.lines)
            }
        }
    }

    private static func scalars(_ bytes: [UInt8], _ charset: PropertiesReader.Charset) -> [UInt32] {
        switch charset {
        case .latin1: bytes.map { UInt32($0) }
        case .utf8: String(decoding: bytes, as: UTF8.self).unicodeScalars.map(\.value)
        }
    }

    private static func load(
        _ bytes: [UInt8],
        _ charset: PropertiesReader.Charset,
        _ agent: String,
        _ lenient: Bool,
        lines: Int
    ) throws {
        let outcome = ConfigurationLoader.load(
            files: [("f", bytes)],
            agent: agent,
            catalog: catalog,
            systemProperties: charset == .utf8
                ? [PropertiesReader.charsetProperty: "UTF-8"] : ["p": "${p2}", "p2": "${p}"],
            environment: ["A": "1", "B": "${env:A} ${a1.b}"],
            lenient: lenient,
            runProgram: { arguments in arguments.count % 2 == 0 ? (1, []) : (0, Array("${env:A}\n".utf8)) },
            now: now
        )
        let hasFault = outcome.diagnostics.hasFault
        try require(outcome.configuration != nil || hasFault, "nothing starts, and nothing says why")
        try require(lenient || outcome.configuration == nil || !hasFault, "an agent with a fault starts")
        try check(outcome.diagnostics, lines: lines)
        if let model = outcome.configuration { try require(isWhole(model), "a name of the model leads nowhere") }
    }

    private static func check(_ remarks: Diagnostics, lines: Int) throws {
        for remark in remarks.all {
            let text = remark.description
            try require(!text.unicodeScalars.contains { $0.value < 0x20 }, "a remark of more than one line: \(text)")
            guard let place = remark.location else { continue }
            try require((1...lines).contains(place.line) && place.column >= 1, "a remark about no place: \(text)")
        }
    }

    private static func isWhole(_ model: AgentConfiguration) -> Bool {
        let channels = Set(model.channels.map(\.name))
        let sinks = Set(model.sinks.map(\.name))
        let members = model.groups.flatMap(\.sinks)
        return !channels.isEmpty && !(model.sources.isEmpty && model.sinks.isEmpty)
            && model.sources.allSatisfy { !$0.channels.isEmpty && channels.isSuperset(of: $0.channels) }
            && model.sinks.allSatisfy { channels.contains($0.channel) }
            && sinks.isSuperset(of: members) && Set(members).count == members.count
            && model.groups.allSatisfy { !$0.sinks.isEmpty }
    }
}
