public import Logging
public import NIOCore
internal import NIOPosix

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

extension AgentProgram {
    /// Which agent to run, and how.
    public struct Options: Sendable {
        /// The agent's name in its files.
        public var name: String
        /// Properties files; a later one's value of a key counts.
        public var files: [String]
        public var process: ProcessSettings
        /// Options for a JVM, of which `-Xmx` counts: memory channels get 80 % of it.
        public var javaOptions: [String] = []
        /// As Flume: a component with a fault is dropped, the rest runs.
        public var isLenient = false
        /// Threads for sockets and sinks; 1 or more.
        public var eventLoops = EventLoops.count(cores: System.coreCount)
        /// How long a stop may take: 8 s, below the 10 s after which container engines kill.
        public var shutdownTimeout = TimeAmount.seconds(8)
        public var logger = Logger(label: "agent")
        /// Remarks on the files go to the log too, for where nobody reads standard error.
        public var logsRemarks = false

        public init(name: String, files: [String], process: ProcessSettings = ProcessSettings()) {
            self.name = name
            self.files = files
            self.process = process
            if let count = process.systemProperties["tributary.event-loops"].flatMap({ Int($0) }) {
                eventLoops = max(1, count)
            }
            if let seconds = process.systemProperties["tributary.shutdown-timeout"].flatMap({ Int64($0) }), seconds > 0
            {
                shutdownTimeout = .seconds(min(seconds, 86_400))
            }
        }

        /// Reads a command line in the form of `flume-ng agent`: `-n NAME -f FILE`, and `-f` again for more files,
        /// `-Dkey=value`, `-Xmx…`, `--lenient`; `-c DIR` and `--no-reload-conf` have no effect here. Long names may have one
        /// dash.
        ///
        /// - Parameter environment: the process's own where it is `nil`.
        public init(arguments: [String], environment: [String: String]? = nil) throws(ConfigurationFault) {
            let longNames = ["name", "conf-file", "conf", "no-reload-conf", "lenient"]
            let words = FlumeArguments.translate(arguments, longNames: longNames)
            let ownName = ["-n": "--name", "-f": "--conf-file", "-c": "--conf"]
            var values: [String: [String]] = [:]
            var index = 0
            while index < words.count {
                let parts = words[index].split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
                    String.init
                )
                let option = ownName[parts[0]] ?? parts[0]
                index += 1
                switch option {
                case "--lenient", "--no-reload-conf":
                    values[option] = [""]
                case "--name", "--conf-file", "--conf", "--define", "--java-option":
                    if parts.count > 1 {
                        values[option, default: []].append(parts[1])
                    } else if index < words.count {
                        values[option, default: []].append(words[index])
                        index += 1
                    } else {
                        throw ConfigurationFault("option `\(parts[0])` needs a value")
                    }
                default:
                    let advice = NearestName.nearest(to: parts[0], among: longNames.map { "--\($0)" })
                    throw ConfigurationFault(
                        "unknown option `\(parts[0])`",
                        advice: advice.map { "did you mean `\($0)`?" } ?? "-n NAME -f FILE [-Dkey=value] [--lenient]"
                    )
                }
            }
            guard let name = values["--name"]?.last, let files = values["--conf-file"] else {
                throw ConfigurationFault("an agent's name and file are missing", advice: "-n NAME -f FILE")
            }
            let process = ProcessSettings(
                systemProperties: SystemProperties.parse(values["--define"] ?? []),
                environment: environment ?? Self.ownEnvironment()
            )
            self.init(name: name, files: files, process: process)
            javaOptions = values["--java-option"] ?? []
            isLenient = values["--lenient"] != nil
        }

        /// The environment of this process; entries that are not UTF-8 are repaired.
        private static func ownEnvironment() -> [String: String] {
            var result: [String: String] = [:]
            var entry = unsafe environ
            while let text = unsafe entry.pointee {
                let parts = unsafe String(cString: text).split(
                    separator: "=",
                    maxSplits: 1,
                    omittingEmptySubsequences: false
                )
                if parts.count == 2 { result[String(parts[0])] = String(parts[1]) }
                unsafe entry += 1
            }
            return result
        }

        package func tell(_ remark: Diagnostic) {
            tell(remark.description, level: remark.grade == .note ? .warning : .error)
        }

        func tell(_ line: String, level: Logger.Level) {
            StandardError.tell(line)
            if logsRemarks { logger.log(level: level, "\(line)") }
        }
    }
}
