/// A secret key as a JCEKS store keeps it: a javax.crypto.SealedObject, whose content is again a serialized object, the
/// key, under the key's password.
struct SealedKey: Sendable {
    let content: ArraySlice<UInt8>
    /// DER of the cipher's parameters.
    let parameters: ArraySlice<UInt8>
    let algorithm: String

    init?(_ value: JavaValue) {
        guard let object = value.object,
            ["com.sun.crypto.provider.SealedObjectForKeyProtector", "javax.crypto.SealedObject"]
                .contains(object.className),
            let content = object.fields["encryptedContent"]?.bytes,
            let parameters = object.fields["encodedParams"]?.bytes,
            let algorithm = object.fields["sealAlg"]?.text
        else { return nil }
        self.content = content
        self.parameters = parameters
        self.algorithm = algorithm
    }

    /// Why a key cannot be had.
    enum Fault: Error {
        case wrongPassword
        case unusable(String)
    }

    func open(password: String) throws(Fault) -> SecretKey {
        guard self.algorithm == "PBEWithMD5AndTripleDES" else {
            throw .unusable(
                "it is sealed with `\(JavaKeyStoreEntry.printable(self.algorithm))`, not PBEWithMD5AndTripleDES"
            )
        }
        let plain: [UInt8]
        do throws(MD5TripleDES.Fault) {
            plain = try MD5TripleDES(parameters: self.parameters).decrypt(self.content, password: password)
        } catch {
            switch error {
            case .wrongPassword: throw .wrongPassword
            case .unusable(let why): throw .unusable(why)
            }
        }
        // The padding is right by chance for one wrong password in 256; what comes out is no object then.
        var reader = JavaObjectReader(ByteCursor(plain[...]))
        let value: JavaValue
        do throws(JavaObjectReader.Fault) {
            value = try reader.read()
        } catch {
            guard plain.starts(with: [0xAC, 0xED]) else { throw .wrongPassword }
            throw .unusable("what it holds cannot be read")
        }
        guard let object = value.object, let key = SecretKey(object) else {
            throw .unusable("it holds no secret key")
        }
        return key
    }
}
