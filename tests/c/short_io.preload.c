/*
 * Sockets for test_short_io.c, put in front of the system's with LD_PRELOAD: each call moves a few bytes at most, and every
 * second one none at all, as if the kernel had no room or no data just then.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST 7

typedef ssize_t send_fn(int, const void *, size_t, int);
typedef ssize_t receive_fn(int, void *, size_t, int);
typedef ssize_t write_fn(int, const void *, size_t);
typedef ssize_t read_fn(int, void *, size_t);

/* Counted for the test, which asks by dlsym(). */
__attribute__((visibility("default"))) unsigned short_calls;

/* Only where the caller expects it: a socket that does not block. */
static int is_patient(int fd)
{
    int type = 0, flags = fcntl(fd, F_GETFL);
    socklen_t length = sizeof type;
    return flags >= 0 && (flags & O_NONBLOCK) != 0 && getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 &&
           type == SOCK_STREAM;
}

/* By direction: with one count for both, one of them might always get the turns that move nothing. */
static __thread unsigned turns[2];
enum direction { IN, OUT };

/* How many bytes this call may move; 0 for none, with errno set. */
static size_t allowed(int fd, size_t length, enum direction direction)
{
    if (length == 0 || !is_patient(fd)) {
        return length;
    }
    __atomic_add_fetch(&short_calls, 1, __ATOMIC_RELAXED);
    if (turns[direction]++ % 2 == 1) {
        errno = EAGAIN;
        return 0;
    }
    return length < MOST ? length : MOST;
}

/* POSIX has dlsym() give functions as data pointers; ISO C has no cast for that. */
#define SYSTEM(type, name)                                                                                               \
    type *system_call;                                                                                                   \
    *(void **)&system_call = dlsym(RTLD_NEXT, name)

__attribute__((visibility("default"))) ssize_t send(int fd, const void *data, size_t length, int flags)
{
    SYSTEM(send_fn, "send");
    size_t most = allowed(fd, length, OUT);
    return most == 0 && length > 0 ? -1 : system_call(fd, data, most, flags);
}

__attribute__((visibility("default"))) ssize_t recv(int fd, void *data, size_t length, int flags)
{
    SYSTEM(receive_fn, "recv");
    size_t most = (flags & MSG_PEEK) != 0 ? length : allowed(fd, length, IN);
    return most == 0 && length > 0 ? -1 : system_call(fd, data, most, flags);
}

__attribute__((visibility("default"))) ssize_t write(int fd, const void *data, size_t length)
{
    SYSTEM(write_fn, "write");
    size_t most = allowed(fd, length, OUT);
    return most == 0 && length > 0 ? -1 : system_call(fd, data, most);
}

__attribute__((visibility("default"))) ssize_t read(int fd, void *data, size_t length)
{
    SYSTEM(read_fn, "read");
    size_t most = allowed(fd, length, IN);
    return most == 0 && length > 0 ? -1 : system_call(fd, data, most);
}
