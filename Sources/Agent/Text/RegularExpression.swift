internal import CPCRE2

/// A regular expression on bytes: PCRE2, compiled to machine code where the machine allows it.
///
/// The syntax is Java's as far as the two agree (see `JavaSyntax`). As in Java `\w`, `\d`, `\s` and `\b` know ASCII only.
/// Bytes that are not UTF-8 match nothing but are no error. A search is bounded, so that no expression and no text together
/// hold a thread.
///
/// `@unchecked Sendable`: neither C handle changes once it is made, and PCRE2 lets any number of threads use them
/// (pcre2api(3), "Multithreading"); what a search writes to is its own.
@safe package final class RegularExpression: @unchecked Sendable {
    /// Why an expression is none.
    package struct SyntaxError: Error, CustomStringConvertible {
        package var message: String
        /// In bytes from the start.
        package var offset: Int
        package var description: String { "\(message), at offset \(offset)" }
    }

    /// What a search came to.
    package enum Outcome: Hashable, Sendable {
        case found
        case notFound
        /// The search took more steps or memory than is allowed.
        case tooCostly
    }

    /// Steps of one search; a name or a line needs thousands of times less. PCRE2's own limit is 10 million.
    private static let steps: UInt32 = 1_000_000
    /// Kibibytes of heap and levels of recursion where no machine code is run.
    private static let heap: UInt32 = 16_384
    private static let depth: UInt32 = 10_000

    /// The expression as written.
    package let pattern: String
    private let code: OpaquePointer
    private let limits: OpaquePointer

    /// - Parameter matchesWhole: the text must match from its first byte to its last (Java's `matches`), else anywhere
    ///   (`find`).
    package init(_ pattern: String, matchesWhole: Bool) throws(SyntaxError) {
        self.pattern = pattern
        let text: String
        do throws(JavaSyntax.Difference) {
            text = try JavaSyntax.translated(pattern)
        } catch {
            throw SyntaxError(message: error.message, offset: error.offset)
        }
        var options = UInt32(PCRE2_UTF) | UInt32(PCRE2_MATCH_INVALID_UTF)
        if matchesWhole { options |= UInt32(PCRE2_ANCHORED) | UInt32(PCRE2_ENDANCHORED) }
        var code: CInt = 0
        var offset = 0
        let bytes = Array(text.utf8)
        let compiled = unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe pcre2_compile_8(bytes.baseAddress, bytes.count, options, &code, &offset, nil)
        }
        guard let compiled = unsafe compiled else { throw SyntaxError(message: Self.text(of: code), offset: offset) }
        // Where there is no machine code the interpreter runs: slower, within the same limits.
        unsafe pcre2_jit_compile_8(compiled, UInt32(PCRE2_JIT_COMPLETE))
        guard let limits = unsafe pcre2_match_context_create_8(nil) else {
            unsafe pcre2_code_free_8(compiled)
            throw SyntaxError(message: "no memory", offset: 0)
        }
        unsafe pcre2_set_match_limit_8(limits, Self.steps)
        unsafe pcre2_set_heap_limit_8(limits, Self.heap)
        unsafe pcre2_set_depth_limit_8(limits, Self.depth)
        unsafe self.code = unsafe compiled
        unsafe self.limits = unsafe limits
    }

    deinit {
        unsafe pcre2_match_context_free_8(limits)
        unsafe pcre2_code_free_8(code)
    }

    package func search(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        guard let data = unsafe pcre2_match_data_create_from_pattern_8(code, nil) else { return .tooCostly }
        defer { unsafe pcre2_match_data_free_8(data) }
        let result: CInt
        if let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) {
            result = unsafe pcre2_match_8(code, start, bytes.count, 0, 0, data, limits)
        } else {
            // PCRE2 takes no null for an empty text.
            var nothing: UInt8 = 0
            result = unsafe pcre2_match_8(code, &nothing, 0, 0, 0, data, limits)
        }
        if result >= 0 { return .found }
        return result == PCRE2_ERROR_NOMATCH ? .notFound : .tooCostly
    }

    package func matches(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { unsafe search(UnsafeRawBufferPointer($0)) } == .found
    }

    private static func text(of code: CInt) -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let length = unsafe buffer.withUnsafeMutableBufferPointer { buffer in
            unsafe pcre2_get_error_message_8(code, buffer.baseAddress, buffer.count)
        }
        return String(decoding: buffer.prefix(max(0, Int(length))), as: UTF8.self)
    }
}
