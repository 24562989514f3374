import Input
import Subjects

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzFrame(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt { FuzzInput.check(.frame, bytes, count) }
