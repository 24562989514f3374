internal import Agent

/// A moment as the machine's clock shows it, and Flume's one-letter escapes for it.
struct LocalTime {
    private let milliseconds: Int64
    private let time: CalendarTime

    init(milliseconds: Int64) {
        self.milliseconds = milliseconds
        time = CalendarTime(milliseconds: milliseconds)
    }

    /// Writes what one escape stands for (BucketPath.replaceShorthand; English names); nothing for an unknown letter.
    func write(_ letter: UInt8, into output: inout [UInt8]) {
        switch Character(Unicode.Scalar(letter)) {
        case "%": output.append(UInt8(ascii: "%"))
        case "t": output.append(contentsOf: String(milliseconds).utf8)
        case "s": output.append(contentsOf: String(milliseconds / 1000).utf8)
        case "a": output.append(contentsOf: time.weekdayName.utf8.prefix(3))
        case "A": output.append(contentsOf: time.weekdayName.utf8)
        case "b": output.append(contentsOf: time.monthName.utf8.prefix(3))
        case "B": output.append(contentsOf: time.monthName.utf8)
        // SimpleDateFormat "EEE MMM d HH:mm:ss yyyy"
        case "c": write("a b e H:M:S Y", into: &output)
        case "d": write(time.day, 2, into: &output)
        case "e": write(time.day, 1, into: &output)
        case "D": write("m/d/y", into: &output)
        case "H": write(time.hour, 2, into: &output)
        case "I": write(twelve, 2, into: &output)
        case "j": write(time.dayOfYear, 3, into: &output)
        case "k": write(time.hour, 2, blank: true, into: &output)
        case "l": write(twelve, 2, blank: true, into: &output)
        case "m": write(time.month, 2, into: &output)
        case "n": write(time.month, 1, into: &output)
        case "M": write(time.minute, 2, into: &output)
        case "p": output.append(contentsOf: (time.hour < 12 ? "AM" : "PM").utf8)
        case "S": write(time.second, 2, into: &output)
        case "y": write(time.year % 100, 2, into: &output)
        case "Y": write(time.year, 4, into: &output)
        case "z": writeZone(into: &output)
        default: break
        }
    }

    private var twelve: Int { time.hour % 12 == 0 ? 12 : time.hour % 12 }

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
        let minutes = time.offset / 60
        output.append(UInt8(ascii: minutes < 0 ? "-" : "+"))
        write(abs(minutes) / 60, 2, into: &output)
        write(abs(minutes) % 60, 2, into: &output)
    }
}
