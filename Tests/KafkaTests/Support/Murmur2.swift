/// The Java client's partitioner, written from its definition (org.apache.kafka.common.utils.Utils.murmur2): what the
/// sink's partitions are compared with.
enum Murmur2 {
    static func hash(_ key: [UInt8]) -> UInt32 {
        let m: UInt32 = 0x5bd1_e995
        var h: UInt32 = 0x9747_b28c ^ UInt32(key.count)
        var at = 0
        while key.count - at >= 4 {
            var k =
                UInt32(key[at]) | UInt32(key[at + 1]) << 8 | UInt32(key[at + 2]) << 16 | UInt32(key[at + 3]) << 24
            k = k &* m
            k ^= k >> 24
            k = k &* m
            h = h &* m
            h ^= k
            at += 4
        }
        switch key.count - at {
        case 3: h = (h ^ UInt32(key[at + 2]) << 16 ^ UInt32(key[at + 1]) << 8 ^ UInt32(key[at])) &* m
        case 2: h = (h ^ UInt32(key[at + 1]) << 8 ^ UInt32(key[at])) &* m
        case 1: h = (h ^ UInt32(key[at])) &* m
        default: break
        }
        h ^= h >> 13
        h = h &* m
        h ^= h >> 15
        return h
    }

    static func partition(_ key: String, of partitions: Int) -> Int {
        Int(hash(Array(key.utf8)) & 0x7fff_ffff) % partitions
    }
}
