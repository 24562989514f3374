/// What a subject found wrong: an input after which a rule does not hold, though nothing crashed.
package struct Violation: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}

/// Throws where a rule does not hold.
func require(_ holds: Bool, _ rule: @autoclosure () -> String) throws {
    if !holds { throw Violation(rule()) }
}
