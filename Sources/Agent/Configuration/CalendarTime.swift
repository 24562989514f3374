#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// A moment as the wall clock shows it.
package struct CalendarTime: Sendable, Hashable {
    package var year: Int
    /// 1 to 12.
    package var month: Int
    package var day: Int
    package var hour: Int
    package var minute: Int
    package var second: Int
    package var millisecond: Int
    /// 0 is Sunday.
    package var weekday: Int
    /// 1 is the first of January.
    package var dayOfYear: Int
    /// East of Greenwich, in seconds.
    package var offset: Int

    package init(
        year: Int,
        month: Int,
        day: Int,
        hour: Int,
        minute: Int,
        second: Int,
        millisecond: Int,
        weekday: Int,
        dayOfYear: Int,
        offset: Int
    ) {
        self.year = year
        self.month = month
        self.day = day
        self.hour = hour
        self.minute = minute
        self.second = second
        self.millisecond = millisecond
        self.weekday = weekday
        self.dayOfYear = dayOfYear
        self.offset = offset
    }

    /// A moment in the time zone of the process; the milliseconds since 1970.
    package init(milliseconds: Int64) {
        // Rounded down, so that moments before 1970 show right too.
        let rest = ((milliseconds % 1000) + 1000) % 1000
        var seconds = time_t((milliseconds - rest) / 1000)
        var parts = unsafe tm()
        unsafe localtime_r(&seconds, &parts)
        unsafe self.init(
            year: Int(parts.tm_year) + 1900,
            month: Int(parts.tm_mon) + 1,
            day: Int(parts.tm_mday),
            hour: Int(parts.tm_hour),
            minute: Int(parts.tm_min),
            second: Int(parts.tm_sec),
            millisecond: Int(rest),
            weekday: Int(parts.tm_wday),
            dayOfYear: Int(parts.tm_yday) + 1,
            offset: Int(parts.tm_gmtoff)
        )
    }

    /// Now, in the time zone of the process.
    package static func now() -> CalendarTime {
        CalendarTime(milliseconds: Int64(WallClock.milliseconds()))
    }

    /// In English.
    package var monthName: String { Self.months[(month + 11) % 12] }
    package var weekdayName: String { Self.weekdays[weekday % 7] }

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
    private static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

    /// The moment in a pattern of java.text.SimpleDateFormat, English names; nil for a letter that is not known here
    /// (`G w W F Y L`) or an open quote.
    package func formatted(_ pattern: String) -> String? {
        var result = ""
        var rest = Array(pattern)[...]
        while let letter = rest.first {
            if letter == "'" {
                guard let quoted = Self.quoted(&rest) else { return nil }
                result += quoted
                continue
            }
            let count = rest.prefix { $0 == letter }.count
            rest = rest.dropFirst(count)
            guard letter.isASCII, letter.isLetter else {
                result += String(repeating: letter, count: count)
                continue
            }
            guard let field = field(letter, count: count) else { return nil }
            result += field
        }
        return result
    }

    private static func quoted(_ rest: inout ArraySlice<Character>) -> String? {
        rest = rest.dropFirst()
        if rest.first == "'" {
            rest = rest.dropFirst()
            return "'"
        }
        var text = ""
        while let character = rest.popFirst() {
            guard character == "'" else {
                text.append(character)
                continue
            }
            guard rest.first == "'" else { return text }
            rest = rest.dropFirst()
            text.append("'")
        }
        return nil
    }

    private func field(_ letter: Character, count: Int) -> String? {
        switch letter {
        case "y": count == 2 ? Self.padded(year % 100, to: 2) : Self.padded(year, to: count)
        case "M":
            switch count {
            case ...2: Self.padded(month, to: count)
            case 3: String(monthName.prefix(3))
            default: monthName
            }
        case "d": Self.padded(day, to: count)
        case "D": Self.padded(dayOfYear, to: count)
        case "E": count < 4 ? String(weekdayName.prefix(3)) : weekdayName
        case "u": Self.padded(weekday == 0 ? 7 : weekday, to: count)
        case "a": hour < 12 ? "AM" : "PM"
        case "H": Self.padded(hour, to: count)
        case "k": Self.padded(hour == 0 ? 24 : hour, to: count)
        case "K": Self.padded(hour % 12, to: count)
        case "h": Self.padded(hour % 12 == 0 ? 12 : hour % 12, to: count)
        case "m": Self.padded(minute, to: count)
        case "s": Self.padded(second, to: count)
        case "S": Self.padded(millisecond, to: count)
        case "Z": zone(separator: "")
        case "z": offset == 0 ? "UTC" : "GMT" + zone(separator: ":")
        case "X":
            offset == 0
                ? "Z" : count == 1 ? String(zone(separator: "").prefix(3)) : zone(separator: count == 2 ? "" : ":")
        default: nil
        }
    }

    private func zone(separator: String) -> String {
        let minutes = abs(offset) / 60
        return (offset < 0 ? "-" : "+") + Self.padded(minutes / 60, to: 2) + separator
            + Self.padded(minutes % 60, to: 2)
    }

    private static func padded(_ number: Int, to count: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, min(count, 64) - digits.count)) + digits
    }
}
