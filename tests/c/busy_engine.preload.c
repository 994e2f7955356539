/* Counts the write() calls of each thread for test_busy_engine.c, put in front of the system's with LD_PRELOAD. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sys/syscall.h>
#include <unistd.h>

static __thread unsigned writes;

__attribute__((visibility("default"))) unsigned writes_of_this_thread(void)
{
    return writes;
}

__attribute__((visibility("default"))) ssize_t write(int fd, const void *data, size_t length)
{
    writes++;
    return (ssize_t)syscall(SYS_write, fd, data, length);
}
