/* The same with libhttpclient: one client for all threads. Option "cold": each thread's first call is on a connection of its own. */
#include "bench.h"
#include <httpclient.h>

static void *start(void)
{
    httpc_config *config = NULL;
    httpc_client *client = NULL;
    httpc_error *error = NULL;
    httpc_config_new(&config, NULL);
    if (job.ca[0] != 0) {
        httpc_config_set_ca_file(config, job.ca);
    }
    if (strcmp(job.option, "cold") == 0) {
        httpc_config_set_max_connections_per_host(config, 100);
    }
    if (httpc_client_new(config, &client, &error) != HTTPC_OK) {
        fail(httpc_error_detail(error));
    }
    httpc_config_free(config);
    return client;
}

static void *enter(void *shared)
{
    return shared;
}

static int64_t on_upload(void *left, void *buffer, size_t size)
{
    (void)buffer;
    return (int64_t)take_upload(left, size);
}

static httpc_code upload(httpc_client *client, httpc_response **response, httpc_error **error)
{
    uint64_t left = UPLOAD;
    httpc_request *request = NULL;
    httpc_request_new("PUT", job.url, &request, NULL);
    httpc_request_set_body_source(request, NULL, on_upload, NULL, UPLOAD, &left, NULL);
    httpc_code code = httpc_send(client, request, response, error);
    httpc_request_free(request);
    return code;
}

static int32_t on_download(void *count, const void *data, size_t size)
{
    (void)data;
    *(uint64_t *)count += size;
    return 0;
}

static httpc_code download(httpc_client *client, uint64_t *count, httpc_response **response, httpc_error **error)
{
    httpc_request *request = NULL;
    httpc_request_new("GET", job.url, &request, NULL);
    httpc_request_set_body_sink(request, NULL, on_download, count, NULL);
    httpc_code code = httpc_send(client, request, response, error);
    httpc_request_free(request);
    return code;
}

static void request(void *of_thread)
{
    httpc_response *response = NULL;
    httpc_error *error = NULL;
    uint64_t count = 0;
    httpc_code code = is_upload()     ? upload(of_thread, &response, &error)
                      : is_download() ? download(of_thread, &count, &response, &error)
                                      : httpc_get(of_thread, job.url, &response, &error);
    if (code != HTTPC_OK) {
        fail(httpc_error_detail(error));
    }
    size_t length = 0;
    httpc_response_body(response, &length);
    if (httpc_response_status(response) != 200 || length + count != job.length) {
        fail("another body was expected");
    }
    httpc_response_free(response);
}

static void leave(void *of_thread)
{
    (void)of_thread;
}

static void stop(void *shared)
{
    httpc_stats *stats = NULL;
    if (strcmp(job.option, "cold") == 0 &&
        (httpc_client_stats(shared, &stats, NULL) != HTTPC_OK || httpc_stats_reused(stats) > 0)) {
        fail("a connection was used twice");
    }
    httpc_stats_free(stats);
    httpc_client_free(shared);
}
