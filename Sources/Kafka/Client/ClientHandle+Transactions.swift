internal import CRdKafka

/// Why a step of a transaction failed, and what may be done about it (`rd_kafka_error_t`).
struct TransactionFailure: Error {
    let failure: KafkaFailure
    /// The client cannot be used any more.
    let isFatal: Bool
    /// The same call may do better later.
    let isRetriable: Bool
}

extension ClientHandle {
    /// Claims the transactional id: whoever had it before is fenced off. Blocks for `milliseconds` at most.
    func initTransactions(milliseconds: Int32) throws(TransactionFailure) {
        try unsafe check { unsafe rd_kafka_init_transactions($0, milliseconds) }
    }

    /// Records given from now on belong to a new transaction. Asks no broker.
    func beginTransaction() throws(TransactionFailure) {
        try unsafe check { unsafe rd_kafka_begin_transaction($0) }
    }

    /// Makes the transaction's records visible. Every delivery report must have been seen.
    func commitTransaction(milliseconds: Int32) throws(TransactionFailure) {
        try unsafe check { unsafe rd_kafka_commit_transaction($0, milliseconds) }
    }

    /// Hides the transaction's records for ever.
    func abortTransaction(milliseconds: Int32) throws(TransactionFailure) {
        try unsafe check { unsafe rd_kafka_abort_transaction($0, milliseconds) }
    }

    private func check(_ call: (OpaquePointer) -> OpaquePointer?) throws(TransactionFailure) {
        guard let error = unsafe withClient(call) else { return }
        defer { unsafe rd_kafka_error_destroy(error) }
        throw unsafe TransactionFailure(
            failure: KafkaFailure(
                code: rd_kafka_error_code(error).rawValue,
                message: String(cString: rd_kafka_error_string(error))
            ),
            isFatal: rd_kafka_error_is_fatal(error) != 0,
            isRetriable: rd_kafka_error_is_retriable(error) != 0
        )
    }
}
