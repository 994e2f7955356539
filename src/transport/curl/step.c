/*
 * What the linker leads libcurl's calls of curlx_pnow(), by which it reads its clock, of curl_url_get() and of
 * Curl_ssl_easy_config_complete() to, by --wrap (build.rs).
 */
#include <stdbool.h>
#include <string.h>
#include <time.h>

/* lib/curlx/timeval.h; curl/urlapi.h. Weak: where nothing is wrapped, nothing is called either. */
struct curltime {
    time_t tv_sec;
    int tv_usec;
};
enum { CURLUPART_URL = 0, CURLUE_OK = 0, CURLUE_OUT_OF_MEMORY = 7, CURLE_OK = 0 };
extern void __real_curlx_pnow(struct curltime *now) __attribute__((weak));
extern int __real_curl_url_get(const void *url, int part, char **text, unsigned flags) __attribute__((weak));
extern int __real_Curl_ssl_easy_config_complete(void *easy, void *origin) __attribute__((weak));
extern void *(*Curl_cmalloc)(size_t size) __attribute__((weak)); /* what curl_free() gives back */

#define HIDDEN __attribute__((visibility("hidden")))

/* The step that this thread is in, if `url` is not NULL. */
static __thread struct {
    const char *url;
    size_t url_size;
    bool uses_tls;
    bool has_read;
    struct curltime first_reading;
} step;

HIDDEN void httpc_step_begin(const char *url, size_t url_size, bool uses_tls)
{
    step.url = url;
    step.url_size = url_size;
    step.uses_tls = uses_tls;
    step.has_read = false;
}

HIDDEN void httpc_step_end(void)
{
    step.url = NULL;
    step.has_read = false;
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
        step.has_read = true;
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

/* Nobody but TLS reads what it gathers: lib/vtls/vtls_config.c. */
HIDDEN int __wrap_Curl_ssl_easy_config_complete(void *easy, void *origin)
{
    if (step.url != NULL && !step.uses_tls) {
        return CURLE_OK;
    }
    return __real_Curl_ssl_easy_config_complete(easy, origin);
}
