import Input
import Subjects

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzDatum(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt { FuzzInput.check(.datum, bytes, count) }
