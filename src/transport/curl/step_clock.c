/*
 * What the linker leads the library's calls of clock_gettime() to, by --wrap (build.rs).
 */
#include <time.h>

/* Weak: where nothing is wrapped, nothing is called either. */
extern int __real_clock_gettime(clockid_t clock, struct timespec *time) __attribute__((weak));

enum { OUTSIDE, BEGUN, HAS_READ };

static __thread int step = OUTSIDE;
static __thread struct timespec first_reading;

__attribute__((visibility("hidden"))) void httpc_step_clock_begin(void)
{
    step = BEGUN;
}

__attribute__((visibility("hidden"))) void httpc_step_clock_end(void)
{
    step = OUTSIDE;
}

__attribute__((visibility("hidden"))) int __wrap_clock_gettime(clockid_t clock, struct timespec *time)
{
    /* Nobody but libcurl reads this one. */
    if (clock != CLOCK_MONOTONIC_RAW || step == OUTSIDE) {
        return __real_clock_gettime(clock, time);
    }
    if (step == BEGUN) {
        if (__real_clock_gettime(clock, &first_reading) != 0) {
            return -1;
        }
        step = HAS_READ;
    }
    *time = first_reading;
    return 0;
}
