import Testing

@testable import Kafka

struct AvroBytesTests {
    @Test(arguments: [
        (0, "0"), (7, "7"), (-1, "-1"), (10, "10"), (1_700_000_000_000, "1700000000000"),
        (Int64.max, "9223372036854775807"), (Int64.min, "-9223372036854775808"),
    ])
    func decimals(_ number: Int64, _ digits: String) {
        var bytes = Array("at ".utf8)
        bytes.append(decimal: number)
        #expect(String(decoding: bytes, as: UTF8.self) == "at " + digits)
        var avro: [UInt8] = [9]
        avro.appendAvro(decimal: number)
        #expect(avro == [9, UInt8(digits.utf8.count) << 1] + Array(digits.utf8))
    }
}
