/// A log file that is rolled by size, as log4j's `RollingFileAppender` does it: `flume.log.1` is the newest of the old.
package struct LogFileSettings: Sendable, Hashable {
    package var path: String
    /// Bytes after which a file is rolled: `MaxFileSize=100MB` of Flume's log4j.properties.
    package var rollSize = 100 * 1024 * 1024
    /// Old files that are kept: `MaxBackupIndex=10` of Flume's log4j.properties.
    package var kept = 10

    package init(path: String) {
        self.path = path
    }
}
