/*
 * A wall clock for test_clock_jumps.c, put in front of the system's with LD_PRELOAD: it is `clock_jump_s` seconds away from
 * the true time. The monotonic clocks stay as they are.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>

/* Set by the test, which finds it by dlsym(). */
__attribute__((visibility("default"))) long clock_jump_s;
/* How often the wall clock was read. */
__attribute__((visibility("default"))) unsigned clock_reads;

typedef int clock_fn(clockid_t, struct timespec *);

static time_t jump(void)
{
    __atomic_add_fetch(&clock_reads, 1, __ATOMIC_RELAXED);
    return (time_t)__atomic_load_n(&clock_jump_s, __ATOMIC_RELAXED);
}

static int system_clock(clockid_t clock, struct timespec *now)
{
    clock_fn *system_call;
    /* POSIX has dlsym() give functions as data pointers; ISO C has no cast for that. */
    *(void **)&system_call = dlsym(RTLD_NEXT, "clock_gettime");
    return system_call(clock, now);
}

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = system_clock(clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        now->tv_sec += jump();
    }
    return result;
}

__attribute__((visibility("default"))) int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec precise = {0, 0};
    (void)zone;
    int result = clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return result;
}

__attribute__((visibility("default"))) time_t time(time_t *out)
{
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_REALTIME, &now);
    if (out != NULL) {
        *out = now.tv_sec;
    }
    return now.tv_sec;
}
