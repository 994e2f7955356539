/*
 * The same by hand with libcurl: one multi handle, curl_multi_poll(), easy handles used again, and for each request what raw.c does.
 * Connections are limited by CURLMOPT_MAX_TOTAL_CONNECTIONS where there are fewer than requests in flight.
 */
#include "flight.h"
#include "text.h"
#include <curl/curl.h>

struct transfer {
    CURL *easy;
    struct curl_slist *headers;
    struct text head, body;
    struct transfer *next;
};

static CURLM *multi;
static struct transfer *spare;

static size_t on_header(char *data, size_t size, size_t count, void *transfer)
{
    append(&((struct transfer *)transfer)->head, data, size * count);
    return size * count;
}

static size_t on_body(char *data, size_t size, size_t count, void *transfer)
{
    append(&((struct transfer *)transfer)->body, data, size * count);
    return size * count;
}

static void start(void)
{
    curl_global_init(CURL_GLOBAL_ALL);
    multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (job.in_flight + job.slow) * 2);
    if (job.connections < job.in_flight) {
        curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, job.connections);
    }
    if (strcmp(job.option, "h2") == 0) {
        curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    }
}

static struct transfer *new_transfer(void)
{
    struct transfer *transfer = calloc(1, sizeof *transfer);
    CURL *easy = transfer->easy = curl_easy_init();
    bool h2 = strcmp(job.option, "h2") == 0;
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)(h2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, h2 ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    if (job.ca[0] != 0) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, job.ca);
    }
    return transfer;
}

static void add(struct transfer *transfer, const char *url)
{
    transfer->headers = curl_slist_append(NULL, "User-Agent: libhttpclient/0.1.0");
    curl_easy_setopt(transfer->easy, CURLOPT_URL, url);
    curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
    curl_easy_setopt(transfer->easy, CURLOPT_TIMEOUT_MS, 60000L);
    curl_easy_setopt(transfer->easy, CURLOPT_CONNECTTIMEOUT_MS, 5000L);
    curl_multi_add_handle(multi, transfer->easy);
}

static void launch_slow(void)
{
    add(new_transfer(), job.slow_url);
}

static void launch(void)
{
    struct transfer *transfer = spare;
    if (transfer != NULL) {
        spare = transfer->next;
    } else {
        transfer = new_transfer();
    }
    add(transfer, job.url);
}

static bool end(CURL *easy, CURLcode code)
{
    struct transfer *transfer = NULL;
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_multi_remove_handle(multi, easy);
    if (code != CURLE_OK || status != 200 || transfer->body.length != job.length) {
        fail(curl_easy_strerror(code));
    }
    free(transfer->head.data);
    free(transfer->body.data);
    memset(&transfer->head, 0, sizeof transfer->head);
    memset(&transfer->body, 0, sizeof transfer->body);
    curl_slist_free_all(transfer->headers);
    transfer->next = spare;
    spare = transfer;
    return finished();
}

static void wait_for_all(void)
{
    int running = 0, left = 0;
    for (bool last = false; !last;) {
        curl_multi_perform(multi, &running);
        for (CURLMsg *message = curl_multi_info_read(multi, &left); message != NULL && !last;
             message = curl_multi_info_read(multi, &left)) {
            last = end(message->easy_handle, message->data.result);
        }
        if (!last) {
            curl_multi_poll(multi, NULL, 0, 1000, NULL);
        }
    }
}
