import Input
import Subjects

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzDeflate(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    FuzzInput.check(.deflate, bytes, count)
}
