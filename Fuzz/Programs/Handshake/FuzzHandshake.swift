import Input
import Subjects

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzHandshake(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    FuzzInput.check(.handshake, bytes, count)
}
