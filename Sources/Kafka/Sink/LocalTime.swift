#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// A moment as the machine's clock shows it, and Flume's one-letter escapes for it.
@safe struct LocalTime {
    private let milliseconds: Int64
    private let parts: tm

    init(milliseconds: Int64) {
        self.milliseconds = milliseconds
        // Rounded down, so that moments before 1970 show right too.
        var seconds = time_t((milliseconds - ((milliseconds % 1000) + 1000) % 1000) / 1000)
        var parts = unsafe tm()
        unsafe localtime_r(&seconds, &parts)
        unsafe self.parts = unsafe parts
    }

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
    private static let days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

    /// Writes what one escape stands for (BucketPath.replaceShorthand; English names); nothing for an unknown letter.
    func write(_ letter: UInt8, into output: inout [UInt8]) {
        switch Character(Unicode.Scalar(letter)) {
        case "%": output.append(UInt8(ascii: "%"))
        case "t": output.append(contentsOf: String(milliseconds).utf8)
        case "s": output.append(contentsOf: String(milliseconds / 1000).utf8)
        case "a": output.append(contentsOf: day.utf8.prefix(3))
        case "A": output.append(contentsOf: day.utf8)
        case "b": output.append(contentsOf: month.utf8.prefix(3))
        case "B": output.append(contentsOf: month.utf8)
        // SimpleDateFormat "EEE MMM d HH:mm:ss yyyy"
        case "c": write("a b e H:M:S Y", into: &output)
        case "d": write(unsafe Int(parts.tm_mday), 2, into: &output)
        case "e": write(unsafe Int(parts.tm_mday), 1, into: &output)
        case "D": write("m/d/y", into: &output)
        case "H": write(hour, 2, into: &output)
        case "I": write(twelve, 2, into: &output)
        case "j": write(unsafe Int(parts.tm_yday) + 1, 3, into: &output)
        case "k": write(hour, 2, blank: true, into: &output)
        case "l": write(twelve, 2, blank: true, into: &output)
        case "m": write(unsafe Int(parts.tm_mon) + 1, 2, into: &output)
        case "n": write(unsafe Int(parts.tm_mon) + 1, 1, into: &output)
        case "M": write(unsafe Int(parts.tm_min), 2, into: &output)
        case "p": output.append(contentsOf: (hour < 12 ? "AM" : "PM").utf8)
        case "S": write(unsafe Int(parts.tm_sec), 2, into: &output)
        case "y": write(year % 100, 2, into: &output)
        case "Y": write(year, 4, into: &output)
        case "z": writeZone(into: &output)
        default: break
        }
    }

    private var hour: Int { unsafe Int(parts.tm_hour) }
    private var twelve: Int { hour % 12 == 0 ? 12 : hour % 12 }
    private var year: Int { unsafe Int(parts.tm_year) + 1900 }
    private var day: String { unsafe Self.days[Int(parts.tm_wday)] }
    private var month: String { unsafe Self.months[Int(parts.tm_mon)] }

    /// Letters of `pattern` as escapes, everything else as it is.
    private func write(_ pattern: StaticString, into output: inout [UInt8]) {
        for byte in pattern.description.utf8 {
            let isLetter = UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
            if isLetter { write(byte, into: &output) } else { output.append(byte) }
        }
    }

    private func write(_ number: Int, _ width: Int, blank: Bool = false, into output: inout [UInt8]) {
        let digits = String(number)
        let fill = UInt8(ascii: blank ? " " : "0")
        output.append(contentsOf: repeatElement(fill, count: max(0, width - digits.utf8.count)))
        output.append(contentsOf: digits.utf8)
    }

    /// `+0200`.
    private func writeZone(into output: inout [UInt8]) {
        let minutes = unsafe Int(parts.tm_gmtoff) / 60
        output.append(UInt8(ascii: minutes < 0 ? "-" : "+"))
        write(abs(minutes) / 60, 2, into: &output)
        write(abs(minutes) % 60, 2, into: &output)
    }
}
