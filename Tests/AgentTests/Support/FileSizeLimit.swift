import Glibc

/// The process's limit on file sizes; write(2) fails with EFBIG beyond it. Only for processes of an exit test.
enum FileSizeLimit {
    /// Lowers the limit for the time of the closure.
    static func within<Result>(_ bytes: Int, _ body: () throws -> Result) throws -> Result {
        signal(SIGXFSZ, SIG_IGN)
        let resource = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
        var before = rlimit()
        getrlimit(resource, &before)
        var limit = before
        limit.rlim_cur = rlim_t(bytes)
        setrlimit(resource, &limit)
        defer { setrlimit(resource, &before) }
        return try body()
    }
}
