import Input
import Subjects

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzProperties(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    FuzzInput.check(.properties, bytes, count)
}
