#define _GNU_SOURCE

#include "CTestSupport.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int test_shut_down_socket_of(pid_t process, int descriptor) {
    int target = (int)syscall(SYS_pidfd_open, process, 0);
    if (target < 0) return errno;
    int copy = (int)syscall(SYS_pidfd_getfd, target, descriptor, 0);
    int error = copy < 0 ? errno : 0;
    close(target);
    if (copy < 0) return error;
    if (shutdown(copy, SHUT_RDWR) < 0) error = errno;
    close(copy);
    return error;
}
