import Foundation

/// Runs the `openssl` command line to make real CAs, certificates and stores in a folder.
package struct CertificateMaker {
    package let folder: String

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    package struct Authority: Sendable {
        let name: String
    }

    /// What a certificate says. Dates are `YYYYMMDDHHMMSSZ`.
    package struct Request {
        var subject: String
        var names: String
        var notBefore = "20200101000000Z"
        package var notAfter = "20991231235959Z"
        var extensions: [String] = []

        package init(subject: String, names: String) {
            self.subject = subject
            self.names = names
        }
    }

    package init(folder: String) {
        self.folder = folder
    }

    package func path(_ name: String) -> String { "\(self.folder)/\(name)" }

    /// A self-signed CA: `NAME.pem` and `NAME.key`.
    package func makeAuthority(_ name: String) throws -> Authority {
        try self.run([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650",
            "-keyout", self.path("\(name).key"), "-out", self.path("\(name).pem"),
            "-subj", "/O=Tributary Test/CN=\(name)",
        ])
        return try self.prepare(name)
    }

    /// A CA under another one.
    package func makeAuthority(_ name: String, under parent: Authority) throws -> Authority {
        var request = Request(subject: "/O=Tributary Test/CN=\(name)", names: "")
        request.extensions = ["basicConstraints=critical,CA:TRUE"]
        try self.issue(name, request, by: parent)
        return try self.prepare(name)
    }

    /// A certificate and its key: `NAME.crt`, `NAME.key`, and both in `NAME.pem`.
    package func makeLeaf(_ name: String, _ request: Request, by authority: Authority) throws {
        try self.issue(name, request, by: authority)
        try self.join(["\(name).crt", "\(name).key"], to: "\(name).pem")
    }

    package func join(_ names: [String], to name: String) throws {
        let text = try names.map { try String(contentsOfFile: self.path($0), encoding: .utf8) }.joined()
        try text.write(toFile: self.path(name), atomically: false, encoding: .utf8)
    }

    package func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: self.path(name)))
    }

    /// Runs `openssl` in the folder; throws with its words when it fails.
    package func run(_ arguments: [String]) throws {
        try Self.run("openssl", arguments, in: self.folder)
    }

    /// Runs a tool found through PATH.
    package static func run(_ tool: String, _ arguments: [String], in folder: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [tool] + arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        let output = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: "\(tool) \(arguments.joined(separator: " ")): \(text)")
        }
    }

    private func prepare(_ name: String) throws -> Authority {
        let settings = """
            [ca]
            default_ca = here
            [here]
            database = \(self.path("\(name).index"))
            new_certs_dir = \(self.folder)
            certificate = \(self.path("\(name).pem"))
            private_key = \(self.path("\(name).key"))
            rand_serial = yes
            unique_subject = no
            copy_extensions = copy
            default_md = sha256
            policy = any
            [any]
            organizationName = optional
            commonName = optional
            """
        try settings.write(toFile: self.path("\(name).cnf"), atomically: false, encoding: .utf8)
        try "".write(toFile: self.path("\(name).index"), atomically: false, encoding: .utf8)
        return Authority(name: name)
    }

    private func issue(_ name: String, _ request: Request, by authority: Authority) throws {
        let names = request.names.isEmpty ? [] : ["subjectAltName=\(request.names)"]
        let extensions = (names + request.extensions).flatMap { ["-addext", $0] }
        try self.run(
            [
                "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", self.path("\(name).key"), "-out", self.path("\(name).csr"), "-subj", request.subject,
            ] + extensions
        )
        let target = request.extensions.isEmpty ? "\(name).crt" : "\(name).pem"
        try self.run([
            "ca", "-batch", "-notext", "-config", self.path("\(authority.name).cnf"), "-in", self.path("\(name).csr"),
            "-out", self.path(target), "-startdate", request.notBefore, "-enddate", request.notAfter,
        ])
    }
}
