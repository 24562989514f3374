internal import AvroRPC

/// Flume's `ipFilter` and `ipFilterRules`.
enum AddressFilterKeys {
    static let all = [KeySpec("ipFilter", form: .boolean), KeySpec("ipFilterRules")]

    /// `nil` where everybody may connect. Faults where Flume throws and drops the source.
    static func rules(_ settings: ComponentSettings) throws(ConfigurationFault) -> AddressRules? {
        guard settings.bool("ipFilter", default: false) else { return nil }
        let advice = "e.g. `allow:ip:10.*,deny:ip:*`: the first rule that matches decides, without one all may connect"
        guard let text = settings.string("ipFilterRules"), !text.isEmpty else {
            throw settings.missing("ipFilterRules", advice: advice)
        }
        do throws(AddressRules.Malformed) {
            return try AddressRules(text)
        } catch {
            let setting = settings.values["ipFilterRules"]
            let before = String(decoding: text.utf8.prefix(error.offset), as: UTF8.self).unicodeScalars.count
            let place = settings.location(of: "ipFilterRules")
            throw ConfigurationFault(
                "`\(settings.fullKey("ipFilterRules"))`: the rule `\(error.rule)` \(error.reason)",
                location: setting?.isVerbatim == true ? place?.moved(by: before) : place,
                advice: advice
            )
        }
    }
}
