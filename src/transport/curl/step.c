/*
 * What the linker leads some of libcurl's calls to its own functions to, by --wrap (build.rs). step.rs tells why.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

/* lib/curlx/timeval.h; curl/urlapi.h; lib/peer.h. Weak: where nothing is wrapped, nothing is called either. */
struct curltime {
    time_t tv_sec;
    int tv_usec;
};
struct Curl_peer;
enum { CURLUPART_URL = 0, CURLUE_OK = 0, CURLUE_OUT_OF_MEMORY = 7, CURLE_OK = 0 };
extern void __real_curlx_pnow(struct curltime *now) __attribute__((weak));
extern int __real_curl_url_get(const void *url, int part, char **text, unsigned flags) __attribute__((weak));
extern int __real_Curl_ssl_easy_config_complete(void *easy, struct Curl_peer *origin) __attribute__((weak));
extern int __real_Curl_peer_from_url(void *url, void *easy, uint16_t port, uint32_t scope, struct Curl_peer **peer)
    __attribute__((weak));
extern void __real_Curl_dnscache_prune(void *easy) __attribute__((weak));
extern void Curl_peer_link(struct Curl_peer **to, struct Curl_peer *peer) __attribute__((weak));
extern void Curl_peer_unlink(struct Curl_peer **peer) __attribute__((weak));
extern void *(*Curl_cmalloc)(size_t size) __attribute__((weak)); /* what curl_free() gives back */

#define HIDDEN __attribute__((visibility("hidden")))

/* step.rs: Shown. */
struct common {
    const char *url;
    size_t url_size;
    bool uses_tls;
    struct Curl_peer *peer;
    time_t pruned_at;
};

/* The step that this thread is in, if any. */
static __thread struct {
    struct common *common;
    bool has_read;
    struct curltime first_reading;
} step;

HIDDEN void httpc_step_begin(struct common *common)
{
    step.common = common;
    step.has_read = false;
}

HIDDEN void httpc_step_end(void)
{
    step.common = NULL;
    step.has_read = false;
}

HIDDEN void __wrap_curlx_pnow(struct curltime *now)
{
    if (step.has_read) {
        *now = step.first_reading;
        return;
    }
    __real_curlx_pnow(now);
    if (step.common != NULL) {
        step.first_reading = *now;
        step.has_read = true;
    }
}

HIDDEN int __wrap_curl_url_get(const void *url, int part, char **text, unsigned flags)
{
    const struct common *common = step.common;
    if (common == NULL || part != CURLUPART_URL || flags != 0) {
        return __real_curl_url_get(url, part, text, flags);
    }
    *text = Curl_cmalloc(common->url_size);
    if (*text == NULL) {
        return CURLUE_OUT_OF_MEMORY;
    }
    memcpy(*text, common->url, common->url_size);
    return CURLUE_OK;
}

HIDDEN int __wrap_Curl_peer_from_url(void *url, void *easy, uint16_t port, uint32_t scope, struct Curl_peer **peer)
{
    struct common *common = step.common;
    if (common == NULL) {
        return __real_Curl_peer_from_url(url, easy, port, scope, peer);
    }
    if (common->peer == NULL) {
        int code = __real_Curl_peer_from_url(url, easy, port, scope, &common->peer);
        if (code != CURLE_OK) {
            return code;
        }
    }
    Curl_peer_link(peer, common->peer);
    return CURLE_OK;
}

HIDDEN void httpc_forget_peer(struct common *common)
{
    if (common->peer != NULL) {
        Curl_peer_unlink(&common->peer);
    }
}

/* What is too old is not taken from the cache anyway (lib/vdns/dnscache.c). */
HIDDEN void __wrap_Curl_dnscache_prune(void *easy)
{
    struct common *common = step.common;
    if (common != NULL && step.has_read) {
        if (common->pruned_at == step.first_reading.tv_sec) {
            return;
        }
        common->pruned_at = step.first_reading.tv_sec;
    }
    __real_Curl_dnscache_prune(easy);
}

/* Nobody but TLS reads what it gathers (lib/vtls/vtls_config.c). */
HIDDEN int __wrap_Curl_ssl_easy_config_complete(void *easy, struct Curl_peer *origin)
{
    if (step.common != NULL && !step.common->uses_tls) {
        return CURLE_OK;
    }
    return __real_Curl_ssl_easy_config_complete(easy, origin);
}
