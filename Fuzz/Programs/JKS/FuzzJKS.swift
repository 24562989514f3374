import Input
import Subjects

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJKS(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt { FuzzInput.check(.jks, bytes, count) }
