/*
 * What a careful program does by hand with libcurl: one easy handle for each thread, used again; URL, header list and timeouts set
 * for each request; head and body collected into fresh memory. Option "fresh": a new handle for each request, with a share;
 * "gzip": that coding is asked for and undone.
 */
#include "bench.h"
#include "text.h"
#include <curl/curl.h>

struct response {
    struct text head, body;
};

struct hand {
    CURL *easy;
    CURLSH *share;
};

static size_t on_header(char *data, size_t size, size_t count, void *response)
{
    append(&((struct response *)response)->head, data, size * count);
    return size * count;
}

static size_t on_body(char *data, size_t size, size_t count, void *response)
{
    append(&((struct response *)response)->body, data, size * count);
    return size * count;
}

static size_t on_download(char *data, size_t size, size_t count, void *length)
{
    (void)data;
    *(size_t *)length += size * count;
    return size * count;
}

static size_t on_upload(char *data, size_t size, size_t count, void *left)
{
    (void)data;
    return take_upload(left, size * count);
}

static void *start(void)
{
    curl_global_init(CURL_GLOBAL_ALL);
    return NULL;
}

/* What is the same for every request is set once. */
static CURL *new_easy(CURLSH *share)
{
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    if (job.ca[0] != 0) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, job.ca);
    }
    if (strcmp(job.option, "gzip") == 0) {
        curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    }
    if (share != NULL) {
        curl_easy_setopt(easy, CURLOPT_SHARE, share);
    }
    return easy;
}

static void *enter(void *shared)
{
    (void)shared;
    struct hand *hand = calloc(1, sizeof *hand);
    if (strcmp(job.option, "fresh") == 0) {
        hand->share = curl_share_init();
        curl_share_setopt(hand->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_CONNECT);
        curl_share_setopt(hand->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
        curl_share_setopt(hand->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    } else {
        hand->easy = new_easy(NULL);
    }
    return hand;
}

static void request(void *of_thread)
{
    struct hand *hand = of_thread;
    CURL *easy = hand->share != NULL ? new_easy(hand->share) : hand->easy;
    struct response response = {0};
    struct curl_slist *headers = curl_slist_append(NULL, "User-Agent: libhttpclient/0.1.0");
    long status = 0;
    curl_easy_setopt(easy, CURLOPT_URL, job.url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 60000L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, 5000L);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &response);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &response);
    uint64_t left = UPLOAD;
    if (is_upload()) {
        headers = curl_slist_append(headers, "Expect:");
        curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)UPLOAD);
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_upload);
        curl_easy_setopt(easy, CURLOPT_READDATA, &left);
    }
    if (is_download()) {
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_download);
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, &response.body.length);
    }
    CURLcode code = curl_easy_perform(easy);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK || status != 200 || response.body.length != job.length) {
        fail(curl_easy_strerror(code));
    }
    free(response.head.data);
    free(response.body.data);
    curl_slist_free_all(headers);
    if (hand->share != NULL) {
        curl_easy_cleanup(easy);
    }
}

static void leave(void *of_thread)
{
    struct hand *hand = of_thread;
    curl_easy_cleanup(hand->easy);
    curl_share_cleanup(hand->share);
    free(hand);
}

static void stop(void *shared)
{
    (void)shared;
}
