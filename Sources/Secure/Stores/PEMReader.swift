import COpenSSL

/// Reads a PEM file (RFC 7468): certificates in any number and the first private key, in any order, with other blocks
/// passed over.
struct PEMReader {
    let file: StoreFile
    let password: String?
    let use: Store.Use

    /// One block as `PEM_read_bio` gives it; owns its three pieces.
    @safe private final class Block {
        var name: UnsafeMutablePointer<CChar>?
        var header: UnsafeMutablePointer<CChar>?
        var data: UnsafeMutablePointer<UInt8>?
        var count = 0

        /// False at the end and where a block is damaged.
        func read(_ bio: OpaquePointer) -> Bool {
            unsafe PEM_read_bio(bio, &self.name, &self.header, &self.data, &self.count) == 1
        }

        var title: String { unsafe self.name.map { unsafe String(cString: $0) } ?? "" }
        var isEncrypted: Bool {
            let header = unsafe self.header.map { unsafe String(cString: $0) } ?? ""
            return self.title.hasPrefix("ENCRYPTED") || header.contains("ENCRYPTED")
        }

        deinit {
            unsafe CRYPTO_free(self.name, #file, #line)
            unsafe CRYPTO_free(self.header, #file, #line)
            unsafe CRYPTO_clear_free(self.data, self.count, #file, #line)
        }
    }

    func read() throws(TLSError) -> Store {
        ERR_clear_error()
        defer { ERR_clear_error() }
        guard let bio = unsafe BIO_new(BIO_s_mem()) else { throw self.damaged("no memory") }
        defer { unsafe BIO_free(bio) }
        _ = unsafe self.file.bytes.withUnsafeBytes { unsafe BIO_write(bio, $0.baseAddress, Int32($0.count)) }

        var certificates: [Certificate] = []
        var key: PrivateKey?
        while true {
            let block = Block()
            guard unsafe block.read(bio) else {
                let errors = LibraryErrors.take()
                if errors.contains(library: ERR_LIB_PEM, reason: PEM_R_NO_START_LINE) { break }
                throw self.damaged(errors.summary)
            }
            switch block.title {
            case "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE":
                certificates.append(try self.certificate(block))
            case let title where title.hasSuffix("PRIVATE KEY") && key == nil && self.use == .identity:
                key = try self.privateKey(block)
            default:
                continue
            }
        }
        return Store(path: self.file.path, kind: .pem, certificates: certificates, key: key)
    }

    private func certificate(_ block: Block) throws(TLSError) -> Certificate {
        var start = unsafe UnsafePointer(block.data)
        // d2i_X509_AUX reads the plain form as well.
        guard let certificate = unsafe d2i_X509_AUX(nil, &start, block.count) else {
            throw self.damaged(LibraryErrors.take().summary)
        }
        return unsafe Certificate(owning: certificate)
    }

    private func privateKey(_ block: Block) throws(TLSError) -> PrivateKey {
        let encrypted = block.isEncrypted
        if block.title == "ENCRYPTED PRIVATE KEY" {
            // The outer form can be read without the password: a fault here is damage, a later one the password.
            var start = unsafe UnsafePointer(block.data)
            guard let outer = unsafe d2i_X509_SIG(nil, &start, block.count) else {
                throw self.damaged(LibraryErrors.take().summary)
            }
            defer { unsafe X509_SIG_free(outer) }
            var algorithm: UnsafePointer<X509_ALGOR>?
            unsafe X509_SIG_get0(outer, &algorithm, nil)
            if let count = unsafe KeyDerivation.excess(algorithm) {
                throw self.damaged("the encryption of its private key wants \(count) iterations")
            }
        }
        guard let single = unsafe BIO_new(BIO_s_mem()) else { throw self.damaged("no memory") }
        defer { unsafe BIO_free(single) }
        unsafe PEM_write_bio(single, block.name, block.header ?? block.name, block.data, block.count)
        ERR_clear_error()
        // With a user pointer and no callback the pointer is the password: never a prompt at a terminal (pem.h).
        var password = (self.password ?? "").utf8CString
        let read = unsafe password.withUnsafeMutableBytes { bytes in
            unsafe PEM_read_bio_PrivateKey(single, nil, nil, bytes.baseAddress)
        }
        if let key = unsafe read { return unsafe PrivateKey(owning: key) }
        let errors = LibraryErrors.take()
        guard encrypted else { throw self.damaged(errors.summary) }
        guard self.password != nil else {
            throw TLSError(.wrongPassword, "the private key in \(self.file.path) is encrypted and no password is given")
        }
        throw TLSError(
            .wrongPassword,
            "the password given does not open the private key in \(self.file.path) (\(errors.summary))"
        )
    }

    private func damaged(_ reason: String) -> TLSError {
        TLSError(.unusableStore, "the PEM file \(self.file.path) is damaged: \(reason)")
    }
}
