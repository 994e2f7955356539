/*
 * What the linker leads libcurl's calls of curlx_pnow(), by which it reads its clock, and of curl_url_get() to, by --wrap
 * (build.rs).
 */
#include <string.h>
#include <time.h>

/* lib/curlx/timeval.h; curl/urlapi.h. Weak: where nothing is wrapped, nothing is called either. */
struct curltime {
    time_t tv_sec;
    int tv_usec;
};
enum { CURLUPART_URL = 0, CURLUE_OK = 0, CURLUE_OUT_OF_MEMORY = 7 };
extern void __real_curlx_pnow(struct curltime *now) __attribute__((weak));
extern int __real_curl_url_get(const void *url, int part, char **text, unsigned flags) __attribute__((weak));
extern void *(*Curl_cmalloc)(size_t size) __attribute__((weak)); /* what curl_free() gives back */

#define HIDDEN __attribute__((visibility("hidden")))

/* The step that this thread is in, if `url` is not NULL. */
static __thread struct {
    const char *url;
    size_t url_size;
    int has_read;
    struct curltime first_reading;
} step;

HIDDEN void httpc_step_begin(const char *url, size_t url_size)
{
    step.url = url;
    step.url_size = url_size;
    step.has_read = 0;
}

HIDDEN void httpc_step_end(void)
{
    step.url = NULL;
    step.has_read = 0;
}

HIDDEN void __wrap_curlx_pnow(struct curltime *now)
{
    if (step.has_read) {
        *now = step.first_reading;
        return;
    }
    __real_curlx_pnow(now);
    if (step.url != NULL) {
        step.first_reading = *now;
        step.has_read = 1;
    }
}

HIDDEN int __wrap_curl_url_get(const void *url, int part, char **text, unsigned flags)
{
    if (step.url == NULL || part != CURLUPART_URL || flags != 0) {
        return __real_curl_url_get(url, part, text, flags);
    }
    *text = Curl_cmalloc(step.url_size);
    if (*text == NULL) {
        return CURLUE_OUT_OF_MEMORY;
    }
    memcpy(*text, step.url, step.url_size);
    return CURLUE_OK;
}
