/* Makes epoll_wait() that does not wait slow for test_slow_poller.c, as it is with thousands of events, and counts it. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <signal.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static atomic_uint looks;

__attribute__((visibility("default"))) unsigned looks_at_poller(void)
{
    return atomic_load(&looks);
}

__attribute__((visibility("default"))) int epoll_wait(int epoll, struct epoll_event *events, int most, int timeout)
{
    if (timeout == 0) {
        atomic_fetch_add(&looks, 1);
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
    return (int)syscall(SYS_epoll_pwait, epoll, events, most, timeout, NULL, _NSIG / 8);
}
