import COpenSSL

/// Where one SSL's bytes come from and go to while a call into it lasts: ciphertext is read straight from, and written
/// straight into, NIO's buffers, through a BIO whose data is a pointer to this. Against memory BIOs that saves two
/// copies (12 % of a 64 KB record batch's whole cost, measured) and their buffers, which never shrink.
///
/// The borrowed pointers are set by `TLSSession` for one call and cleared after it. What finds no room (handshake,
/// alerts, key updates, a reserve estimated too low) goes to `spill`, which is owned and freed when it is drained.
@safe struct Wire {
    /// Ciphertext from the peer; a call consumes it from the front.
    var input: UnsafePointer<UInt8>?
    var inputCount = 0
    /// Room for ciphertext to the peer.
    var output: UnsafeMutablePointer<UInt8>?
    var outputRoom = 0
    var outputCount = 0
    var spill: UnsafeMutablePointer<UInt8>?
    var spillCount = 0
    var spillCapacity = 0

    /// Moves up to `count` bytes of input to `target`; 0 when there is none.
    mutating func take(_ target: UnsafeMutableRawPointer, _ count: Int) -> Int {
        guard let input = unsafe self.input, self.inputCount > 0 else { return 0 }
        let taken = min(count, self.inputCount)
        unsafe target.copyMemory(from: input, byteCount: taken)
        unsafe self.input = input + taken
        self.inputCount -= taken
        return taken
    }

    /// Keeps order: once something has spilled, all that follows spills too until it is drained.
    mutating func put(_ source: UnsafeRawPointer, _ count: Int) {
        if let output = unsafe self.output, self.spillCount == 0, self.outputRoom - self.outputCount >= count {
            unsafe UnsafeMutableRawPointer(output + self.outputCount).copyMemory(from: source, byteCount: count)
            self.outputCount += count
            return
        }
        let needed = self.spillCount + count
        if needed > self.spillCapacity {
            let capacity = max(needed, self.spillCapacity * 2, 4_096)
            let grown = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
            if let spill = unsafe self.spill {
                unsafe grown.update(from: spill, count: self.spillCount)
                unsafe spill.deallocate()
            }
            unsafe self.spill = grown
            self.spillCapacity = capacity
        }
        if let spill = unsafe self.spill {
            unsafe UnsafeMutableRawPointer(spill + self.spillCount).copyMemory(from: source, byteCount: count)
        }
        self.spillCount = needed
    }

    mutating func freeSpill() {
        unsafe self.spill?.deallocate()
        unsafe self.spill = nil
        self.spillCount = 0
        self.spillCapacity = 0
    }
}

extension Wire {
    /// The BIO type, made once for the process.
    ///
    /// `nonisolated(unsafe)`: a BIO_METHOD is written while it is made and only read afterwards.
    nonisolated(unsafe) static let method: OpaquePointer? = {
        let type = BIO_get_new_index() | BIO_TYPE_SOURCE_SINK
        guard let method = unsafe BIO_meth_new(type, "wire") else { return nil }
        unsafe BIO_meth_set_create(method) { bio in
            unsafe BIO_set_init(bio, 1)
            return 1
        }
        unsafe BIO_meth_set_read(method) { bio, target, count in
            unsafe COpenSSL_BIO_clear_retry(bio)
            guard let data = unsafe BIO_get_data(bio), let target = unsafe target, count > 0 else { return -1 }
            let wire = unsafe data.assumingMemoryBound(to: Wire.self)
            let taken = unsafe wire.pointee.take(target, Int(count))
            guard taken > 0 else {
                unsafe COpenSSL_BIO_set_retry_read(bio)
                return -1
            }
            return Int32(taken)
        }
        unsafe BIO_meth_set_write(method) { bio, source, count in
            unsafe COpenSSL_BIO_clear_retry(bio)
            guard let data = unsafe BIO_get_data(bio), let source = unsafe source, count > 0 else { return -1 }
            unsafe data.assumingMemoryBound(to: Wire.self).pointee.put(source, Int(count))
            return count
        }
        unsafe BIO_meth_set_ctrl(method) { _, command, _, _ in
            command == BIO_CTRL_FLUSH ? 1 : 0
        }
        return unsafe method
    }()
}
