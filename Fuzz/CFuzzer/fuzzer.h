#ifndef TRIBUTARY_CFUZZER_H
#define TRIBUTARY_CFUZZER_H

#include <stddef.h>
#include <stdint.h>

// libFuzzer's own loop (compiler-rt, FuzzerInterface.h), which -sanitize=fuzzer links.
int LLVMFuzzerRunDriver(int *count, char ***arguments, int (*one)(const uint8_t *bytes, size_t count));

#endif
