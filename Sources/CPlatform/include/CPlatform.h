#ifndef TRIBUTARY_CPLATFORM_H
#define TRIBUTARY_CPLATFORM_H

#include <spawn.h>
#include <stddef.h>
#include <stdint.h>

/// CRC32C (Castagnoli, reflected polynomial 0x82F63B78) of `length` bytes, continuing from `crc`.
/// Start with 0; the value is final as returned. Uses the processor's instruction where there is one.
uint32_t tributary_crc32c(uint32_t crc, const void *bytes, size_t length);

/// The same as processors without AVX-512 compute it, as those do that have no wide carry-less multiplication either, and by
/// table, as any does: apart from each other for tests.
uint32_t tributary_crc32c_paired(uint32_t crc, const void *bytes, size_t length);
uint32_t tributary_crc32c_narrow(uint32_t crc, const void *bytes, size_t length);
uint32_t tributary_crc32c_table(uint32_t crc, const void *bytes, size_t length);

/// A pipe (reading end, writing end) that no program started later inherits. 0, or -1 and errno.
int tributary_pipe(int ends[2]);

/// Closes every descriptor from `first` on in the program to be started; glibc declares it for GNU sources only.
/// 0, or an errno value.
int tributary_spawn_close_from(posix_spawn_file_actions_t *actions, int first);

/// Names the calling thread for `top -H` and `ps -L`, which show the first 15 bytes.
void tributary_name_thread(const char *name);

#endif
