/// A symmetric key and the algorithm it is for, by Java's name: `AES`, `HmacSHA256`, `DESede`.
package struct SecretKey: Sendable {
    package let algorithm: String
    package let bytes: [UInt8]

    /// From javax.crypto.spec.SecretKeySpec or, what Java's own DES and password keys are written as,
    /// java.security.KeyRep.
    init?(_ object: JavaObject) {
        let bytes: ArraySlice<UInt8>?
        switch object.className {
        case "javax.crypto.spec.SecretKeySpec":
            bytes = object.fields["key"]?.bytes
        case "java.security.KeyRep":
            guard object.fields["type"]?.constant == "SECRET", object.fields["format"]?.text == "RAW" else {
                return nil
            }
            bytes = object.fields["encoded"]?.bytes
        default:
            return nil
        }
        guard let bytes, !bytes.isEmpty, let algorithm = object.fields["algorithm"]?.text else { return nil }
        self.algorithm = algorithm
        self.bytes = Array(bytes)
    }
}
