/*
 * What the linker leads libcurl's calls of curlx_pnow() to, by which it reads its clock, by --wrap (build.rs).
 */
#include <time.h>

/* lib/curlx/timeval.h. Weak: where nothing is wrapped, nothing is called either. */
struct curltime {
    time_t tv_sec;
    int tv_usec;
};
extern void __real_curlx_pnow(struct curltime *now) __attribute__((weak));

enum { OUTSIDE, BEGUN, HAS_READ };

static __thread struct {
    int state;
    struct curltime first_reading;
} step = {OUTSIDE, {0, 0}};

__attribute__((visibility("hidden"))) void httpc_step_clock_begin(void)
{
    step.state = BEGUN;
}

__attribute__((visibility("hidden"))) void httpc_step_clock_end(void)
{
    step.state = OUTSIDE;
}

__attribute__((visibility("hidden"))) void __wrap_curlx_pnow(struct curltime *now)
{
    if (step.state == HAS_READ) {
        *now = step.first_reading;
        return;
    }
    __real_curlx_pnow(now);
    if (step.state == BEGUN) {
        step.first_reading = *now;
        step.state = HAS_READ;
    }
}
