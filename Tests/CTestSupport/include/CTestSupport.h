#ifndef TRIBUTARY_CTESTSUPPORT_H
#define TRIBUTARY_CTESTSUPPORT_H

#include <spawn.h>
#include <stdbool.h>
#include <sys/types.h>

/// Whether this build's C11 threads (`thrd_*`, `mtx_*`, `cnd_*`, `tss_*`, `call_once`) are those of c11threads.c.
///
/// The thread sanitizer knows pthreads but not glibc's C11 threads, which librdkafka uses: a thread made by
/// `thrd_create` has no state in the sanitizer and crashes at its first intercepted call. c11threads.c defines these
/// functions over pthreads, only under the sanitizer, and the dynamic linker prefers them to glibc's. A test target
/// need only depend on this one; a test may ask here whether the replacement is there.
bool tributary_c11_threads_are_replaced(void);

/// posix_spawn_file_actions_addchdir_np(3), which glibc shows to GNU sources only.
int test_spawn_chdir(posix_spawn_file_actions_t *actions, const char *directory);

/// posix_spawn_file_actions_addclosefrom_np(3), likewise.
int test_spawn_close_from(posix_spawn_file_actions_t *actions, int first);

/// shutdown(2) of a socket that another process has (pidfd_getfd(2), Linux 5.6), in both directions: that process can
/// neither read nor write it any more, nor accept on it. 0, or an errno: EPERM where this process may not trace that one.
int test_shut_down_socket_of(pid_t process, int descriptor);

#endif
